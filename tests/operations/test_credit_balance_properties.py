"""Whatever is transferred, used, refunded and adjusted on whatever dates: credit balance is conserved and never below
zero on any date (docs/domain.md 6.1), checked by sums of their own after every step."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import ZERO, Book
from billpolicy.book.check import check
from billpolicy.book.model import (
    Account,
    BookFile,
    CreditAdjustment,
    DebitMemo,
    Invoice,
    Item,
    Refund,
    Subscription,
    TaxItem,
)
from billpolicy.source.tree import parse_text
from tests.helpers.books import file_of
from tests.helpers.planning import dry_run
from tests.helpers.properties import examples
from tests.helpers.scenes import operations, versions
from tests.helpers.settlements import money

TODAY = datetime.date(2026, 9, 1)
NO_FILE = parse_text("accounts: []", "no file")
DAYS = st.integers(-15, 15).map(lambda days: TODAY + datetime.timedelta(days))
EXPECTED = {
    "transfer_negative_invoice": {"transferred-already", "not-negative", "date-too-early"},
    "apply_credit_balance": {"credit-unavailable", "nothing-open"},
    "refund_credit_balance": {"credit-unavailable"},
    "adjust_credit_balance": {"credit-unavailable"},
    "undo_credit_adjustment": {"credit-unavailable", "date-too-early", "undone-already", "adjustment-not-by-hand"},
}
"""Why a step may find nothing to do; any other refusal would be a mistake."""


@st.composite
def items(draw: st.DrawFn) -> tuple[Item, ...]:
    """Items and taxes of either sign."""
    amounts = st.integers(-9999, 9999)
    return tuple(
        Item(
            id=f"i{n}",
            line=n,
            amount=money(draw(amounts)),
            taxes=tuple(TaxItem(id="t", amount=money(tax)) for tax in draw(st.lists(amounts, max_size=1))),
            subscription="s",
            subscribed_charge=draw(st.sampled_from(("one", "other"))),
        )
        for n in range(draw(st.integers(1, 3)))
    )


@st.composite
def books(draw: st.DrawFn) -> BookFile:
    """One account with invoices of either sign and a debit memo or two."""
    common: dict[str, Any] = {"account": "a", "currency": "USD"}
    return BookFile(
        accounts=(Account(id="a", currency="USD"),),
        subscriptions=(Subscription(id="s", account="a"),),
        invoices=tuple(
            Invoice(number=f"I{n}", date=draw(DAYS), items=draw(items()), **common)
            for n in range(draw(st.integers(1, 4)))
        ),
        debit_memos=tuple(
            DebitMemo(number=f"D{n}", date=draw(DAYS), items=(Item(id="x", amount=money(draw(AMOUNTS))),), **common)
            for n in range(draw(st.integers(0, 2)))
        ),
    )


AMOUNTS = st.integers(1, 9999)


@st.composite
def steps(draw: st.DrawFn, book: Book) -> str:
    """One of the operations, on any date, which may be refused."""
    adjusted = sorted(number for number, one in book.numbered.items() if isinstance(one, CreditAdjustment))
    operation = draw(st.sampled_from(sorted(EXPECTED if adjusted else EXPECTED.keys() - {"undo_credit_adjustment"})))
    text = f"operation: {operation}\ndate: {draw(DAYS)}\n"
    invoices = sorted(number for number, one in book.numbered.items() if isinstance(one, Invoice))
    amount = f"amount: {money(draw(AMOUNTS))}\n"
    if operation == "transfer_negative_invoice":
        return f"{text}invoice: {draw(st.sampled_from(invoices))}"
    if operation == "undo_credit_adjustment":
        return f"{text}adjustment: {draw(st.sampled_from(adjusted))}"
    text += "account: a\n"
    if operation == "refund_credit_balance":
        return text + amount
    if operation == "adjust_credit_balance":
        return f"{text}{amount}type: {draw(st.sampled_from(('increase', 'decrease')))}"
    owing = sorted(n for n, d in book.numbered.items() if isinstance(d, Invoice | DebitMemo) and book.balance(d) > 0)
    chosen: list[str] = draw(st.lists(st.sampled_from(owing), unique=True)) if owing else []
    if chosen:
        named = [f"{{document: {number}{_asked(draw, book, number)}}}" for number in chosen]
        text += f"apply: [{', '.join(named)}]\n"
    negative = [number for number in invoices if book.numbered[number].amount < 0]
    corrects: bool = draw(st.booleans())
    if negative and corrects:
        text += f"negative_invoice: {draw(st.sampled_from(negative))}\n"
    return text


def _asked(draw: st.DrawFn, book: Book, number: str) -> str:
    whole: bool = draw(st.booleans())
    if whole:
        return ""
    balance = int(book.balance(book.numbered[number]) * 100)
    return f", amount: {money(draw(st.integers(1, balance)))}"


def on_every_day(book: Book) -> dict[datetime.date, Decimal]:
    """The credit balance at the end of each day on which it changes, from the adjustments alone."""
    changes: dict[datetime.date, Decimal] = defaultdict(Decimal)
    for document in book.numbered.values():
        if isinstance(document, CreditAdjustment):
            changes[document.date] += document.amount if document.type == "increase" else -document.amount
    found, balance = {}, ZERO
    for day in sorted(changes):
        balance += changes[day]
        found[day] = balance
    return found


def checked(book: Book) -> None:
    """Nothing appears and nothing disappears, and what came of it could stand in a book file."""
    assert all(balance >= 0 for balance in on_every_day(book).values())
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for applications in book.applications_from.values():
        for application in applications:
            source, target = book.numbered[application.from_], book.numbered[application.to]
            assert application.date >= max(source.date, target.date)
            assert application.amount == sum(part.amount for part in application.parts) > 0
            moved[application.from_] += application.amount
            moved[application.to] -= application.amount
    paid = ZERO
    for number, document in book.numbered.items():
        if isinstance(document, Invoice | DebitMemo):
            balance = book.balance(document)
            assert balance == document.amount + moved[number]
            assert min(document.amount, ZERO) <= balance <= max(document.amount, ZERO)
            assert sum(book.open_places(document).values()) == balance
            if document.amount < 0 and not balance:
                assert not any(book.open_places(document).values())
        elif isinstance(document, CreditAdjustment) and document.document is not None:
            named = book.numbered[document.document]
            assert document.date >= named.date
            assert abs(moved[number]) == (0 if isinstance(named, Refund | CreditAdjustment) else document.amount)
            if isinstance(named, CreditAdjustment):
                assert (named.document, named.amount, named.type != document.type) == (None, document.amount, True)
        elif isinstance(document, Refund):
            paid += document.amount
    # What came in from negative invoices and by hand is there, was put on documents, was taken by hand or was paid.
    by_hand = sum(
        document.amount if document.type == "increase" else -document.amount
        for document in book.numbered.values()
        if isinstance(document, CreditAdjustment)
        and (document.document is None or isinstance(book.numbered[document.document], CreditAdjustment))
    )
    given = sum(
        one.amount - book.balance(one) for one in book.numbered.values() if isinstance(one, Invoice | DebitMemo)
    )
    assert book.credit_balance("a", "USD") == by_hand - given - paid
    assert check(file_of(book), NO_FILE) == []


@examples(150)
@given(st.data(), books())
def test_nothing_is_lost_and_nothing_is_used_before_it_is_there(data: st.DataObject, file: BookFile) -> None:
    book = Book.of(file)
    for _ in range(data.draw(st.integers(1, 8))):
        (asked,) = operations(data.draw(steps(book)))
        (planned,) = dry_run(versions(), book, [asked], TODAY)
        refused = {problem.code for problem in planned.problems}
        assert refused <= EXPECTED[asked.request.operation], planned.problems
        request: Any = asked.request
        if request.operation == "refund_credit_balance" or getattr(request, "type", None) == "decrease":
            # It is done exactly where it leaves the balance of no day below zero.
            free = min(balance for _, balance in _from(book, request.date))
            assert (planned.plan is not None) == (request.amount <= free)
        if planned.plan is not None:
            book = _after(book, planned.plan)
            checked(book)


@examples(60)
@given(st.data(), books())
def test_the_order_of_the_lists_in_a_book_does_not_matter(data: st.DataObject, file: BookFile) -> None:
    credit = CreditAdjustment(
        number="C", account="a", date=TODAY, currency="USD", amount=money(data.draw(AMOUNTS)), type="increase"
    )
    file = replace(file, credit_adjustments=(credit,))
    mixed = [
        replace(invoice, items=tuple(data.draw(st.permutations(invoice.items))))
        for invoice in data.draw(st.permutations(file.invoices))
    ]
    other = replace(file, invoices=tuple(mixed), debit_memos=tuple(reversed(file.debit_memos)))
    texts = ["operation: apply_credit_balance\naccount: a\n"]
    texts += [f"{texts[0]}negative_invoice: {invoice.number}" for invoice in file.invoices if invoice.amount < 0]
    texts += [f"operation: transfer_negative_invoice\ninvoice: {invoice.number}" for invoice in file.invoices]
    asked = operations(*texts)
    first, second = (
        [(p.plan and (p.plan.documents, p.plan.applications, p.plan.notes), p.problems) for p in planned]
        for planned in (dry_run(versions(), Book.of(one), asked, TODAY) for one in (file, other))
    )
    assert first == second


def _from(book: Book, day: datetime.date) -> list[tuple[datetime.date, Decimal]]:
    """The credit balance on a day and on every later one on which it changes."""
    days = on_every_day(book)
    before = max((one for one in days if one <= day), default=None)
    return [(day, days[before] if before else ZERO), *((one, b) for one, b in days.items() if one > day)]


def _after(book: Book, plan: Any) -> Book:
    documents = [planned.document for planned in plan.documents]
    counters = {planned.draw.prefix: planned.draw.counter for planned in plan.documents}
    return book.with_posted(documents, plan.applications, counters=counters)
