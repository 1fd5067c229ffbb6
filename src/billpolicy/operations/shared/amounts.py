"""Which amounts does a request name? Exact in their currency and above zero, on items, taxes and charges.

What is wrong with them is noted on the planning; then they mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import Document, Item, TaxItem
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.money import AmountError, exact
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ChargeAmount, ItemAmount

MAX_ITEMS = 1000
"""Items that one request may name (docs/domain.md 2.3)."""


def exact_amount(planning: Planning, amount: Decimal, currency: str, *path: str | int) -> Decimal | None:
    """The amount in the currency's own decimals; None (and a problem) where it does not fit."""
    try:
        return exact(amount, currency)
    except AmountError as error:
        planning.problem("amount-inexact", str(error), *path, hint="check the amount: nothing is rounded here")
        return None


def positive(planning: Planning, amount: Decimal, currency: str, *path: str | int) -> Decimal:
    """An exact amount above zero; what is wrong with it is noted and the amount given back as it was."""
    if amount <= 0:
        message = f"the amount is {amount}, but must be above zero"
        planning.problem("amount-sign", message, *path, hint="write an amount above zero, without a sign")
    return exact_amount(planning, amount, currency, *path) or amount


# -- on charges ----------------------------------------------------------------------------------------------------


def items_of_charges(planning: Planning, currency: str, asked: Sequence[ChargeAmount]) -> tuple[Item, ...]:
    """One item per charge named. What is wrong with it is noted on the planning; then the items mean nothing."""
    if not asked:
        planning.problem("charges-missing", "no charge is named", "charges", hint="list at least one")
    items = []
    for line, wanted in enumerate(asked, start=1):
        path = ("charges", line - 1)
        found = planning.book.charges.get(wanted.charge)
        charge = found and planning.as_held(found)
        if charge is None:
            message = f"there is no product rate plan charge `{wanted.charge}`"
            hint = did_you_mean(wanted.charge, planning.book.charges) or "add it to the catalogue with `create_charge`"
            planning.problem("charge-unknown", message, *path, "charge", hint=hint)
            continue
        amount = positive(planning, wanted.amount, currency, *path, "amount")
        taxes = tuple(
            TaxItem(
                id=str(t),
                name=tax.name,
                rate=tax.rate,
                amount=positive(planning, tax.amount, currency, *path, "taxes"),
            )
            for t, tax in enumerate(wanted.taxes, start=1)
        )
        items.append(
            Item(
                id=str(line),
                line=line,
                name=charge.name,
                charge=charge.id,
                amount=amount,
                quantity=wanted.quantity,
                service_start=wanted.service_start,
                service_end=wanted.service_end,
                taxes=taxes,
            )
        )
    return tuple(items)


# -- on items of a document ----------------------------------------------------------------------------------------


def amounts_asked(
    planning: Planning,
    document: Document,
    asked: Sequence[ItemAmount],
    taxes_of: Callable[[Item, Decimal], Mapping[Place, Decimal]],
) -> dict[Place, Decimal]:
    """The amount on each place that a request names. What is wrong with it is noted on the planning.

    *taxes_of*: the taxes that go with an amount of an item, where the request does not name them.
    """
    items = {item.id: item for item in document.items}
    amounts: dict[Place, Decimal] = {}
    if len(asked) > MAX_ITEMS:
        message = f"{len(asked)} items are named; at most {MAX_ITEMS} can be"
        planning.problem("item-limit", message, "items", hint="split the work over several operations")
    for index, wanted in enumerate(asked):
        path = ("items", index)
        item = items.get(wanted.item)
        if item is None:
            message = f"{document.number} has no item `{wanted.item}`"
            planning.problem("item-unknown", message, *path, "item", hint=did_you_mean(wanted.item, items))
            continue
        if Place(item.id) in amounts:
            planning.problem("item-repeated", f"item `{item.id}` is named twice", *path, "item", hint="name it once")
            continue
        amount = (
            item.amount
            if wanted.amount is None
            else exact_amount(planning, wanted.amount, document.currency, *path, "amount")
        )
        if amount is None:
            continue
        if amount == 0 or (amount < 0) != (item.amount < 0):
            message = f"item `{item.id}` is {item.amount}; {amount} cannot be asked of it"
            planning.problem("amount-sign", message, *path, "amount", hint="use the sign of the item, and not zero")
            continue
        amounts[Place(item.id)] = amount
        if wanted.taxes is None:
            amounts.update(taxes_of(item, amount))
        else:
            _named_taxes(planning, document, item, wanted, index, amounts)
    for name, net in below_discounts(document, amounts).items():
        message = f"the discounts of item `{name}` come to {abs(net)} more than what is asked of the item itself"
        planning.problem("discount-too-large", message, "items", hint=f"ask for more of `{name}`, or for less discount")
    return amounts


def below_discounts(document: Document, amounts: Mapping[Place, Decimal]) -> dict[str, Decimal]:
    """The items of which less is left than their discounts take, and by how much: the two are settled as one."""
    nets = {item.discounts: amounts.get(Place(item.discounts), ZERO) for item in document.items if item.discounts}
    for item in document.items:
        if item.discounts:
            nets[item.discounts] += amounts.get(Place(item.id), ZERO)
    return {name: net for name, net in sorted(nets.items()) if net < 0}


def _named_taxes(
    planning: Planning, document: Document, item: Item, wanted: ItemAmount, index: int, amounts: dict[Place, Decimal]
) -> None:
    known = {tax.id: tax for tax in item.taxes}
    for t, tax in enumerate(wanted.taxes or ()):
        path = ("items", index, "taxes", t)
        place = Place(item.id, tax.tax)
        if tax.tax not in known:
            message = f"item `{item.id}` of {document.number} has no tax `{tax.tax}`"
            planning.problem("tax-unknown", message, *path, "tax", hint=did_you_mean(tax.tax, known))
        elif place in amounts:
            planning.problem("item-repeated", f"tax `{tax.tax}` is named twice", *path, "tax", hint="name it once")
        else:
            amount = exact_amount(planning, tax.amount, document.currency, *path, "amount")
            if amount and (amount < 0) != (known[tax.tax].amount < 0):
                message = f"tax `{tax.tax}` is {known[tax.tax].amount}; {amount} cannot be asked of it"
                planning.problem("amount-sign", message, *path, "amount", hint="use the sign of the tax")
            elif amount is not None:
                amounts[place] = amount
