"""What can still be done about a cancellation? It is pending until the first day without service has come.

That day must lie after the document date and after today: an operation that is dated back does not undo what has taken
effect since, and one that is dated ahead does not undo what will have.
"""

from __future__ import annotations

import datetime

from billpolicy.billing.due import end_of
from billpolicy.book.model import Subscription
from billpolicy.planning.planning import Planning

_TOLD = 3


def is_pending(planning: Planning, canceled_on: datetime.date) -> bool:
    """Whether service still goes on, on the document date and today."""
    return canceled_on > max(planning.date, planning.today)


def canceled_already(planning: Planning, canceled_on: datetime.date) -> str:
    """What to do instead of canceling a subscription once more."""
    if is_pending(planning, canceled_on):
        return "move it with `change_cancellation`, or take it back with `undo_cancellation`"
    return _IN_EFFECT


_IN_EFFECT = "create a new one with `create_subscription`; credit or charge a difference by a memo from the invoice"


def pending_day(planning: Planning, subscription: Subscription, what: str) -> datetime.date:
    """The first day without service by a cancellation that can be moved or taken back (`what`), or refuse."""
    day = subscription.canceled_on
    if day is None:
        message = f"subscription `{subscription.id}` is not canceled"
        hint = f"there is no cancellation that could be {what}; `cancel_subscription` cancels"
        planning.refuse("not-canceled", message, "subscription", hint=hint)
    if not is_pending(planning, day):
        message = f"the cancellation of subscription `{subscription.id}` has taken effect on {day}"
        planning.problem(
            "cancellation-in-effect", f"{message}, so it cannot be {what}", "subscription", hint=_IN_EFFECT
        )
    return day


def note_what_is_next(planning: Planning, subscription: str) -> None:
    """Say from when on bill runs bill again: also what had been billed and was credited for the cancellation."""
    found = planning.book.subscriptions[subscription]
    charges: dict[datetime.date, list[str]] = {}
    for charge in sorted(found.charges, key=lambda charge: charge.id):
        through, end = charge.charged_through, end_of(found, charge)
        if charge.rate is not None and through is not None and (end is None or through < end):
            charges.setdefault(through, []).append(f"`{charge.id}`")
    if charges:
        told = (f"{_listed(names)} from {day} on" for day, names in sorted(charges.items()))
        planning.note(f"bill runs go on with {', and '.join(told)}")


def _listed(names: list[str]) -> str:
    if len(names) > _TOLD:
        return f"{', '.join(names[:_TOLD])} and {len(names) - _TOLD} more"
    return " and ".join(names)
