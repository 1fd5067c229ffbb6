"""`source_item`: a credit memo goes back to the items it came from, each tax to the tax that it mirrors.

Zuora's `ApplyCreditToSourceItemRule` (docs/domain.md 2.1): exactly one invoice, no items named, and no item of the
memo with more than is open where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from billpolicy.allocation.item_rules import proration
from billpolicy.allocation.model import Allocation, Applied, Problem, Rules, Source, Target
from billpolicy.allocation.open_items import place_in_words, slot_parts
from billpolicy.book.book import ZERO, Place
from billpolicy.money import from_minor, to_minor

_ANOTHER_RULE = "take another allocation rule for it in the policy"


def to_source_items(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """A part of the memo is prorated over its items first. `amount` fits the source, a credit memo."""
    problems = list(_problems(source, targets, amount))
    if problems:
        return Allocation(problems=tuple(problems))
    target = targets[0]
    put = amount if target.amount is None else target.amount
    net = rules.net(source.slots, source.currency)
    parts = slot_parts(to_minor(put, source.currency), net, proration, rules.cents)
    at = {slot.place: i for i, slot in enumerate(target.slots)}
    homes = [at[slot.mirrors] for slot in source.slots if slot.mirrors is not None]
    applied = Applied.of(source, target, [(row, homes[row], part) for row, part in enumerate(parts)])
    left = from_minor(to_minor(amount - put, source.currency), source.currency)
    return Allocation((applied,), left, "source_item", len(target.slots) * len(source.slots))


def _problems(source: Source, targets: Sequence[Target], amount: Decimal) -> Iterator[Problem]:
    if len(targets) != 1 or targets[0].kind != "invoice":
        numbers = ", ".join(target.number for target in targets) or "none"
        message = f"`source_item` goes to exactly one invoice, the one {source.number} came from, not to {numbers}"
        yield Problem("source-item-documents", message, hint="name that invoice alone in `apply`")
        return
    target = targets[0]
    if target.parts is not None:
        message = f"items of {target.number} are named, but `source_item` decides the items"
        yield Problem("source-item-named", message, target.number, "leave `items` out, or take another rule")
    if source.origin != target.number:
        message = f"{source.number} was created from {source.origin or 'nothing'}, not from {target.number}"
        hint = f"name {source.origin}" if source.origin else _ANOTHER_RULE
        yield Problem("source-item-origin", message, target.number, hint)
        return
    if target.amount is None and amount > target.balance:
        message = f"{amount} is more than the {target.balance} that is open on {target.number}"
        yield Problem("over-applied", message, target.number, f"apply at most {target.balance}")
    yield from _without_room(source, target)


def _without_room(source: Source, target: Target) -> Iterator[Problem]:
    """Each item of the memo against what is open where it belongs."""
    open_at = {slot.place: slot.balance for slot in target.slots}
    given: dict[Place, Decimal] = {}
    for slot in source.slots:
        if slot.mirrors is None:
            message = f"{place_in_words(slot.place)} of {source.number} did not come from an item of {target.number}"
            yield Problem("source-item-unknown", message, target.number, _ANOTHER_RULE)
        else:
            given[slot.mirrors] = given.get(slot.mirrors, ZERO) + slot.balance
    for place, balance in given.items():
        room = open_at.get(place, ZERO)
        if not (0 <= balance <= room or room <= balance <= 0):
            message = (
                f"{source.number} has {balance} for {place_in_words(place)} of {target.number}, where {room} is open"
            )
            yield Problem("source-item-too-much", message, target.number, _ANOTHER_RULE)
