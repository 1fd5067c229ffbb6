"""`unapply_payment`: what was applied of a payment is unapplied again. docs/domain.md 2.6."""

from __future__ import annotations

from billpolicy.book.model import Payment
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.unapplying import Unapply, plan_unapply
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class UnapplyPayment(Unapply):
    """Take applications of a payment back."""

    payment: Text


def _plan(planning: Planning, request: UnapplyPayment) -> None:
    plan_unapply(planning, request, planning.posted(Payment, request.payment, "payment"))


OPERATION = Operation(
    "unapply_payment", UnapplyPayment, needs=lambda request: Needs(numbers=frozenset({request.payment})), plan=_plan
)
