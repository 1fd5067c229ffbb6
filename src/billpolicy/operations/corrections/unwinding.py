"""Lines of invoices are unwound: credited, and for `credit_rebill` billed again. docs/domain.md 7.

What is unwound are lines that bill time of subscribed charges, with what belongs to them (`periods/closure.py`). For
each invoice a credit memo takes what is left of them, place by place, the newest time first; it is settled with what is
open on the same places, and what of it was paid stays unapplied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import ZERO, Book, Place, at_most, mirrored
from billpolicy.book.model import ChargePeriod, CreditMemo, DebitMemo, Invoice, Item, Payment, PeriodStatus
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import exact
from billpolicy.operations.corrections.locks import unwound_in_words
from billpolicy.operations.corrections.selection import Selected, given_back_lines, what_is_left
from billpolicy.operations.create_refund import CreateRefund
from billpolicy.operations.shared.memos import (
    check_item_limit,
    issue_memo,
    mirror,
    resolve_on,
    settle,
)
from billpolicy.operations.shared.over_credit import and_taken, rely_on
from billpolicy.operations.shared.steps import own_step
from billpolicy.operations.shared.what_is_open import documents_on, in_force
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.closure import Closed, Pulled
from billpolicy.periods.given_back import Left, given_back_of
from billpolicy.planning.closure import closure_of
from billpolicy.planning.operation import Step
from billpolicy.planning.planning import Planning


class Taken(NamedTuple):
    """The lines of one invoice that are unwound."""

    invoice: Invoice
    lines: tuple[Pulled, ...]
    amounts: Mapping[Place, Decimal]
    """What is left of them, and credited."""
    gone: Mapping[BilledLine, str]
    """Those of which nothing is left, and what has taken it."""

    @property
    def credited(self) -> dict[BilledLine, Decimal]:
        """What is credited of each line, with its tax."""
        found = {one.line: exact(ZERO, self.invoice.currency) for one in self.lines}
        for place, amount in self.amounts.items():
            found[BilledLine(self.invoice.number, place.item)] += amount
        return found


class Credit(NamedTuple):
    """A credit memo over lines of an invoice."""

    memo: CreditMemo
    invoice: Invoice
    resolved: Resolved


# -- what forbids it -----------------------------------------------------------------------------------------------


def taken(planning: Planning, asked: Selected, closed: Closed) -> list[Taken]:
    """What is to be unwound of each invoice, the newest time first; of what was unwound before, nothing. Refuses where
    a line cannot be."""
    by_invoice: dict[str, list[Pulled]] = {}
    for one in closed.lines:
        if not one.is_unwound:
            by_invoice.setdefault(one.line.document, []).append(one)
    invoices = [one for one in map(planning.numbered, by_invoice) if isinstance(one, Invoice)]
    given = given_back_of(planning.book, invoices)
    waiting = _given_back_on_drafts(planning.book, invoices)
    found = []
    for invoice in invoices:
        number, those = invoice.number, by_invoice[invoice.number]
        if invoice.status != "posted":
            _refuse_draft(planning, invoice, those)
            continue
        planning.check_not_before(planning.date, invoice.date, number, "date")
        if invoice.split:
            _split(planning, invoice, asked.resolved)
        _check_in_flight(planning, invoice, those, waiting.get(number, ()))
        _warn_of_debits(planning, invoice, those)
        found.append(_taken(planning, Left(invoice, given[number]), those))
    planning.stop_if_refused()
    return found


def _refuse_draft(planning: Planning, draft: Invoice, those: Sequence[Pulled]) -> None:
    line, days = those[0], those[0].periods[0]
    because = "" if line.by is None else f", which belongs to {line_name(*line.by)}"
    message = f"{draft.number} is a draft and bills `{days.charge}` from {days.from_} on{because}"
    hint = f"post or cancel {draft.number} first"
    planning.problem("period-on-draft", message, "invoice", hint=hint)


def _split(planning: Planning, invoice: Invoice, resolved: Resolved) -> None:
    rule = resolved.resolutions["split_invoices"].rule
    message = f"{invoice.number} has been split, and what was sent and paid stands on others (rule `{rule}`)"
    if resolved.text("split_invoices") == "warn":
        planning.warn("split-unwound", message)
    else:
        hint = "correct the invoices that it was split into with memos, or let the policy say `split_invoices: warn`"
        planning.problem("split-invoice", message, "invoice", hint=hint)


_Waiting = tuple[Invoice | CreditMemo, Item]
"""A draft, and an item of it that gives back of a line."""


def _given_back_on_drafts(book: Book, invoices: Iterable[Invoice]) -> dict[str, list[_Waiting]]:
    """What drafts give back of these invoices, by the number of each."""
    found: dict[str, list[_Waiting]] = defaultdict(list)
    for other in documents_on(book, {name for invoice in invoices for name in invoice.subscriptions}):
        if isinstance(other, Invoice | CreditMemo) and other.is_open_draft:
            for item in other.items:
                found[item.source or ""].append((other, item))
    return found


def _check_in_flight(
    planning: Planning, invoice: Invoice, those: Sequence[Pulled], given_back: Iterable[_Waiting]
) -> None:
    """What names the invoice and is not posted yet may settle or correct it at any moment; and what a bill run gives
    back of these lines on a draft is given if that is posted, and not if it is canceled."""
    book, number = planning.book, invoice.number
    drafts = [memo for memo in book.created_from.get(number, ()) if memo.status == "draft"]
    named = (book.numbered[one] for one in book.referenced.get((invoice.account, number), ()))
    waiting = [*drafts, *(one for one in named if isinstance(one, Payment) and one.status == "draft")]
    for one in waiting:
        message = f"{one.number} names {number} and is not posted yet"
        planning.problem("in-flight", message, "invoice", hint=f"post or cancel {one.number} first")
    items = {one.line.item for one in those}
    first: dict[str, Item] = {}
    for other, item in given_back:
        if item.source_item in items:
            first.setdefault(other.number, item)
    for draft, item in first.items():
        message = f"{draft} gives back of {line_name(number, item.source_item or '')} and is not posted yet"
        planning.problem("in-flight", message, "invoice", hint=f"post or cancel {draft} first")


def _warn_of_debits(planning: Planning, invoice: Invoice, those: Sequence[Pulled]) -> None:
    """More that was asked for a line stays as it is: it is a document of its own."""
    items = {one.line.item for one in those}
    for memo in planning.book.created_from.get(invoice.number, ()):
        of_lines = [item for item in memo.items if item.source_item in items and item.amount]
        if isinstance(memo, DebitMemo) and in_force(memo) and of_lines:
            name = line_name(invoice.number, of_lines[0].source_item or "")
            amount = sum((item.amount for item in of_lines), ZERO)
            message = f"{memo.number} asks {amount} {memo.currency} more for {name}: it is not unwound with it"
            planning.warn("debit-stays", message)


# -- the credit ----------------------------------------------------------------------------------------------------


def _taken(planning: Planning, left: Left, lines: Sequence[Pulled]) -> Taken:
    rely_on(planning, left)
    invoice = left.invoice
    amounts = what_is_left(left, {one.line.item for one in lines})
    total = sum(amounts.values(), ZERO)
    if total < 0:
        message = f"what is to be credited of {invoice.number} comes to {total} {invoice.currency}"
        hint = "ask for it with `debit_memo_from_invoice` instead"
        planning.problem("negative-total", message, "invoice", hint=hint)
    given = given_back_lines(left, {one.line.item for one in lines})
    gone = {one.line: and_taken(left, one.line.item) for one in lines if one.line.item in given}
    return Taken(invoice, tuple(lines), amounts, gone)


def tell(planning: Planning, closed: Closed, those: Sequence[Taken], *, reopens: bool) -> None:
    """Show what is unwound with what was selected, for somebody to confirm it.

    A line of which nothing is left is left out, unless its time is billed again (`reopens`).
    """
    credited = {line: amount for each in those for line, amount in each.credited.items()}
    left_out = {one.line: f"it {unwound_in_words(one.periods[0])}" for one in closed.lines if one.is_unwound}
    for line, by in ((line, by) for each in those for line, by in each.gone.items()):
        if reopens:
            planning.note(f"nothing of {line_name(*line)} is left to credit{by}; its time is billed again with that")
        else:
            left_out[line] = f"nothing of it is left{by}"
    planning.close_over(closure_of(planning.book, closed, credited, left_out))


def credit(planning: Planning, asked: Selected, those: Iterable[Taken]) -> list[Credit]:
    """One credit memo for each invoice of which something is left, the newest time first."""
    made = []
    for one in those:
        invoice, amounts = one.invoice, one.amounts
        if not any(amounts.values()):
            continue
        resolved = asked.resolved
        if (invoice.number, amounts) != (asked.invoice.number, asked.amounts):
            resolved = resolve_on(planning, invoice, amounts, asked.reason)
        items = mirror(invoice, amounts)
        check_item_limit(planning, items, resolved)
        memo = issue_memo(planning, CreditMemo, invoice, items, resolved, reason=asked.reason)
        _settle_with_its_own(planning, memo, invoice)
        made.append(Credit(memo, invoice, resolved))
    return made


def _settle_with_its_own(planning: Planning, memo: CreditMemo, invoice: Invoice) -> None:
    """Apply a memo to what is open of the very places that it credits; what was paid of them stays unapplied."""
    book = planning.book
    is_open, there = book.open_places(invoice), book.open_places(memo)
    amounts = {}
    for place, own, _ in mirrored(memo):
        either = (is_open[place], there[own])
        amounts[place] = min(either) if min(either) > 0 else max(either) if max(either) < 0 else ZERO
    amounts = at_most(min(book.balance(invoice), book.balance(memo)), amounts)
    if sum(amounts.values(), ZERO) > 0:
        settle(planning, memo, invoice, planning.date, amounts)


# -- what became of the time ---------------------------------------------------------------------------------------


def periods_of(those: Iterable[Taken]) -> list[ChargePeriod]:
    """What these lines have billed, as it was billed."""
    return [period for each in those for line in each.lines for period in line.periods]


def with_memos(
    planning: Planning, periods: Iterable[ChargePeriod], credits: Iterable[Credit], status: PeriodStatus
) -> Iterator[ChargePeriod]:
    """Periods that are unwound, each with the line of the memo that has credited it, if one has."""
    memo_line = {
        BilledLine(one.invoice.number, item.source_item or ""): (one.memo.number, item.id)
        for one in credits
        for item in one.memo.items
    }
    for period in periods:
        memo, item = memo_line.get(BilledLine(period.document or "", period.item or ""), (None, None))
        yield replace(period, status=status, memo=memo, memo_item=item, operation=planning.request.id)


# -- what was paid -------------------------------------------------------------------------------------------------


def refunds(planning: Planning, credits: Sequence[Credit]) -> Iterator[Step]:
    """What stays unapplied of each memo is paid back, where the policy says so."""
    for one in credits:
        unapplied = planning.book.balance(planning.book.numbered[one.memo.number])
        if one.resolved.text("paid_credit") == "refund" and unapplied > 0:
            refund = CreateRefund(
                id=f"{planning.request.id}/{planning.request.operation}.paid_credit/{one.memo.number}",
                operation="create_refund",
                date=planning.date,
                of=one.memo.number,
                amount=unapplied,
            )
            yield own_step(planning, refund, f"{one.memo.number} was posted", "paid_credit", one.resolved)
