"""`undo_cancellation`: a pending cancellation is taken back, and service goes on. docs/domain.md 5.4.

What a final bill has credited stays credited, and its charges are charged through the first day of that: so the next
bill run bills those days again. What was written off stays written off; `undo_write_off` asks for it again.
"""

from __future__ import annotations

from billpolicy.book.changes import SubscriptionCanceled
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.cancellation import note_what_is_next, pending_day
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class UndoCancellation(Request):
    """Let a subscription go on whose cancellation is pending."""

    subscription: Text


def _plan(planning: Planning, request: UndoCancellation) -> None:
    subscription = planning.subscription(request.subscription, "subscription")
    planning.check_date()
    before = pending_day(planning, subscription, "taken back")
    account = planning.account(subscription.account, "subscription")
    planning.decide(resolve(planning, account, subscriptions=[subscription]))
    planning.change(SubscriptionCanceled(subscription.id, None, before))
    note_what_is_next(planning, subscription.id)


OPERATION = Operation(
    "undo_cancellation",
    UndoCancellation,
    needs=lambda request: Needs(subscriptions=frozenset({request.subscription})),
    plan=_plan,
)
