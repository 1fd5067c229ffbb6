"""`add_subscribed_charge`: one more charge of a subscription, from its `start` on."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.changes import ChargeAdded
from billpolicy.book.needs import Needs
from billpolicy.operations.master.create_subscription import NewCharge
from billpolicy.operations.master.shared import facts_of_change, permit
from billpolicy.operations.master.subscribed import check_charges, check_service
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class AddSubscribedCharge(Request):
    """The charge to be. Without a `start` it begins on the document date."""

    subscription: Text
    charge: NewCharge


def _plan(planning: Planning, request: AddSubscribedCharge) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    charge = request.charge.subscribed(request.id)
    charge = replace(charge, start=charge.start or planning.date)
    assert charge.start is not None
    check_service(planning, subscription, charge.start, "charge", "start")
    if any(one.id == charge.id for one in subscription.charges):
        message = f"subscription `{subscription.id}` has a charge `{charge.id}` already"
        hint = "give the new one another id, or change that one with `change_subscribed_charge`"
        planning.refuse("id-repeated", message, "charge", "id", hint=hint)
    check_charges(planning, account, subscription.id, charge, at=("charge",))
    permit(planning, account, [subscription], facts_of_change(planning, charge.start))
    planning.change(ChargeAdded(subscription.id, charge))


OPERATION = Operation(
    "add_subscribed_charge",
    AddSubscribedCharge,
    needs=lambda request: Needs(
        subscriptions=frozenset({request.subscription}),
        charges=frozenset({request.charge.charge} if request.charge.charge else ()),
    ),
    plan=_plan,
)
