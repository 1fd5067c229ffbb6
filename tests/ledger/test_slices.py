"""A slice holds all that its operation needs, tells the truth about it, and is found without reading whole tables."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import Document
from billpolicy.book.needs import Needs
from billpolicy.ledger import slices
from billpolicy.ledger.store import Ledger
from billpolicy.operations.create_refund import CreateRefund
from billpolicy.operations.registry import OPERATIONS
from billpolicy.operations.shared.refunded import refunded
from tests.helpers.books import book_from
from tests.helpers.ledgers import post, whole
from tests.helpers.sample import NOW, credit_plan, many_invoices, refund_plan


def slice_of(
    ledger: Ledger,
    *numbers: str,
    accounts: tuple[str, ...] = (),
    subscriptions: tuple[str, ...] = (),
    charges: tuple[str, ...] = (),
) -> Book:
    needs = Needs(frozenset(accounts), frozenset(numbers), frozenset(charges), frozenset(subscriptions))
    with ledger.reading() as connection:
        return connection.book(needs)


def test_nothing_is_needed_for_nothing(stocked: Ledger) -> None:
    found = slice_of(stocked)
    assert (found.accounts, found.numbered, found.subscriptions, found.charges) == ({}, {}, {}, {})
    assert found.counters == {"CM": 2, "DM": 1, "INV": 5, "P-": 2, "R-": 2}
    assert found.periods == whole(stocked).periods


def test_an_account_comes_with_its_contacts(stocked: Ledger) -> None:
    found = slice_of(stocked, accounts=("acme", "nobody"))
    assert (set(found.accounts), set(found.contacts)) == ({"acme"}, {"ann", "bob"})
    assert found.revisions == {"account:acme": 0}


def test_charges_and_subscriptions_come_by_name(stocked: Ledger) -> None:
    found = slice_of(stocked, charges=("seat",), subscriptions=("s3", "nothing"))
    assert set(found.subscriptions) == {"s3"}
    assert set(found.charges) == {"seat"}
    assert set(found.accounts) == {"acme"}
    assert set(found.numbered) == {"INV00000003"}


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        # What was made from it, what was applied to it and what a bill run gave back of it; later invoices of its
        # subscriptions, drafts too; the memo has a debit memo made from it, to which a payment was applied, which was
        # refunded.
        ("INV00000001", "INV00000001 CM00000001 CM00000002 INV00000002 INV00000005 R-00000002"),
        # The credit memo of the same bill run and subscription, and the invoice that it gives a line of back.
        ("INV00000002", "INV00000002 CM00000001 INV00000001 INV00000005"),
        ("CM00000001", "CM00000001 INV00000001 INV00000002 INV00000005"),
        # Where it came from, what came from it and was applied to that.
        (
            "CM00000002",
            "CM00000002 INV00000001 CM00000001 DM00000001 P-00000001 R-00000001 R-00000002 INV00000002 INV00000005",
        ),
        ("P-00000001", "P-00000001 R-00000001 INV00000003 DM00000001"),
        ("R-00000001", "R-00000001 P-00000001 INV00000003 DM00000001"),
        ("INV00000004", "INV00000004"),
        ("nothing", ""),
    ],
)
def test_a_document_comes_with_what_hangs_on_it(stocked: Ledger, named: str, wanted: str) -> None:
    assert set(slice_of(stocked, named).numbered) == set(wanted.split())


def test_siblings_are_followed_to_the_end(ledger: Ledger) -> None:
    """Of one bill run: invoice 1 shares s2 with memo 2, that s3 with invoice 3, and that s4 with memo 4."""
    text = "accounts: [{id: acme, currency: USD}]\nsubscriptions:\n"
    text += "".join(f"- {{id: s{n}, account: acme}}\n" for n in (1, 2, 3, 4))
    made = "account: acme, date: 2026-05-01, currency: USD, bill_run: BR"
    items = "items: [{{id: a, subscription: s{}, amount: 1.00}}, {{id: b, subscription: s{}, amount: 1.00}}]"
    one, two, three = (items.format(n, n + 1) for n in (1, 2, 3))
    text += f"invoices:\n- {{number: I1, {made}, {one}}}\n- {{number: I3, {made}, {three}}}\n"
    text += f"- {{number: I5, {made}, items: [{{id: a, amount: 1.00}}]}}\n"
    text += f"credit_memos:\n- {{number: C2, {made}, {two}}}\n"
    text += f"- {{number: C4, {made}, items: [{{id: a, subscription: s4, amount: 1.00}}]}}\n"
    ledger.import_book(book_from(text))
    for named in ("I1", "C2", "I3", "C4"):
        assert set(slice_of(ledger, named).numbered) == {"I1", "C2", "I3", "C4"}


def test_the_newest_posted_invoice_comes_even_if_it_is_older(ledger: Ledger) -> None:
    text = "accounts: [{id: acme, currency: USD}]\nsubscriptions: [{id: s1, account: acme}]\ninvoices:\n"
    items = "items: [{id: a, subscription: s1, amount: 1.00}]"
    for number, month, status in (("I1", 1, "posted"), ("I2", 2, "posted"), ("I3", 3, "draft"), ("I4", 5, "draft")):
        made = f"account: acme, date: 2026-0{month}-01, currency: USD, status: {status}"
        text += f"- {{number: {number}, {made}, {items}}}\n"
    text += f"credit_memos: [{{number: C1, account: acme, date: 2026-04-01, currency: USD, {items}}}]"
    ledger.import_book(book_from(text))
    assert set(slice_of(ledger, "C1").numbered) == {"C1", "I2", "I4"}
    # Of a subscription also what waits to be posted: what is only on a draft cannot be credited.
    assert set(slice_of(ledger, subscriptions=("s1",)).numbered) == {"I2", "I3", "I4"}


def test_what_a_slice_says_is_true(stocked: Ledger) -> None:
    """Every document, balance and revision in any slice is that of the whole ledger."""
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", "20.00", reverse=True), who="ann", now=NOW)
    post(stocked, refund_plan(whole(stocked), "op-2", "CM00000001", "3.00"), who="ann", now=NOW)
    everything = whole(stocked)
    for named in everything.numbered:
        found = slice_of(stocked, named)
        for number, document in found.numbered.items():
            assert document == everything.numbered[number]
            assert found.balance(document) == everything.balance(document)
            assert found.revisions[number] == everything.revisions[number]
            assert found.accounts[document.account] == everything.accounts[document.account]
            assert found.refunds_of.get(number) == everything.refunds_of.get(number)
            if isinstance(document, Document):
                assert found.open_places(document) == everything.open_places(document)
                for name in document.subscriptions:
                    assert found.subscriptions[name] == everything.subscriptions[name]
        assert found.created_from.get(named) == everything.created_from.get(named)


def test_very_many_ids_at_once(ledger: Ledger) -> None:
    book = many_invoices(700)
    ledger.import_book(book)
    numbers = [number for number in book.numbered if number.startswith("INV1")]
    found = slice_of(ledger, *numbers)
    assert {number: book.numbered[number] for number in numbers} == found.numbered


QUERIES = [
    slices._RELATED,
    slices._NEWEST,
    slices._OPEN,
    slices._OWNERS,
    slices._SUBSCRIBERS,
    slices._SUBSCRIPTIONS_OF,
    slices._DRAFTS,
    slices._TRANSFERRED,
    slices._PUT_ON,
    slices._REFERENCED,
    slices._REFERENCES_OF_OWNER,
    slices._SUBSCRIBED_ON,
    slices._BILLED_TIME,
    slices._MADE,
]
TABLES = "documents|items|taxes|applications|application_parts|refund_parts|billed|subscriptions"


@pytest.mark.parametrize("text", QUERIES, ids=range(len(QUERIES)))
@pytest.mark.in_a_file
def test_no_query_reads_a_whole_table(ledger: Ledger, text: str) -> None:
    with ledger.reading() as connection:
        steps = connection.connection.rows("EXPLAIN QUERY PLAN " + text, ["a", "b", "c"])
    assert [step[3] for step in steps if re.search(rf"SCAN ({TABLES}|[adinpr])\b", step[3])] == []


@pytest.mark.parametrize("text", QUERIES, ids=range(len(QUERIES)))
@pytest.mark.on_a_server
def test_no_query_of_a_server_reads_a_whole_table(ledger: Ledger, text: str) -> None:
    """Neither as it lies nor by an index from end to end, whatever the server believes of its tables."""
    keys = [("a", "b")] if "{pairs}" in text else ["a"]
    with ledger.writing() as writer:
        plan = "\n".join(row[0] for row in writer.connection.rows("EXPLAIN " + text, keys))
    assert re.findall(rf"(?m)^.*(?:Seq|Index|Only) Scan .*on (?:{TABLES})\b.*$(?!\n +Index Cond)", plan) == []


def test_a_refund_sees_in_its_slice_what_was_paid_and_paid_back(ledger: Ledger) -> None:
    """Of two memos of one invoice, of which 100.00 came in; one was made by a bill run, which names it line by line."""
    text = """
