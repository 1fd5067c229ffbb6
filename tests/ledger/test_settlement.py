"""Money put on documents, taken back and transferred: what the ledger keeps of it, and what it refuses."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy import Audit
from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo, Invoice, Part, Payment
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan, left_by
from billpolicy.report.ledger_text import document_text, operation_text
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, dump, post, post_it, refused_unchanged, told, unkept, url_of, whole
from tests.helpers.processes import finished, started
from tests.helpers.racer import put_all, unapplied_left
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import (
    BOOK,
    DAY,
    NOW,
    apply_plan,
    credit_plan,
    many_invoices,
    payment_plan,
    refund_plan,
    transfer_plan,
)

SETTLED = """
accounts: [{id: acme, currency: USD}, {id: other, currency: USD}]
invoices:
- {number: I1, account: acme, date: 2026-06-01, currency: USD, auto_apply: false, priority: 2, items: [
    {id: x, amount: 100.00, taxes: [{id: t, amount: 20.00}]}, {id: d, amount: -10.00, discounts: x}]}
credit_memos:
- {number: C1, account: acme, date: 2026-06-01, currency: USD, auto_apply: false, priority: 0, items: [
    {id: "1", amount: 30.00}, {id: "2", amount: 20.00}]}
debit_memos:
- {number: D1, account: acme, date: 2026-06-01, currency: USD, priority: 1, items: [{id: x, amount: 1.00}]}
payments:
- {number: P1, account: acme, date: 2026-06-01, currency: USD, amount: 90.00, auto_apply: false}
- {number: P2, account: other, date: 2026-06-05, currency: USD, amount: 25.00, source: P1}
- {number: P3, account: acme, date: 2026-06-01, currency: USD, amount: 50.00}
applications:
- {from: P1, to: I1, date: 2026-06-01, amount: 60.00, parts: [
    {item: x, amount: 40.00}, {item: x, tax: t, amount: 20.00}]}
- {from: P1, to: P2, date: 2026-06-05, amount: 25.00}
- {from: P1, to: I1, date: 2026-06-03, amount: -50.00, parts: [
    {item: x, amount: -40.00}, {item: x, tax: t, amount: -10.00}]}
