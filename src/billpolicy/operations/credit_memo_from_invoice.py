"""`credit_memo_from_invoice`: a standalone credit memo for a dispute. docs/domain.md 1.2 row 5.

It is limited by what is left to credit of the invoice and of each item: what they were billed at, less all that was
given back of them, by memos, write-offs and bill runs. Drafts of memos do not count and neither does what was applied
(docs/domain.md 6.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billpolicy.allocation.open_items import place_in_words
from billpolicy.book.book import ZERO, Place, at_most
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.operations.corrections.locks import refuse_locked
from billpolicy.operations.shared.amounts import amounts_asked
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    resolve_on,
    whole_amounts,
)
from billpolicy.operations.shared.over_credit import Beyond, and_taken, beyond, left_to_give
from billpolicy.periods.given_back import Left, tax_of
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
    refuse_locked(planning, invoice, "credited", "items", items=[wanted.item for wanted in request.items])
    left = left_to_give(planning, invoice)
    in_all = invoice.amount - sum(left.given.values(), ZERO)
    if request.items:
        amounts = amounts_asked(planning, invoice, request.items, left.taxes)
    else:
        amounts = at_most(in_all, _all_that_is_left(invoice, left))
    total = sum(amounts.values(), ZERO)
    planning.stop_if_refused()
    if total <= 0:
        if request.items:
            message = f"the items add up to {total}, but a credit memo must be above zero"
            hint = "list the items to credit, each with its amount"
        else:
            message = f"nothing of {invoice.number} is left to credit{and_taken(left)}"
            hint = "there is nothing more to give back of it"
        planning.problem("nothing-to-credit", message, "items", hint=hint)

    resolved = resolve_on(planning, invoice, amounts, reason)
    amounts = _within_what_is_left(planning, request, invoice, amounts, left, in_all, resolved)
    items = mirror(invoice, amounts)
    check_item_limit(planning, items, resolved)
    issue_memo(planning, CreditMemo, invoice, items, resolved, reason=reason)


def _all_that_is_left(invoice: Invoice, left: Left) -> dict[Place, Decimal]:
    """What is left of each place, without items of which credits left nothing, net of their discounts."""
    reduced = {item.id: item.discounts or item.id for item in invoice.items}
    credited = {reduced[place.item] for place, amount in left.given.items() if amount}
    found = {}
    for place in whole_amounts(invoice):
        item = reduced[place.item]
        if item not in credited or (left.net(item) if place.tax is None else left.net_tax(item)):
            found[place] = left.of(place)
    return found


def _within_what_is_left(
    planning: Planning,
    request: CreditMemoFromInvoice,
    invoice: Invoice,
    asked: Mapping[Place, Decimal],
    left: Left,
    in_all: Decimal,
    resolved: Resolved,
) -> dict[Place, Decimal]:
    """The amounts, as far as the policy lets more be credited than is left: of each item, and of the invoice.

    `available_to_credit` says what it asks for; what it does not ask for is warned of. Taxes that the request does not
    name go with their item.
    """
    limit = resolved.text("available_to_credit")
    rule = resolved.resolutions["available_to_credit"].rule
    amounts, fitting = dict(asked), dict(asked)

    def give(place: Place, most: Decimal) -> None:
        amount = asked[place]
        if most != amount:
            less = ", less its discounts" if left.is_discounted(place.item) else ""
            message = f"{amount} is more than the {most} that is left to credit of {place_in_words(place)}{less}"
            message += f" (rule `{rule}`){and_taken(left, place.item)}"
            hint = f"credit at most {most} {invoice.currency} of it" if most else "leave it out"
            found = Beyond(message, amount, most, hint)
            only_warn = None if limit == "header_and_item" else f"available_to_credit: {limit}"
            amounts[place] = beyond(planning, resolved, found, "items", only_warn=only_warn)
        # What is beyond was told of the item; of the invoice it is told where its items do not ask for it.
        fitting[place] = most if limit == "header_and_item" else amounts[place]
        left.take({place: fitting[place]})

    named = {wanted.item for wanted in request.items if wanted.taxes is not None}
    # A discount first: what is asked of it leaves more of the item that it reduces.
    for item in sorted(invoice.items, key=lambda item: item.discounts is None):
        whole = Place(item.id)
        if whole in asked:
            give(whole, left.part(item.id, asked[whole]))
        due = tax_of(item, ZERO, invoice.currency, left.given)
        for place in (Place(item.id, tax.id) for tax in item.taxes if Place(item.id, tax.id) in asked):
            if item.id in named or fitting.get(whole) == asked.get(whole):
                give(place, left.part_of_tax(place, asked[place]))
                continue
            fitting[place] = due.get(place, ZERO)
            if amounts[whole] != asked[whole]:
                amounts[place] = fitting[place]
            left.take({place: fitting[place]})
    total = sum(fitting.values(), ZERO)
    if total > in_all:
        message = f"{total} is more than the {in_all} that is available to credit of {invoice.number} (rule `{rule}`)"
        message += and_taken(left)
        found = Beyond(message, total, in_all, f"credit at most {in_all} {invoice.currency}")
        only_warn = f"available_to_credit: {limit}" if limit == "none" else None
        amounts = at_most(beyond(planning, resolved, found, "items", only_warn=only_warn), amounts)
    if sum(amounts.values(), ZERO) <= 0:
        message = f"nothing of what is asked for is left to credit of {invoice.number}{and_taken(left)}"
        planning.problem("nothing-to-credit", message, "items", hint="there is nothing more to give back of it")
    return amounts


OPERATION = Operation(
    "credit_memo_from_invoice",
    CreditMemoFromInvoice,
    needs=lambda request: Needs(numbers=frozenset({request.invoice}), billed_time=True),
    plan=_plan,
)
