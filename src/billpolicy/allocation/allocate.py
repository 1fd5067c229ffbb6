"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post.

First which documents get how much (`shares.py`), then which of their items (the item rule), then, for a credit memo,
which of its own items it comes from (`memo.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billpolicy.allocation.checks import problems_of
from billpolicy.allocation.columns import ItemRule
from billpolicy.allocation.fifo import fifo
from billpolicy.allocation.item_rules import ITEM_RULES, WITHOUT_GRID
from billpolicy.allocation.memo import Taken, cells_of_memo
from billpolicy.allocation.model import Allocation, Rules, Source, Target
from billpolicy.allocation.net import Net, net_of, open_parts, settling, slot_parts
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.outcome import applied_of
from billpolicy.allocation.residual import Cents
from billpolicy.allocation.shares import shares_of_documents
from billpolicy.allocation.slots import Slot
from billpolicy.allocation.source_item import to_source_items
from billpolicy.book.book import ZERO
from billpolicy.book.model import Part
from billpolicy.money import from_minor, to_minor


def allocate(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """Put up to `amount` of a source on the targets; what finds no place is `left`.

    What is asked for single documents is part of `amount`; the rest of it goes to the documents without an amount.
    """
    problems = problems_of(source, targets, amount)
    if problems:
        return Allocation(problems=tuple(problems))
    if rules.item_rule == "source_item":
        return to_source_items(source, targets, amount, rules)
    currency, whole = source.currency, to_minor(amount, source.currency)
    cents = Cents(rules.residual, rules.step)
    targets = DOCUMENT_ORDERS[rules.document_order].sorted(targets)
    nets = [_net(target.slots, currency, rules) for target in targets]
    asked = [None if target.amount is None else to_minor(target.amount, currency) for target in targets]
    shares = shares_of_documents(whole, nets, asked, rules)
    memo = _net(source.slots, currency, rules) if source.slots else None

    chosen = [i for i, share in enumerate(shares) if share]
    items = sum(len(targets[i].parts or nets[i].owing) for i in chosen)
    source_items = 1 if memo is None else len(memo.owing)
    rule, warnings = _within_limit(rules, items, source_items, source.number)
    taken = [Taken(nets[i], shares[i], _parts(targets[i], nets[i], shares[i], rule, cents, currency)) for i in chosen]
    if memo is None:
        cells = [[(0, slot, part) for slot, part in enumerate(_settled(document))] for document in taken]
    else:
        cells = cells_of_memo(memo, taken, rule, cents, one_walk=rule is fifo or bool(warnings))
    return Allocation(
        applied=tuple(applied_of(source, targets[i], each) for i, each in zip(chosen, cells, strict=True)),
        left=from_minor(whole - sum(shares), currency),
        item_rule="fifo" if rule is fifo else rules.item_rule,
        grid=items * source_items,
        warnings=warnings,
    )


def spread_slots(slots: Sequence[Slot], amount: Decimal, currency: str, rules: Rules) -> tuple[Part, ...]:
    """The parts of one document alone: of a refund, or a partial write-off. 0 <= amount <= the balance."""
    cents = Cents(rules.residual, rules.step)
    net = _net(slots, currency, rules)
    parts = slot_parts(to_minor(amount, currency), net, ITEM_RULES[rules.item_rule], cents)
    return tuple(
        Part(item=slot.place.item, tax=slot.place.tax, amount=from_minor(part, currency))
        for slot, part in zip(slots, parts, strict=True)
        if part
    )


def _net(slots: Sequence[Slot], currency: str, rules: Rules) -> Net:
    components = rules.components if rules.item_rule == "by_component" else ()
    return net_of(slots, currency, components, rules.zuora_compatible)


def _within_limit(rules: Rules, items: int, source_items: int, source: str) -> tuple[ItemRule, tuple[str, ...]]:
    """The item rule, or what takes its place above the grid limit, with a warning."""
    grid = items * source_items
    if grid <= rules.grid_limit or rules.item_rule not in WITHOUT_GRID:
        return ITEM_RULES[rules.item_rule], ()
    instead = "`fifo`" if rules.item_rule == "proration" else f"`{rules.item_rule}` with `fifo` within each component"
    warning = (
        f"{items} open items x {source_items} of {source} are {grid}, more than the grid limit of {rules.grid_limit}: "
        f"spread by {instead} instead of `{rules.item_rule}`"
    )
    return WITHOUT_GRID[rules.item_rule], (warning,)


def _parts(target: Target, net: Net, share: int, rule: ItemRule, cents: Cents, currency: str) -> list[int]:
    """The part of each slot of a document, before `settling`."""
    if target.parts is None:
        return open_parts(share, net, rule, cents)
    return [to_minor(target.parts.get(slot.place, ZERO), currency) for slot in target.slots]


def _settled(document: Taken) -> list[int]:
    parts = document.parts.copy()
    if document.amount == document.net.total:
        for slot, more in settling(document.net, parts):
            parts[slot] += more
    return parts
