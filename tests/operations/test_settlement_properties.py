"""Whatever is applied and taken back, in whatever order and by whatever rule: nothing appears and nothing disappears.

The identities are those of domain section 9.2, checked by sums of their own after every step.
"""

from __future__ import annotations

import datetime
import functools
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.model import (
    Account,
    BookFile,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    Payment,
    TaxItem,
)
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import from_minor
from billpolicy.planning.plan import Plan
from billpolicy.vocabulary.settings import DOCUMENT_ORDERS, LINK_RULES, RESIDUALS, SPANS
from tests.helpers.books import balances, open_at
from tests.helpers.properties import examples
from tests.helpers.steps import run

DAY = datetime.date(2026, 2, 1)
ITEM_RULES_OF_ALL = ("proration", "fifo", "by_component")
"""`source_item` is for one memo and one invoice; it has tests of its own."""


def money(minor: int) -> Decimal:
    return from_minor(minor, "USD")


@st.composite
def items(draw: st.DrawFn, source: Invoice | None = None) -> tuple[Item, ...]:
    """A few items, with taxes and now and then a discount with a tax of its own; each owes something net."""
    found: list[Item] = []
    for n in range(draw(st.integers(1, 3))):
        amount, tax = draw(st.integers(1, 9999)), draw(st.integers(0, 2000))
        mirrored = draw(st.sampled_from(source.items)) if source else None
        taxes = (TaxItem(id="t", amount=money(tax)),) if tax else ()
        found.append(
            Item(id=f"i{n}", line=n, amount=money(amount), taxes=taxes, source_item=mirrored.id if mirrored else None)
        )
        if draw(st.integers(0, 3)) == 0:
            off, off_tax = draw(st.integers(1, amount)), draw(st.integers(0, tax))
            less = (TaxItem(id="t", amount=money(-off_tax)),) if off_tax else ()
            found.append(Item(id=f"d{n}", line=n, amount=money(-off), discounts=f"i{n}", taxes=less))
    if sum(item.amount + sum(tax.amount for tax in item.taxes) for item in found) <= 0:
        found.append(Item(id="more", line=9, amount=money(1)))
    return tuple(found)


@st.composite
def books(draw: st.DrawFn) -> BookFile:
    """One account with documents that owe and money that can go on them."""
    days = st.integers(0, 20).map(lambda days: DAY - datetime.timedelta(days))
    common: dict[str, Any] = {"account": "a", "currency": "USD"}

    def open_ones(kind: type[Invoice] | type[DebitMemo], letter: str, least: int) -> tuple[Any, ...]:
        return tuple(
            kind(
                number=f"{letter}{n}",
                date=draw(days),
                due_date=draw(st.none() | days.map(lambda day: day + datetime.timedelta(30))),
                priority=draw(st.none() | st.integers(1, 3)),
                items=draw(items()),
                **common,
            )
            for n in range(draw(st.integers(least, 2)))
        )

    invoices = open_ones(Invoice, "I", 1)
    return BookFile(
        accounts=(Account(id="a", currency="USD"),),
        invoices=invoices,
        debit_memos=open_ones(DebitMemo, "D", 0),
        payments=tuple(
            Payment(number=f"P{n}", date=draw(days), amount=money(draw(st.integers(1, 20000))), **common)
            for n in range(draw(st.integers(1, 2)))
        ),
        credit_memos=tuple(
            CreditMemo(number=f"C{n}", date=draw(days), items=draw(items()), **common)
            for n in range(draw(st.integers(0, 2)))
        ),
    )


def policy_of(rule: str, order: str, residual: str, unapply: str, span: str) -> str:
    by = ", because: test}"
    shared = {"allocation": rule, "document_order": order, "residual": residual, "component_span": span}
    lines = ["operations:"]
    for operation in ("apply_payment", "apply_credit_memo", "apply_credits"):
        lines.append(f"  {operation}:")
        lines += [f"    {key}: {{is: {value}{by}" for key, value in shared.items()]
    for operation in ("unapply_payment", "unapply_credit_memo"):
        lines += [f"  {operation}:", f"    allocation: {{is: {unapply}{by}"]
    return "\n".join(lines) + "\n"


