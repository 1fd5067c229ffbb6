"""`adjust_credit_balance`: credit balance raised or lowered by hand, also on a day to come. docs/domain.md 2.7, 6.1."""

from __future__ import annotations

from typing import Literal

from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.currencies import check_allowed
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.what_is_open import check_usable
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Text


@record
class AdjustCreditBalance(Request):
    """An amount above zero; the account has a credit balance in each currency."""

    account: Text
    type: Literal["increase", "decrease"]
    amount: Amount
    currency: Currency | None = None
    """By default the account's."""
    reason: Text | None = None


def _plan(planning: Planning, request: AdjustCreditBalance) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "credit_balance")
    currency = request.currency or account.currency
    amount = positive(planning, request.amount, currency, "amount")
    if request.type == "decrease":
        check_usable(planning, account, currency, planning.date, amount, "amount")

    money, more = Money(amount, currency), {"type": request.type}
    resolved = resolve(planning, account, amount=money, reason=reason, more=more)
    if request.type == "increase":
        check_allowed(planning, account, currency, resolved, "currency")
    adjust(planning, account, amount, resolved, type=request.type, reason=reason, currency=currency)


OPERATION = Operation(
    "adjust_credit_balance",
    AdjustCreditBalance,
    needs=lambda request: Needs(accounts=frozenset({request.account}), open_of=frozenset({request.account})),
    plan=_plan,
)
