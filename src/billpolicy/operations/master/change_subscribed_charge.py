"""`change_subscribed_charge`: a new rate, quantity or tax code of a charge, from a day on.

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
from billpolicy.diagnostics.sentences import all_of
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

_GIVEN = ("rate", "quantity", "tax_code")
"""What a charge can have otherwise, from a day on."""


@record
class ChangeSubscribedCharge(Request):
    """What the charge costs, how many there are, or by which rates it is taxed, `from` a day on; without it, from the
    document date on.
    """

    subscription: Text
    charge: Text
    from_: Date | None = None
    rate: Amount | None = None
    quantity: Amount | None = None
    tax_code: Text | None = None
    as_: Text | None = None
    """The id of the charge that continues it; without it, that of the first with a number: `seats-2`."""


def _plan(planning: Planning, request: ChangeSubscribedCharge) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    day = request.from_ or planning.date
    old = charge_of(planning, subscription, request.charge)
    given = {name: getattr(request, name) for name in _GIVEN if getattr(request, name) is not None}
    what = {name for name, value in given.items() if value != getattr(old, name)}
    if not what:
        has = (
            f"has this {all_of(given).replace('_', ' ')} already"
            if given
            else "is given no other rate, quantity or tax code"
        )
        message = f"charge `{old.id}` of `{subscription.id}` {has}"
        planning.problem("nothing-changes", message, hint="name another `rate`, `quantity` or `tax_code`")
    check_can_end(planning, subscription, old, day, "from")
    taken = {charge.id for charge in subscription.charges}
    new = _continuing(old, day, request.id, request.as_ or next_id(old.first, taken))
    new = replace(new, **given)
    more = [new]
    discounts = list(discounts_on(subscription, old, day))
    for discount in discounts:
        id = next_id(discount.first, taken | {one.id for one in more})
        more.append(replace(_continuing(discount, day, request.id, id), discounts=new.id))
    permit(planning, account, [subscription], facts_of_change(planning, day, what))
    for one in (old, *discounts):
        end_charge(planning, subscription, one, day)
    check_charges(planning, account, subscription.id, *more, at=())
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
