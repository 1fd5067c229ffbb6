"""`unapply_credit_memo`: what was applied of a credit memo is unapplied again. docs/domain.md 2.6."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.unapplying import Unapply, plan_unapply
from billpolicy.operations.shared.writing_off import refuse_write_off
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class UnapplyCreditMemo(Unapply):
    """Take applications of a credit memo back."""

    credit_memo: Text


def _plan(planning: Planning, request: UnapplyCreditMemo) -> None:
    memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    refuse_write_off(planning, memo, "unapplied", "credit_memo")
    plan_unapply(planning, request, memo)


OPERATION = Operation(
    "unapply_credit_memo",
    UnapplyCreditMemo,
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo})),
    plan=_plan,
)
