"""What a document billed or credited is undone: its time is to be billed, or credited, again (domain 3.3, 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.billing.undo import Undone, charged_before
from billpolicy.book.model import BillingDocument, Subscription
from billpolicy.planning.planning import Planning


def undone_by(planning: Planning, document: BillingDocument) -> Iterator[tuple[Subscription, Undone]]:
    """Each charge that a document moved, and what it was charged through before."""
    for subscription in planning.subscriptions_of(document.items):
        for undone in charged_before(document, subscription):
            yield subscription, undone


def reopen(planning: Planning, document: BillingDocument) -> None:
    """Move each charged-through date to where it was before the document, and say what the next bill run will do.

    Where later time has been billed since, the date stays: going back would bill that time twice.
    """
    for subscription, undone in undone_by(planning, document):
        what = f"charge `{undone.charge}` of subscription `{subscription.id}`"
        if undone.goes_back:
            moved = planning.charge_through(subscription.id, undone.charge, undone.before)
            again = "bills" if moved.before is not None and moved.after < moved.before else "credits"
            message = f"{what} is charged through {undone.before} again: the next bill run {again} this time once more"
            planning.warn("charged-through-reverted", message)
        else:
            message = f"{what} has been billed for later time, so the time of {document.number} is not billed again"
            planning.warn("charged-through-kept", message)
