"""Importing a book: everything comes in as it was, twice does no harm, and what does not fit is named."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.book.changes import ChargedThrough
from billpolicy.ledger.store import Ledger
from tests.helpers.books import book_from
from tests.helpers.ledgers import dump, post, unkept, whole
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import BOOK, NOW, credit_plan, many_invoices, sample

MOVED = ChargedThrough("s1", "s1-seat", datetime.date(2026, 7, 1), datetime.date(2026, 5, 1))
SECTIONS = {
    "accounting_periods": 2,
    "accounts": 2,
    "applications": 3,
    "charge_periods": 2,
    "charges": 2,
    "contacts": 2,
    "credit_memos": 2,
    "debit_memos": 1,
    "invoices": 5,
    "payments": 2,
    "refunds": 2,
    "subscriptions": 3,
    "usage_records": 2,
}


def test_a_book_comes_in_as_it_is(ledger: Ledger) -> None:
    done = ledger.import_book(sample())
    assert (done.added, done.known) == (SECTIONS, {})
    assert unkept(whole(ledger)) == sample()
    assert set(whole(ledger).revisions.values()) == {0}
    assert ledger.check() == []


def test_twice_is_once(stocked: Ledger) -> None:
    before = dump(stocked)
    done = stocked.import_book(sample())
    assert (done.added, done.known) == ({}, SECTIONS)
    assert dump(stocked) == before


def test_also_after_operations_were_posted_on_it(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000001", reverse=True, charged_through=[MOVED])
    post(stocked, plan, who="ann", now=NOW)
    before = dump(stocked)
    assert stocked.import_book(sample()).added == {}
    assert stocked.import_book(whole(stocked)).added == {}
    assert dump(stocked) == before


def test_a_large_book_comes_in_too(ledger: Ledger) -> None:
    book = many_invoices(1_000)
    ledger.import_book(book)
    assert unkept(whole(ledger)) == book
    assert ledger.import_book(book).added == {}
    assert ledger.check() == []


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ("name: Acme,", "name: Acmee,", "account `acme` is in this ledger with other content: `name` is `Acme` there"),
        ("payment_term: null", "payment_term: Net 30", "`attributes.payment_term` is not set there, but `Net 30` here"),
        ("ann@acme.test", "ann@acme.org", "contact `ann` is in this ledger with other content: `email`"),
        ("name: Setup", "name: Set-up", "charge `setup` is in this ledger with other content: `name`"),
        ("plan: gold", "plan: silver", "subscription `s1` is in this ledger with other content: `plan`"),
        (
            "charge: seat, charged_through: 2026-07-01",
            "charge: seat, charged_through: 2026-06-01",
            "`charges[0].charged_through` is `2026-07-01` there, but `2026-06-01` here",
        ),
        ("rate: 0.20", "rate: 0.2", "`items[0].taxes[0].rate` is `0.20` there, but `0.2` here"),
        ("comment: wire", "comment: cash", "document `P-00000001` is in this ledger with other content: `comment`"),
        ("reason: Other,", "reason: Another,", "document `R-00000002` is in this ledger with other content: `reason`"),
        (
            "status: closed",
            "status: open",
            "accounting_period `2026-05-01` is in this ledger with other content: `status`",
        ),
        ("from: 2026-06-01, until: 2027", "from: 2026-07-01, until: 2027", "overlaps the one from 2026-06-01"),
    ],
)
def test_other_content_is_refused_by_field(stocked: Ledger, there: str, here: str, told: str) -> None:
    assert there in BOOK
    before = dump(stocked)
    if there.startswith("rate"):
        return_same = stocked.import_book(book_from(BOOK.replace(there, here)))
        assert return_same.added == {}  # 0.20 and 0.2 are the same rate
        return
    refusal = refused(lambda: stocked.import_book(book_from(BOOK.replace(there, here))))
    assert set(codes(refusal)) <= {"import-differs", "period-overlap"}
    assert told in messages(refusal)
    assert dump(stocked) == before


def test_a_number_of_another_kind_is_refused(stocked: Ledger) -> None:
    other = "accounts: [{id: acme, currency: USD, name: Acme, country: US, attributes: {bill_to_contact: ann}}]\n"
    payment = "payments: [{number: INV00000001, account: acme, date: 2026-05-01, currency: USD, amount: 1.00}]"
    refusal = refused(lambda: stocked.import_book(book_from(other + payment)))
    assert "`kind` is `invoice` there, but `payment` here" in messages(refusal)


MORE = """
accounts:
- {id: acme, currency: USD, name: Acme, country: US, region: NY,
   attributes: {bill_to_contact: ann, payment_term: null}}
