"""`reverse_invoice`: a credit memo over the whole invoice, applied at once. docs/domain.md 1.2 row 8, 4.1."""

from __future__ import annotations

from billpolicy.book.model import Invoice
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.reversal import Reversal
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class ReverseInvoice(Request):
    """Reverse the newest invoice of its subscriptions. `apply_date`: when the memo is applied, by default its date."""

    invoice: Text
    reason: Text | None = None
    apply_date: Date | None = None


def _plan(planning: Planning, request: ReverseInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    reason = checked_reason(planning, request.reason, "credit_memo")
    Reversal(planning, request.apply_date, reason).reverse(invoice)


OPERATION = Operation(
    "reverse_invoice",
    ReverseInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice}), billed_usage=True, billed_time=True),
    plan=_plan,
)
