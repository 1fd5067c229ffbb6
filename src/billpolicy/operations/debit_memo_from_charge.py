"""`debit_memo_from_charge`: a debit memo from product rate plan charges. docs/domain.md 1.2 row 11."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import DebitMemo
from billpolicy.operations.shared.memos import FromCharge, due_date, memo_from_charges, needs_of_charges
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Date


@record
class DebitMemoFromCharge(FromCharge):
    """Charge an account, without an invoice. A `due_date` wins over the payment term's (docs/domain.md 1.7)."""

    due_date: Date | None = None


def _plan(planning: Planning, request: DebitMemoFromCharge) -> None:
    memo, resolved = memo_from_charges(planning, DebitMemo, request)
    due = request.due_date or due_date(planning, resolved)
    issue(planning, replace(memo, due_date=due), resolved)


OPERATION = Operation("debit_memo_from_charge", DebitMemoFromCharge, needs=needs_of_charges, plan=_plan)
