"""`change_cancellation`: a pending cancellation is moved to another day, earlier or later. docs/domain.md 5.4.

It does what `cancel_subscription` does, by settings of its own: moved earlier, the final bill credits the days between;
moved later, it bills them, also those that had been credited for the cancellation.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.operations.cancel_subscription import CancelSubscription, end_of_service, end_service, needs_of_ending
from billpolicy.operations.shared.cancellation import pending_day
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.planning.operation import Operation, Step
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record


@record
class ChangeCancellation(CancelSubscription):
    """Let service end on another day than a pending cancellation says."""


def _plan(planning: Planning, request: ChangeCancellation) -> Iterator[Step]:
    subscription = planning.subscription(request.subscription, "subscription")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "cancellation")
    before = pending_day(planning, subscription, "moved")
    end = end_of_service(planning, subscription, request)
    if end == before:
        message = f"subscription `{subscription.id}` is canceled already, on {before}"
        at = "at" if request.effective_date is None else "effective_date"
        planning.problem("canceled-already", message, at, hint="name another day")
    return end_service(planning, subscription, request, end, reason)


OPERATION = Operation("change_cancellation", ChangeCancellation, needs=needs_of_ending, plan=_plan)
