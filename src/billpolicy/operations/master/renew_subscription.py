"""`renew_subscription`: a term ends later, and a new one begins. Attributes may change with it (docs/domain.md 1.1)."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.master.impact import tell_what_is_taken
from billpolicy.operations.master.shared import HoldsAttributes, check_values, different, facts_of_change, give, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class RenewSubscription(HoldsAttributes, Request):
    """The new term runs from the end of the one before until `term_end`: the first day after it. Values of
    `attributes` hold from the day on which it begins."""

    subscription: Text
    term_end: Date


def _plan(planning: Planning, request: RenewSubscription) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    account = planning.account(subscription.account, "subscription")
    before = subscription.term_end
    if subscription.canceled_on is not None:
        message = (
            f"subscription `{subscription.id}` is canceled: there is no service from {subscription.canceled_on} on"
        )
        planning.problem("canceled-already", message, "subscription", hint="create a subscription for what comes after")
    if before is None:
        message = f"subscription `{subscription.id}` has no term that ends, so there is nothing to renew"
        planning.refuse("term-missing", message, "subscription", hint="it runs until it is canceled")
    if request.term_end <= before:
        planning.check_not_before(request.term_end, before, "the end of the term", "term_end")
        if request.term_end == before:
            message = f"the term ends on {before} already"
            planning.problem("nothing-changes", message, "term_end", hint="name a later day")
    check_values(planning, "subscription", account, request.attributes, {}, before)
    values = {
        "term_end": request.term_end,
        **{f"attributes.{name}": value for name, value in request.attributes.items()},
    }
    permit(
        planning, account, [subscription], facts_of_change(planning, before, different(subscription, values, before))
    )
    give(planning, subscription, values, before)
    tell_what_is_taken(planning, [subscription.id], before)


OPERATION = Operation(
    "renew_subscription",
    RenewSubscription,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription})),
    plan=_plan,
)
