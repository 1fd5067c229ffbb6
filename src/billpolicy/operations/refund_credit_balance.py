"""`refund_credit_balance`: credit balance is paid back, by a refund of its own and a decrease that names it.

docs/domain.md 6.1: what was parked in the credit balance can be refunded only out of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from billpolicy.book.model import CreditAdjustment, Refund
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.what_is_open import check_usable
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust, issue
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Text


@record
class RefundCreditBalance(Request):
    """An amount in the account's currency."""

    account: Text
    amount: Amount
    reason: Text | None = None
    type: Literal["external", "electronic"] = "external"


def _plan(planning: Planning, request: RefundCreditBalance) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "credit_balance_refund")
    amount = positive(planning, request.amount, account.currency, "amount")
    check_usable(planning, account, account.currency, planning.date, amount, "amount")
    resolved = resolve(planning, account, amount=Money(amount, account.currency), reason=reason)
    reason = reason or resolved.text("reason_code")
    draft = Refund(
        number="",
        account=account.id,
        date=planning.date,
        currency=account.currency,
        amount=amount,
        type=request.type,
        reason=reason,
        comment=request.comment,
    )
    refund = issue(planning, draft, resolved)
    adjust(planning, account, amount, resolved, type="decrease", reason=reason, document=refund.number)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After `credit_increased`: all that can be used, not dated before that increase nor before today."""
    increase = event.subject
    if not isinstance(increase, CreditAdjustment):
        return
    account = planning.book.accounts[increase.account]
    day = max(increase.date, planning.today)
    usable = planning.book.credit_usable(account.id, account.currency, day)
    if increase.currency == account.currency and usable > 0:
        yield RefundCreditBalance(id="", operation="refund_credit_balance", date=day, account=account.id, amount=usable)


OPERATION = Operation(
    "refund_credit_balance",
    RefundCreditBalance,
    needs=lambda request: Needs(accounts=frozenset({request.account}), open_of=frozenset({request.account})),
    plan=_plan,
    follow=_follow,
)
