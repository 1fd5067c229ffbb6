"""What a bill run reads of a subscription: dates in order, quantities, and discounts of charges that are none."""

from __future__ import annotations

from billpolicy.book.checking import Context, Found, known
from billpolicy.book.model import Subscription
from billpolicy.diagnostics.diagnostic import Diagnostic

LAST_BILL_DAY = 31


def subscriptions(context: Context) -> Found:
    for index, subscription in enumerate(context.file.subscriptions):
        start = subscription.start
        if subscription.bill_day is not None and not 1 <= subscription.bill_day <= LAST_BILL_DAY:
            message = f"`bill_day` is {subscription.bill_day}, which is no day of a month"
            hint = f"write 1 to {LAST_BILL_DAY}; in shorter months it is the last day"
            yield Diagnostic("bill-day", message, context.at("subscriptions", index, "bill_day"), hint)
        for key in ("term_end", "canceled_on"):
            day = getattr(subscription, key)
            if start is not None and day is not None and day < start:
                message = f"`{key}` is {day}, before the start of subscription `{subscription.id}` ({start})"
                hint = f"write {start} or later"
                yield Diagnostic("date-too-early", message, context.at("subscriptions", index, key), hint)
        yield from _charges(context, index, subscription)


def _charges(context: Context, index: int, subscription: Subscription) -> Found:
    ids = {charge.id for charge in subscription.charges}
    discounts = {charge.id for charge in subscription.charges if charge.discounts is not None}
    for c, charge in enumerate(subscription.charges):
        path = ("subscriptions", index, "charges", c)
        start = charge.start or subscription.start
        if start is not None and charge.until is not None and charge.until <= start:
            message = f"charge `{charge.id}` ends on {charge.until}, but begins on {start}"
            hint = "`until` is the first day after its last one"
            yield Diagnostic("period-empty", message, context.at(*path, "until"), hint)
        if charge.quantity < 0:
            message = f"the quantity of charge `{charge.id}` is {charge.quantity}, below zero"
            hint = "write a `rate` below zero where money is given back"
            yield Diagnostic("amount-sign", message, context.at(*path, "quantity"), hint)
        yield from known(context, "charge", charge.discounts, ids, *path, "discounts", of=f"`{subscription.id}`")
        if charge.discounts in discounts:
            message = f"charge `{charge.discounts}` is a discount itself, so `{charge.id}` cannot discount it"
            hint = "name the charge that both reduce"
            yield Diagnostic("discount-of-discount", message, context.at(*path, "discounts"), hint)
