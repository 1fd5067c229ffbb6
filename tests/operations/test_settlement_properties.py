"""Whatever is applied and taken back, in whatever order and by whatever rule: nothing appears and nothing disappears.

The identities are those of docs/domain.md 9.2, checked by sums of their own after every step.
"""

from __future__ import annotations

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
    Invoice,
    Item,
    Payment,
    TaxItem,
)
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.plan import Plan
from billpolicy.vocabulary.settings import LINK_RULES
from tests.helpers.books import balances, open_at
from tests.helpers.properties import examples
from tests.helpers.settlements import DAY, POLICIES, books, debts, money, policy_of, sources
from tests.helpers.steps import run


def check(before: Book, after: Book) -> None:
    """docs/domain.md 9.2, from the applications alone, and no place beyond what it is."""
    used: dict[str, Decimal] = defaultdict(Decimal)
    put: dict[str, Decimal] = defaultdict(Decimal)
    for number, applications in after.applications_from.items():
        for application in applications:
            assert sum(part.amount for part in application.parts) == application.amount
            used[number] += application.amount
            put[application.to] += application.amount
    for number, document in after.numbered.items():
        balance = after.balance(document)
        if isinstance(document, Payment) and document.reversed_:
            assert used[number] == balance == 0
            continue
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


@st.composite
def steps(draw: st.DrawFn, file: BookFile, book: Book, *, may_bounce: bool = False) -> str:
    """One operation that the book as it stands can do, all of it or a part."""
    there = [one for one in sources(file) if not is_reversed(book, one.number)]
    if not there:
        return "operation: apply_credits, account: a"
    source = draw(st.sampled_from(there))
    kind = source.kind
    if may_bounce and kind == "payment" and draw(st.integers(0, 5)) == 0:
        return f"operation: reverse_payment, payment: {source.number}"
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


def is_reversed(book: Book, number: str) -> bool:
    found = book.numbered[number]
    return isinstance(found, Payment) and found.reversed_


def part(draw: st.DrawFn, whole: Decimal) -> Decimal:
    minor = int(whole * 100)
    return money(draw(st.just(minor) | st.integers(1, minor)))


@examples(150)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_identities_hold_after_every_step(data: st.DataObject, file: BookFile, own: str) -> None:
    book = Book.of(file)
    for _ in range(data.draw(st.integers(1, 6))):
        before = book
        _, book = attempt(book, data.draw(steps(file, book, may_bounce=True)), own)
        check(before, book)
    for source in sources(file):
        if is_reversed(book, source.number):
            continue
        bounced = source.kind == "payment" and data.draw(st.booleans())
        undo = "reverse" if bounced else "unapply"
        _, book = attempt(book, f"operation: {undo}_{source.kind}, {source.kind}: {source.number}", own)
        check(book, book)
    # All of it taken back: as on the first day, byte for byte, but for what is gone.
    gone = {number: money(0) for number in book.numbered if is_reversed(book, number)}
    assert str(dict(balances(book))) == str({**balances(Book.of(file)), **gone})
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
