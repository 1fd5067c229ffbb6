"""`post_draft`: a draft of a bill run becomes a posted document, with its siblings. Domain sections 4.4, 8 and 9.3.

Items, dates and attributes stay as the bill run left them; the number is drawn now, from the sequence set that the
draft names, so that no number is lost to a draft that is canceled.
"""

from __future__ import annotations

from billpolicy.book.model import Invoice
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.drafts import decided, draft_with_siblings
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text
from billpolicy.vocabulary.operations import VOCABULARY

_SPEC = VOCABULARY["post_draft"]


@record
class PostDraft(Request):
    """Post a draft and what the same bill run made of the same subscriptions."""

    draft: Text


def _plan(planning: Planning, request: PostDraft) -> None:
    drafts = draft_with_siblings(planning, request.draft)
    for draft in drafts:
        planning.check_document_date(draft.date, None, "", "draft")
    planning.stop_if_refused()
    for draft in drafts:
        resolved = decided(planning, _SPEC, draft)
        # Told apart for the types: each kind of draft becomes a document of its own kind.
        if isinstance(draft, Invoice):
            planning.post_draft(draft, resolved)
        else:
            planning.post_draft(draft, resolved)


OPERATION = Operation(
    spec=_SPEC,
    request=PostDraft,
    needs=lambda request: Needs(numbers=frozenset({request.draft})),
    plan=_plan,
)
