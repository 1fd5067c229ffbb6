"""Billing profiles: what several charges of a subscription cost for the same days, on one line. docs/billing.md.

The document comes to what it would without them, before tax: the tax is that of the line, so it is rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from billpolicy.billing.rating import Line
from billpolicy.book.model import TaxItem


def combined(lines: Iterable[Line], tax_code: Callable[[Line], str | None]) -> list[Line]:
    """The lines of one document; those that go together as one line, by charge, in the place of the first of them."""
    groups: dict[object, list[Line]] = {}
    for number, line in enumerate(lines):
        groups.setdefault(_together_with(line, tax_code) or number, []).append(line)
    return [_one_line(group) for group in groups.values()]


def _together_with(line: Line, tax_code: Callable[[Line], str | None]) -> object | None:
    """What lines have in common that go on one; None of a line that stays by itself.

    A discount does: it reduces the line that its charge is on. So does what changes an earlier line, or is carried from
    one. What credits a line, or bills it again, goes with what else was on that line.
    """
    charge, again = line.charge, line.again
    if charge.profile is None or charge.discounts is not None or line.carried is not None or line.adjusts:
        return None
    return (
        line.subscription.id,
        charge.profile,
        line.start,
        line.end,
        line.credit,
        line.amount < 0 or (line.credit and line.amount == 0),
        tax_code(line),
        line.corrects,
        None if again is None else (again.document, again.item),
    )


def _one_line(lines: Sequence[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    ordered = tuple(sorted(lines, key=lambda line: line.charge.id))
    suffixes = {line.suffix for line in ordered}
    return ordered[0]._replace(
        amount=sum(line.amount for line in ordered),
        suffix=suffixes.pop() if len(suffixes) == 1 else "",
        usage=None,
        taxes=_added_up(ordered),
        combines=ordered,
    )


def _added_up(lines: Iterable[Line]) -> tuple[TaxItem, ...]:
    """The taxes that lines have already, from one line of an invoice: each once."""
    found: dict[str, TaxItem] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        known = found.get(tax.id)
        found[tax.id] = tax if known is None else replace(known, amount=known.amount + tax.amount)
    return tuple(found.values())
