"""Can a minimum or maximum be billed as it stands? docs/billing.md, "Minimum and maximum"."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.book.model import SubscribedCharge, Subscription
from billpolicy.diagnostics.diagnostic import Diagnostic


class Fault(NamedTuple):
    """What is wrong with a charge, and in which of its fields."""

    field: str
    diagnostic: Diagnostic
    """Without its place."""


def limit_faults(charge: SubscribedCharge, subscription: Subscription) -> Iterator[Fault]:
    """What is wrong with a charge of a subscription as a minimum or maximum, or because of one that it discounts."""
    for field, why, hint in _odd(charge, subscription):
        yield Fault(field, Diagnostic("limit-charge-odd", f"charge `{charge.id}` {why}", hint=hint))
    for other in subscription.charges if charge.bills == "maximum" else ():
        message = _crosses(charge, other) if other.of_item == charge.of_item and _meet(charge, other) else None
        if message is not None:
            hint = "end one before the other begins, or mend rate, quantity or period"
            yield Fault("bills", Diagnostic("limits-cross", message, hint=hint))
    for other in subscription.charges:
        twice = (other.bills, other.of_item) == (charge.bills, charge.of_item) and charge.bills != "rate"
        if twice and other.id < charge.id and _meet(charge, other):
            message = f"`{other.id}` and `{charge.id}` are both the {charge.bills} of item `{charge.of_item}`"
            hint = "end one before the other begins, or give it another item"
            yield Fault("bills", Diagnostic("limits-cross", message, hint=hint))


def _odd(charge: SubscribedCharge, subscription: Subscription) -> Iterator[tuple[str, str, str]]:
    """The field, what is wrong in words, and what to do."""
    reduced = next((one for one in subscription.charges if one.id == charge.discounts), None)
    if reduced is not None and reduced.bills != "rate":
        yield "discounts", f"discounts `{reduced.id}`, which is a {reduced.bills}", "let it discount another charge"
    if charge.bills == "rate":
        return
    what = f"is a {charge.bills}"
    if charge.rate is None:
        yield "bills", f"{what}, but has no rate", "write its amount for one whole billing period as its `rate`"
    elif charge.rate < 0:
        yield "rate", f"{what} of {charge.rate}, below zero", "write zero or more"
    if charge.usage:
        yield (
            "usage",
            f"{what}, so no usage is billed by it",
            "remove `usage`: usage charges are others of its item",
        )
    if charge.period == "one_time":
        yield "period", f"{what} of each billing period, but is charged one time", "write the period that it is for"
    if charge.discounts is not None:
        yield "discounts", f"{what}, so it discounts nothing", "remove `discounts`"
    if charge.drawn_by:
        yield "drawn_by", f"{what}, so nothing is drawn from it", "remove `drawn_by`: a prepaid charge is another one"
    if not any(one.of_item == charge.of_item and one.bills == "rate" for one in subscription.charges):
        hint = "give it and the charges that it is for the same `item`"
        yield "bills", f"{what}, but item `{charge.of_item}` has no other charge", hint


def _crosses(maximum: SubscribedCharge, other: SubscribedCharge) -> str | None:
    """Why an item cannot have that maximum and this charge at the same time, if it is its minimum."""
    if other.bills != "minimum" or maximum.rate is None or other.rate is None:
        return None
    both = f"`{other.id}` and `{maximum.id}` of item `{maximum.of_item}`"
    if other.period != maximum.period:
        return f"{both} are the minimum of a {_words(other)} and the maximum of a {_words(maximum)}"
    least, most = other.rate * other.quantity, maximum.rate * maximum.quantity
    return f"{both} are a minimum of {least} and a maximum of {most}" if least > most else None


def _words(charge: SubscribedCharge) -> str:
    return charge.period.replace("_", " ")


def _meet(one: SubscribedCharge, other: SubscribedCharge) -> bool:
    """Whether there is a day that both are for, as far as the charges say."""
    first, last = datetime.date.min, datetime.date.max
    return (one.start or first) < (other.until or last) and (other.start or first) < (one.until or last)
