"""`credit_memo_from_charge`: a credit memo from product rate plan charges. docs/domain.md 1.2 row 10."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import CreditMemo
from billpolicy.operations.shared.memos import FromCharge, memo_from_charges, needs_of_charges
from billpolicy.operations.shared.what_is_open import check_expiry
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Integer


@record
class CreditMemoFromCharge(FromCharge):
    """Credit an account for charges, without an invoice."""

    priority: Integer | None = None
    """For the source order `by_priority`: 1 comes first."""
    expires_on: Date | None = None
    """The first day on which it is not used any more."""


def _plan(planning: Planning, request: CreditMemoFromCharge) -> None:
    check_expiry(planning, request.expires_on)
    memo, resolved = memo_from_charges(planning, CreditMemo, request)
    issue(planning, replace(memo, priority=request.priority, expires_on=request.expires_on), resolved)


OPERATION = Operation("credit_memo_from_charge", CreditMemoFromCharge, needs=needs_of_charges, plan=_plan)
