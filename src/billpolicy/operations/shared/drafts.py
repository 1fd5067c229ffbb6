"""Drafts of a bill run and what is posted or canceled with them. docs/domain.md 4.4 and 9.3."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.book.kinds import kind_of
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.money import Money
from billpolicy.operations.shared.what_is_open import documents_on
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning

Draft = Invoice | CreditMemo


def draft_with_siblings(planning: Planning, number: str) -> list[Draft]:
    """The draft of this number and its siblings, invoices first, each kind by number. Refuses what is no draft.

    Siblings are drafts of the same bill run that share a subscription, also through a third: what a bill run splits
    is posted or canceled together.
    """
    found = planning.book.numbered.get(number)
    if not isinstance(found, Draft):
        what = f"there is no draft `{number}`"
        if found is not None:
            what = f"`{number}` is a {kind_of(found).words}, not a draft"
        known = [one.number for one in planning.book.numbered.values() if isinstance(one, Draft) and one.is_open_draft]
        hint = did_you_mean(number, known) or "name a draft invoice or a draft credit memo"
        planning.refuse("document-unknown", what, "draft", hint=hint)
    if found.posted_as is not None:
        message = f"{number} is posted already, as {found.posted_as}"
        planning.refuse("draft-posted", message, "draft", hint=f"correct {found.posted_as} with a memo, or reverse it")
    if found.status != "draft":
        message = f"{number} is {found.status}, not a draft"
        planning.refuse("not-a-draft", message, "draft", hint="name a draft that is neither posted nor canceled")
    together = {number: found}
    waiting = [found] if found.bill_run is not None else []
    while waiting:
        for draft in open_drafts_on(planning, waiting.pop().subscriptions):
            if draft.bill_run == found.bill_run and draft.number not in together:
                together[draft.number] = draft
                waiting.append(draft)
    return sorted(together.values(), key=lambda draft: (draft.kind != "invoice", draft.number))


def open_drafts_on(planning: Planning, subscriptions: Iterable[str]) -> list[Draft]:
    """The drafts that wait to be posted and have items of one of these subscriptions, by number."""
    others = documents_on(planning.book, subscriptions)
    return [other for other in others if not isinstance(other, DebitMemo) and other.is_open_draft]


def decided(planning: Planning, draft: Draft) -> Resolved:
    """All decisions about one draft: who may do this, for its account and amount."""
    account = planning.account(draft.account, "draft")
    return resolve(planning, account, amount=Money(draft.amount, draft.currency))
