"""What is owed and will not be paid, written off by a credit memo that is applied at once. docs/domain.md 3.

Such a memo is no money (`CreditMemo.write_off`): nothing of it is ever used on something else, and `undo_write_off` is
the one way back.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal

from billpolicy.allocation.allocate import spread
from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo, Invoice, Numbered, OwedDocument
from billpolicy.deciding.resolver import Resolved
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    resolve_on,
    settle,
    whole_amounts,
)
from billpolicy.operations.shared.over_credit import Beyond, and_taken, beyond
from billpolicy.periods.given_back import Left
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date, Text


@record
class WriteOff(Request):
    """Write off all that is open of a document, or an `amount` of it.

    `apply_date`: when the memo is applied, by default its date.
    """

    amount: Amount | None = None
    reason: Text | None = None
    apply_date: Date | None = None


def write_off(
    planning: Planning, request: WriteOff, origin: OwedDocument, open_places: Mapping[Place, Decimal], of: str = ""
) -> tuple[CreditMemo, Resolved]:
    """Make the memo over what is open of `origin`, which has the items that it mirrors, and apply it; and how.

    `of`: whose part of the document that is, in words.
    """
    balance = sum(open_places.values(), ZERO)
    if balance <= 0:
        message = f"{origin.number} has a balance of {balance}{of}, so there is nothing to write off"
        planning.problem(
            "nothing-to-write-off", message, origin.kind, hint="only what is still owed can be written off"
        )
        planning.stop_if_refused()
    amount = amount_of(planning, request.amount, balance, origin, f"is open of {origin.number}{of}", "write off")
    reason = checked_reason(planning, request.reason, "credit_memo")
    apply_date = _apply_date(planning, request)

    partial = {"partial": amount < balance}
    # Conditions ask about the document as it is, not about the part of it that is written off.
    document = planning.book.numbered[origin.number]
    assert isinstance(document, OwedDocument)
    resolved = resolve_on(planning, document, open_places, reason, total=amount, more=partial)
    check_item_limit(planning, origin.items, resolved, origin.number)
    amounts = part_of(planning, resolved, origin, open_places, amount)
    items = mirror(origin, amounts, keep_zero=resolved.text("zero_balance_items") == "mirror")
    memo = issue_memo(planning, CreditMemo, origin, items, resolved, reason=reason, write_off=True)
    settle(planning, memo, origin, apply_date, amounts)
    return memo, resolved


def amount_of(
    planning: Planning, asked: Decimal | None, most: Decimal, document: BillingDocument, there: str, verb: str
) -> Decimal:
    """What a request asks for, or all of it; that it is too much is noted. `there`: `is open of INV00000001`."""
    if asked is None:
        return most
    amount = positive(planning, asked, document.currency, "amount")
    if amount > most:
        message = f"{amount} is more than the {most} that {there}"
        planning.problem("over-written-off", message, "amount", hint=f"{verb} at most {most} {document.currency}")
    return amount


def part_of(
    planning: Planning, resolved: Resolved, document: BillingDocument, places: Mapping[Place, Decimal], amount: Decimal
) -> Mapping[Place, Decimal]:
    """The places of a document with all that is on them, or with an amount spread over them by the policy's rule."""
    whole = sum(places.values(), ZERO)
    if amount == whole:
        return places
    rule = resolved.text("partial_write_offs")
    planning.note(f"{amount} of {whole} {document.currency}, spread over the items by `{rule}` (`partial_write_offs`)")
    return spread(rule, amount, document, places)


def check_unused_credit(
    planning: Planning,
    origin: Invoice,
    left: Left,
    written_off: Decimal,
    of: str,
    resolved: Resolved,
    field: str = "invoice",
) -> None:
    """What credits have given back of an invoice and were not used there is not written off as well.

    It is asked of the invoice, or of what the subscription has on it, and not of each item: which items are open
    depends on where payments and credits were put.
    """
    most = sum((amount - left.given[place] for place, amount in whole_amounts(origin).items()), ZERO)
    if written_off <= most:
        return
    message = (
        f"{written_off} would be written off of {origin.number}{of}, but {most} is left of what was billed"
        f"{and_taken(left)}"
    )
    hint = _use_it_first(planning, origin, left, most)
    beyond(planning, resolved, Beyond(message, written_off, most, hint), field)


def _use_it_first(planning: Planning, origin: Invoice, left: Left, most: Decimal) -> str:
    """How to use the credit that stands in the way."""
    book = planning.before
    for number in left.taken_by():
        credit = book.numbered[number]
        if isinstance(credit, CreditMemo) and not credit.write_off:
            if book.balance(credit) > 0:
                return f"apply {number} to {origin.number} first"
            on = [other for other, links in book.links_from(number).items() if links and other != origin.number]
            if on:
                return f"unapply {number} from {min(on)} and apply it to {origin.number} first"
    return f"write off at most {max(most, ZERO)} {origin.currency}"


def first_of(book: Book, memo: CreditMemo | DebitMemo) -> Numbered:
    """What was written off, or, if that asked again for what had been written off before, the first of all."""
    found: Numbered = memo
    seen: set[str] = set()
    while (before := book.numbered.get(found.related or "")) is not None and before.number not in seen:
        seen.add(before.number)
        found = before
    return found


def refuse_write_off(planning: Planning, document: Numbered, what: str, field: str) -> None:
    """Refuse what would make money of the memo of a write-off: `what` cannot be done to it."""
    if isinstance(document, CreditMemo) and document.write_off:
        message = f"{document.number} writes off what was not paid, so it is no money and cannot be {what}"
        hint = f"`undo_write_off` asks for it again; nothing else can be done to {document.number}"
        planning.refuse("write-off-no-money", message, field, hint=hint)


def _apply_date(planning: Planning, request: WriteOff) -> datetime.date:
    apply_date = request.apply_date or planning.date
    if apply_date != planning.date:
        planning.check_not_before(apply_date, planning.date, "the memo", "apply_date")
        planning.check_open(apply_date, "apply_date")
    return apply_date