accounts: [{id: acme, currency: EUR}]
subscriptions: [{id: s1, account: acme}]
invoices:
- {number: I1, account: acme, date: 2026-05-01, currency: EUR, items: [{id: x, subscription: s1, amount: 120.00}]}
payments: [{number: P1, account: acme, date: 2026-05-02, currency: EUR, amount: 100.00}]
applications: [{from: P1, to: I1, date: 2026-05-02, amount: 100.00}]
credit_memos:
- number: C1
  account: acme
  date: 2026-05-03
  currency: EUR
  source: I1
  items: [{id: "1", source_item: x, subscription: s1, amount: 70.00}]
- number: C2
  account: acme
  date: 2026-05-04
  currency: EUR
  bill_run: BR
  items: [{id: "1", source: I1, source_item: x, subscription: s1, amount: 50.00}]
refunds: [{number: R1, account: acme, date: 2026-05-05, currency: EUR, amount: 70.00, of: C1}]
"""
    ledger.import_book(book_from(text))
    asked = CreateRefund(id="r", operation="create_refund", of="C2", amount=Decimal("30.00"))
    with ledger.reading() as connection:
        found = connection.book(OPERATIONS["create_refund"].needs(asked))
    for book in (found, whole(ledger)):
        about = refunded(book, book.numbered["C2"])  # type: ignore[arg-type]
        assert [one.number for one in (*about.documents, *about.payments, *about.memos)] == ["I1", "P1", "C1", "C2"]
        assert about.facts(book, Decimal("30.00"), "external", NOW.date())["refund.paid"] == "all"
        assert about.facts(book, Decimal("30.01"), "external", NOW.date())["refund.paid"] == "part"


def test_so_does_a_refund_of_a_payment_that_is_on_no_invoice_any_more(ledger: Ledger) -> None:
    """Of 120.00 two memos have paid back 50.00 and 20.00; another payment there covers 10.00, so 60.00 are left."""
    text = """
