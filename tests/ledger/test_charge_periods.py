"""Charge periods on record: imported, changed by operations, held against the journal; and what was billed of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import BilledUsage, PeriodsRecorded, UsageBilled
from billpolicy.book.model import Invoice
from billpolicy.book.needs import Needs
from billpolicy.ledger import slices
from billpolicy.ledger.store import Ledger
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.periods.given_back import left_of
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import job_of, post_one
from billpolicy.source.codec import decode
from tests.helpers.books import book_from
from tests.helpers.kinds_of_change import EACH
from tests.helpers.ledgers import by_hand, dump, ledger_of, post, post_it, unkept, whole
from tests.helpers.ledgers import told as breaches
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import BOOK, NOW, sample
from tests.helpers.walks import read, walk

ONE = "{id: INV00000001/i1, subscription: s1, charge: s1-seat, from: 2026-05-01,"


@pytest.fixture
def corrected(stocked: Ledger) -> Ledger:
    """One of its periods was imported and is billed again, and an operation has put another one on record."""
    post(stocked, EACH["periods_recorded"](whole(stocked), "op-1"), who="ann", now=NOW)
    return stocked


class TestImporting:
    def test_what_was_imported_is_nothing_new_whatever_became_of_it(self, corrected: Ledger) -> None:
        before = dump(corrected)
        assert corrected.import_book(sample()).added == {}
        assert corrected.import_book(whole(corrected)).added == {}
        assert dump(corrected) == before

    @pytest.mark.parametrize(
        ("there", "here", "told"),
        [
            ("quantity: 8, amount: 100.00", "quantity: 9, amount: 100.00", "`quantity` is `8` there, but `9` here"),
            ("status: reopened", "status: credited", "`status` is `reopened` there, but `credited` here"),
            (ONE, ONE.replace("05-01", "05-02"), "`from` is `2026-05-01` there, but `2026-05-02` here"),
        ],
    )
    def test_other_content_is_refused(self, stocked: Ledger, there: str, here: str, told: str) -> None:
        assert there in BOOK
        refusal = refused(lambda: stocked.import_book(book_from(BOOK.replace(there, here))))
        assert codes(refusal) == ["import-differs"]
        assert "charge_period `INV00000001/i1` is in this ledger with other content" in messages(refusal)
        assert told in messages(refusal)

    def test_one_that_comes_later_raises_what_it_is_of(self, ledger: Ledger) -> None:
        """Whoever planned on that subscription or that invoice must look again."""
        start = BOOK.index("charge_periods:")
        ledger.import_book(book_from(BOOK[:start] + BOOK[BOOK.index("accounting_periods:") :]))
        done = ledger.import_book(sample())
        assert done.added == {"charge_periods": 2}
        assert unkept(whole(ledger)) == sample()
        raised = {name for name, count in whole(ledger).revisions.items() if count}
        assert raised == {"subscription:s1", "INV00000001"}
        assert ledger.check() == []

    def test_a_credit_that_comes_later_raises_the_invoice_that_it_corrects(self, ledger: Ledger) -> None:
        without = book_from(BOOK)
        memo = without.numbered["CM00000001"]
        first = {number: one for number, one in without.numbered.items() if number != "CM00000001"}
        periods = {id: replace(one, memo=None, memo_item=None) for id, one in without.charge_periods.items()}
        ledger.import_book(replace(without, numbered=first, charge_periods=periods, created_from={}))
        ledger.import_book(Book(accounts=without.accounts, subscriptions=without.subscriptions).with_posted([memo]))
        assert whole(ledger).revisions["INV00000001"] == 1
        assert ledger.check() == []


class TestChecking:
    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            (
                "UPDATE charge_periods SET status = 'credited' WHERE id = 'INV00000001/i1'",
                ["`status` of charge period `INV00000001/i1` is `credited`, but `rebilled` by the journal"],
            ),
            (
                "UPDATE charge_periods SET status = 'reopened' WHERE id = 's1/s1-seat/2026-04-01'",
                [
                    (
                        "`status` of charge period `s1/s1-seat/2026-04-01` is `reopened`, but `excluded_zero_amount` "
                        "by the journal"
                    )
                ],
            ),
            (
                "DELETE FROM charge_periods WHERE id = 's1/s1-setup/op-1'",
                ["charge period `s1/s1-setup/op-1` is in the journal, but not there any more"],
            ),
            (
                (
                    "INSERT INTO charge_periods (id, subscription, charge, from_date, until_date, currency, status) "
                    "VALUES ('x', 's1', 's1-seat', '2026-01-01', '2026-02-01', 'USD', 'billed')"
                ),
                ["charge period `x` is not in the journal, nor was it imported"],
            ),
            (
                "UPDATE charge_periods SET quantity = 'many' WHERE id = 's1/s1-setup/op-1'",
                ["`quantity` of `s1/s1-setup/op-1` in `charge_periods` is not as it was written"],
            ),
            (
                "UPDATE charge_periods SET imported = '{' WHERE imported IS NOT NULL",
                ["a row of `charge_periods` cannot be read any more"],
            ),
            (
                "UPDATE combined SET amount_minor = amount_minor + 1 WHERE subscribed_charge = 's3-pool'",
                ["item `i1` of INV00000003 amounts to 70.00 USD, but what it is made of to 70.01 USD"],
            ),
            (
                "UPDATE usage SET drawn_minor = drawn_minor + 1 WHERE id = 'u2'",
                [
                    (
                        "usage `u2` is billed by INV00000003 at 0.25, 0.75 of it drawn from INV00000003/i1/s3-pool, "
                        "by the journal, but not in its table"
                    )
                ],
            ),
            (
                "UPDATE usage SET drawn_from = 'x' WHERE id = 'u1'",
                [
                    (
                        "usage `u1` is billed by INV00000003 at 1.25, 0.75 of it drawn from INV00000003/i1/s3-pool, "
                        "by the journal, but not in its table"
                    )
                ],
            ),
        ],
    )
    def test_what_is_changed_by_hand_is_found(self, corrected: Ledger, statement: str, told: list[str]) -> None:
        post(corrected, EACH["usage_billed"](whole(corrected), "op-2"), who="ann", now=NOW)
        assert corrected.check() == []
        by_hand(corrected, statement)
        assert [problem.message for problem in breaches(corrected)] == told

    def test_each_has_a_last_word_in_the_journal(self, corrected: Ledger) -> None:
        """Of one that is changed twice, the table has the last."""
        post_it(corrected, lambda book: EACH["periods_recorded"](book, "op-2"))
        assert whole(corrected).charge_periods["INV00000001/i1"].operation == "op-2"


def test_what_bills_a_line_cannot_become_another(stocked: Ledger) -> None:
    plan = EACH["periods_recorded"](whole(stocked), "op-1")
    (recorded,) = plan.of(PeriodsRecorded)
    other = replace(recorded, periods=tuple(replace(one, item="i2") for one in recorded.periods))
    with pytest.raises(ValueError, match="cannot keep what was changed of INV00000001/i1"):
        post(stocked, replace(plan, changes=(other,)), who="ann", now=NOW)


def test_a_journal_of_before_prepaid_charges_is_read() -> None:
    text = '{"subscription":"s","charge":"c","before":null,"after":"I1","records":[["u1","1.25"],["u2",null]]}'
    billed = decode(UsageBilled, text)
    assert billed.records == (BilledUsage("u1", Decimal("1.25"), None, None), BilledUsage("u2", None, None, None))


BILLED = """
accounts: [{id: a, currency: USD}]
subscriptions:
- {id: s1, account: a, start: 2026-01-01,
   charges: [{id: c, rate: 10.00, charged_through: 2026-04-01}, {id: more, item: c}]}
