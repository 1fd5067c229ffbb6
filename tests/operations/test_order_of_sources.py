"""Which money is used first, and what of it is used no more: `source_order`, `priority` and `expires_on`."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.model import Account, BookFile, CreditMemo, Invoice, Item, Payment
from billpolicy.operations.apply_credits import SOURCE_ORDERS
from billpolicy.report.plan_text import plan_text
from billpolicy.vocabulary import settings
from tests.helpers.books import book_from
from tests.helpers.properties import examples
from tests.helpers.scenes import plan, refusals, refused, run, versions

DAY = datetime.date(2026, 6, 1)
USE = f"operation: apply_credits\naccount: a\ndate: {DAY}"
BOOK = """
accounts: [{id: a, currency: EUR}, {id: b, currency: EUR}]
invoices: [{number: I1, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 25.00}]}]
payments:
- {number: P1, account: a, date: 2026-02-01, currency: EUR, amount: 10.00, priority: 2}
- {number: P2, account: a, date: 2026-02-02, currency: EUR, amount: 10.00, expires_on: 2026-07-01}
credit_memos:
- {number: C1, account: a, date: 2026-03-01, currency: EUR, priority: 1, items: [{id: x, amount: 10.00}]}
- {number: C2, account: a, date: 2026-03-02, currency: EUR, expires_on: 2026-06-02, items: [{id: x, amount: 10.00}]}
- {number: C3, account: a, date: 2026-01-02, currency: EUR, expires_on: 2026-06-01, items: [{id: x, amount: 10.00}]}
"""


def used(found: Any) -> list[tuple[str, str]]:
    return [(one.from_, str(one.amount)) for one in found.applications]


def order(name: str) -> str:
    return f"operations: {{apply_credits: {{source_order: {{is: {name}, because: test}}}}}}\n"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("credits_first", ["C1", "C2", "P1"]),
        ("cash_first", ["P1", "P2", "C1"]),
        ("oldest_first", ["P1", "P2", "C1"]),
        ("by_priority", ["C1", "P1", "C2"]),  # then those without one, that which expires first
        ("by_expiry", ["C2", "P2", "P1"]),
    ],
)
def test_by_hand(name: str, first: list[str]) -> None:
    """C3 is the oldest, and expired since today."""
    found = plan(BOOK, USE, policy=order(name))
    assert used(found) == list(zip(first, ["10.00", "10.00", "5.00"], strict=True))
    assert found.notes == ("left alone, since it is expired: C3 (2026-06-01)",)


def test_the_vocabulary_has_every_order() -> None:
    assert tuple(SOURCE_ORDERS) == settings.SOURCE_ORDERS


# -- against a clerk who takes one after the other ---------------------------------------------------------------------


def comes_before(one: Payment | CreditMemo, other: Payment | CreditMemo, name: str) -> bool:
    """Whether a clerk uses the one before the other, who looks at them pair by pair."""
    if name in ("credits_first", "cash_first") and one.kind != other.kind:
        return (one.kind == "payment") == (name == "cash_first")
    if name == "by_priority" and one.priority != other.priority:
        return other.priority is None or (one.priority is not None and one.priority < other.priority)
    if name in ("by_priority", "by_expiry") and one.expires_on != other.expires_on:
        return other.expires_on is None or (one.expires_on is not None and one.expires_on < other.expires_on)
    return (one.date, one.number) < (other.date, other.number)


def by_a_clerk(sources: list[Payment | CreditMemo], owed: int, name: str) -> list[tuple[str, str]]:
    left = [one for one in sources if one.date <= DAY and not (one.expires_on and one.expires_on <= DAY)]
    found = []
    while left and owed:
        first = left[0]
        for other in left:
            first = other if comes_before(other, first, name) else first
        left.remove(first)
        put = min(owed, int(first.amount))
        owed -= put
        found.append((first.number, f"{put}.00"))
    return found


days = st.integers(-20, 3).map(lambda n: DAY + datetime.timedelta(n))
expiries = st.none() | st.integers(4, 30).map(lambda n: DAY - datetime.timedelta(20) + datetime.timedelta(n))


@st.composite
def money(draw: st.DrawFn) -> list[Payment | CreditMemo]:
    found: list[Payment | CreditMemo] = []
    for n in range(draw(st.integers(1, 6))):
        date, expires_on = draw(days), draw(expiries)
        common: dict[str, Any] = {
            "account": "a",
            "currency": "USD",
            "date": date,
            "priority": draw(st.none() | st.integers(1, 3)),
            "expires_on": expires_on if expires_on and expires_on > date else None,
        }
        amount = Decimal(draw(st.integers(1, 9))).quantize(Decimal("0.01"))
        if draw(st.booleans()):
            found.append(Payment(number=f"P{n}", amount=amount, **common))
        else:
            found.append(CreditMemo(number=f"C{n}", items=(Item(id="x", amount=amount),), **common))
    return found


@examples(150)
@given(money(), st.integers(1, 40), st.sampled_from(settings.SOURCE_ORDERS))
def test_as_a_clerk_uses_them(sources: list[Payment | CreditMemo], owed: int, name: str) -> None:
    item = Item(id="x", amount=Decimal(owed).quantize(Decimal("0.01")))
    book = Book.of(
        BookFile(
            accounts=(Account(id="a", currency="USD"),),
            invoices=(Invoice(number="I1", account="a", currency="USD", date=DAY, items=(item,)),),
            payments=tuple(one for one in sources if isinstance(one, Payment)),
            credit_memos=tuple(one for one in sources if isinstance(one, CreditMemo)),
        )
    )
    expected = by_a_clerk(sources, owed, name)
    (planned,) = run(book, USE, policy=order(name))
    if not expected:
        assert [problem.code for problem in planned.problems] == ["nothing-unapplied"]
    else:
        assert used(planned.plan) == expected


# -- money that is expired ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        "apply_credit_memo\ncredit_memo: C3",
        "apply_credit_memo\ncredit_memo: C3\napply: [{document: I1, amount: 1.00}]",
        "create_refund\nof: C3\namount: 1.00",
        "apply_payment\npayment: P2",
        "transfer_payment\npayment: P2\nto_account: b",
        "create_refund\nof: P2\namount: 1.00",
    ],
)
def test_it_is_not_used_by_name_either(asked: str) -> None:
    last = DAY - datetime.timedelta(1) if "C3" in asked else datetime.date(2026, 6, 30)
    first = last + datetime.timedelta(1)
    assert refused(BOOK, f"operation: {asked}\ndate: {first}") == ["credit-expired"]
    assert plan(BOOK, f"operation: {asked}\ndate: {last}").changes


def test_what_is_expired_is_named_where_nothing_else_is_there() -> None:
    book = BOOK[: BOOK.index("payments:")] + "credit_memos:\n" + BOOK[BOOK.index("- {number: C3") :]
    (planned,) = run(book, USE)
    assert [(one.code, one.message) for one in planned.problems] == [
        ("nothing-unapplied", "account `a` has nothing unapplied: C3 is expired since 2026-06-01")
    ]


def test_a_transferred_payment_expires_when_the_money_does() -> None:
    found = plan(BOOK, "operation: transfer_payment\npayment: P2\nto_account: b\ndate: 2026-06-01")
    received = found.documents[0].document
    assert isinstance(received, Payment)
    assert received.expires_on == datetime.date(2026, 7, 1)


@pytest.mark.parametrize(
    "asked",
    [
        "create_payment\naccount: a\namount: 5.00",
        "credit_memo_from_charge\naccount: a\ncharges: [{charge: gift, amount: 5.00}]",
    ],
)
def test_new_money_has_them(asked: str) -> None:
    book = BOOK.replace("id: a, currency: EUR", "id: a, currency: EUR, attributes: {bill_to_contact: c}")
    book += "charges: [{id: gift, name: Gift}]\ncontacts: [{id: c, account: a}]\n"
    text = f"operation: {asked}\ndate: 2026-06-01\npriority: 3\nexpires_on: "
    found = plan(book, f"{text}2026-06-02")
    made = found.documents[0].document
    assert isinstance(made, Payment | CreditMemo)
    assert (made.priority, made.expires_on) == (3, datetime.date(2026, 6, 2))
    assert "priority 3, expires on 2026-06-02" in plan_text(found, versions())
    assert refused(book, f"{text}2026-06-01") == ["expiry-odd"]


def test_a_book_has_no_money_that_can_never_be_used() -> None:
    with pytest.raises(Exception, match="expiry-odd"):
        book_from(BOOK.replace("expires_on: 2026-06-02", "expires_on: 2026-03-02"))


def test_other_orders_are_unknown() -> None:
    assert {one.code for one in refusals(order("newest_first"))} == {"value-not-allowed"}