subscriptions:
- {id: s2, account: acme}
- {id: s4, account: acme}
invoices:
- {number: INV00000006, account: acme, date: 2026-06-25, currency: USD, items: [
    {id: i1, subscription: s2, amount: 10.00}, {id: i2, subscription: s4, amount: 10.00}]}
payments:
- {number: P-00000001, account: acme, date: 2026-06-10, currency: USD, amount: 120.00, comment: wire}
applications:
- {from: P-00000001, to: INV00000006, date: 2026-06-26, amount: AMOUNT,
   parts: [{item: i1, amount: AMOUNT}]}
"""


def test_a_later_book_adds_to_what_is_there(stocked: Ledger) -> None:
    done = stocked.import_book(book_from(MORE.replace("AMOUNT", "9.00")))
    assert done.added == {"applications": 1, "invoices": 1, "subscriptions": 1}
    assert done.known == {"accounts": 1, "payments": 1, "subscriptions": 1}
    revisions = whole(stocked).revisions
    assert {name for name, count in revisions.items() if count} == {"P-00000001", "subscription:s2"}
    assert whole(stocked).counters["INV"] == 6
    assert stocked.check() == []


def test_it_cannot_spend_what_is_spent(stocked: Ledger) -> None:
    more = MORE.replace("amount: 10.00}, {id: i2", "amount: 50.00}, {id: i2")
    before = dump(stocked)
    refusal = refused(lambda: stocked.import_book(book_from(more.replace("AMOUNT", "35.01"))))
    assert codes(refusal) == ["over-applied"]
    assert "P-00000001 amounts to 120.00 USD" in messages(refusal)
    assert dump(stocked) == before


@pytest.mark.parametrize("number", ["account:acme", "subscription:s1"])
def test_numbers_like_the_ledgers_own_names_are_refused(ledger: Ledger, number: str) -> None:
    book = book_from(BOOK.replace("number: INV00000005", f'number: "{number}"'))
    assert codes(refused(lambda: ledger.import_book(book))) == ["number-reserved"]


def test_a_number_of_a_series_that_is_drawn_here_is_refused(stocked: Ledger) -> None:
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"), who="ann", now=NOW)
    more = BOOK + "- {from: 2027-01-01, until: 2028-01-01}\n"
    more = more.replace(
        "debit_memos:",
        "- {number: CM00000009, account: acme, date: 2026-06-01, currency: USD,"
        " items: [{id: a, amount: 1.00}]}\ndebit_memos:",
    )
    before = dump(stocked)
    refusal = refused(lambda: stocked.import_book(book_from(more)))
    assert codes(refusal) == ["prefix-drawn"]
    assert "CM00000009" in messages(refusal)
    assert dump(stocked) == before


@pytest.mark.parametrize("order", [(5, 3), (3, 5)])
def test_the_counter_goes_on_after_the_highest_number_whatever_the_order(
    order: tuple[int, int], ledger: Ledger
) -> None:
    invoices = "".join(
        f"- {{number: X-0000000{n}, account: a, date: 2026-01-01, currency: USD, items: [{{id: x, amount: 1.00}}]}}\n"
        for n in order
    )
    ledger.import_book(book_from("accounts: [{id: a, currency: USD}]\ninvoices:\n" + invoices))
    assert whole(ledger).counters["X-"] == 5
    assert ledger.check() == []