- {id: s2, account: a, start: 2026-01-01, charges: [{id: c, rate: 10.00, charged_through: 2026-04-01}]}
- {id: s3, account: a, start: 2026-01-01, charges: [{id: c, rate: 10.00, charged_through: 2026-02-01}]}
invoices:
- {number: I1, account: a, date: 2026-01-01, currency: USD, items: [
    {id: 1, amount: 10.00, subscription: s1, subscribed_charge: c, service_start: 2026-01-01, service_end: 2026-01-31},
    {id: 2, amount: 10.00, subscription: s2, subscribed_charge: c, service_start: 2026-01-01, service_end: 2026-01-31}]}
- {number: I2, account: a, date: 2026-02-01, currency: USD, items: [
    {id: 1, amount: 10.00, subscription: s1, subscribed_charge: c, service_start: 2026-02-01, service_end: 2026-02-28}]}
- {number: I3, account: a, date: 2026-03-01, currency: USD, items: [
    {id: 1, amount: 10.00, subscription: s1, subscribed_charge: c, service_start: 2026-03-01, service_end: 2026-03-31}]}
- {number: J2, account: a, date: 2026-02-01, currency: USD, items: [
    {id: 1, amount: 10.00, subscription: s2, subscribed_charge: c, service_start: 2026-02-01, service_end: 2026-02-28},
    {id: 2, amount: 10.00, subscription: s3, subscribed_charge: c, service_start: 2026-01-01, service_end: 2026-01-31}]}
