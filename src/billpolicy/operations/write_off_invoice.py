"""`write_off_invoice`: a credit memo over what is still open, applied at once. docs/domain.md 1.2 row 7, 3.

As a follow-up of a cancellation it is the second credit memo of docs/domain.md 5.2, over what the subscription owes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from billpolicy.book.book import ZERO, Place, at_most
from billpolicy.book.model import Invoice, Subscription
from billpolicy.book.needs import Needs
from billpolicy.operations.corrections.locks import locked_lines, refuse_locked
from billpolicy.operations.shared.billed_time import reopen
from billpolicy.operations.shared.over_credit import left_to_give
from billpolicy.operations.shared.what_is_open import (
    documents_on,
    is_shared,
    latest,
    latest_in_words,
    owing_invoices,
)
from billpolicy.operations.shared.writing_off import WriteOff, check_unused_credit, write_off
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class WriteOffInvoice(WriteOff):
    """Write off what is open of an invoice, or an `amount` of it."""

    invoice: Text
    subscription: Text | None = None
    """Only what this subscription has on the invoice."""

    def done_to(self) -> str | None:
        """The invoice."""
        return self.invoice


def _plan(planning: Planning, request: WriteOffInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    # The invoice itself may lie in a closed period (docs/domain.md 3.1); the memo may not (docs/domain.md 9.4).
    planning.check_date(invoice)
    _refuse_unused_credit(planning, invoice)
    # What it mirrors: the whole invoice, or the items of the one subscription.
    origin, of = invoice, ""
    if request.subscription is not None:
        if request.subscription not in invoice.subscriptions:
            message = f"{invoice.number} bills nothing of subscription `{request.subscription}`"
            hint = f"it bills {', '.join(invoice.subscriptions) or 'no subscription'}"
            planning.refuse("subscription-not-here", message, "subscription", hint=hint)
        own = tuple(item for item in invoice.items if item.subscription == request.subscription)
        origin, of = replace(invoice, items=own), f" of subscription `{request.subscription}`"
    open_places = planning.book.open_places(invoice, request.subscription)
    locked = locked_lines(planning.book, invoice)
    if locked:
        open_places = _without_locked(planning, invoice, open_places, locked)
        origin = replace(origin, items=tuple(item for item in origin.items if item.id not in locked))
    left = left_to_give(planning, invoice)
    memo, resolved = write_off(planning, request, origin, open_places, of)
    written_off = sum(open_places.values(), ZERO) if request.amount is None else request.amount
    check_unused_credit(planning, origin, left, written_off, of, resolved)
    if request.apply_date is not None:
        planning.note(latest_in_words(request.apply_date, planning.date, invoice, planning.today))
    _warn_of_credit_to_come(planning, origin)
    if resolved.text("charged_through") == "revert":
        reopen(planning, origin, memo)


def _without_locked(
    planning: Planning, invoice: Invoice, open_places: Mapping[Place, Decimal], locked: Collection[str]
) -> dict[Place, Decimal]:
    """What is open of an invoice without the lines that were unwound: they take no write-off."""
    others = {place: left for place, left in open_places.items() if place.item not in locked}
    rest = at_most(planning.book.balance(invoice), others)
    left_open = sum(open_places.values(), ZERO) - sum(rest.values(), ZERO)
    if left_open > 0 and not any(rest.values()):
        refuse_locked(planning, invoice, "written off", "invoice")
        planning.stop_if_refused()
    elif left_open > 0:
        planning.note(f"{left_open} {invoice.currency} stays open on lines of {invoice.number} that were unwound")
    return rest


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """Every invoice that a canceled subscription still owes on; or the invoice that was posted or left open."""
    book = planning.book
    if isinstance(event.subject, Subscription):
        subscription = event.subject.id
        owing = owing_invoices(book, subscription)
        # What gives days of another one back comes before that: the credit is written off with it.
        crediting = [one for one in owing if any(item.source is not None for item in one.items)]
        crediting.sort(key=lambda one: (one.date, one.number), reverse=True)
        for invoice in (*crediting, *(one for one in owing if one not in crediting)):
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


def _warn_of_credit_to_come(planning: Planning, origin: Invoice) -> None:
    """Without a final bill, time after the end of service is written off here, and not credited by a later bill run."""
    for subscription in planning.subscriptions_of(origin.items):
        for charge in sorted(subscription.charges, key=lambda charge: charge.id):
            end, through = subscription.canceled_on, charge.charged_through
            if end is None or through is None or through <= end or charge.rate is None or charge.period == "one_time":
                continue
            if any(
                (item.subscription, item.subscribed_charge) == (subscription.id, charge.id)
                and (item.service_end is None or item.service_end >= end)
                for whole in origin.items
                for item in whole.by_charge
            ):
                message = (
                    f"service of subscription `{subscription.id}` ends on {end}, but `{charge.id}` is charged through "
                    f"{through}: what is written off here of the time between, no later bill run credits any more"
                )
                planning.warn("credit-to-come", message)


OPERATION = Operation(
    "write_off_invoice",
    WriteOffInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice}), billed_time=True),
    plan=_plan,
    follow=_follow,
)
