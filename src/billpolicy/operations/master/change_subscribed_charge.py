"""`change_subscribed_charge`: a new rate or quantity of a charge, from a day on.

The charge ends on that day, and another one continues it in the same billing periods. What was billed of it from that
day on is credited at the old price by the next bill run, and billed at the new one.
"""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.changes import ChargeAdded
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import permit
from billpolicy.operations.master.subscribed import charge_of, check_charges, end_charge
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
        message = f"charge `{old.id}` of `{subscription.id}` has this rate and quantity already"
        planning.problem("nothing-changes", message, hint="name another `rate` or `quantity`")
    new = replace(
        old,
        id=request.as_ or _next_id(old.continues or old.id, {charge.id for charge in subscription.charges}),
        rate=rate,
        quantity=quantity,
        start=day,
        charged_through=None,
        continues=old.continues or old.id,
        created_by=request.id,
    )
    permit(planning, account, [subscription])
    ended = end_charge(planning, subscription, old, day)
    check_charges(planning, account, ended, new)
    planning.stop_if_refused()
    planning.change(ChargeAdded(subscription.id, new))


def _next_id(first: str, taken: set[str]) -> str:
    return next(id for id in (f"{first}-{count}" for count in range(2, len(taken) + 3)) if id not in taken)


OPERATION = Operation(
    "change_subscribed_charge",
    ChangeSubscribedCharge,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription})),
    plan=_plan,
)
