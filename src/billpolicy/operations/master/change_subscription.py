"""`change_subscription`: another plan, bill day, attribute or custom value, from a day on."""

from __future__ import annotations

from dataclasses import field

from billpolicy.billing.due import billed_alike
from billpolicy.book.check import bill_day_fault
from billpolicy.book.model import Custom
from billpolicy.book.needs import Needs
from billpolicy.operations.master.impact import tell_what_is_taken
from billpolicy.operations.master.shared import (
    ChangeRequest,
    HoldsAttributes,
    check_values,
    different,
    facts_of_change,
    give,
    permit,
    since,
    wanted,
)
from billpolicy.operations.master.subscribed import billed_through
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Boolean, Integer, Text


@record
class ChangeSubscription(HoldsAttributes, ChangeRequest):
    """What the subscription holds from a day on. An attribute that it holds no more is the account's."""

    subscription: Text
    plan: Text | None = None
    bill_day: Integer | None = None
    invoice_separately: Boolean | None = None
    custom: Custom = field(default_factory=dict)


def _plan(planning: Planning, request: ChangeSubscription) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    day = since(planning, request)
    values = wanted(planning, request, "plan", "bill_day", "invoice_separately")
    fault = bill_day_fault(request.bill_day)
    if fault is not None:
        planning.add(fault._replace(position=planning.instruction.at("bill_day")))
    check_values(planning, "subscription", account, request.attributes, request.custom, day)
    facts = facts_of_change(planning, day, different(subscription, values, day))
    permit(planning, account, [subscription], facts)
    give(planning, subscription, values, day)
    billed = billed_through(planning.book, subscription)
    if not billed_alike(subscription, planning.book.subscriptions[subscription.id], billed):
        through = max(billed.values())
        message = f"`{subscription.id}` is billed through {through} by its bill day, which cannot change from {day} on"
        planning.refuse("bill-day-billed", message, "bill_day", hint=f"let it hold `from: {through}`")
    tell_what_is_taken(planning, [subscription.id], day)


OPERATION = Operation(
    "change_subscription",
    ChangeSubscription,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription}), last_billed_usage=True),
    plan=_plan,
)
