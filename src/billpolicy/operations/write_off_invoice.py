"""`write_off_invoice`: a credit memo over what is still open, applied at once. docs/domain.md 1.2 row 7, 3.

As a follow-up of a cancellation it is the second credit memo of docs/domain.md 5.2, over what the subscription owes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from billpolicy.book.book import ZERO
from billpolicy.book.model import CreditMemo, Invoice, Subscription
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.billed_time import reopen
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    resolve_on,
    settle,
)
from billpolicy.operations.shared.what_is_open import (
    documents_on,
    is_shared,
    latest,
    latest_in_words,
    owing_invoices,
)
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class WriteOffInvoice(Request):
    """Write off all that is open of an invoice. `apply_date`: when the memo is applied, by default its date."""

    invoice: Text
    reason: Text | None = None
    subscription: Text | None = None
    """Only what this subscription has on the invoice."""
    apply_date: Date | None = None

    def done_to(self) -> str | None:
        """The invoice."""
        return self.invoice


def _plan(planning: Planning, request: WriteOffInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    # The invoice itself may lie in a closed period (docs/domain.md 3.1); the memo may not (docs/domain.md 9.4).
    planning.check_date(invoice)
    apply_date = request.apply_date or planning.date
    if apply_date != planning.date:
        planning.check_not_before(apply_date, planning.date, "the memo", "apply_date")
        planning.check_open(apply_date, "apply_date")
    reason = checked_reason(planning, request.reason, "credit_memo")
    if request.subscription is not None and request.subscription not in invoice.subscriptions:
        message = f"{invoice.number} bills nothing of subscription `{request.subscription}`"
        hint = f"it bills {', '.join(invoice.subscriptions) or 'no subscription'}"
        planning.refuse("subscription-not-here", message, "subscription", hint=hint)
    places = planning.book.open_places(invoice, request.subscription)
    balance = sum(places.values(), ZERO)
    if balance <= 0:
        of = f" of subscription `{request.subscription}`" if request.subscription else ""
        message = f"{invoice.number} has a balance of {balance}{of}, so there is nothing to write off"
        hint = "only what is still owed can be written off"
        planning.problem("nothing-to-write-off", message, "invoice", hint=hint)
    _refuse_unused_credit(planning, invoice)
    # What it mirrors: the whole invoice, or the items of the one subscription.
    origin = invoice
    if request.subscription is not None:
        own = tuple(item for item in invoice.items if item.subscription == request.subscription)
        origin = replace(invoice, items=own)

    resolved = resolve_on(planning, invoice, places, reason)
    check_item_limit(planning, origin.items, resolved, invoice.number)
    items = mirror(origin, places, keep_zero=resolved.text("zero_balance_items") == "mirror")
    memo = issue_memo(planning, CreditMemo, invoice, items, resolved, reason=reason, write_off=True)
    settle(planning, memo, invoice, apply_date, request.subscription)
    if request.apply_date is not None:
        planning.note(latest_in_words(apply_date, memo.date, invoice, planning.today))
    if resolved.text("charged_through") == "revert":
        reopen(planning, origin)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """Every invoice that a canceled subscription still owes on; or the invoice that was posted or left open."""
    book = planning.book
    if isinstance(event.subject, Subscription):
        subscription = event.subject.id
        for invoice in owing_invoices(book, subscription):
            date = max(event.date, invoice.date)
            yield WriteOffInvoice(
                id="",
                operation="write_off_invoice",
                date=date,
                invoice=invoice.number,
                subscription=subscription if is_shared(invoice, subscription) else None,
                apply_date=latest(date, invoice, planning.today),
            )
    elif isinstance(event.subject, Invoice) and book.balance(event.subject) > 0:
        date = max(event.date, event.subject.date)
        yield WriteOffInvoice(id="", operation="write_off_invoice", date=date, invoice=event.subject.number)


def _refuse_unused_credit(planning: Planning, invoice: Invoice) -> None:
    """The final credit of a canceled subscription is used before a write-off, or it would be given twice."""
    book = planning.book
    canceled = [name for name in invoice.subscriptions if book.subscriptions[name].canceled_on is not None]
    for other in documents_on(book, canceled):
        if other.kind == "invoice" and other.status == "posted" and book.balance(other) < 0:
            credit = f"{-book.balance(other)} {other.currency}"
            message = (
                f"{other.number} holds a credit of {credit} that is not used yet, so a write-off would give it twice"
            )
            hint = "transfer it to the credit balance and use that first, by hand or by follow-ups of the policy"
            planning.problem("credit-unused", message, "invoice", hint=hint)


OPERATION = Operation(
    "write_off_invoice",
    WriteOffInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice})),
    plan=_plan,
    follow=_follow,
)