# One policy for each order, the other names in turn, so that few policies need to be read.
POLICIES = [
    policy_of(rule, order, RESIDUALS[(n + m) % 4], LINK_RULES[(n + m) % 2], SPANS[n % 2])
    for n, order in enumerate(DOCUMENT_ORDERS)
    for m, rule in enumerate(ITEM_RULES_OF_ALL)
]


def check(before: Book, after: Book) -> None:
    """Domain 9.2, from the applications alone, and no place beyond what it is."""
    used: dict[str, Decimal] = defaultdict(Decimal)
    put: dict[str, Decimal] = defaultdict(Decimal)
    for number, applications in after.applications_from.items():
        for application in applications:
            assert sum(part.amount for part in application.parts) == application.amount
            used[number] += application.amount
            put[application.to] += application.amount
    for number, document in after.numbered.items():
        balance = after.balance(document)
        moved = used if isinstance(document, Payment | CreditMemo) else put
        assert document.amount == moved[number] + balance
        assert 0 <= balance <= document.amount
    fresh = Book.of(BookFile(accounts=()))
    originally = open_at(fresh.with_posted(after.numbered.values()))
    for number, places in open_at(after).items():
        assert sum(places.values()) == after.balance(after.numbered[number])
        for place, open_ in places.items():
            whole = originally[number][place]
            assert min(whole, ZERO) <= open_ <= max(whole, ZERO), (number, place, open_, whole)
    assert set(before.numbered) == set(after.numbered)


def attempt(book: Book, text: str, own: str) -> tuple[Plan | None, Book]:
    try:
        return run(book, text, own)
    except Refused as refused:
        # A step may find nothing to do. Anything else would be a mistake of the planner.
        if {problem.code for problem in refused.diagnostics} <= {
            "nothing-unapplied",
            "nothing-open",
            "nothing-applied",
        }:
            return None, book
        raise


def sources(file: BookFile) -> list[Payment | CreditMemo]:
    return [*file.payments, *file.credit_memos]


def debts(file: BookFile) -> list[Invoice | DebitMemo]:
    return [*file.invoices, *file.debit_memos]


@st.composite
def steps(draw: st.DrawFn, file: BookFile, book: Book) -> str:
    """One operation that the book as it stands can do, all of it or a part."""
    source = draw(st.sampled_from(sources(file)))
    kind = source.kind
    undo = draw(st.booleans())
    applied = {
        number: sum(part.amount for part in parts) for number, parts in book.links_from(source.number).items() if parts
    }
    if undo and applied:
        chosen = draw(st.lists(st.sampled_from(sorted(applied)), unique=True))
        named = [f"{{document: {n}, amount: {part(draw, Decimal(applied[n]))}}}" for n in chosen]
        more = f", unapply: [{', '.join(named)}]" if named else ""
        return f"operation: unapply_{kind}, {kind}: {source.number}{more}"
    unapplied = book.balance(source)
    if not unapplied:
        return "operation: apply_credits, account: a"
    amount = part(draw, unapplied)
    open_ = [d.number for d in debts(file) if book.balance(d)]
    chosen = draw(st.lists(st.sampled_from(open_), unique=True)) if open_ else []
    more = f", apply: [{', '.join(f'{{document: {n}}}' for n in chosen)}]" if chosen else ""
    return f"operation: apply_{kind}, {kind}: {source.number}, amount: {amount}{more}"


def part(draw: st.DrawFn, whole: Decimal) -> Decimal:
    minor = int(whole * 100)
    return money(draw(st.just(minor) | st.integers(1, minor)))


@examples(150)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_identities_hold_after_every_step(data: st.DataObject, file: BookFile, own: str) -> None:
    book = Book.of(file)
    for _ in range(data.draw(st.integers(1, 6))):
        before = book
        _, book = attempt(book, data.draw(steps(file, book)), own)
        check(before, book)
    for source in sources(file):
        _, book = attempt(book, f"operation: unapply_{source.kind}, {source.kind}: {source.number}", own)
        check(book, book)
    # All of it taken back: as on the first day, byte for byte.
    assert str(dict(balances(book))) == str(dict(balances(Book.of(file))))
    assert open_at(book) == open_at(Book.of(file))


