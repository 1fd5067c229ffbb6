"""`apply_credits`: every unapplied credit memo and payment of an account, spread over its open documents in one plan.

Currency by currency: what is unapplied goes on what is open in the same one (docs/domain.md 9.5). The policy says which
money goes first (`source_order`) and which documents are settled first. Credit memos, payments and documents that opted
out (`auto_apply: false`) are left alone. docs/domain.md 2.2.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from billpolicy.book.book import ZERO
from billpolicy.book.model import Account, SourceDocument, Subscription
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.sentences import few_of
from billpolicy.money import Money
from billpolicy.operations.shared.currencies import NEVER_ACROSS, but_in_others, by_currency, in_words
from billpolicy.operations.shared.settling import (
    check_limits,
    left_alone,
    nothing_open,
    put,
    tell_due_dates,
)
from billpolicy.operations.shared.targets import open_targets
from billpolicy.operations.shared.what_is_open import expired_of, money_for_rules, owed_for_rules, tell_expired
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Currency, Text


@record
class ApplyCredits(Request):
    """Use all that is unapplied of an account."""

    account: Text
    currency: Currency | None = None
    """Only what is in this one; without it, in each that the account has money in."""


def _plan(planning: Planning, request: ApplyCredits) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    unapplied = by_currency(money_for_rules(planning.book, account, planning.date))
    wanted = [name for name in unapplied if request.currency in (None, name)]
    in_both = [name for name in wanted if open_targets(planning.book, account.id, name, planning.date)]
    if not in_both:
        owed = by_currency(owed_for_rules(planning.book, account, planning.date))
        _tell_why_not(planning, request.currency, account, unapplied, owed)
    planning.stop_if_refused()
    decided = {name: resolve(planning, account, amount=Money(unapplied[name], name)) for name in in_both}
    for currency, resolved in decided.items():
        planning.decide(resolved)
        _use(planning, account, currency, resolved)
    check_limits(planning, 0, *decided.values())


def _tell_why_not(
    planning: Planning,
    named: str | None,
    account: Account,
    unapplied: Mapping[str, Decimal],
    owed: Mapping[str, Decimal],
) -> None:
    """There is nothing to use, or nothing to use it on, in one currency."""
    field = "account" if named is None else "currency"
    if not unapplied or (named is not None and named not in unapplied):
        where = "" if named is None else f" in {named}{but_in_others(unapplied, named, 'unapplied')}"
        those = expired_of(planning, account, named)
        expired = few_of(f"{one.number} is expired since {one.expires_on}" for one in those)
        message = f"account `{account.id}` has nothing unapplied{where}{f': {expired}' if expired else ''}"
        hint = NEVER_ACROSS if unapplied else "there is nothing to use"
        planning.problem("nothing-unapplied", message, field, hint=hint)
    if not owed or (named is not None and named not in owed):
        none = f"account `{account.id}` has no open document{left_alone(planning, account)}"
        message = none if named is None else nothing_open(planning, account, named)
        by_name = "documents with `auto_apply: false` and later ones are left alone; apply to them by name"
        planning.problem("nothing-open", message, field, hint=NEVER_ACROSS if owed else by_name)
    elif named is None and unapplied and not owed.keys() & unapplied.keys():
        message = f"account `{account.id}` has {in_words(unapplied)} unapplied, but only {in_words(owed)} open"
        planning.problem("nothing-open", message, field, hint=NEVER_ACROSS)


def _use(planning: Planning, account: Account, currency: str, resolved: Resolved) -> None:
    """Put all money of one currency on what is open in it."""
    money = [one for one, _ in money_for_rules(planning.book, account, planning.date) if one.currency == currency]
    amount = sum((planning.book.balance(source) for source in money), ZERO)
    tell_expired(planning, account, currency)
    tell_due_dates(planning, open_targets(planning.book, account.id, currency, planning.date), amount, resolved)
    order = SOURCE_ORDERS[resolved.text("source_order")]
    for source in sorted(money, key=lambda source: (*order(source), source.date, source.number)):
        targets = open_targets(planning.book, account.id, currency, planning.date)
        if targets:
            put(planning, source, targets, planning.book.balance(source), resolved)


_NEVER = datetime.date.max
SOURCE_ORDERS: dict[str, Callable[[SourceDocument], tuple[Any, ...]]] = {
    "credits_first": lambda source: (source.kind == "payment",),
    "cash_first": lambda source: (source.kind != "payment",),
    "oldest_first": lambda source: (),
    "by_priority": lambda source: (source.priority is None, source.priority, source.expires_on or _NEVER),
    "by_expiry": lambda source: (source.expires_on or _NEVER,),
}
"""What comes before date and number, by which money is used that is alike."""


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After a document was posted: all that its account has in its currency, on all that it owes in that."""
    subject, book = event.subject, planning.book
    assert not isinstance(subject, Subscription)
    account = book.accounts[subject.account]
    day = max(subject.date, event.date)
    has_money = any(one.currency == subject.currency for one, _ in money_for_rules(book, account, day))
    if has_money and open_targets(book, account.id, subject.currency, day):
        yield ApplyCredits(id="", operation="apply_credits", date=day, account=account.id, currency=subject.currency)


OPERATION = Operation(
    "apply_credits",
    ApplyCredits,
    needs=lambda request: Needs(accounts=frozenset({request.account}), open_of=frozenset({request.account})),
    plan=_plan,
    follow=_follow,
)
