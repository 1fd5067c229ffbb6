"""Drafts of a bill run and what is posted or canceled with them. Domain sections 4.4 and 9.3."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.deciding.levels import levels_of
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.planning.planning import Planning
from billpolicy.vocabulary.spec import OperationSpec

Draft = Invoice | CreditMemo


def draft_with_siblings(planning: Planning, number: str) -> list[Draft]:
    """The draft of this number and its siblings, invoices first, each kind by number. Refuses what is no draft.

    Siblings are drafts of the same bill run that share a subscription, also through a third: what a bill run splits
    is posted or canceled together.
    """
    found = planning.book.numbered.get(number)
    if not isinstance(found, Invoice | CreditMemo):
        what = f"there is no draft `{number}`" if found is None else f"`{number}` is a {found.kind.replace('_', ' ')}"
        known = [draft.number for draft in _open_drafts(planning)]
        hint = did_you_mean(number, known) or "name a draft invoice or a draft credit memo"
        planning.refuse("document-unknown", f"{what}, not a draft" if found else what, "draft", hint=hint)
    if found.posted_as is not None:
        message = f"{number} is posted already, as {found.posted_as}"
        planning.refuse("draft-posted", message, "draft", hint=f"correct {found.posted_as} with a memo, or reverse it")
    if found.status != "draft":
        message = f"{number} is {found.status}, not a draft"
        planning.refuse("not-a-draft", message, "draft", hint="name a draft that is neither posted nor canceled")
    together = {number: found}
    book, waiting = planning.book, [found] if found.bill_run is not None else []
    while waiting:
        for other in {each for name in waiting.pop().subscriptions for each in book.numbers_on.get(name, ())}:
            draft = book.numbered[other]
            if not isinstance(draft, Invoice | CreditMemo) or other in together:
                continue
            if draft.is_open_draft and draft.bill_run == found.bill_run:
                together[other] = draft
                waiting.append(draft)
    return sorted(together.values(), key=lambda draft: (draft.kind != "invoice", draft.number))


def decided(planning: Planning, spec: OperationSpec, draft: Draft) -> Resolved:
    """All decisions about one draft: who may do this, for its account and amount."""
    account = planning.account(draft.account, "draft")
    return planning.resolve(
        spec,
        objects={"account": [account]},
        amount=draft.amount,
        currency=draft.currency,
        levels=levels_of(account),
    )


def _open_drafts(planning: Planning) -> list[Draft]:
    return [
        document
        for document in planning.book.numbered.values()
        if isinstance(document, Invoice | CreditMemo) and document.is_open_draft
    ]
