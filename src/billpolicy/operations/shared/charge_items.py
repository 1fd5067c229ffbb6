"""Memo items made from product rate plan charges with named amounts (domain 1.2, rows 10 and 11)."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.book.model import Account, Item, TaxItem
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.shared.amounts import positive
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ChargeAmount


def items_of_charges(planning: Planning, account: Account, asked: Sequence[ChargeAmount]) -> tuple[Item, ...]:
    """One item per charge named. What is wrong with it is noted on the planning; then the items mean nothing."""
    if not asked:
        planning.problem("charges-missing", "no charge is named", "charges", hint="list at least one")
    items = []
    for line, wanted in enumerate(asked, start=1):
        path = ("charges", line - 1)
        charge = planning.book.charges.get(wanted.charge)
        if charge is None:
            message = f"there is no product rate plan charge `{wanted.charge}`"
            hint = did_you_mean(wanted.charge, planning.book.charges)
            planning.problem("charge-unknown", message, *path, "charge", hint=hint)
            continue
        amount = positive(planning, wanted.amount, account.currency, *path, "amount")
        taxes = tuple(
            TaxItem(
                id=str(t),
                name=tax.name,
                rate=tax.rate,
                amount=positive(planning, tax.amount, account.currency, *path, "taxes"),
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
