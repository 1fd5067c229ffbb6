"""`end_subscribed_charge`: a charge of a subscription ends. What was billed beyond its end is credited by the next bill
run."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import permit
from billpolicy.operations.master.subscribed import charge_of, end_charge
from billpolicy.operations.shared.billed_usage import warn_of_usage
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
    permit(planning, account, [subscription])
    end_charge(planning, subscription, charge, request.until or planning.date, "until")
    warn_of_usage(planning, subscription.id)


OPERATION = Operation(
    "end_subscribed_charge",
    EndSubscribedCharge,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription}), unbilled_usage=True),
    plan=_plan,
)
