"""What is kept of an account's open documents is what one finds who looks at all of them."""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import replace
from decimal import Decimal
from threading import Thread
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book import open_documents
from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Reversed
from billpolicy.book.kinds import is_owed, is_source
from billpolicy.book.model import Account, Application, BookFile, Invoice, Item, Part, Refund
from billpolicy.book.open_documents import Open, Order
from tests.helpers.properties import examples
from tests.helpers.settlements import DAY, books, debts, sources

ALL = Order("all", lambda one: True, lambda one: one.document.number)
LARGEST = Order("largest", lambda one: True, lambda one: (-one.left, one.document.number))
INVOICES = Order("invoices", lambda one: one.document.kind == "invoice", lambda one: one.document.number)


@examples(200)
@given(st.data(), books(), st.sampled_from((0, 1, 32)))
def test_it_is_the_same_after_any_change(data: st.DataObject, file: BookFile, few: int) -> None:
    """Whoever asks now and then, and after however many changes; and of a book of before it is what it was."""
    books = [Book.of(file)]
    with patch.object(open_documents, "_FEW", few):
        for change in data.draw(st.lists(changes(file), max_size=8)):
            book = books[-1]
            books.append(change.on(book) if not isinstance(change, Refund) else book.with_posted([change]))
            if data.draw(st.booleans()):
                book = data.draw(st.sampled_from(books[-2:]))
                for order in (ALL, LARGEST, INVOICES):
                    assert list(book.open_documents("a").in_order(order)) == looked_for(book, order)
        for book in books:
            fresh = replace(book)  # of which nothing was asked
            assert all(book.balance(one) == fresh.balance(one) for one in book.numbered.values())


def looked_for(book: Book, order: Order) -> list[Open]:
    """All documents, one by one, in a book of which nothing was asked before."""
    book = replace(book)
    all_of_it = [one for one in book.numbered.values() if is_owed(one) or is_source(one)]
    found = [Open(one, book.balance(one)) for one in all_of_it if not one.reversed_ and book.balance(one) > 0]
    return sorted(filter(order.has, found), key=order.key)


@st.composite
def changes(draw: st.DrawFn, file: BookFile) -> Applied | Reversed | Refund:
    """Money is put on a document or taken back, or paid back, or a document is reversed."""
    source, debt = draw(st.sampled_from(sources(file))), draw(st.sampled_from(debts(file)))
    amount = Decimal(draw(st.integers(-500, 9000))).scaleb(-2)
    kind = draw(st.sampled_from((Applied, Reversed, Refund)))
    if kind is Reversed:
        return Reversed(draw(st.sampled_from((source.number, debt.number))))
    if kind is Refund:
        number = f"R{draw(st.integers(0, 9))}"
        return Refund(number=number, account="a", date=DAY, currency="USD", amount=abs(amount), of=source.number)
    part = Part(item=debt.items[0].id, amount=amount)
    return Applied(Application(from_=source.number, to=debt.number, date=DAY, amount=amount, parts=(part,)))


def of_many(count: int) -> Book:
    """One account with so many invoices."""
    items = (Item(id="i", amount=Decimal("1.00")),)
    return Book.of(
        BookFile(
            accounts=(Account(id="a", currency="USD"),),
            invoices=tuple(
                Invoice(number=f"I{n:03}", account="a", date=DAY, currency="USD", items=items) for n in range(count)
            ),
        )
    )


def test_few_are_looked_at() -> None:
    """Who takes two has two looked at, of however many."""
    looked_at = []

    def number(one: Open) -> str:
        looked_at.append(one)
        return one.document.number

    book = of_many(100)
    order = Order("counted", lambda one: True, number)
    next(book.open_documents("a").in_order(order))
    assert len(looked_at) == 100
    one = book.numbered["I001"]
    assert isinstance(one, Invoice)
    paid = book.with_posted([replace(one, priority=7)])
    looked_at.clear()
    found = paid.open_documents("a").in_order(order)
    assert [next(found).document.number for _ in range(2)] == ["I000", "I001"]
    assert len(looked_at) <= 5


def test_it_is_kept_for_a_few_accounts_only() -> None:
    book = of_many(3)
    for n in range(100):
        book.open_documents(f"other {n}")
    assert len(book._open) <= 16
    for n in range(100):
        list(book.open_documents("a").in_order(Order(n, lambda one: True, lambda one: one.document.number)))
    assert len(book.open_documents("a")._sorted) <= 16


def test_a_book_is_equal_whatever_was_asked_of_it() -> None:
    asked, not_asked = of_many(3), of_many(3)
    asked.open_documents("a")
    assert asked == not_asked


def test_threads_may_look_at_one_book() -> None:
    """More accounts and orders than are kept, so that what is kept changes all the time."""
    book = of_many(3)
    known = book.open_documents("a")
    failed: list[Exception] = []
    end = time.monotonic() + 1.5

    def work(first: int) -> None:
        for n in itertools.count(first):
            if time.monotonic() > end:
                return
            try:
                book.open_documents(f"other {n % 40}")
                book.with_posted()
                list(known.in_order(Order(n % 40, lambda one: True, lambda one: one.document.number)))
            except Exception as error:
                failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work, args=(first,)) for first in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert failed == []
