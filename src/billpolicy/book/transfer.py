"""What a negative invoice gives to the credit balance of its account, place by place (domain section 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billpolicy.book.book import Place
from billpolicy.book.model import TRANSFERRED, Part


def transferred_parts(open_places: Mapping[Place, Decimal]) -> tuple[Part, ...]:
    """The parts that bring every place to zero: above zero where it is below, and below zero where it is above."""
    return tuple(
        Part(item=TRANSFERRED, amount=-is_open, source_item=place.item, source_tax=place.tax)
        for place, is_open in open_places.items()
        if is_open
    )
