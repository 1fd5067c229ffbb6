"""An amount put on a document, place by place: discounts and negative taxes are netted against what they reduce."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billpolicy.allocation.allocate import spread_slots
from billpolicy.allocation.model import Rules
from billpolicy.allocation.slots import slots_of
from billpolicy.book.book import Place
from billpolicy.book.model import BillingDocument


def spread(
    rule: str, amount: Decimal, document: BillingDocument, open_places: Mapping[Place, Decimal]
) -> dict[Place, Decimal]:
    """The part of `amount` on each place, in item order, zero parts left out. 0 < amount <= the balance.

    Paying all of it settles every place exactly, negative ones too. Paying less is spread by the rule over what is
    owed net: a discount is already netted in its item (domain 3.2), a negative tax against the tax that it reduces.
    """
    parts = spread_slots(slots_of(document, open_places), amount, document.currency, Rules(item_rule=rule))
    return {Place(part.item, part.tax): part.amount for part in parts}
