"""Amounts of requests, checked: exact in their currency and above zero."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.money import AmountError, exact
from billpolicy.planning.planning import Planning


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