- {number: K1, account: a, date: 2026-01-01, currency: USD, items: [
    {id: 1, amount: 5.00, subscription: s3, subscribed_charge: c}]}
credit_memos:
- {number: C1, account: a, date: 2026-02-10, currency: USD, source: I1,
   items: [{id: 1, amount: 4.00, source_item: 1}]}
- {number: C2, account: a, date: 2026-02-11, currency: USD, bill_run: B, items: [
    {id: 1, amount: 3.00, subscription: s1, subscribed_charge: c, source: I2, source_item: 1}]}
debit_memos:
- {number: D1, account: a, date: 2026-02-12, currency: USD, source: C1, items: [{id: 1, amount: 1.00, source_item: 1}]}
payments:
- {number: P1, account: a, date: 2026-01-02, currency: USD, amount: 25.00}
- {number: P2, account: a, date: 2026-01-02, currency: USD, amount: 25.00}
refunds:
- {number: R1, account: a, date: 2026-01-03, currency: USD, amount: 5.00, of: P1}
applications:
- {from: P1, to: I2, date: 2026-02-02, amount: 10.00}
- {from: P2, to: K1, date: 2026-02-02, amount: 5.00}
"""
OF_S1 = {"I1", "I2", "I3", "C1", "C2", "D1", "P1", "R1"}


@pytest.fixture
def billed(empty_file: Path) -> Iterator[Ledger]:
    with ledger_of(book_from(BILLED), empty_file) as ledger:
        yield ledger


class TestSlices:
    """I1 bills s1 and s2, J2 bills s2 and s3."""

    def test_of_a_subscription_all_that_was_billed_and_what_gives_it_back(self, billed: Ledger) -> None:
        found = slice_of(billed, Needs(subscriptions=frozenset({"s1"}), billed_time=True))
        assert set(found.numbered) == OF_S1

    @pytest.mark.parametrize("named", ["I2", "C2"])
    def test_of_a_document_the_same_for_its_own_subscriptions(self, billed: Ledger, named: str) -> None:
        found = slice_of(billed, Needs(numbers=frozenset({named}), billed_time=True))
        assert set(found.numbered) == OF_S1

    @pytest.mark.parametrize("named", ["I1", "C1", "D1"])
    def test_but_not_of_others_that_share_an_invoice_with_them(self, billed: Ledger, named: str) -> None:
        """A memo's subscriptions are those of what it was made from; K1 and P2 are of s3 alone."""
        found = slice_of(billed, Needs(numbers=frozenset({named}), billed_time=True))
        assert set(found.numbered) == OF_S1 | {"J2"}
        assert [set(found.charge_periods_of), found.balance(found.numbered["P1"])] == [set(), Decimal("10.00")]

    @pytest.mark.parametrize(
        ("subscription", "charge"),
        [
            ("term_end: 2026-03-15", ""),
            ("canceled_on: 2026-03-15", ""),
            ("", "until: 2026-03-15"),
            ("", "bills: maximum"),
            ("canceled_on: 2026-05-01", "period: one_time"),
        ],
    )
    def test_of_ended_time_only_where_a_bill_run_gives_it_back(
        self, empty_file: Path, subscription: str, charge: str
    ) -> None:
        text = BILLED.replace("{id: s1, account: a,", f"{{id: s1, account: a, {subscription or 'plan: gold'},")
        text = text.replace("[{id: c,", f"[{{id: c, {charge or 'name: Seats'},", 1)
        with ledger_of(book_from(text), empty_file) as ledger:
            found = slice_of(ledger, Needs(subscriptions=frozenset({"s1", "s2"}), ended_time=True))
            assert set(found.numbered) == OF_S1 | {"J2"}
            assert unkept(found).applications_to == {
                number: made for number, made in whole(ledger).applications_to.items() if number in found.numbered
            }

    def test_and_where_a_charge_period_is_reopened(self, empty_file: Path) -> None:
        period = "id: I1/1, subscription: s1, charge: c, from: 2026-01-01, until: 2026-02-01, currency: USD"
        more = f"charge_periods:\n- {{{period}, document: I1, item: 1, status: reopened}}\n"
        with ledger_of(book_from(BILLED + more), empty_file) as ledger:
            found = slice_of(ledger, Needs(subscriptions=frozenset({"s1", "s2"}), ended_time=True))
            assert set(found.numbered) == OF_S1 | {"J2"}
            with ledger.reading() as reader:
                assert [one.id for one in reader.reopened()] == ["I1/1"]

    def test_what_billed_a_period_again_comes_with_the_line_that_had_billed_it(self, empty_file: Path) -> None:
        period = "id: I1/1, subscription: s1, charge: c, from: 2026-01-01, until: 2026-02-01, currency: USD"
        again = "document: I1, item: 1, status: rebilled, rebilled_by: I3, rebilled_item: 1"
        with ledger_of(book_from(f"{BILLED}charge_periods:\n- {{{period}, {again}}}\n"), empty_file) as ledger:
            assert set(slice_of(ledger, Needs(numbers=frozenset({"I3"}))).numbered) == {"I1", "I3"}
            with ledger.reading() as reader:
                assert reader.reopened() == []

    @pytest.mark.parametrize("day", ["2026-04-01", "2026-05-01"])
    def test_nothing_more_where_it_ends_after_what_was_billed(self, empty_file: Path, day: str) -> None:
        text = BILLED.replace("s1, account: a, ", f"s1, account: a, canceled_on: {day}, ")
        with ledger_of(book_from(text), empty_file) as ledger:
            found = slice_of(ledger, Needs(subscriptions=frozenset({"s1", "s2"}), ended_time=True))
            assert set(found.numbered) == {"I3", "J2"}  # the newest of each, as always

    def test_of_a_draft_what_it_corrects(self, empty_file: Path) -> None:
        """Whoever posts it relies on that."""
        text = BILLED.replace("{number: C2, ", "{number: C2, status: draft, ")
        with ledger_of(book_from(text), empty_file) as ledger:
            assert "I2" in slice_of(ledger, Needs(numbers=frozenset({"C2"}))).numbered

    def test_of_a_memo_from_elsewhere_that_does_not_say_what_it_gives_back(self, empty_file: Path) -> None:
        text = BILLED.replace("bill_run: B, ", "").replace("source: I2, source_item: 1", "service_start: 2026-02-01")
        with ledger_of(book_from(text), empty_file) as ledger:
            found = slice_of(ledger, Needs(numbers=frozenset({"I2"}), billed_time=True))
            assert set(found.numbered) == OF_S1
            assert left(found, "s1") == left(whole(ledger), "s1")
            assert ledger.check() == []

    def test_what_is_on_record_comes_with_its_subscription(self, corrected: Ledger) -> None:
        found = slice_of(corrected, Needs(subscriptions=frozenset({"s1"})))
        assert found.charge_periods == whole(corrected).charge_periods
        assert slice_of(corrected, Needs(subscriptions=frozenset({"s3"}))).charge_periods == {}

    @pytest.mark.parametrize("text", [slices._SUBSCRIBED_ON, slices._BILLED_TIME, slices._MADE], ids=range(3))
    def test_no_query_reads_a_whole_table(self, billed: Ledger, text: str) -> None:
        tables = "documents|items|applications|billed|charge_periods|[adinpr]"
        with billed.reading() as reader:
            steps = reader.connection.rows("EXPLAIN QUERY PLAN " + text, ["a", "b", "c"])
        assert [step[3] for step in steps if re.search(rf"SCAN ({tables})\b", step[3])] == []


