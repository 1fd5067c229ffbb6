"""`post_draft`: a draft of a bill run becomes a posted document, with its siblings. docs/domain.md 4.4, 8 and 9.3.

Items, dates and attributes stay as the bill run left them; the number is drawn now, from the sequence set that the
draft names, so that no number is lost to a draft that is canceled.
"""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.billing.billed_usage import keep_usage
from billpolicy.operations.billing.rebilled import keep_again
from billpolicy.operations.shared.drafts import decided, draft_with_siblings
from billpolicy.planning.documents import post_draft
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class PostDraft(Request):
    """Post a draft and what the same bill run made of the same subscriptions."""

    draft: Text


def _plan(planning: Planning, request: PostDraft) -> None:
    drafts = draft_with_siblings(planning, request.draft)
    for draft in drafts:
        planning.check_open(draft.date, "draft")
    planning.stop_if_refused()
    posted = {draft.number: post_draft(planning, draft, decided(planning, draft)).number for draft in drafts}
    keep_usage(planning, posted)
    keep_again(planning, posted)


OPERATION = Operation(
    "post_draft",
    PostDraft,
    needs=lambda request: Needs(numbers=frozenset({request.draft}), billed_usage=True),
    plan=_plan,
)
