"""`transfer_negative_invoice`: the negative balance of an invoice becomes credit balance of its account.

docs/domain.md 2.7 (not before the invoice) and 6.1. All of it is transferred, so every item and tax of the
invoice stands at zero afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.book.book import Book, transferred_parts
from billpolicy.book.model import CreditAdjustment, Invoice
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class TransferNegativeInvoice(Request):
    """The invoice by its number."""

    invoice: Text
    reason: Text | None = None

    def done_to(self) -> str | None:
        """The invoice."""
        return self.invoice


def _plan(planning: Planning, request: TransferNegativeInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    account = planning.account(invoice.account, "invoice")
    planning.check_date(invoice)
    reason = checked_reason(planning, request.reason, "credit_balance")
    balance = planning.book.balance(invoice)
    before = _transferred(planning.book, invoice)
    if before is not None:
        message = f"{invoice.number} was transferred to the credit balance on {before.date}, by {before.number}"
        planning.problem("transferred-already", message, "invoice", hint="an invoice is transferred once")
    elif balance >= 0:
        message = f"the balance of {invoice.number} is {balance} {invoice.currency}, which is not below zero"
        hint = "only a negative balance becomes credit balance"
        planning.problem("not-negative", message, "invoice", hint=hint)

    subscriptions = planning.subscriptions_of(invoice.items)
    amount = Money(-balance, invoice.currency)
    resolved = resolve(planning, account, invoice, subscriptions=subscriptions, amount=amount, reason=reason)
    increase = adjust(
        planning,
        account,
        -balance,
        resolved,
        type="increase",
        reason=reason,
        currency=invoice.currency,
        document=invoice.number,
    )
    planning.apply(invoice, increase, planning.date, transferred_parts(planning.book.open_places(invoice)))


def _transferred(book: Book, invoice: Invoice) -> CreditAdjustment | None:
    changes = book.credit_of.get(invoice.account, ())
    return next((c for c in changes if c.type == "increase" and c.document == invoice.number), None)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After `invoice_posted`: that invoice, if it is negative, not dated before it nor before today."""
    invoice = event.subject
    if isinstance(invoice, Invoice) and planning.book.balance(invoice) < 0:
        day = max(invoice.date, planning.today)
        yield TransferNegativeInvoice(id="", operation="transfer_negative_invoice", date=day, invoice=invoice.number)


OPERATION = Operation(
    "transfer_negative_invoice",
    TransferNegativeInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice}), open_of_owner=frozenset({request.invoice})),
    plan=_plan,
    follow=_follow,
)