@pytest.mark.parametrize("seed", range(40))
def test_of_any_document_a_slice_tells_all_that_was_billed_and_is_left(seed: int, empty_file: Path) -> None:
    """Whatever happened before, the periods and what is left of them are those of the whole ledger."""
    found = walk(seed)
    with ledger_of(read(found.book), empty_file) as ledger:
        for each in found.steps:
            if each.plan is not None:
                confirmed = replace(job_of(each.plan, "ann"), confirmed=Confirmed(everything=True))
                post_one(ledger, confirmed, now=NOW)
        book = whole(ledger)
        for number in book.numbered:
            part = slice_of(ledger, Needs(numbers=frozenset({number}), billed_time=True))
            document = book.numbered[number]
            for name in getattr(document, "subscriptions", ()):
                assert charge_periods(part, name) == charge_periods(book, name)
                assert left(part, name) == left(book, name)


def left(book: Book, subscription: str) -> dict[tuple[str, str], Decimal]:
    """What is left of each line and each tax of a subscription."""
    invoices = [book.numbered[number] for number in book.numbers_on.get(subscription, ())]
    return {
        (invoice.number, place.words): amount
        for invoice in invoices
        if isinstance(invoice, Invoice)
        for place, amount in left_of(book, invoice).items()
        if any(item.id == place.item and item.subscription == subscription for item in invoice.items)
    }


def slice_of(ledger: Ledger, needs: Needs) -> Book:
    with ledger.reading() as reader:
        return reader.book(needs)
