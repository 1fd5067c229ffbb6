"""`apply_payment`: an unapplied payment put on invoices and debit memos, whole or in part. docs/domain.md 2."""

from __future__ import annotations

from billpolicy.book.model import Payment
from billpolicy.operations.shared.settling import Apply, needs_of_apply, plan_apply
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class ApplyPayment(Apply):
    """Apply what is unapplied of a payment."""

    payment: Text


def _plan(planning: Planning, request: ApplyPayment) -> None:
    plan_apply(planning, request, planning.posted(Payment, request.payment, "payment"))


OPERATION = Operation(
    "apply_payment", ApplyPayment, needs=lambda request: needs_of_apply(request, request.payment), plan=_plan
)
