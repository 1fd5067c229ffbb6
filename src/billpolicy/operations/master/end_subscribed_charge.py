"""`end_subscribed_charge`: a charge of a subscription ends, and the discounts on it. What was billed beyond its end is
credited by the next bill run."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.billing.billed_usage import warn_of_usage
from billpolicy.operations.master.shared import facts_of_change, permit
from billpolicy.operations.master.subscribed import charge_of, check_can_end, discounts_on, end_charge
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class EndSubscribedCharge(Request):
    """`until` is the first day after its last one; without it, the document date."""

    subscription: Text
    charge: Text
    until: Date | None = None


def _plan(planning: Planning, request: EndSubscribedCharge) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    charge = charge_of(planning, subscription, request.charge)
    day = request.until or planning.date
    check_can_end(planning, subscription, charge, day, "until")
    permit(planning, account, [subscription], facts_of_change(planning, day))
    end_charge(planning, subscription, charge, day)
    for discount in discounts_on(subscription, charge, day):
        end_charge(planning, subscription, discount, day)
    warn_of_usage(planning, subscription.id)


OPERATION = Operation(
    "end_subscribed_charge",
    EndSubscribedCharge,
    needs=lambda request: Needs(
        subscriptions=frozenset({request.subscription}), unbilled_usage=True, last_billed_usage=True
    ),
    plan=_plan,
)