accounts: [{id: acme, currency: EUR}]
subscriptions: [{id: s1, account: acme}]
invoices:
- {number: I1, account: acme, date: 2026-05-01, currency: EUR, items: [{id: x, subscription: s1, amount: 130.00}]}
payments:
- {number: P1, account: acme, date: 2026-05-02, currency: EUR, amount: 120.00}
- {number: P2, account: acme, date: 2026-05-02, currency: EUR, amount: 10.00}
applications:
- {from: P1, to: I1, date: 2026-05-02, amount: 120.00}
- {from: P2, to: I1, date: 2026-05-02, amount: 10.00}
- {from: P1, to: I1, date: 2026-05-06, amount: -120.00}
credit_memos:
- number: C1
  account: acme
  date: 2026-05-03
  currency: EUR
  source: I1
  items: [{id: "1", source_item: x, subscription: s1, amount: 50.00}]
- number: C2
  account: acme
  date: 2026-05-04
  currency: EUR
  bill_run: BR
  items: [{id: "1", source: I1, source_item: x, subscription: s1, amount: 20.00}]
refunds:
- {number: R1, account: acme, date: 2026-05-05, currency: EUR, amount: 50.00, of: C1}
- {number: R2, account: acme, date: 2026-05-05, currency: EUR, amount: 20.00, of: C2}
"""
    ledger.import_book(book_from(text))
    asked = CreateRefund(id="r", operation="create_refund", of="P1", amount=Decimal("60.00"))
    with ledger.reading() as connection:
        found = connection.book(OPERATIONS["create_refund"].needs(asked))
    for book in (found, whole(ledger)):
        about = refunded(book, book.numbered["P1"])  # type: ignore[arg-type]
        assert [one.number for one in (*about.documents, *about.payments, *about.memos)] == ["I1", "P1", "C1", "C2"]
        assert about.facts(book, Decimal("60.00"), "external", NOW.date())["refund.paid"] == "all"
        assert about.facts(book, Decimal("60.01"), "external", NOW.date())["refund.paid"] == "part"
