"""Lines of invoices are unwound: credited, and for `credit_rebill` billed again. docs/domain.md 7.

What is unwound are lines that bill time of subscribed charges, with what belongs to them (`periods/closure.py`). For
each invoice a credit memo takes what is left of them, place by place, the newest time first; it is settled with what is
open on the same places, and what of it was paid stays unapplied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import ZERO, Book, Place, at_most, in_item_order, in_tax_order
from billpolicy.book.changes import PeriodsRecorded, subscription_name
from billpolicy.book.model import ChargePeriod, CreditMemo, DebitMemo, Invoice, Item, Payment, PeriodStatus
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.create_refund import CreateRefund
from billpolicy.operations.shared.locks import unwound_in_words, what_instead
from billpolicy.operations.shared.memos import (
    check_item_limit,
    issue_memo,
    mirror,
    mirrored,
    resolve_on,
    settle,
    whole_amounts,
)
from billpolicy.operations.shared.steps import own_step
from billpolicy.operations.shared.what_is_open import in_force
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.closure import Closed, Pulled, closure
from billpolicy.periods.given_back import given_back, left_of, net_left
from billpolicy.planning.operation import Step
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class Unwind(Request):
    """Unwind these lines of an invoice, by the ids of its items; without `lines`, every one that bills time."""

    invoice: Text
    lines: tuple[Text, ...] = ()
    reason: Text | None = None


class Selected(NamedTuple):
    """What is asked for, and what the policy says of it."""

    invoice: Invoice
    lines: tuple[BilledLine, ...]
    amounts: Mapping[Place, Decimal]
    """What is left of them."""
    reason: str | None
    resolved: Resolved


class Credit(NamedTuple):
    """A credit memo over lines of an invoice."""

    memo: CreditMemo
    invoice: Invoice
    resolved: Resolved


# -- what is asked for ---------------------------------------------------------------------------------------------


def selected(planning: Planning, request: Unwind, reason: str | None) -> Selected:
    """The lines that a request asks for. Refuses what billing has not made, what was unwound before, and what has
    nothing left; where no line is named, only if that leaves none."""
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    planning.check_date(invoice)
    every = (BilledLine(invoice.number, item.id) for item in invoice.items)
    found = {one.line.item: one for one in closure(planning.book, every, later=False, related=False).lines}
    left = left_of(planning.book, invoice)
    names = _named(planning, invoice, request.lines, found) if request.lines else _all(planning, invoice, found, left)
    planning.stop_if_refused()
    for index, name in enumerate(request.lines):
        if _is_given_back(invoice, left, name):
            message = (
                f"nothing of {line_name(invoice.number, name)} is left to credit: {_taken_by(planning, found[name])}"
            )
            hint = "name only lines of which something is left"
            planning.problem("credited-in-full", message, "lines", index, hint=hint)
    amounts = what_is_left(invoice, left, names)
    resolved = resolve_on(planning, invoice, amounts, reason)
    planning.decide(resolved)
    lines = tuple(BilledLine(invoice.number, name) for name in names)
    return Selected(invoice, lines, amounts, reason, resolved)


def _named(planning: Planning, invoice: Invoice, names: Sequence[str], found: Mapping[str, Pulled]) -> list[str]:
    items = {item.id: item for item in invoice.items}
    for index, name in enumerate(names):
        path = ("lines", index)
        if name not in items:
            message = f"{invoice.number} has no item `{name}`"
            planning.problem("item-unknown", message, *path, hint=did_you_mean(name, items))
        elif name in names[:index]:
            planning.problem("item-repeated", f"item `{name}` is named twice", *path, hint="name it once")
        elif not found[name].periods:
            why = _why_not(planning.book, items[name])
            message = f"{line_name(invoice.number, name)} was not made by billing: {why}"
            planning.problem("not-by-billing", message, *path, hint=_NOT_BY_BILLING)
        elif found[name].is_unwound:
            _refuse_unwound(planning, found[name], *path)
    return list(names)


def _all(planning: Planning, invoice: Invoice, found: Mapping[str, Pulled], left: Mapping[Place, Decimal]) -> list[str]:
    """Every line that bills time and of which something is left; of the others it is said why they are not."""
    items = {item.id: item for item in invoice.items}
    of_time = [one for one in found.values() if one.periods]
    others = [f"{name}: {_why_not(planning.book, items[name])}" for name, one in found.items() if not one.periods]
    if not of_time:
        message = f"no line of {invoice.number} was made by billing ({'; '.join(others[:_TOLD])})"
        planning.refuse("not-by-billing", message, "invoice", hint=_NOT_BY_BILLING)
    if others:
        planning.note(f"left alone, since billing has not made them: {'; '.join(others)}")
    fresh = [one for one in of_time if not one.is_unwound]
    if not fresh:
        _refuse_unwound(planning, of_time[0], "invoice")
        planning.stop_if_refused()
    wanted = [one for one in fresh if not _is_given_back(invoice, left, one.line.item)]
    if not wanted:
        message = f"nothing of {invoice.number} is left to credit: {_taken_by(planning, fresh[0])}"
        planning.refuse("credited-in-full", message, "invoice", hint="name another invoice")
    for one in of_time:
        if one not in wanted:
            planning.note(_left_out(planning, one))
    return [one.line.item for one in wanted]


_NOT_BY_BILLING = (
    "credit it with `credit_memo_from_invoice`, or let the book say which days of which charge it bills "
    "(`charge_periods`)"
)
_TOLD = 3


def _why_not(book: Book, item: Item) -> str:
    """Why a line is no record of time that was billed."""
    subscription = book.subscriptions.get(item.subscription or "")
    if subscription is None:
        return "it names no subscription"
    if not item.combines and item.subscribed_charge not in {charge.id for charge in subscription.charges}:
        return f"it names no charge of subscription `{subscription.id}`"
    if item.service_start is None or item.service_end is None:
        return "it does not say which days it bills"
    return "it gives time back"


def _refuse_unwound(planning: Planning, one: Pulled, *path: str | int) -> None:
    period = one.periods[0]
    message = f"{line_name(*one.line)} {unwound_in_words(period)}; a line is unwound once"
    planning.problem("unwound-already", message, *path, hint=what_instead(period))


def _is_given_back(invoice: Invoice, left: Mapping[Place, Decimal], name: str) -> bool:
    """Whether a line was billed at something, and nothing of that is left."""
    whole = what_is_left(invoice, whole_amounts(invoice), [name])
    return any(whole.values()) and not any(what_is_left(invoice, left, [name]).values())


def _taken_by(planning: Planning, one: Pulled) -> str:
    """`CM00000001 and CM00000002 have taken it`."""
    invoice = planning.book.numbered[one.line.document]
    assert isinstance(invoice, Invoice)
    items = settled_as_one(invoice, [one.line.item])
    numbers = dict.fromkeys(each.by for each in given_back(planning.book, invoice) if each.place.item in items)
    return f"{' and '.join(numbers)} {'has' if len(numbers) == 1 else 'have'} taken it"


def _left_out(planning: Planning, one: Pulled) -> str:
    name = line_name(*one.line)
    if one.is_unwound:
        return f"{name} is left out: it {unwound_in_words(one.periods[0])}"
    return f"{name} is left out: nothing of it is left, {_taken_by(planning, one)}"


# -- what forbids it -----------------------------------------------------------------------------------------------


def check_closed(planning: Planning, asked: Selected, closed: Closed) -> list[Pulled]:
    """The lines that are to be unwound, the newest time first. Refuses where one cannot be; those that were unwound
    before are left out, and that is said."""
    for one in closed.lines:
        if one.is_unwound:
            planning.note(_left_out(planning, one))
    lines = [one for one in closed.lines if not one.is_unwound]
    for number, those in by_invoice(lines).items():
        invoice = planning.numbered(number)
        assert isinstance(invoice, Invoice)
        if invoice.status != "posted":
            _refuse_draft(planning, invoice, those)
            continue
        planning.check_not_before(planning.date, invoice.date, number, "date")
        if invoice.split:
            _split(planning, invoice, asked.resolved)
        _check_in_flight(planning, invoice)
        _warn_of_debits(planning, invoice, those)
    planning.stop_if_refused()
    return lines


def by_invoice(lines: Iterable[Pulled]) -> dict[str, list[Pulled]]:
    """The lines of each invoice, in the order in which they come."""
    found: dict[str, list[Pulled]] = {}
    for one in lines:
        found.setdefault(one.line.document, []).append(one)
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


def _check_in_flight(planning: Planning, invoice: Invoice) -> None:
    """What names the invoice and is not posted yet may settle or correct it at any moment."""
    book, number = planning.book, invoice.number
    drafts = [memo for memo in book.created_from.get(number, ()) if memo.status == "draft"]
    named = (book.numbered[one] for one in book.referenced.get((invoice.account, number), ()))
    waiting = [*drafts, *(one for one in named if isinstance(one, Payment) and one.status == "draft")]
    for one in waiting:
        message = f"{one.number} names {number} and is not posted yet"
        planning.problem("in-flight", message, "invoice", hint=f"post or cancel {one.number} first")


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


def settled_as_one(invoice: Invoice, names: Iterable[str]) -> list[str]:
    """These items with those that they reduce and are reduced by, in the order of the invoice."""
    wanted = set(names)
    wanted |= {item.discounts for item in invoice.items if item.id in wanted and item.discounts is not None}
    return [item.id for item in invoice.items if item.id in wanted or item.discounts in wanted]


def what_is_left(invoice: Invoice, left: Mapping[Place, Decimal], names: Collection[str]) -> dict[Place, Decimal]:
    """What can be credited of these items and their taxes, in item order. *left*: what is left of each place.

    An item and its discounts are settled as one: where others have taken all that the two come to, nothing is left of
    either.
    """
    found = {}
    for item in in_item_order(invoice.items):
        if item.id in names:
            with_discounts = any(one.discounts == (item.discounts or item.id) for one in invoice.items)
            gone = with_discounts and net_left(invoice, left, item.discounts or item.id) <= 0
            found[Place(item.id)] = ZERO if gone else left[Place(item.id)]
            for tax in in_tax_order(item.taxes):
                found[Place(item.id, tax.id)] = left[Place(item.id, tax.id)]
    return found


def credit(planning: Planning, asked: Selected, lines: Sequence[Pulled]) -> list[Credit]:
    """One credit memo for each invoice of these lines over what is left of them, the newest time first.

    A line of which nothing is left has no part in it, and that is said.
    """
    left_over = []
    for number, those in by_invoice(lines).items():
        invoice = planning.numbered(number)
        assert isinstance(invoice, Invoice)
        left = left_of(planning.book, invoice)
        for one in those:
            if _is_given_back(invoice, left, one.line.item):
                planning.note(_left_out(planning, one))
        amounts = what_is_left(invoice, left, [one.line.item for one in those])
        total = sum(amounts.values(), ZERO)
        if total < 0:
            message = f"what is to be credited of {number} comes to {total} {invoice.currency}"
            hint = "ask for it with `debit_memo_from_invoice` instead"
            planning.problem("negative-total", message, "invoice", hint=hint)
        if any(amounts.values()):
            left_over.append((invoice, amounts))
    planning.stop_if_refused()
    made = []
    for invoice, amounts in left_over:
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


def record_periods(planning: Planning, periods: Iterable[ChargePeriod]) -> None:
    """Put charge periods on record, subscription by subscription, by their first day."""
    of: dict[str, list[ChargePeriod]] = {}
    for period in periods:
        of.setdefault(period.subscription, []).append(period)
    for name, those in sorted(of.items()):
        planning.rely_on(subscription_name(name))
        for document in {period.document for period in those if period.document is not None}:
            planning.rely_on(document)
        planning.change(PeriodsRecorded(name, tuple(sorted(those, key=lambda one: (one.from_, one.charge, one.id)))))


def periods_of(lines: Iterable[Pulled]) -> list[ChargePeriod]:
    """What these lines have billed, as it was billed."""
    return [period for line in lines for period in line.periods]


def with_memos(
    planning: Planning, periods: Iterable[ChargePeriod], credits: Iterable[Credit], status: PeriodStatus
) -> Iterator[ChargePeriod]:
    """Periods that this operation unwinds, each with the line of the memo that has credited it, if one has."""
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
