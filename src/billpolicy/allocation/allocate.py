"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post.

First which documents get how much (`orders.py`), then which of their items (`item_rules.py`), then, for a credit memo,
which of its own items it comes from (`memo.py`). The rule `source_item` decides all three (`source_item.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from billpolicy.allocation.item_rules import ITEM_RULES, ItemRule
from billpolicy.allocation.memo import Taken, cells_of_memo
from billpolicy.allocation.model import Allocation, Applied, Problem, Rules, Source, Target
from billpolicy.allocation.open_items import Net, Slot, open_parts, place_in_words, slot_parts, slots_of
from billpolicy.allocation.orders import group_of, in_order, shares_of_documents
from billpolicy.allocation.residual import Cents
from billpolicy.allocation.source_item import to_source_items
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import BillingDocument, Part
from billpolicy.money import from_minor, to_minor


def allocate(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """Put up to `amount` of a source on the targets; what finds no place is `left`.

    What is asked for single documents is part of `amount`; the rest of it goes to the documents without an amount.
    """
    asked_for = [target for target in targets if target.amount is not None or target.parts is not None]
    problems = [*_problems(source, targets, amount), *(found for target in asked_for for found in _problems_of(target))]
    if problems:
        return Allocation(problems=tuple(problems))
    if rules.item_rule == "source_item":
        return to_source_items(source, targets, amount, rules)
    currency, cents, whole = source.currency, rules.cents, to_minor(amount, source.currency)
    targets = in_order(targets, rules)
    nets = [rules.net(target.slots, currency) for target in targets]
    asked = [None if target.amount is None else to_minor(target.amount, currency) for target in targets]
    corrected = [to_minor(target.corrected, currency) if target.corrected else 0 for target in targets]
    groups = [group_of(target, rules) for target in targets]
    shares = shares_of_documents(whole, nets, asked, corrected, groups, rules)
    memo = rules.net(source.slots, currency) if source.slots else None

    chosen = [i for i, share in enumerate(shares) if share]
    items = sum(len(targets[i].parts or nets[i].owing) for i in chosen)
    source_items = 1 if memo is None else len(memo.owing)
    rule, warnings = _within_limit(rules, items, source_items, source.number)
    if memo is None:
        applied = [
            Applied.of_money(target, _settled_parts(target, net, share, rule, cents, currency), currency)
            for target, net, share in ((targets[i], nets[i], shares[i]) for i in chosen)
        ]
    else:
        taken = [
            Taken(nets[i], shares[i], _parts(targets[i], nets[i], shares[i], rule, cents, currency)) for i in chosen
        ]
        cells = cells_of_memo(memo, taken, rule, cents)
        applied = [Applied.of(source, targets[i], each) for i, each in zip(chosen, cells, strict=True)]
    return Allocation(
        applied=tuple(applied),
        left=from_minor(whole - sum(shares), currency),
        item_rule=rule.name,
        grid=items * source_items,
        warnings=warnings,
    )


def spread(
    rule: str, amount: Decimal, document: BillingDocument, open_places: Mapping[Place, Decimal]
) -> dict[Place, Decimal]:
    """What of an amount goes to each place of one document, in item order, without zeros. 0 < amount <= the balance.

    Paying all of it settles every place exactly, negative ones too. Paying less is spread by the rule over what is
    owed net: a discount is netted in its item (docs/domain.md 3.2), a negative tax against the tax that it reduces.
    """
    parts = spread_slots(slots_of(document, open_places), amount, document.currency, Rules(item_rule=rule))
    return {Place(part.item, part.tax): part.amount for part in parts}


def spread_slots(slots: Sequence[Slot], amount: Decimal, currency: str, rules: Rules) -> tuple[Part, ...]:
    """The parts of one document alone: of a refund, or a partial write-off. 0 <= amount <= the balance."""
    net = rules.net(slots, currency)
    parts = slot_parts(to_minor(amount, currency), net, ITEM_RULES[rules.item_rule].spread, rules.cents)
    return tuple(
        Part(item=slot.place.item, tax=slot.place.tax, amount=from_minor(part, currency))
        for slot, part in zip(slots, parts, strict=True)
        if part
    )


def _within_limit(rules: Rules, items: int, source_items: int, source: str) -> tuple[ItemRule, tuple[str, ...]]:
    """The item rule, or what takes its place above the grid limit, with a warning."""
    rule, grid = ITEM_RULES[rules.item_rule], items * source_items
    instead = rule.above_limit
    if instead is None or grid <= rules.grid_limit:
        return rule, ()
    name = f"`{instead.name}` with `fifo` within each component" if instead.by_component else f"`{instead.name}`"
    warning = (
        f"{items} open items x {source_items} of {source} are {grid}, more than the grid limit of {rules.grid_limit}: "
        f"spread by {name} instead of `{rule.name}`"
    )
    return instead, (warning,)


def _parts(target: Target, net: Net, share: int, rule: ItemRule, cents: Cents, currency: str) -> list[int]:
    """The part of each slot of a document, before `settling`."""
    if target.parts is None:
        return open_parts(share, net, rule.spread, cents)
    return [to_minor(target.parts.get(slot.place, ZERO), currency) for slot in target.slots]


def _settled_parts(target: Target, net: Net, share: int, rule: ItemRule, cents: Cents, currency: str) -> Sequence[int]:
    """The part of each slot; who pays all of a document settles each, negative ones too."""
    return net.balances if share == net.total else _parts(target, net, share, rule, cents, currency)


def _problems(source: Source, targets: Sequence[Target], amount: Decimal) -> Iterator[Problem]:
    """What cannot be asked for. The operations say it better, at the line that asks; here nothing slips through."""
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


def _problems_of(target: Target) -> Iterator[Problem]:
    number, amount, parts = target.number, target.amount, target.parts
    if amount is not None and not 0 < amount <= target.balance:
        yield Problem("over-applied", f"{amount} cannot be put on {number}, where {target.balance} is open", number)
    if parts is None:
        return
    open_at = {slot.place: slot.balance for slot in target.slots}
    for place, part in parts.items():
        here = open_at.get(place, ZERO)
        if not 0 < part <= here:
            message = f"{part} cannot be put on {place_in_words(place)} of {number}, where {here} is open"
            yield Problem("over-applied", message, number)
    total = sum(parts.values(), ZERO)
    if total != amount:
        yield Problem("parts-sum", f"the items of {number} add up to {total}, not to {amount}", number)
