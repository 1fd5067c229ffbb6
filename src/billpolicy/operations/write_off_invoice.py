"""`write_off_invoice`: a credit memo over what is still open, applied at once. Seed 1, use case 3; domain section 3."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.operations.memo import check_item_limit, checked_reason, mirror, resolve_on, settle
from billpolicy.operations.operation import Operation
from billpolicy.operations.planning import Planning
from billpolicy.operations.request import Request
from billpolicy.operations.vocabulary import VOCABULARY
from billpolicy.source.record import record
from billpolicy.source.scalars import Text

_SPEC = VOCABULARY["write_off_invoice"]


@record
class WriteOffInvoice(Request):
    """Write off all that is open of an invoice."""

    invoice: Text
    reason: Text | None = None


def _plan(planning: Planning, request: WriteOffInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    # The invoice itself may lie in a closed period (domain section 3.1); the memo may not (section 9.4).
    planning.check_document_date(planning.date, invoice.date, invoice.number, "date")
    reason = checked_reason(planning, request.reason, "credit_memo")
    balance = planning.book.balance(invoice)
    if balance <= 0:
        message = f"{invoice.number} has a balance of {balance}, so there is nothing to write off"
        hint = "only what is still owed can be written off"
        planning.problem("nothing-to-write-off", message, "invoice", hint=hint)
    planning.stop_if_refused()

    resolved = resolve_on(planning, _SPEC, invoice, planning.book.open_places(invoice), reason)
    check_item_limit(planning, invoice, resolved)
    planning.stop_if_refused()
    keep_zero = resolved.text("zero_balance_items") == "mirror"
    draft = CreditMemo(
        number="",
        account=invoice.account,
        date=planning.date,
        currency=invoice.currency,
        items=mirror(invoice, planning.book.open_places(invoice), keep_zero=keep_zero),
        reason=reason or resolved.text("reason_code"),
        source=invoice.number,
        comment=request.comment,
    )
    memo = planning.issue(draft, resolved)
    settle(planning, memo, invoice, planning.date)
    if resolved.text("charged_through") == "revert":
        planning.revert_charged_through(invoice)


OPERATION = Operation(
    spec=_SPEC,
    request=WriteOffInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice})),
    plan=_plan,
)
