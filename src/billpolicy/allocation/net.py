"""A document in integers: what each slot owes net of what reduces it, and what settles all of it exactly.

A negative slot (a discount's tax, a line that gives money back) is never a target of its own. It is netted against the
tax that it reduces, and settled when all of its document is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.residual import Cents
from billpolicy.allocation.slots import Slot
from billpolicy.book.book import Place
from billpolicy.money import to_minor


class Net(NamedTuple):
    """Minor units. `columns` has one entry for each slot that owes something net; `owing` says which slot that is."""

    total: int
    """The balance of the document: all slots added up, negative ones too."""
    balances: list[int]
    """Of every slot, as it stands."""
    owing: list[int]
    columns: Columns


def net_of(slots: Sequence[Slot], currency: str, components: Sequence[str], zuora_compatible: bool) -> Net:
    """The document in integers. `components`: what `by_component` settles first, and then; empty where it is all one.

    Zuora skips what is not positive and weighs by amounts before discounts (domain 2.4).
    """
    balances = [to_minor(slot.balance, currency) for slot in slots]
    net = balances.copy()
    if min(balances, default=0) < 0:
        at: dict[Place, int] = {slot.place: i for i, slot in enumerate(slots)}
        for i, slot in enumerate(slots):
            reduced = at.get(slot.reduces) if slot.reduces is not None else None
            if balances[i] < 0 and reduced is not None and net[reduced] > 0:
                net[reduced] += balances[i]
    owing = [i for i, open_ in enumerate(net) if open_ > 0]
    caps = [net[i] for i in owing]
    weights = caps
    if zuora_compatible:
        weights = [balances[i] + to_minor(slots[i].discount, currency) for i in owing]
    ranks = {component: rank for rank, component in enumerate(components)}
    columns = Columns(caps, weights, [ranks.get(slots[i].component, 0) for i in owing])
    return Net(sum(balances), balances, owing, columns)


def open_parts(amount: int, net: Net, rule: ItemRule, cents: Cents) -> list[int]:
    """The part of every slot by the rule, none below zero. 0 <= amount <= net.total."""
    parts = [0] * len(net.balances)
    for i, part in zip(net.owing, rule(amount, net.columns, cents), strict=True):
        parts[i] = part
    return parts


def settling(net: Net, parts: Sequence[int]) -> list[tuple[int, int]]:
    """Slot by slot what to add to parts that pay all of a document, so that every slot is settled; it adds up to zero.

    There is nothing to add but where slots are negative.
    """
    return [(i, owed - part) for i, (owed, part) in enumerate(zip(net.balances, parts, strict=True)) if owed != part]


def slot_parts(amount: int, net: Net, rule: ItemRule, cents: Cents) -> list[int]:
    """The part of every slot. 0 <= amount <= net.total; all of it settles every slot exactly, negative ones too."""
    return net.balances.copy() if amount == net.total else open_parts(amount, net, rule, cents)
