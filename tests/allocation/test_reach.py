"""Documents that an amount cannot come to are left out before anybody opens them: the outcome is the same."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.allocation.model import SPANS, Rules, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.orders import DOCUMENT_ORDERS, within_reach
from billpolicy.book import open_documents
from billpolicy.book.book import Book, Place
from billpolicy.book.model import Account, BookFile, Invoice, Item
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations import apply_credit_balance, apply_credits, create_payment
from billpolicy.operations.shared import settling
from billpolicy.operations.shared.targets import Named
from billpolicy.operations.shared.what_is_open import owed_for_rules
from billpolicy.planning.plan import Plan
from tests.helpers.allocations import Asked, rules
from tests.helpers.properties import examples
from tests.helpers.settlements import POLICIES, books, debts, money, sources
from tests.helpers.steps import TODAY, run


@examples(400)
@given(st.data(), rules())
def test_nothing_comes_out_differently(data: st.DataObject, how: Rules) -> None:
    asked = Asked(data)
    asked.amount = min(asked.amount, data.draw(st.integers(1, 400)))
    if data.draw(st.integers(0, 5)) == 5:
        how = replace(how, item_rule="source_item")
    reached = within_reach(asked.money(asked.amount), asked.targets, how)
    assert asked.run(how, reached) == asked.run(how)


@examples(100)
@given(st.data(), books(), st.sampled_from(POLICIES))
def test_nothing_is_planned_differently(data: st.DataObject, file: BookFile, own: str) -> None:
    """Operations that put money on documents, one after the other; refusals are the same, too."""
    book = Book.of(file)
    for text in data.draw(st.lists(operations(file), min_size=1, max_size=3)):
        with patch.object(open_documents, "_FEW", data.draw(st.sampled_from((0, 2, 32)))):
            found = outcome(book, text, own)
        with all_are_looked_at():
            assert outcome(book, text, own) == found
        book = book if isinstance(found, list) else found[1]


@pytest.mark.parametrize("order", DOCUMENT_ORDERS)
def test_what_is_said_of_due_dates_is_the_same(order: str) -> None:
    """Of more than a sentence names: worked out from a term, of which some are later or opted out, and without one."""
    invoices = tuple(
        Invoice(
            number=f"I{n:02}",
            account="a",
            currency="USD",
            date=TODAY + datetime.timedelta(n - 8),
            auto_apply=n % 5 != 2,
            attributes={"payment_term": "unheard of" if n % 4 == 3 else "quick"},
            items=(Item(id="i", amount=Decimal("1.00") + n % 3),),
        )
        for n in range(12)
    )
    book = Book.of(BookFile(accounts=(Account(id="a", currency="USD"),), invoices=invoices))
    own = f"""
payment_terms: {{quick: {{net: 10}}}}
operations: {{create_payment: {{document_order: {{is: {order}, because: test}}}}}}
"""
    for amount in ("1.50", "3.50", "99.00"):
        text = f"operation: create_payment, account: a, amount: {amount}, apply_to_open: true"
        found = outcome(book, text, own)
        with all_are_looked_at():
            assert outcome(book, text, own) == found
        assert not isinstance(found, list), found
        if order == "oldest_due_first" and amount == "1.50":
            # Up to I08, without I02 and I07, which opted out, and I03, whose term nobody knows.
            (said,) = (note for note in found[0].notes if "payment terms" in note)
            first = ("I00 2026-03-17", "I01 2026-03-18", "I04 2026-03-21", "I05 2026-03-22", "I06 2026-03-23")
            assert said.endswith(f": {', '.join(f'{one} (`quick`)' for one in first)} and 1 more")
            assert [one.message[:3] for one in found[0].warnings] == ["I03"]
        book = found[1]


@contextmanager
def all_are_looked_at() -> Iterator[None]:
    """All open documents of the account are made a list of and opened, as if nobody had kept them in any order."""

    def looked_for(book: Book, account: str, currency: str, day: datetime.date) -> list[Named]:
        afresh = replace(book)
        owed = [one for one, _ in owed_for_rules(afresh, book.accounts[account], day) if one.currency == currency]
        return [Named(one, book.balance(one)) for one in owed]

    with ExitStack() as patched:
        patched.enter_context(patch.object(settling, "within_reach", lambda amount, targets, rules: list(targets)))
        for module in (settling, create_payment, apply_credits, apply_credit_balance):
            patched.enter_context(patch.object(module, "open_targets", looked_for))
        yield


def outcome(book: Book, text: str, own: str) -> tuple[Plan, Book] | list[Diagnostic]:
    try:
        return run(book, text, own)
    except Refused as refused:
        return refused.diagnostics


@st.composite
def operations(draw: st.DrawFn, file: BookFile) -> str:
    source = draw(st.sampled_from(sources(file)))
    amounts = st.integers(1, 20000).map(money)
    named = [
        f"{{document: {debt.number}{f', amount: {draw(amounts)}' if draw(st.booleans()) else ''}}}"
        for debt in draw(st.lists(st.sampled_from(debts(file)), unique_by=lambda debt: debt.number))
    ]
    apply = f", apply: [{', '.join(named)}]" if named else ""
    texts = (
        "operation: apply_credits, account: a",
        f"operation: create_payment, account: a, amount: {draw(amounts)}, apply_to_open: true",
        f"operation: create_payment, account: a, amount: {draw(amounts)}{apply}",
        f"operation: apply_{source.kind}, {source.kind}: {source.number}{apply}",
        f"operation: apply_{source.kind}, {source.kind}: {source.number}, amount: {draw(amounts)}{apply}",
        f"operation: reverse_payment, payment: {draw(st.sampled_from(file.payments)).number}",
        f"operation: reverse_invoice, invoice: {draw(st.sampled_from(file.invoices)).number}",
    )
    return draw(st.sampled_from(texts))


DAY = datetime.date(2026, 1, 1)
THREE = [
    Target(f"I{n}", DAY + datetime.timedelta(n), (Slot(Place("i"), Decimal(n), "charge"),), priority=4 - n)
    for n in (1, 2, 3)
]
LAST_COMES_FIRST = ("newest_document_first", "largest_balance_first", "by_priority")


@pytest.mark.parametrize("order", DOCUMENT_ORDERS)
@pytest.mark.parametrize("span", SPANS)
def test_what_is_left_out(order: str, span: str) -> None:
    """One document takes it all; but with `equal_spread` each may get something, and with `component`, too."""
    reached = within_reach(Decimal(1), THREE, Rules(document_order=order, item_rule="by_component", span=span, day=DAY))
    whole = order == "equal_spread" or span != "document"
    assert reached == (THREE if whole else THREE[2:] if order in LAST_COMES_FIRST else THREE[:1])


def test_what_is_asked_for_comes_first() -> None:
    one, two, three = THREE
    asked = replace(three, amount=Decimal(3))
    assert within_reach(Decimal(4), [one, two, asked], Rules()) == [one, asked]
    assert within_reach(Decimal(3), [one, two, asked], Rules()) == [asked]


def test_what_is_settled_is_left_out() -> None:
    settled = replace(THREE[0], slots=())
    assert within_reach(Decimal(9), [settled, *THREE[1:]], Rules()) == THREE[1:]
