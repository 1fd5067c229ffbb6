"""An amount put on a document, place by place: discounts and negative taxes are netted against what they reduce."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billpolicy.allocation import RULES
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import BillingDocument, Item, TaxItem
from billpolicy.money import from_minor, to_minor


def spread(
    rule: str, amount: Decimal, document: BillingDocument, open_places: Mapping[Place, Decimal]
) -> dict[Place, Decimal]:
    """The part of `amount` on each place, in item order, zero parts left out. 0 < amount <= the balance.

    Paying all of it settles every place exactly, negative ones too. Paying less is spread by the rule over what is
    owed net: a discount is already netted in its item (domain 3.2), a negative tax against the tax that it reduces.
    """
    if amount == sum(open_places.values(), ZERO):
        return {place: balance for place, balance in open_places.items() if balance}
    net = dict(open_places)
    for place, balance in open_places.items():
        if balance < 0:
            reduced = _reduced_by(document, place)
            if reduced is not None and net.get(reduced, ZERO) > 0:
                net[reduced] += balance
    owed = [place for place, balance in net.items() if balance > 0]
    balances = [to_minor(net[place], document.currency) for place in owed]
    parts = RULES[rule](to_minor(amount, document.currency), balances)
    return {place: from_minor(part, document.currency) for place, part in zip(owed, parts, strict=True) if part}


def _reduced_by(document: BillingDocument, place: Place) -> Place | None:
    """The tax that a discount's tax reduces: of the discounted item, the same name, jurisdiction and rate."""
    items = {item.id: item for item in document.items}
    discount = items[place.item]
    charge = items.get(discount.discounts or "")
    if place.tax is None or charge is None:
        return None
    tax = _tax(discount, place.tax)
    alike = (t for t in charge.taxes if (t.name, t.jurisdiction, t.rate) == (tax.name, tax.jurisdiction, tax.rate))
    return next((Place(charge.id, t.id) for t in alike), None)


def _tax(item: Item, name: str) -> TaxItem:
    return next(tax for tax in item.taxes if tax.id == name)
