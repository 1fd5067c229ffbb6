"""`adjust_credit_balance`: a credit balance is raised or lowered by hand, also on a day to come (domain 2.7, 6.1)."""

from __future__ import annotations

from typing import Literal

from billpolicy.book.needs import Needs
from billpolicy.deciding.levels import levels_of
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.credit_usable import check_usable
from billpolicy.operations.shared.memo import checked_reason
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Text
from billpolicy.vocabulary.operations import VOCABULARY

_SPEC = VOCABULARY["adjust_credit_balance"]


@record
class AdjustCreditBalance(Request):
    """An amount above zero, in the account's currency."""

    account: Text
    type: Literal["increase", "decrease"]
    amount: Amount
    reason: Text | None = None


def _plan(planning: Planning, request: AdjustCreditBalance) -> None:
    account = planning.account(request.account, "account")
    planning.check_document_date(planning.date, None, "", "date")
    reason = checked_reason(planning, request.reason, "credit_balance")
    amount = positive(planning, request.amount, account.currency, "amount")
    if request.type == "decrease":
        check_usable(planning, account, account.currency, planning.date, amount, "amount")
    planning.stop_if_refused()

    resolved = planning.resolve(
        _SPEC,
        objects={"account": [account]},
        amount=amount,
        currency=account.currency,
        reason=reason,
        more={"type": request.type},
        levels=levels_of(account),
    )
    planning.adjust(
        account,
        request.type,
        amount,
        account.currency,
        planning.date,
        resolved,
        reason=reason or resolved.text("reason_code"),
        comment=request.comment,
    )


OPERATION = Operation(
    spec=_SPEC,
    request=AdjustCreditBalance,
    needs=lambda request: Needs(accounts=frozenset({request.account}), open_of=frozenset({request.account})),
    plan=_plan,
)
