"""Credit balances: where each change comes from and goes to, and nothing is used before it is there (domain 6.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.check_parts import part_places, places_of, transferred
from billpolicy.book.checking import Context, Found
from billpolicy.book.model import Application, CreditAdjustment, DebitMemo, Invoice, Refund
from billpolicy.diagnostics.diagnostic import Diagnostic, Position

_NAMED = {
    "increase": "an increase comes from an invoice below zero, or names no document",
    "decrease": "a decrease is used on an invoice or a debit memo, pays a refund without `of`, or names no document",
}


def credit_adjustments(context: Context) -> Found:
    """Each names a document that it can come from or go to, of the same account and currency, not dated before it."""
    for index, adjustment in enumerate(context.file.credit_adjustments):
        found = context.numbered.get(adjustment.document or "")
        if found is None:
            continue
        document = found[2]
        at = context.at("credit_adjustments", index, "document")
        if not _fits(adjustment, document):
            message = f"{adjustment.number}, {_a(adjustment.type)}, cannot name {document.number}"
            yield Diagnostic("adjustment-kind", message, at, _NAMED[adjustment.type])
            continue
        for key in ("account", "currency"):
            mine, its = getattr(adjustment, key), getattr(document, key)
            if mine != its:
                message = f"{adjustment.number} has the {key} `{mine}`, but {document.number} has `{its}`"
                yield Diagnostic(f"{key}-mismatch", message, at, f"write `{key}: {its}`, or name another document")
        if document.status != "posted":
            message = f"{document.number} is {document.status}; only what is posted changes a credit balance"
            yield Diagnostic("adjustment-unposted", message, at, "remove this adjustment, or mend the status")
        if adjustment.date < document.date:
            message = f"{adjustment.number} is dated {adjustment.date}, before {document.number} ({document.date})"
            on = context.at("credit_adjustments", index, "date")
            yield Diagnostic("date-too-early", message, on, f"write {document.date} or later")
        if isinstance(document, Refund) and adjustment.amount != document.amount:
            message = f"{adjustment.number} is {adjustment.amount}, but {document.number} paid {document.amount} back"
            on = context.at("credit_adjustments", index, "amount")
            yield Diagnostic("refund-differs", message, on, f"write {document.amount}, or mend the refund")


def _fits(adjustment: CreditAdjustment, document: Any) -> bool:
    if adjustment.type == "increase":
        return isinstance(document, Invoice) and document.amount < 0
    return isinstance(document, Invoice | DebitMemo) or (isinstance(document, Refund) and document.of is None)


def named_once(context: Context) -> Found:
    """A negative invoice is transferred once; a refund out of a credit balance is paid by one decrease."""
    naming: dict[str, list[int]] = defaultdict(list)
    for index, adjustment in enumerate(context.file.credit_adjustments):
        if adjustment.document is not None:
            naming[adjustment.document].append(index)
    for number, indexes in naming.items():
        kept = [i for i in indexes if context.file.credit_adjustments[i].type == "increase"]
        is_refund = context.numbered.get(number, ("",))[0] == "refunds"
        for index in (indexes if is_refund else kept)[1:]:
            what = "paid out" if is_refund else "transferred"
            at = context.at("credit_adjustments", index, "document")
            yield Diagnostic("document-repeated", f"{number} has been {what} already", at, "name it once")
    for index, refund in enumerate(context.file.refunds):
        at = context.at("refunds", index)
        if refund.of is None and refund.status == "posted" and refund.number not in naming:
            message = f"nothing says where the money of {refund.number} comes from"
            hint = f"say `of` which payment or credit memo it is, or add a decrease with `document: {refund.number}`"
            yield Diagnostic("refund-unpaid", message, at, hint)
        if refund.of is None and refund.parts:
            message = f"{refund.number} is of no credit memo, so it has no parts"
            yield Diagnostic("parts-unknown", message, context.at("refunds", index, "parts"), "leave `parts` out")


def never_below_zero(context: Context) -> Found:
    """On every date; of one day, increases come first (domain 6.1: evaluated as of the adjustment date)."""
    of_account: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, adjustment in enumerate(context.file.credit_adjustments):
        of_account[adjustment.account, adjustment.currency].append(index)
    for (account, currency), indexes in of_account.items():
        balance = ZERO
        for index in sorted(indexes, key=lambda i: _in_time(context.file.credit_adjustments[i])):
            adjustment = context.file.credit_adjustments[index]
            if adjustment.type == "increase":
                balance += adjustment.amount
            elif adjustment.amount > balance:
                message = (
                    f"{adjustment.number} takes {adjustment.amount} {currency} of the credit balance of `{account}`, "
                    f"which is {balance} on {adjustment.date}"
                )
                hint = f"take at most {balance}, or date it when there is more"
                at = context.at("credit_adjustments", index, "amount")
                yield Diagnostic("credit-below-zero", message, at, hint)
                break
            else:
                balance -= adjustment.amount


def _in_time(adjustment: CreditAdjustment) -> tuple[Any, ...]:
    return (adjustment.date, adjustment.type != "increase", adjustment.number)


def to_credit_balance(
    context: Context, application: Application, source: Any, target: CreditAdjustment, index: int
) -> Found:
    """An increase is given the balance of the negative invoice that it names, from all of its items and taxes."""
    at = context.at("applications", index)
    if target.type != "increase" or target.document != source.number or not isinstance(source, Invoice):
        message = f"{target.number} is not an increase of a credit balance that names {source.number}"
        hint = "`from` is the negative invoice that the increase names as its `document`"
        yield Diagnostic("application-kind", message, at, hint)
        return
    at = context.at("applications", index, "parts")
    whole = application.amount == -source.amount
    if not application.parts and not whole and len(places_of(source)) > 1:
        message = f"{application.amount} is not all of {source.number}; say from which of its items and taxes it comes"
        hint = "add `parts: [{item: transferred, source_item: ..., amount: ...}]`"
        yield Diagnostic("parts-missing", message, at, hint)
    if any(part.source_item is None for part in application.parts):
        hint = "add `source_item` (and `source_tax`) to each part"
        yield Diagnostic("parts-source", f"say which items of {source.number} each part comes from", at, hint)
    sources = [Place(part.source_item, part.source_tax) for part in application.parts if part.source_item]
    yield from part_places(source, sources, at)
    yield from transferred(context, application, index)


def from_credit_balance(context: Context, source: CreditAdjustment, target: Any, index: int) -> Found:
    """A decrease goes to the invoice or debit memo that it names."""
    if source.type != "decrease" or source.document != target.number:
        message = f"{source.number} is not a decrease of a credit balance that names {target.number}"
        hint = "`to` is the invoice or debit memo that the decrease names as its `document`"
        yield Diagnostic("application-kind", message, context.at("applications", index), hint)


def transferred_amount(book: Book, adjustment: CreditAdjustment, at: Position) -> Found:
    """What an adjustment takes from its invoice, or puts on its document, is its amount."""
    document = book.numbered.get(adjustment.document or "")
    if not isinstance(document, Invoice | DebitMemo):
        return
    increase = adjustment.type == "increase"
    amount = (book.applied_to if increase else book.applied_from)(adjustment.number)
    if amount != adjustment.amount:
        what = f"transferred to it from {document.number}" if increase else f"put on {document.number}"
        message = f"{adjustment.number} amounts to {adjustment.amount}, but {amount} was {what}"
        ends = (document.number, adjustment.number) if increase else (adjustment.number, document.number)
        yield Diagnostic("transfer-differs", message, at, f"add or mend the application from {ends[0]} to {ends[1]}")


def _a(type_: str) -> str:
    return "an increase" if type_ == "increase" else "a decrease"
