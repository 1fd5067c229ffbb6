"""`change_subscribed_charge`: a new rate or quantity of a charge, from a day on.

The charge ends on that day, and another one continues it in the same billing periods. What was billed of it from that
day on is credited at the old price by the next bill run, and billed at the new one. Discounts on the charge go on with
it: each ends, too, and another one discounts the charge that continues.
"""

from __future__ import annotations

import datetime
from dataclasses import replace

from billpolicy.book.changes import ChargeAdded
from billpolicy.book.model import SubscribedCharge
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import facts_of_change, permit
from billpolicy.operations.master.subscribed import (
    charge_of,
    check_can_end,
    check_charges,
    discounts_on,
    end_charge,
    next_id,
)
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date, Text


@record
class ChangeSubscribedCharge(Request):
    """What the charge costs, or how many there are, `from` a day on; without it, from the document date on."""

    subscription: Text
    charge: Text
    from_: Date | None = None
    rate: Amount | None = None
    quantity: Amount | None = None
    as_: Text | None = None
    """The id of the charge that continues it; without it, that of the first with a number: `seats-2`."""


def _plan(planning: Planning, request: ChangeSubscribedCharge) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    day = request.from_ or planning.date
    old = charge_of(planning, subscription, request.charge)
    rate = old.rate if request.rate is None else request.rate
    quantity = old.quantity if request.quantity is None else request.quantity
    if (rate, quantity) == (old.rate, old.quantity):
        same = request.rate is not None or request.quantity is not None
        has = "has this rate and quantity already" if same else "is given no other rate or quantity"
        message = f"charge `{old.id}` of `{subscription.id}` {has}"
        planning.problem("nothing-changes", message, hint="name another `rate` or `quantity`")
    check_can_end(planning, subscription, old, day, "from")
    taken = {charge.id for charge in subscription.charges}
    new = _continuing(old, day, request.id, request.as_ or next_id(old.first, taken))
    new = replace(new, rate=rate, quantity=quantity)
    more = [new]
    discounts = list(discounts_on(subscription, old, day))
    for discount in discounts:
        id = next_id(discount.first, taken | {one.id for one in more})
        more.append(replace(_continuing(discount, day, request.id, id), discounts=new.id))
    what = {name for name in ("rate", "quantity") if getattr(new, name) != getattr(old, name)}
    permit(planning, account, [subscription], facts_of_change(planning, day, what))
    for one in (old, *discounts):
        end_charge(planning, subscription, one, day)
    check_charges(planning, account, subscription.id, *more)
    for one in more:
        planning.change(ChargeAdded(subscription.id, one))


def _continuing(old: SubscribedCharge, day: datetime.date, operation: str, id: str) -> SubscribedCharge:
    """The charge that goes on from that day, of which nothing has been billed yet."""
    return replace(old, id=id, start=day, charged_through=None, continues=old.first, created_by=operation)


OPERATION = Operation(
    "change_subscribed_charge",
    ChangeSubscribedCharge,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription}), last_billed_usage=True),
    plan=_plan,
)
