"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post.

First which documents get how much (`shares_of_documents`), then which of their items (the item rule), then, for a
credit memo, which of its own items it comes from (the grid).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.allocation.checks import problems_of
from billpolicy.allocation.columns import ItemRule
from billpolicy.allocation.grid import Cell
from billpolicy.allocation.item_rules import ITEM_RULES, WITHOUT_GRID
from billpolicy.allocation.model import Allocation, Rules, Source, Target
from billpolicy.allocation.net import Net, net_of, settling, slot_parts
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.outcome import applied_of
from billpolicy.allocation.residual import Cents
from billpolicy.allocation.shares import shares_of_documents
from billpolicy.allocation.slots import Slot
from billpolicy.allocation.source_item import to_source_items
from billpolicy.book.model import Part
from billpolicy.money import from_minor, to_minor


class _Chosen(NamedTuple):
    """A document that gets money, and how much, in minor units."""

    target: Target
    net: Net
    amount: int


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
    targets = DOCUMENT_ORDERS[rules.document_order].sorted(targets)
    nets = [_net(target.slots, currency, rules) for target in targets]
    asked = [None if target.amount is None else to_minor(target.amount, currency) for target in targets]
    shares = shares_of_documents(whole, nets, asked, rules)
    chosen = [_Chosen(*each) for each in zip(targets, nets, shares, strict=True) if each[2]]
    rows = _net(source.slots, currency, rules) if source.slots else None

    items = sum(len(c.net.owing) if c.target.parts is None else len(c.target.parts) for c in chosen)
    grid = items * (1 if rows is None else len(rows.owing))
    too_large = grid > rules.grid_limit and rules.item_rule in WITHOUT_GRID
    used, rule = WITHOUT_GRID[rules.item_rule] if too_large else (rules.item_rule, ITEM_RULES[rules.item_rule])
    warning = (
        f"{items} open items x {grid // items} items of {source.number} are {grid}, more than {rules.grid_limit}: "
        f"spread {used} instead of {rules.item_rule}"
        if too_large
        else None
    )
    cents = Cents(rules.residual, rules.step)
    if rows is None:
        applied = [applied_of(source, c.target, _from_payment(c, currency, rule, cents)) for c in chosen]
    else:
        cells = _from_memo(rows, chosen, currency, rule, cents, one_walk=too_large or rule is ITEM_RULES["fifo"])
        applied = [applied_of(source, c.target, each) for c, each in zip(chosen, cells, strict=True)]
    return Allocation(
        applied=tuple(applied),
        left=from_minor(whole - sum(shares), currency),
        item_rule=used,
        grid=grid,
        warnings=() if warning is None else (warning,),
    )


def spread_slots(slots: Sequence[Slot], amount: Decimal, currency: str, rules: Rules) -> tuple[Part, ...]:
    """The part of each slot of one document: of a refund, or a partial write-off. 0 <= amount <= the balance."""
    net = _net(slots, currency, rules)
    cents = Cents(rules.residual, rules.step)
    parts = slot_parts(to_minor(amount, currency), net, ITEM_RULES[rules.item_rule], cents)
    return tuple(
        Part(item=slot.place.item, tax=slot.place.tax, amount=from_minor(part, currency))
        for slot, part in zip(slots, parts, strict=True)
        if part
    )


def _net(slots: Sequence[Slot], currency: str, rules: Rules) -> Net:
    return net_of(slots, currency, rules.components, rules.zuora_compatible)


def _from_payment(chosen: _Chosen, currency: str, rule: ItemRule, cents: Cents) -> list[Cell]:
    target, net, amount = chosen
    if target.parts is None:
        parts = slot_parts(amount, net, rule, cents)
    else:
        parts = [to_minor(target.parts.get(slot.place, Decimal(0)), currency) for slot in target.slots]
    return [(0, slot, part) for slot, part in enumerate(parts)]


def _from_memo(
    rows: Net, chosen: Sequence[_Chosen], currency: str, rule: ItemRule, cents: Cents, *, one_walk: bool
) -> list[list[Cell]]:
    """For each document the cells of (slot of the credit memo, slot of the document)."""
    put = sum(c.amount for c in chosen)
    given = rule(put, rows.columns, cents)
    columns: list[tuple[int, int]] = []  # document, slot of it
    taken: list[int] = []
    components: list[int] = []
    corrections: list[list[tuple[int, int]]] = []
    for d, (target, net, amount) in enumerate(chosen):
        if target.parts is None:
            parts = rule(amount, net.columns, cents)
        else:
            parts = [to_minor(target.parts.get(target.slots[i].place, Decimal(0)), currency) for i in net.owing]
        columns += [(d, slot) for slot in net.owing]
        taken += parts
        components += net.columns.components
        corrections.append(settling(net, parts) if amount == net.total else [])
