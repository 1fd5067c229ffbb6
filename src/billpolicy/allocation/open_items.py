"""What is open on a document, item by item and tax by tax: each as it stands, and in integers what is owed net.

A negative slot (a discount's tax, a line that gives money back) is never a target of its own. It is netted against the
tax that it reduces, and settled when all of its document is settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.allocation.item_rules import Columns, Spread
from billpolicy.allocation.residual import Cents
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import BillingDocument, CreditMemo, Item, TaxItem
from billpolicy.money import to_minor, to_minors


class Slot(NamedTuple):
    """What is open on one item or one tax of a document."""

    place: Place
    balance: Decimal
    """Net of the discounts that name the item (docs/domain.md 3.2). Below zero for what reduces the document."""
    component: str
    """`charge` or `tax`."""
    reduces: Place | None = None
    """Of a discount's tax: the tax of the same document that it is netted against."""
    discount: Decimal = ZERO
    """What discounts took off `balance`, >= 0: balance + discount is what Zuora weighs by."""
    mirrors: Place | None = None
    """On a credit memo: the item or tax of the document it was created from."""


COMPONENTS = ("charge", "tax")


def slots_of(document: BillingDocument, open_places: Mapping[Place, Decimal]) -> tuple[Slot, ...]:
    """The slots of a document that are not settled, in the order of `Book.open_places`."""
    items = {item.id: item for item in document.items}
    discounts: dict[str, Decimal] = {}
    for item in document.items:
        if item.discounts is not None:
            discounts[item.discounts] = discounts.get(item.discounts, ZERO) - item.amount
    mirrors = isinstance(document, CreditMemo)
    slots = []
    for place, balance in open_places.items():
        if not balance:
            continue
        mirrored = _mirrored(items[place.item], place) if mirrors else None
        if place.tax is not None:
            reduces = _reduced_by(items, place) if balance < 0 else None
            slots.append(Slot(place, balance, "tax", reduces, ZERO, mirrored))
        else:
            discount = max(discounts[place.item], ZERO) if place.item in discounts else ZERO
            slots.append(Slot(place, balance, "charge", None, discount, mirrored))
    return tuple(slots)


def _mirrored(item: Item, place: Place) -> Place | None:
    if item.source_item is None:
        return None
    if place.tax is None:
        return Place(item.source_item)
    source_tax = _tax(item, place.tax).source_tax
    return None if source_tax is None else Place(item.source_item, source_tax)


def _reduced_by(items: Mapping[str, Item], place: Place) -> Place | None:
    """The tax that a discount's tax reduces: of the discounted item, the same name, jurisdiction and rate."""
    discount = items[place.item]
    charge = items.get(discount.discounts or "")
    if place.tax is None or charge is None:
        return None
    tax = _tax(discount, place.tax)
    alike = (t for t in charge.taxes if (t.name, t.jurisdiction, t.rate) == (tax.name, tax.jurisdiction, tax.rate))
    return next((Place(charge.id, t.id) for t in alike), None)


def _tax(item: Item, name: str) -> TaxItem:
    return next(tax for tax in item.taxes if tax.id == name)


def place_in_words(place: Place) -> str:
    """An item, or a tax of it, as messages name it."""
    return f"tax `{place.tax}` of item `{place.item}`" if place.tax else f"item `{place.item}`"


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

    Zuora skips what is not positive and weighs by amounts before discounts (docs/domain.md 2.4).
    """
    balances = to_minors([slot.balance for slot in slots], currency)
    least = min(balances, default=0)
    net = balances
    if least < 0:
        net = balances.copy()
        at: dict[Place, int] = {slot.place: i for i, slot in enumerate(slots)}
        for i, slot in enumerate(slots):
            reduced = at.get(slot.reduces) if slot.reduces is not None else None
            if balances[i] < 0 and reduced is not None and net[reduced] > 0:
                net[reduced] += balances[i]
    owing = list(range(len(net))) if least > 0 else [i for i, open_ in enumerate(net) if open_ > 0]
    caps = net if least > 0 else [net[i] for i in owing]
    weights = caps
    if zuora_compatible:
        weights = [balances[i] + to_minor(slots[i].discount, currency) for i in owing]
    ranks = {component: rank for rank, component in enumerate(components)}
    of_each = [ranks.get(slots[i].component, 0) for i in owing] if ranks else [0] * len(owing)
    columns = Columns(caps, weights, of_each)
    return Net(sum(balances), balances, owing, columns)


def open_parts(amount: int, net: Net, spread: Spread, cents: Cents) -> list[int]:
    """The part of every slot by the rule, none below zero. 0 <= amount <= net.total."""
    of_owing = spread(amount, net.columns, cents)
    if len(of_owing) == len(net.balances):
        return of_owing
    parts = [0] * len(net.balances)
    for i, part in zip(net.owing, of_owing, strict=True):
        parts[i] = part
    return parts


def settling(net: Net, parts: Sequence[int]) -> list[tuple[int, int]]:
    """Slot by slot what to add to parts that pay all of a document, so that every slot is settled; it adds up to zero.

    There is nothing to add but where slots are negative.
    """
    return [(i, owed - part) for i, (owed, part) in enumerate(zip(net.balances, parts, strict=True)) if owed != part]


def slot_parts(amount: int, net: Net, spread: Spread, cents: Cents) -> list[int]:
    """The part of every slot. 0 <= amount <= net.total; all of it settles every slot exactly, negative ones too."""
    return net.balances.copy() if amount == net.total else open_parts(amount, net, spread, cents)
