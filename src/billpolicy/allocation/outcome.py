"""Back to the border: cells in minor units become the parts of an application, in Decimal."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.allocation.grid import Cell
from billpolicy.allocation.model import Applied, Source, Target
from billpolicy.book.model import Part
from billpolicy.money import from_minor


def applied_of(source: Source, target: Target, cells: Iterable[Cell]) -> Applied:
    """One application: cells of (slot of the source, slot of the target), in the order of the target's items."""
    parts = []
    total = 0
    for row, column, minor in sorted(cells, key=lambda cell: (cell[1], cell[0])):
        if minor:
            total += minor
            place = target.slots[column].place
            from_ = source.slots[row].place if source.slots else None
            parts.append(
                Part(
                    item=place.item,
                    tax=place.tax,
                    amount=from_minor(minor, source.currency),
                    source_item=from_.item if from_ else None,
                    source_tax=from_.tax if from_ else None,
                )
            )
    return Applied(target.number, from_minor(total, source.currency), tuple(parts))
