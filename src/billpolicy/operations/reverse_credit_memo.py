"""`reverse_credit_memo`: a debit memo on which the credit memo is spent. docs/domain.md 1.2 row 9, 4.2."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.reversal import Reversal
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class ReverseCreditMemo(Request):
    """Reverse a credit memo of which nothing was used. `apply_date`: by default the memo date."""

    credit_memo: Text
    reason: Text | None = None
    apply_date: Date | None = None


def _plan(planning: Planning, request: ReverseCreditMemo) -> None:
    credit_memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    reason = checked_reason(planning, request.reason, "debit_memo")
    Reversal(planning, request.apply_date, reason).reverse(credit_memo)


OPERATION = Operation(
    "reverse_credit_memo",
    ReverseCreditMemo,
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo}), billed_usage=True, billed_time=True),
    plan=_plan,
)
