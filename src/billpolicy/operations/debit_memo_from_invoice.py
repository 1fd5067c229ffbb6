"""`debit_memo_from_invoice`: a standalone debit memo for an undercharge. docs/domain.md 1.2 row 6."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import DebitMemo, Invoice, Item
from billpolicy.book.needs import Needs
from billpolicy.operations.corrections.locks import refuse_locked
from billpolicy.operations.shared.amounts import amounts_asked
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    due_date,
    issue_memo,
    mirror,
    resolve_on,
)
from billpolicy.periods.given_back import tax_of
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ItemAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text


@record
class DebitMemoFromInvoice(Request):
    """Charge more for items of an invoice. An explicit `due_date` wins over the payment term's."""

    invoice: Text
    items: tuple[ItemAmount, ...]
    reason: Text | None = None
    due_date: Date | None = None


def _plan(planning: Planning, request: DebitMemoFromInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    planning.check_date(invoice)
    reason = checked_reason(planning, request.reason, "debit_memo")
    refuse_locked(planning, invoice, "charged more", "items", items=[wanted.item for wanted in request.items])

    def taxes_of(item: Item, amount: Decimal) -> dict[Place, Decimal]:
        return tax_of(item, amount, invoice.currency, {})

    amounts = amounts_asked(planning, invoice, request.items, taxes_of)
    total = sum(amounts.values(), ZERO)
    planning.stop_if_refused()
    if total <= 0:
        message = f"the items add up to {total}, but a debit memo must be above zero"
        planning.problem("nothing-to-charge", message, "items", hint="list the items to charge, each with its amount")

    resolved = resolve_on(planning, invoice, amounts, reason)
    due = request.due_date or due_date(planning, resolved)
    items = mirror(invoice, amounts, negate_price=False)
    check_item_limit(planning, items, resolved)
    issue_memo(planning, DebitMemo, invoice, items, resolved, reason=reason, due=due)


OPERATION = Operation(
    "debit_memo_from_invoice",
    DebitMemoFromInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice})),
    plan=_plan,
)