@examples(100)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_unapply_after_apply_restores_every_balance(data: st.DataObject, file: BookFile, own: str) -> None:
    book = Book.of(file)
    # Begin anywhere: somebody has applied something before.
    _, book = attempt(book, data.draw(steps(file, book)), own)
    source = data.draw(st.sampled_from(sources(file)))
    applied = bool(book.applied_from(source.number))
    before = {n: str(b) for n, b in balances(book).items()}, open_at(book)
    plan, after = attempt(book, f"operation: apply_{source.kind}, {source.kind}: {source.number}", own)
    if plan is None or applied:
        return
    assert {n: str(b) for n, b in balances(after).items()} != before[0]
    _, after = run(after, f"operation: unapply_{source.kind}, {source.kind}: {source.number}", own)
    assert ({n: str(b) for n, b in balances(after).items()}, open_at(after)) == before


@examples(60)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_the_order_of_the_lists_in_a_book_does_not_matter(data: st.DataObject, file: BookFile, own: str) -> None:
    def shuffled(documents: tuple[Any, ...]) -> tuple[Any, ...]:
        mixed = data.draw(st.permutations(documents))
        return tuple(
            replace(d, items=tuple(data.draw(st.permutations(d.items)))) if hasattr(d, "items") else d for d in mixed
        )

    other = replace(
        file,
        **{key: shuffled(getattr(file, key)) for key in ("invoices", "debit_memos", "payments", "credit_memos")},
    )
    for text in (
        "operation: apply_credits, account: a",
        "operation: apply_payment, payment: P0",
        "operation: create_payment, account: a, amount: 50.01, apply_to_open: true",
    ):
        first, second = attempt(Book.of(file), text, own)[0], attempt(Book.of(other), text, own)[0]
        assert (first and first.applications) == (second and second.applications)


@examples(60)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_in_one_go_no_place_gets_more_than_it_owes(data: st.DataObject, file: BookFile, own: str) -> None:
    book = Book.of(file)
    plan, after = attempt(book, "operation: apply_credits, account: a", own)
    assert plan is not None
    check(book, after)
    # Either all money is used or all documents are settled: nothing is left on both sides.
    left = balances(after)
    assert all(left[d.number] == 0 for d in sources(file)) or all(left[d.number] == 0 for d in debts(file))


@functools.cache
def _memo_over_a_discount() -> Book:
    # 100 + tax 20, discount -10 with tax -15: 95 is owed; the memo has 5 and 90.
    invoice = Invoice(
        number="I",
        account="a",
        date=DAY,
        currency="USD",
        items=(
            Item(id="x", amount=money(10000), taxes=(TaxItem(id="t", amount=money(2000)),)),
            Item(id="d", amount=money(-1000), discounts="x", taxes=(TaxItem(id="t", amount=money(-1500)),)),
        ),
    )
    items = (Item(id="1", amount=money(500)), Item(id="2", amount=money(9000)))
    memo = CreditMemo(number="C", account="a", date=DAY, currency="USD", items=items)
    return Book.of(BookFile(accounts=(Account(id="a", currency="USD"),), invoices=(invoice,), credit_memos=(memo,)))


@pytest.mark.parametrize("rule", LINK_RULES)
@pytest.mark.parametrize("amount", ["0.01", "15.00", "80.00", "94.00", "94.99"])
def test_a_part_taken_back_never_gives_an_item_of_a_memo_more_than_it_had(rule: str, amount: str) -> None:
    own = policy_of("proration", "as_named", "first", rule, "document")
    book = _memo_over_a_discount()
    _, book = run(book, "operation: apply_credit_memo, credit_memo: C", own)
    text = "operation: unapply_credit_memo, credit_memo: C, unapply: [{document: I, amount: %s}]"
    _, book = run(book, text % amount, own)
    check(book, book)
    rest = Decimal("95.00") - Decimal(amount)
    assert balances(book) == {"I": Decimal("95.00") - rest, "C": Decimal(amount)}
    assert open_at(book)["C"][Place("1")] <= Decimal("5.00")
    _, book = run(book, "operation: unapply_credit_memo, credit_memo: C", own)
    assert open_at(book) == open_at(_memo_over_a_discount())
