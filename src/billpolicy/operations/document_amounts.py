"""An amount put on a document, on items that are named or by the allocation rule: parts that add up, never too much."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.allocation.spread import spread
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import BillingDocument
from billpolicy.operations.amounts import exact_amount
from billpolicy.operations.planning import Planning
from billpolicy.operations.request import PartAmount
from billpolicy.source.diagnostic import did_you_mean


def parts_of_amount(
    planning: Planning,
    document: BillingDocument,
    amount: Decimal,
    named: tuple[PartAmount, ...],
    rule: str,
    *path: str | int,
) -> dict[Place, Decimal]:
    """Where the amount goes. What is wrong is noted on the planning. `amount` is above zero and fits the balance."""
    open_places = planning.book.open_places(document)
    if not named:
        return spread(rule, amount, document, open_places)
    parts: dict[Place, Decimal] = {}
    for index, part in enumerate(named):
        place = Place(part.item, part.tax)
        here = (*path, "items", index)
        what = f"tax `{part.tax}` of item `{part.item}`" if part.tax else f"item `{part.item}`"
        if place not in open_places:
            hint = did_you_mean(part.item, {known.item for known in open_places})
            planning.problem("item-unknown", f"{document.number} has no {what}", *here, hint=hint)
        elif place in parts:
            planning.problem("item-repeated", f"{what} is named twice", *here, hint="name it once")
        elif not 0 < part.amount <= open_places[place]:
            message = f"{part.amount} cannot be put on {what} of {document.number}, where {open_places[place]} is open"
            hint = (
                f"name an amount above zero, at most {open_places[place]}" if open_places[place] > 0 else "leave it out"
            )
            planning.problem("over-applied", message, *here, hint=hint)
        else:
            exact = exact_amount(planning, part.amount, document.currency, *here, "amount")
            parts[place] = part.amount if exact is None else exact
    total = sum((part.amount for part in named), ZERO)
    if total != amount:
        message = f"the items of {document.number} add up to {total}, not to {amount}"
        planning.problem("parts-sum", message, *path, "items", hint="name amounts that add up, or leave `items` out")
    return {place: parts[place] for place in open_places if place in parts}
