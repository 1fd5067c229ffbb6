"""`refund_credit_balance`: credit balance is paid back, by a refund of its own and a decrease that names it.

docs/domain.md 6.1: what was parked in the credit balance can be refunded only out of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from billpolicy.book.book import Book
from billpolicy.book.model import CreditAdjustment, Refund
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.credit_behind import facts_of_credit, increases_behind
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.references import references_of, repeated
from billpolicy.operations.shared.what_is_open import check_usable
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust, issue
from billpolicy.planning.operation import About, Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Reference, Text


@record
class RefundCreditBalance(Request):
    """An amount of the credit balance in one currency, paid back in that."""

    account: Text
    amount: Amount
    currency: Currency | None = None
    """By default the account's."""
    reason: Text | None = None
    type: Literal["external", "electronic"] = "external"
    reference: Reference | None = None
    """What others know it by, such as the bank."""


def _plan(planning: Planning, request: RefundCreditBalance) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "credit_balance_refund")
    currency = request.currency or account.currency
    amount = positive(planning, request.amount, currency, "amount")
    check_usable(planning, account, currency, planning.date, amount, "amount")
    money = Money(amount, currency)
    again = repeated(planning, account, Refund, request.type, money, request.reference)
    behind = increases_behind(planning.book, account.id, currency, amount, planning.date)
    facts = {**again.facts, **facts_of_credit(behind, planning.date), "refund.type": request.type}
    resolved = resolve(planning, account, amount=money, reason=reason, more=facts)
    again.check(planning, resolved)
    reason = reason or resolved.text("reason_code")
    draft = Refund(
        number="",
        account=account.id,
        date=planning.date,
        currency=currency,
        amount=amount,
        type=request.type,
        reference=request.reference,
        reason=reason,
        comment=request.comment,
    )
    refund = issue(planning, draft, resolved)
    adjust(
        planning, account, amount, resolved, type="decrease", reason=reason, currency=currency, document=refund.number
    )


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After `credit_increased`: all that can be used in its currency, not dated before it nor before today."""
    increase = event.subject
    if not isinstance(increase, CreditAdjustment):
        return
    day = max(increase.date, planning.today)
    usable = planning.book.credit_usable(increase.account, increase.currency, day)
    if usable > 0:
        yield RefundCreditBalance(
            id="",
            operation="refund_credit_balance",
            date=day,
            account=increase.account,
            amount=usable,
            currency=increase.currency,
        )


def _about(book: Book, request: RefundCreditBalance, day: datetime.date) -> About:
    account = book.accounts[request.account]
    on = request.date or day
    behind = increases_behind(book, account.id, request.currency or account.currency, request.amount, on)
    return About(facts={**facts_of_credit(behind, on), "refund.type": request.type})


OPERATION = Operation(
    "refund_credit_balance",
    RefundCreditBalance,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        open_of=frozenset({request.account}),
        references=references_of(request.account, request.reference),
    ),
    plan=_plan,
    follow=_follow,
    about=_about,
)