- {from: C1, to: I1, date: 2026-06-02, amount: 30.00, parts: [{item: x, amount: 30.00, source_item: "1"}]}
- {from: C1, to: I1, date: 2026-06-03, amount: -30.00, parts: [{item: x, amount: -30.00, source_item: "1"}]}
- {from: C1, to: I1, date: 2026-06-03, amount: 20.00, parts: [{item: x, amount: 20.00, source_item: "2"}]}
"""
"""A book in which money has been put, taken back, put again and transferred."""


@pytest.fixture
def settled(ledger: Ledger) -> Ledger:
    """A ledger that holds it."""
    ledger.import_book(book_from(SETTLED))
    return ledger


class TestImporting:
    def test_a_settled_book_comes_in_as_it_is(self, settled: Ledger) -> None:
        book = whole(settled)
        assert unkept(book) == book_from(SETTLED)
        assert settled.check() == []
        invoice, memo, payment, transferred = (book.numbered[number] for number in ("I1", "C1", "P1", "P2"))
        assert isinstance(invoice, Invoice)
        assert isinstance(memo, CreditMemo)
        assert isinstance(payment, Payment)
        assert isinstance(transferred, Payment)
        assert (invoice.auto_apply, invoice.priority, memo.auto_apply, memo.priority) == (False, 2, False, 0)
        assert (payment.auto_apply, payment.source, transferred.auto_apply, transferred.source) == (
            False,
            None,
            True,
            "P1",
        )
        balances = {number: book.balance(book.numbered[number]) for number in ("I1", "C1", "P1", "P2")}
        assert balances == {"I1": Decimal(80), "C1": Decimal(30), "P1": Decimal(55), "P2": Decimal(25)}
        assert book.links_from("C1")["I1"] == (Part(item="x", amount=Decimal("20.00"), source_item="2"),)
        assert settled.import_book(book).added == {}

    @pytest.mark.parametrize(("there", "here"), [("priority: 2", "priority: 3"), ("source: P1", "comment: gone")])
    def test_other_content_is_refused(self, settled: Ledger, there: str, here: str) -> None:
        book = SETTLED.replace(there, here)
        if "source" in there:
            book = book.replace("- {from: P1, to: P2, date: 2026-06-05, amount: 25.00}\n", "")
        assert "import-differs" in codes(refused(lambda: settled.import_book(book_from(book))))

    def test_what_is_taken_back_by_a_later_book_must_be_there(self, settled: Ledger) -> None:
        more = replace_applications(book_from(SETTLED), "P1", "I1", "-10.01")
        before = dump(settled)
        assert codes(refused(lambda: settled.import_book(more))) == ["over-applied"]
        assert dump(settled) == before


def put(id: str, source: str, target: str, amount: str) -> Callable[[Book], Plan]:
    """Plans it on the first item of the target, on whatever book it is given."""
    return lambda book: apply_plan(book, id, source, target, amount)


def replace_applications(book: Book, source: str, target: str, amount: str) -> Book:
    """The book with only one more application, on the tax `t`: as a file that tells less than the ledger knows."""
    part = Part(item="x", tax="t", amount=Decimal(amount))
    (made,) = apply_plan(book, "op", source, target, amount, (part,)).applications
    return replace(book, applications_from={source: (made,)}, applications_to={target: (made,)})


class TestTakingBack:
    def test_put_and_taken_back_and_put_again(self, stocked: Ledger) -> None:
        for id, amount in (("a", "10.00"), ("b", "-70.00"), ("c", "70.00"), ("d", "-0.01")):
            post_it(stocked, put(id, "P-00000001", "INV00000003", amount))
        book = whole(stocked)
        assert book.balance(book.numbered["INV00000003"]) == Decimal("0.01")
        assert book.balance(book.numbered["P-00000001"]) == Decimal("25.01")
        assert {name: n for name, n in book.revisions.items() if n} == {"P-00000001": 4, "INV00000003": 4}

    def test_not_what_another_source_has_put(self, stocked: Ledger) -> None:
        post_it(stocked, lambda book: payment_plan(book, "a", {"INV00000002": "50.00"}, "50.00"))
        refusal = refused_unchanged(stocked, lambda book: apply_plan(book, "b", "P-00000003", "INV00000003", "-10.00"))
        assert codes(refusal) == ["over-unapplied"]
        assert "10.00 USD of P-00000003 is taken back from item `i1` of INV00000003, where 0.00 of it" in str(refusal)

    def test_not_from_another_item_than_it_was_put_on(self, settled: Ledger) -> None:
        part = Part(item="x", amount=Decimal("-5.00"))
        refusal = refused_unchanged(settled, lambda book: apply_plan(book, "a", "P1", "I1", "-5.00", (part,)))
        assert codes(refusal) == ["over-unapplied"]
        part = Part(item="x", tax="t", amount=Decimal("-5.00"))
        post_it(settled, lambda book: apply_plan(book, "b", "P1", "I1", "-5.00", (part,)))

    def test_not_to_another_item_than_it_came_from(self, settled: Ledger) -> None:
        post_it(settled, lambda book: memo_plan(book, "a", "1", "10.00"))
        refusal = refused_unchanged(settled, lambda book: memo_plan(book, "b", "1", "-11.00"))
        assert set(codes(refusal)) <= {"over-unapplied", "over-applied"}
        post_it(settled, lambda book: memo_plan(book, "c", "1", "-10.00"))
        assert codes(refused_unchanged(settled, lambda book: memo_plan(book, "d", "2", "-20.01"))) != []

    def test_not_before_it_was_put(self, stocked: Ledger) -> None:
        early = datetime.date(2026, 6, 9)
        post_it(stocked, lambda book: apply_plan(book, "a", "CM00000001", "INV00000003", "5.00", from_memo("5.00")))
        refusal = refused_unchanged(
            stocked, lambda book: apply_plan(book, "b", "CM00000001", "INV00000003", "-5.00", from_memo("-5.00"), early)
        )
        assert codes(refusal) == ["over-unapplied"]
        assert "where 0.00 of it had been put by then" in messages(refusal)

    def test_no_payment_can_take_what_its_own_sum_hides(self, stocked: Ledger) -> None:
        """An application above zero, one of whose parts takes away what another source has put."""
        parts = (Part(item="i1", amount=Decimal("6.00")), Part(item="i3", amount=Decimal("-1.00")))
        refusal = refused_unchanged(
            stocked, lambda book: apply_plan(book, "a", "P-00000001", "INV00000001", "5.00", parts)
        )
        assert codes(refusal) == ["over-applied"]
        post_it(
            stocked,
            lambda book: apply_plan(
                book, "b", "CM00000001", "INV00000001", "3.00", (Part(item="i3", amount=Decimal(3), source_item="c1"),)
            ),
        )
        refusal = refused_unchanged(
            stocked, lambda book: apply_plan(book, "c", "P-00000001", "INV00000001", "5.00", parts)
        )
        assert codes(refusal) == ["over-unapplied"]
        assert messages(refusal) == "one source takes from item `i3` of INV00000001 what another one has put there"

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE applications SET date = '2026-06-30' WHERE operation = 'b'", "over-unapplied"),
            ("UPDATE application_parts SET source_item = 'c1' WHERE application = 5", "over-unapplied"),
            (
                "UPDATE operations SET plan = replace(plan, '\"resolved\"', '\"x\"') WHERE id = 'b'",
                "operation-unreadable",
            ),
        ],
    )
    def test_the_check_finds_what_was_done_by_hand(self, stocked: Ledger, statement: str, code: str) -> None:
        for id, amount in (("a", "10.00"), ("b", "-10.00")):
            post_it(stocked, put(id, "P-00000001", "INV00000002", amount))
        by_hand(stocked, statement)
        assert code in {problem.code for problem in stocked.check()}


def from_memo(amount: str) -> tuple[Part, ...]:
    return (Part(item="i1", amount=Decimal(amount), source_item="c1"),)


def memo_plan(book: Book, id: str, source_item: str, amount: str) -> Plan:
    part = Part(item="x", amount=Decimal(amount), source_item=source_item)
    return apply_plan(book, id, "C1", "I1", amount, (part,))


class TestTransfers:
    @pytest.fixture
    def two(self, ledger: Ledger) -> Ledger:
        ledger.import_book(book_from(BOOK.replace("- {id: nippon,", "- {id: other, currency: USD}\n- {id: nippon,")))
        return ledger

    def test_what_is_unapplied_goes_to_another_account(self, two: Ledger) -> None:
        post_it(two, lambda book: transfer_plan(book, "a", "P-00000001", "other", "20.00"))
        post_it(two, lambda book: refund_plan(book, "b", "P-00000003", "5.00"))
        post_it(two, lambda book: transfer_plan(book, "c", "P-00000003", "acme", "10.00"))
        book = whole(two)
        assert [book.balance(book.numbered[f"P-0000000{n}"]) for n in (1, 3, 4)] == [15, 5, 10]
        assert book.revisions["P-00000001"] == 1
        with two.reading() as connection:
            assert set(connection.book(Needs(numbers=frozenset({"P-00000003"}))).numbered) == {
                *("P-00000001", "P-00000003", "P-00000004", "INV00000003", "DM00000001"),
                *("R-00000001", "R-00000003"),
            }

    def test_no_more_than_is_unapplied(self, two: Ledger) -> None:
        refusal = refused_unchanged(two, lambda book: transfer_plan(book, "a", "P-00000001", "other", "35.01"))
        assert codes(refusal) == ["over-applied"]

    @pytest.mark.parametrize(
        ("put", "item", "code"),
        [
            ("9.99", "transferred", "transfer-differs"),
            ("10.01", "transferred", "over-applied"),
            (None, "i", "over-applied"),
        ],
    )
    def test_all_of_it_comes_from_its_source(self, two: Ledger, put: str | None, item: str, code: str) -> None:
        refusal = refused_unchanged(
            two, lambda book: transfer_plan(book, "a", "P-00000001", "other", "10.00", put, item)
        )
        assert set(codes(refusal)) == {code}

    def test_a_transfer_is_not_taken_back(self, two: Ledger) -> None:
        """The other account would keep a payment without money; it can be transferred back instead."""
        post_it(two, lambda book: transfer_plan(book, "a", "P-00000001", "other", "20.00"))
        refusal = refused_unchanged(two, lambda book: apply_plan(book, "b", "P-00000001", "P-00000003", "-20.00"))
        assert codes(refusal) == ["transfer-differs"]
        post_it(two, lambda book: transfer_plan(book, "c", "P-00000003", "acme", "20.00"))

    def test_nothing_is_applied_to_any_other_payment(self, two: Ledger) -> None:
        post_it(two, lambda book: payment_plan(book, "a", {}, "50.00"))
        refusal = refused_unchanged(two, lambda book: apply_plan(book, "b", "P-00000001", "P-00000003", "1.00"))
        assert codes(refusal) == ["over-applied"]

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            (
                "UPDATE documents SET source = NULL WHERE number = 'P-00000003'",
                {"over-applied", "transfer-odd", "journal-differs"},
            ),
            ("UPDATE documents SET account = 'acme' WHERE number = 'P-00000003'", {"transfer-odd", "journal-differs"}),
            (
                "UPDATE documents SET source = 'CM00000001' WHERE number = 'P-00000003'",
                {"transfer-differs", "transfer-odd", "journal-differs"},
            ),
            (
                "UPDATE application_parts SET item = 'x' WHERE item = 'transferred'",
                {"over-applied", "operation-differs"},
            ),
        ],
    )
    def test_the_check_finds_what_was_done_by_hand(self, two: Ledger, statement: str, found: set[str]) -> None:
        post_it(two, lambda book: transfer_plan(book, "a", "P-00000001", "other", "20.00"))
        by_hand(two, statement)
        assert {problem.code for problem in told(two)} == found


class TestDecisionsAndApproval:
    def test_they_are_kept_with_the_operation(self, stocked: Ledger) -> None:
        def make(book: Book) -> Plan:
            plan = apply_plan(book, "a", "P-00000001", "INV00000003", "-60.00")
            return replace(plan, approved_by=("ana",), actor="ines", resolved=plan.resolved * 2)

        done = post_it(stocked, make)
        assert len(done.plan.decisions) == 2
        assert done.audit == Audit("a", "ines", NOW, None, ("ana",))
        with stocked.reading() as connection:
            shown = connection.operation("a")
        assert shown is not None
        assert (shown.plan, shown.audit) == (done.plan, done.audit)

    def test_an_operation_from_before_there_were_any_is_still_read(self, stocked: Ledger) -> None:
        plan = credit_plan(whole(stocked), "a", "INV00000002")
        post(stocked, plan, who="ines", now=NOW)
        for left_out in ('"notes":[],', ',"approved_by":[]'):
            by_hand(stocked, f"UPDATE operations SET plan = replace(plan, '{left_out}', '')")
        assert told(stocked) == []
        assert post(stocked, plan, who="ines", now=NOW).plan == plan


class TestShowing:
    def test_both_sides_list_what_was_applied_and_taken_back(self, stocked: Ledger) -> None:
        approved = replace(
            apply_plan(whole(stocked), "taken", "P-00000001", "INV00000003", "-15.50"),
            approved_by=("ana",),
            comment="typo",
        )
        post(stocked, approved, who="ines", now=NOW)
        with stocked.reading() as connection:
            invoice, payment = connection.document("INV00000003"), connection.document("P-00000001")
            operation = connection.operation("taken")
        assert invoice is not None
        assert payment is not None
        assert operation is not None
        assert [a.amount for a in invoice.applications_to] == [Decimal("60.00"), Decimal("-15.50")]
        assert (
            "  applied from\n"
            "    2026-06-10         60.00  payment P-00000001\n"
            "    2026-07-01        -15.50  payment P-00000001, taken back\n"
        ) in document_text(invoice)
        assert (
            "  applied to\n"
            "    2026-06-10         60.00  invoice INV00000003\n"
            "    2026-06-10          5.00  debit memo DM00000001\n"
            "    2026-07-01        -15.50  invoice INV00000003, taken back\n"
        ) in document_text(payment)
        history = "    2026-07-01 12:30 UTC  taken by ines, approved by ana: typo\n"
        assert history in document_text(invoice)
        assert history in document_text(payment)
        assert "  approved by      ana\n" in operation_text(operation)
        assert "  taken back\n    15.50 of P-00000001 from INV00000003, 2026-07-01\n" in operation_text(operation)

    def test_a_transfer_shows_on_both_sides(self, settled: Ledger) -> None:
        with settled.reading() as connection:
            source, target = connection.document("P1"), connection.document("P2")
            invoice = connection.document("I1")
        assert source is not None
        assert target is not None
        assert invoice is not None
        assert "    2026-06-05         25.00  payment P2, transferred\n" in document_text(source)
        assert "    2026-06-05         25.00  payment P1, transferred\n" in document_text(target)
        assert "  from             P1\n" in document_text(target)
        assert "  auto apply       no: only where it is named\n" in document_text(source)
        assert "  priority         2\n" in document_text(invoice)


class TestOpenDocuments:
    def open_of(self, ledger: Ledger, open_of: str | None = None, open_of_owner: str | None = None) -> Book:
        accounts, documents = (frozenset(filter(None, (name,))) for name in (open_of, open_of_owner))
        with ledger.reading() as connection:
            return connection.book(Needs(open_of=accounts, open_of_owner=documents))

    def test_everything_open_or_unapplied_of_an_account(self, stocked: Ledger) -> None:
        found = self.open_of(stocked, open_of="acme")
        opened = {"INV00000001", "INV00000002", "INV00000003", "CM00000001", "CM00000002", "P-00000001"}
        assert set(found.numbered) == opened | {"R-00000001", "R-00000002"}  # DM1 is settled, INV5 a draft
        assert set(found.accounts) == {"acme"}
        assert set(found.contacts) == {"ann", "bob"}
        assert set(self.open_of(stocked, open_of="nobody").numbered) == set()
        assert set(self.open_of(stocked, open_of="nippon").numbered) == {"INV00000004", "P-00000002"}

    def test_the_account_comes_also_if_nothing_is_open(self, ledger: Ledger) -> None:
        ledger.import_book(book_from("accounts: [{id: acme, currency: USD}]"))
        assert set(self.open_of(ledger, open_of="acme").accounts) == {"acme"}

    def test_the_same_for_the_owner_of_a_document(self, stocked: Ledger) -> None:
        by_owner = self.open_of(stocked, open_of_owner="DM00000001")
        assert by_owner == self.open_of(stocked, open_of="acme")
        assert self.open_of(stocked, open_of_owner="nothing").numbered == {}

    def test_neither_settled_nor_reversed_ones(self, stocked: Ledger) -> None:
        post_it(stocked, lambda book: apply_plan(book, "a", "P-00000001", "INV00000003", "10.00"))
        post_it(stocked, lambda book: credit_plan(book, "b", "INV00000002", reverse=True))
        post_it(stocked, lambda book: refund_plan(book, "c", "P-00000001", "25.00"))
        post_it(stocked, lambda book: refund_plan(book, "d", "CM00000001", "30.00"))
        found = self.open_of(stocked, open_of="acme")
        assert set(found.numbered) == {"INV00000001", "CM00000002", "R-00000002"}
        post_it(stocked, lambda book: apply_plan(book, "e", "P-00000001", "INV00000003", "-10.00"))
        assert {"INV00000003", "P-00000001"} <= set(self.open_of(stocked, open_of="acme").numbered)

    def test_what_it_says_is_true(self, settled: Ledger) -> None:
        everything, found = whole(settled), self.open_of(settled, open_of="acme")
        assert set(found.numbered) == {"I1", "C1", "D1", "P1", "P3"}
        for number, document in found.numbered.items():
            assert document == everything.numbered[number]
            assert found.balance(document) == everything.balance(document)
            assert found.links_from(number) == everything.links_from(number)
            assert found.revisions[number] == everything.revisions[number]
            if isinstance(document, Invoice | CreditMemo):
                assert found.open_places(document) == everything.open_places(document)

    def test_it_agrees_with_the_balances_of_the_whole_book(self, ledger: Ledger) -> None:
        ledger.import_book(many_invoices(300))
        for n in range(60):
            number = f"INV{10_000_001 + n}"
            amount = "100.00" if n % 2 else "99.99"
            post(ledger, payment_plan(whole(ledger), f"op-{n}", {number: amount}, "100.00"), who="ines", now=NOW)
        book = whole(ledger)
        wanted = {
            number
            for number, document in book.numbered.items()
            if document.account == "acme" and document.status == "posted" and book.balance(document)
        }
        found = {d.number for d in self.open_of(ledger, open_of="acme").numbered.values() if d.kind != "refund"}
        assert found == wanted


class TestRaces:
    """Many want the last 35.00 of one payment: one gets it."""

    def check(self, ledger: Ledger, before: Book, told: list[str]) -> None:
        assert set(told) - {""} <= {"over-applied", "plan-stale"}
        assert told.count("") == 1
        after = whole(ledger)
        assert after.balance(after.numbered["P-00000001"]) == 0
        (won,) = (a for a in after.applications_from["P-00000001"] if a.amount == 35)
        (id,) = (f"op-{n}" for n, code in enumerate(told) if not code)
        made = apply_plan(before, id, "P-00000001", won.to, "35.00")
        assert unkept(after) == unkept(left_by(made, before))
        assert ledger.check() == []

    def test_threads_that_plan_and_post_at_once(self, stocked: Ledger) -> None:
        before = whole(stocked)
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda n: put_all(stocked, n), range(24)))
        self.check(stocked, before, told)

    def test_threads_with_plans_made_beforehand(self, stocked: Ledger) -> None:
        before = whole(stocked)
        plans = [unapplied_left(before, f"op-{n}", ("INV00000001", "INV00000002")[n % 2]) for n in range(24)]

        def told(plan: Plan) -> str:
            try:
                post(stocked, plan, who="ines", now=NOW)
            except Refused as refusal:
                return codes(refusal)[0]
            return ""

        with ThreadPoolExecutor(8) as threads:
            self.check(stocked, before, list(threads.map(told, plans)))

    def test_processes(self, stocked: Ledger) -> None:
        before = whole(stocked)
        children = [started("racer", url_of(stocked), str(n)) for n in range(4)]
        told = [" ".join(finished(child)) for child in children]
        self.check(stocked, before, told)

    def test_two_that_take_the_same_back(self, stocked: Ledger) -> None:
        plans = [apply_plan(whole(stocked), f"op-{n}", "P-00000001", "INV00000003", "-60.00") for n in range(2)]
        post(stocked, plans[0], who="ines", now=NOW)
        before = dump(stocked)
        assert set(codes(refused(lambda: post(stocked, plans[1], who="ines", now=NOW)))) == {"plan-stale"}
        assert dump(stocked) == before


def test_the_day_of_the_tests_is_after_every_document(book: Book) -> None:
    assert all(document.date <= DAY for document in book.numbered.values())
