"""`apply_credits`: every unapplied credit memo and payment of an account, spread over its open documents in one plan.

The policy says which money goes first (`source_order`) and which documents are settled first. Credit memos, payments
and documents that opted out (`auto_apply: false`) are left alone. docs/domain.md 2.2.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from billpolicy.book.book import ZERO
from billpolicy.book.kinds import is_source
from billpolicy.book.model import Account, SourceDocument, Subscription
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.settling import check_limits, open_targets, put
from billpolicy.operations.shared.what_is_open import documents_of, open_for_rules
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class ApplyCredits(Request):
    """Use all that is unapplied of an account."""

    account: Text


def _plan(planning: Planning, request: ApplyCredits) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    sources = _sources(planning, account, planning.date)
    if not sources:
        message = f"account `{account.id}` has nothing unapplied"
        planning.problem("nothing-unapplied", message, "account", hint="there is nothing to use")
    if not open_targets(planning, account, account.currency, planning.date):
        message = f"account `{account.id}` has no open document"
        hint = "documents with `auto_apply: false` and later ones are left alone; apply to them by name"
        planning.problem("nothing-open", message, "account", hint=hint)

    amount = sum((planning.book.balance(source) for source in sources), ZERO)
    resolved = resolve(planning, account, amount=Money(amount, account.currency))
    planning.decide(resolved)
    cash_first = resolved.text("source_order") == "cash_first"
    by_date_only = resolved.text("source_order") == "oldest_first"
    ordered = sorted(
        sources,
        key=lambda s: (not by_date_only and (s.kind == "payment") is not cash_first, s.date, s.number),
    )
    for source in ordered:
        targets = open_targets(planning, account, account.currency, planning.date)
        if targets:
            put(planning, source, targets, planning.book.balance(source), resolved)
    check_limits(planning, 0, resolved)


def _sources(planning: Planning, account: Account, day: datetime.date) -> list[SourceDocument]:
    """In the account's own currency; money in another one is applied by name."""
    book = planning.book
    return [
        document
        for document in documents_of(book, account)
        if is_source(document) and open_for_rules(book, document, account.currency, day) > 0
    ]


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After a document was posted: everything that its account has, on everything that it owes."""
    assert not isinstance(event.subject, Subscription)
    account = planning.book.accounts[event.subject.account]
    day = max(event.subject.date, event.date)
    if _sources(planning, account, day) and open_targets(planning, account, account.currency, day):
        yield ApplyCredits(id="", operation="apply_credits", date=day, account=account.id)


OPERATION = Operation(
    "apply_credits",
    ApplyCredits,
    needs=lambda request: Needs(accounts=frozenset({request.account}), open_of=frozenset({request.account})),
    plan=_plan,
    follow=_follow,
)
