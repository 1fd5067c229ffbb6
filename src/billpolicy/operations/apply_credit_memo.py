"""`apply_credit_memo`: what is unapplied of a credit memo, put on invoices and debit memos. Domain section 2."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo
from billpolicy.operations.applying import Apply, needs_of_apply, plan_apply
from billpolicy.operations.operation import Operation
from billpolicy.operations.planning import Planning
from billpolicy.operations.vocabulary import VOCABULARY
from billpolicy.source.record import record
from billpolicy.source.scalars import Text

_SPEC = VOCABULARY["apply_credit_memo"]


@record
class ApplyCreditMemo(Apply):
    """Apply what is unapplied of a credit memo."""

    credit_memo: Text


def _plan(planning: Planning, request: ApplyCreditMemo) -> None:
    plan_apply(planning, _SPEC, request, planning.posted(CreditMemo, request.credit_memo, "credit_memo"))


OPERATION = Operation(
    spec=_SPEC,
    request=ApplyCreditMemo,
    needs=lambda request: needs_of_apply(request, request.credit_memo),
    plan=_plan,
)
