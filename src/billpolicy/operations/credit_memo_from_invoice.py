"""`credit_memo_from_invoice`: a standalone credit memo for a dispute. docs/domain.md 1.2 row 5.

It is limited by what is available to credit: the invoice's amount less the posted credit memos made from it; drafts do
not count and neither does what was applied (docs/domain.md 6.2).
"""

from __future__ import annotations

from decimal import Decimal

from billpolicy.allocation.open_items import place_in_words
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.operations.shared.amounts import amounts_asked, below_discounts
from billpolicy.operations.shared.locks import locked_lines, refuse_locked
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    mirrored,
    resolve_on,
    whole_amounts,
)
from billpolicy.operations.shared.what_is_open import in_force
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ItemAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class CreditMemoFromInvoice(Request):
    """Credit items of an invoice; without `items`, everything that is still available to credit."""

    invoice: Text
    items: tuple[ItemAmount, ...] = ()
    reason: Text | None = None


def _plan(planning: Planning, request: CreditMemoFromInvoice) -> None:
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    planning.check_date(invoice)
    reason = checked_reason(planning, request.reason, "credit_memo")
    credited = _credited(planning, invoice)
    refuse_locked(planning, invoice, "credited", "items", items=[wanted.item for wanted in request.items])
    locked = locked_lines(planning.book, invoice)
    available = {
        place: amount - credited.get(place, ZERO)
        for place, amount in whole_amounts(invoice).items()
        if place.item not in locked
    }
    amounts = amounts_asked(planning, invoice, request.items, already=credited) if request.items else available
    total = sum(amounts.values(), ZERO)
    planning.stop_if_refused()
    if total <= 0:
        if request.items:
            message = f"the items add up to {total}, but a credit memo must be above zero"
            hint = "list the items to credit, each with its amount"
        else:
            message = f"nothing of {invoice.number} is left to credit"
            hint = "the credit memos made from it have taken all of it"
        planning.problem("nothing-to-credit", message, "items", hint=hint)
    if not request.items:
        _check_each_has_some_left(planning, invoice, available)

    resolved = resolve_on(planning, invoice, amounts, reason)
    _check_available(planning, invoice, amounts, available, invoice.amount - sum(credited.values(), ZERO), resolved)
    items = mirror(invoice, amounts)
    check_item_limit(planning, items, resolved)
    issue_memo(planning, CreditMemo, invoice, items, resolved, reason=reason)


def _credited(planning: Planning, invoice: Invoice) -> dict[Place, Decimal]:
    """What posted credit memos made from this invoice have credited, place by place."""
    credited: dict[Place, Decimal] = {}
    for memo in planning.book.created_from.get(invoice.number, ()):
        if memo.kind != "credit_memo" or not in_force(memo):
            continue
        for place, _, amount in mirrored(memo):
            credited[place] = credited.get(place, ZERO) + amount
    return credited


def _check_each_has_some_left(planning: Planning, invoice: Invoice, available: dict[Place, Decimal]) -> None:
    """All that is left can only be credited where no item was credited for more than it was."""
    whole = whole_amounts(invoice)
    for place, left in available.items():
        if left and (left < 0) != (whole[place] < 0):
            message = (
                f"{place_in_words(place)} of {invoice.number} is {whole[place]}, but {whole[place] - left} was credited"
            )
            hint = "list the `items` to credit, each with its amount"
            planning.problem("items-wanted", message, "invoice", hint=hint)
    for name in below_discounts(invoice, available):
        message = f"less is left of item `{name}` of {invoice.number} than of its discounts"
        planning.problem("items-wanted", message, "invoice", hint="list the `items` to credit, each with its amount")


def _check_available(
    planning: Planning,
    invoice: Invoice,
    amounts: dict[Place, Decimal],
    available: dict[Place, Decimal],
    left: Decimal,
    resolved: Resolved,
) -> None:
    limit = resolved.text("available_to_credit")
    total = sum(amounts.values(), ZERO)
    rule = resolved.resolutions["available_to_credit"].rule
    if limit != "none" and total > left:
        message = f"{total} is more than the {left} that is available to credit of {invoice.number} (rule `{rule}`)"
        planning.problem("available-to-credit", message, "items", hint=f"credit at most {left} {invoice.currency}")
    if limit == "header_and_item":
        for place, amount in amounts.items():
            left = max(available[place], ZERO) if amount > 0 else min(available[place], ZERO)
            if abs(amount) > abs(left):
                what = place_in_words(place)
                message = f"{amount} is more than the {left} that is left to credit of {what} (rule `{rule}`)"
                hint = f"credit at most {left} {invoice.currency} of it"
                planning.problem("available-to-credit", message, "items", hint=hint)


OPERATION = Operation(
    "credit_memo_from_invoice",
    CreditMemoFromInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice})),
    plan=_plan,
)
