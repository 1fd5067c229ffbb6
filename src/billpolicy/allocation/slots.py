"""What is open on a document, item by item and tax by tax, with what the rules need to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import BillingDocument, CreditMemo, Item, TaxItem


class Slot(NamedTuple):
    """What is open on one item or one tax of a document."""

    place: Place
    balance: Decimal
    """Net of the discounts that name the item (domain 3.2). Below zero for what reduces the document."""
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
    is_memo = isinstance(document, CreditMemo)
    slots = []
    for place, balance in open_places.items():
        if not balance:
            continue
        item = items[place.item]
        mirrors = _mirrored(item, place) if is_memo else None
        if place.tax is None:
            discount = max(discounts.get(item.id, ZERO), ZERO)
            slots.append(Slot(place, balance, "charge", None, discount, mirrors))
        else:
            reduces = _reduced_by(items, place) if balance < 0 else None
            slots.append(Slot(place, balance, "tax", reduces, ZERO, mirrors))
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
