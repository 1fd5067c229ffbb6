"""`cancel_draft`: a draft of a bill run is canceled, with its siblings. docs/domain.md 4.4 and 9.3.

What it billed can be billed again, and what it credited credited again: the charged-through dates go back to where
they were, what its bill run left out included; the usage that it billed is billed no more, and the periods that it
billed again are reopened as they were.
"""

from __future__ import annotations

from billpolicy.book.changes import DraftCanceled
from billpolicy.book.needs import Needs
from billpolicy.operations.billing.billed_usage import free_usage
from billpolicy.operations.billing.exclusion import left_out_of, take_back
from billpolicy.operations.billing.rebilled import open_again
from billpolicy.operations.shared.billed_time import undone_by
from billpolicy.operations.shared.drafts import Draft, decided, draft_with_siblings
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class CancelDraft(Request):
    """Cancel a draft and what the same bill run made of the same subscriptions."""

    draft: Text


def _plan(planning: Planning, request: CancelDraft) -> None:
    for draft in draft_with_siblings(planning, request.draft):
        planning.decide(decided(planning, draft))
        if draft.bill_run is not None:
            _go_back(planning, draft)
        free_usage(planning, [(draft, None)])
        open_again(planning, draft)
        planning.rely_on(draft.number)
        planning.change(DraftCanceled(draft.number))
    planning.stop_if_refused()


def _go_back(planning: Planning, draft: Draft) -> None:
    """Let its time be due again, and what was left out of it."""
    left_out = left_out_of(planning.book, draft)
    own = {(each.subscription, each.subscribed_charge) for item in draft.items for each in item.by_charge}
    for subscription, undone in tuple(undone_by(planning, draft, left_out)):
        if undone.goes_back:
            planning.charge_through(subscription.id, undone.charge, undone.before)
        elif (subscription.id, undone.charge) in own:
            what = f"charge `{undone.charge}` of subscription `{subscription.id}`"
            message = f"{what} has been billed for time after {draft.number}, so that time could never be billed"
            hint = f"post {draft.number}, or cancel or reverse first what was billed after it"
            planning.problem("billed-since", message, "draft", hint=hint)
    take_back(planning, left_out)


OPERATION = Operation(
    "cancel_draft",
    CancelDraft,
    needs=lambda request: Needs(numbers=frozenset({request.draft}), billed_time=True, billed_usage=True),
    plan=_plan,
)
