"""What operations on the charges of a subscription share."""

from __future__ import annotations

import datetime
from dataclasses import replace

from billpolicy.book.model import Account, SubscribedCharge, Subscription
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.master.shared import check_as_in_a_book, give
from billpolicy.planning.planning import Planning

_LAST_BILL_DAY = 31


def charge_of(planning: Planning, subscription: Subscription, id: str) -> SubscribedCharge:
    """A charge of the subscription, or refuse."""
    found = {charge.id: charge for charge in subscription.charges}
    if id not in found:
        message = f"subscription `{subscription.id}` has no charge `{id}`"
        hint = did_you_mean(id, found) or f"it has {', '.join(f'`{one}`' for one in found) or 'none'}"
        planning.refuse("charge-unknown", message, "charge", hint=hint)
    return found[id]


def check_charges(planning: Planning, account: Account, subscription: Subscription, new: SubscribedCharge) -> None:
    """Note what would be wrong with one more charge of a subscription."""
    charges = (*subscription.charges, new)
    catalogue = planning.book.charges.values()
    check_as_in_a_book(
        planning, "subscriptions", replace(subscription, charges=charges), accounts=[account], charges=catalogue
    )
    planning.stop_if_refused()


def end_charge(
    planning: Planning, subscription: Subscription, charge: SubscribedCharge, day: datetime.date, *path: str
) -> Subscription:
    """Let a charge end: `day` is the first one after its last. The subscription as it is then."""
    start = charge.start or subscription.start
    if start is not None and day <= start:
        message = f"charge `{charge.id}` begins on {start}, so it cannot end on {day}"
        planning.refuse("date-too-early", message, *path, hint=f"name a day after {start}")
    if charge.until is not None and charge.until < day:
        message = f"charge `{charge.id}` ends on {charge.until} already"
        planning.refuse("charge-ended", message, *path, hint=f"name {charge.until} or an earlier day, or add a charge")
    if charge.until != day or not path:
        give_until(planning, subscription, charge, day)
    else:
        message = f"charge `{charge.id}` ends on {day} already"
        planning.refuse("nothing-changes", message, *path, hint="name an earlier day")
    if charge.charged_through is not None and charge.charged_through > day:
        planning.note(
            f"{subscription.id}/{charge.id} is billed through {charge.charged_through}: the next bill run credits it "
            f"from {day} on"
        )
    return planning.book.subscriptions[subscription.id]


def give_until(planning: Planning, subscription: Subscription, charge: SubscribedCharge, day: datetime.date) -> None:
    """Let a charge have its end on that day, unless it has it already."""
    if charge.until != day:
        give(planning, subscription, {f"charges.{charge.id}.until": day}, planning.date)


def check_bill_day(planning: Planning, day: int | None) -> None:
    """Note a bill day that is no day of a month."""
    if day is not None and not 1 <= day <= _LAST_BILL_DAY:
        message = f"`bill_day` is {day}, which is no day of a month"
        hint = f"write 1 to {_LAST_BILL_DAY}; in shorter months it is the last day"
        planning.problem("bill-day", message, "bill_day", hint=hint)
