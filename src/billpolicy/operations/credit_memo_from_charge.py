"""`credit_memo_from_charge`: a credit memo from product rate plan charges. docs/domain.md 1.2 row 10."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo
from billpolicy.operations.shared.memos import FromCharge, memo_from_charges, needs_of_charges
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record


@record
class CreditMemoFromCharge(FromCharge):
    """Credit an account for charges, without an invoice."""


def _plan(planning: Planning, request: CreditMemoFromCharge) -> None:
    memo, resolved = memo_from_charges(planning, CreditMemo, request)
    issue(planning, memo, resolved)


OPERATION = Operation("credit_memo_from_charge", CreditMemoFromCharge, needs=needs_of_charges, plan=_plan)
