"""What cannot be asked for. The operations say it better, at the line that asks; here nothing slips through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from billpolicy.allocation.model import Problem, Source, Target
from billpolicy.book.book import ZERO


def problems_of(source: Source, targets: Sequence[Target], amount: Decimal) -> list[Problem]:
    """Everything that is wrong with the amounts."""
    return [*_amount(source, targets, amount), *(found for target in targets for found in _target(target))]


def _amount(source: Source, targets: Sequence[Target], amount: Decimal) -> Iterator[Problem]:
    if amount <= 0:
        yield Problem("amount-sign", f"{amount} cannot be applied; an amount that is applied is above zero")
    if amount > source.unapplied:
        yield Problem("over-applied", f"{amount} is more than the {source.unapplied} unapplied of {source.number}")
    asked = sum((target.amount for target in targets if target.amount is not None), ZERO)
    if asked > amount > 0:
        yield Problem("over-applied", f"{asked} is put on documents, but {amount} is to be applied")
    named = Counter(target.number for target in targets)
    for number in sorted(number for number, times in named.items() if times > 1):
        yield Problem("document-repeated", f"{number} is named more than once", number)


def _target(target: Target) -> Iterator[Problem]:
    number, amount, parts = target.number, target.amount, target.parts
    if amount is not None and not 0 < amount <= target.balance:
        yield Problem("over-applied", f"{amount} cannot be put on {number}, where {target.balance} is open", number)
    if parts is None:
        return
    open_at = {slot.place: slot.balance for slot in target.slots}
    for place, part in parts.items():
        if not 0 < part <= open_at.get(place, ZERO):
            what = f"tax `{place.tax}` of item `{place.item}`" if place.tax else f"item `{place.item}`"
            message = f"{part} cannot be put on {what} of {number}, where {open_at.get(place, ZERO)} is open"
            yield Problem("over-applied", message, number)
    total = sum(parts.values(), ZERO)
    if total != amount:
        yield Problem("parts-sum", f"the items of {number} add up to {total}, not to {amount}", number)
