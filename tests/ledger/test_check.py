"""`ledger check` finds what posting never does: each kind of corruption, planted by hand, is named."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.needs import Needs
from billpolicy.ledger import check, replay
from billpolicy.ledger.inserting import raise_revisions
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.planning.plan import Plan
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, file_of, post, told, whole
from tests.helpers.sample import NOW, credit_plan, payment_plan, refund_plan

MOVED = ChargedThrough("s1", "s1-seat", datetime.date(2026, 7, 1), datetime.date(2026, 5, 1))


@pytest.fixture
def busy(stocked: Ledger) -> Ledger:
    """A ledger on which some operations were posted. Its last memo is CM00000004, its last payment P-00000003."""
    plans: tuple[Callable[[Book], Plan], ...] = (
        lambda book: credit_plan(book, "op-1", "INV00000002", "20.00", reverse=True, charged_through=[MOVED]),
        lambda book: payment_plan(book, "op-2", {"INV00000001": "30.00"}, "50.00"),
        lambda book: refund_plan(book, "op-3", "P-00000003", "5.00"),
        lambda book: credit_plan(book, "op-4", "INV00000001", "20.00"),
        lambda book: refund_plan(book, "op-5", "CM00000001", "5.00"),
    )
    for make in plans:
        post(stocked, make(whole(stocked)), who="ann", now=NOW)
    assert stocked.check() == []
    return stocked


_PLAN = "UPDATE operations SET plan = replace(plan, "
PLANTED = {
    "UPDATE items SET amount_minor = amount_minor + 1 WHERE document = 'INV00000003'": {"amount-differs"},
    "UPDATE documents SET amount_minor = 1 WHERE number = 'P-00000003'": {"over-applied", "journal-differs"},
    "UPDATE documents SET amount_minor = amount_minor - 1 WHERE number = 'INV00000001'": {"amount-differs"},
    "UPDATE application_parts SET amount_minor = 1 WHERE item = 'i1' AND tax IS NULL": {
        "amount-differs",
        "operation-differs",
    },
    "UPDATE application_parts SET item = 'i3', amount_minor = amount_minor WHERE item = 'i1' AND tax = 't1'": {
        "over-applied"
    },
    "UPDATE application_parts SET item = 'gone' WHERE tax = 't1'": {"over-applied"},
    "DELETE FROM application_parts WHERE tax = 't1'": {"amount-differs"},
    "UPDATE refund_parts SET amount_minor = 1": {"amount-differs", "journal-differs"},
    "DELETE FROM refund_parts WHERE refund = 'R-00000004'": {"parts-missing", "journal-differs"},
    "DELETE FROM applications WHERE operation = 'op-2'": {"orphan", "operation-differs"},
    "UPDATE applications SET to_number = 'CM00000001' WHERE operation = 'op-2'": {
        "application-odd",
        "over-applied",
        "operation-differs",
    },
    "UPDATE applications SET currency = 'EUR' WHERE operation = 'op-2'": {"application-odd"},
    "UPDATE applications SET date = '2020-01-01' WHERE operation = 'op-2'": {"application-odd", "operation-differs"},
    "UPDATE documents SET status = 'draft' WHERE number = 'INV00000003'": {"application-odd", "journal-differs"},
    "DELETE FROM documents WHERE number = 'R-00000003'": {"number-gap", "operation-differs"},
    "DELETE FROM accounts WHERE id = 'nippon'": {"orphan"},
    "UPDATE counters SET last = last + 1 WHERE prefix = 'CM'": {"number-gap"},
    "DELETE FROM counters WHERE prefix = 'CM'": {"number-gap"},
    "UPDATE counters SET kind = 'debit_memo' WHERE prefix = 'CM'": {"prefix-bound"},
    "UPDATE documents SET counter = 9 WHERE number = 'CM00000004'": {
        "number-gap",
        "number-differs",
        "operation-differs",
    },
    "UPDATE documents SET prefix = NULL WHERE number = 'CM00000004'": {
        "number-gap",
        "number-undrawn",
        "operation-differs",
    },
    "DELETE FROM audit WHERE operation = 'op-1'": {"audit-missing"},
    "UPDATE audit SET why = 'because' WHERE operation = 'op-1'": {"operation-differs"},
    "UPDATE audit SET at = 'yesterday' WHERE operation = 'op-1'": {"operation-unreadable"},
    "UPDATE operations SET date = 'today' WHERE id = 'op-1'": {"operation-unreadable"},
    f"{_PLAN}'\"resolved\":[[', '\"resolved\":[],\"x\":[[') WHERE id = 'op-1'": {"resolution-missing"},
    f"{_PLAN}'\"reasons\":{{', '\"reasons\":{{}},\"x\":{{') WHERE id = 'op-1'": {"resolution-missing"},
    "UPDATE documents SET revision = revision + 1 WHERE number = 'CM00000003'": {"revision-high"},
    "UPDATE documents SET currency = 'EURx' WHERE number = 'INV00000003'": {"record-unreadable", "application-odd"},
    "UPDATE documents SET date = '2026-13-45' WHERE number = 'INV00000003'": {"record-unreadable", "billed-differs"},
    "UPDATE documents SET kind = 'invoicex' WHERE number = 'INV00000003'": {"record-unreadable", "billed-differs"},
    "UPDATE documents SET amount_minor = 'abc' WHERE number = 'CM00000003'": {"record-unreadable"},
    "UPDATE documents SET prefix = 'x' WHERE number = 'INV00000001'": {"record-unreadable", "number-undrawn"},
    "UPDATE items SET quantity = '1x' WHERE document = 'INV00000001'": {"record-unreadable"},
    "UPDATE applications SET currency = 'EURx' WHERE operation = 'op-2'": {"record-unreadable", "application-odd"},
    "UPDATE subscriptions SET canceled_on = 'x' WHERE id = 's1'": {"record-unreadable"},
    "UPDATE subscriptions SET imported_canceled_on = 'x' WHERE id = 's1'": {"record-unreadable"},
    "UPDATE audit SET operation = 'op-9' WHERE operation = 'op-1'": {"audit-missing", "orphan"},
    "UPDATE operations SET plan = 'nonsense' WHERE id = 'op-1'": {"operation-unreadable"},
    "UPDATE operations SET plan = replace(plan, '\"resolved\"', '\"x\"') WHERE id = 'op-1'": {"operation-unreadable"},
    "UPDATE operations SET plan = replace(plan, '20.00', '21.00') WHERE id = 'op-4'": {
        "journal-differs",
        "operation-differs",
    },
    "UPDATE documents SET attributes = '{\"bill_to_contact\":\"bob\"}' WHERE number = 'CM00000003'": {
        "journal-differs"
    },
    "UPDATE operations SET plan = '{}'": {"operation-unreadable"},
    "UPDATE operations SET request = '{'": {"operation-unreadable"},
    "UPDATE documents SET operation = 'op-1' WHERE operation = 'op-2'": {"operation-differs"},
    "UPDATE documents SET reversed = 0 WHERE number = 'INV00000002'": {"journal-differs"},
    "UPDATE documents SET reversed = 1 WHERE kind = 'payment'": {"reversal-odd", "journal-differs"},
    "UPDATE documents SET reversed = 1 WHERE kind = 'refund'": {"reversal-odd"},
    "UPDATE documents SET reversed_reason = 'Chargeback' WHERE kind = 'debit_memo'": {"reversal-odd"},
    "UPDATE documents SET reversed_reason = 'Chargeback' WHERE number = 'P-00000001'": {"reversal-odd"},
    "UPDATE documents SET changed_by = 'op-1' WHERE number = 'INV00000003'": {"operation-differs"},
    "UPDATE documents SET reference = 'BANK' WHERE operation = 'op-2'": {"journal-differs"},
    "UPDATE documents SET revision = 0 WHERE number = 'INV00000001'": {"revision-low"},
    "UPDATE subscribed_charges SET charged_through = '2026-07-01' WHERE id = 's1-seat'": {"journal-differs"},
    "UPDATE accounts SET custom = 'nonsense' WHERE id = 'acme'": {"record-unreadable"},
    "UPDATE subscriptions SET attributes = '' WHERE id = 's1'": {"record-unreadable"},
    "UPDATE documents SET attributes = '{' WHERE number = 'INV00000001'": {"record-unreadable"},
    "DELETE FROM billed WHERE document = 'INV00000001'": {"billed-differs"},
    "INSERT INTO billed VALUES ('s3', '2026-05-01', 'INV00000001', 'invoice', NULL)": {"billed-differs"},
}


def corrupt(ledger: Ledger, statement: str) -> bool:
    """Do it by hand; false where the columns of the database themselves do not let it."""
    try:
        by_hand(ledger, statement)
    except psycopg.DataError:
        assert re.search("'(EURx|abc)'", statement)  # a word too long, and one that is no number
        return False
    return True


@pytest.mark.parametrize("statement", PLANTED, ids=range(len(PLANTED)))
def test_planted_corruption_is_found(busy: Ledger, statement: str) -> None:
    if not corrupt(busy, statement):
        return
    found = told(busy)
    assert {problem.code for problem in found} == PLANTED[statement], "\n".join(map(str, found))
    assert all(problem.hint for problem in found)


@pytest.mark.parametrize("statement", PLANTED, ids=range(len(PLANTED)))
def test_it_is_found_also_where_the_check_goes_by_small_parts(
    busy: Ledger, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_DOCUMENTS_AT_ONCE", 1)
    monkeypatch.setattr(replay, "_AT_ONCE", 1)
    assert busy.check() == []
    if not corrupt(busy, statement):
        return
    found = told(busy)
    assert {problem.code for problem in found} == PLANTED[statement], "\n".join(map(str, found))


@pytest.mark.parametrize("part", ["_sums", "_waiting", "money_of", "replayed"])
def test_what_cannot_be_judged_is_a_bug_unless_something_is_wrong(
    busy: Ledger, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise TypeError("of no such type")

    monkeypatch.setattr(check, part, fails)
    with pytest.raises(TypeError, match="of no such type"):
        busy.check()
    by_hand(busy, "UPDATE audit SET who = 'nobody' WHERE operation = 'op-2'")
    assert {one.code for one in busy.check()} >= {"chain-differs", "record-unreadable"}


def test_a_gap_names_the_number_before_it(busy: Ledger) -> None:
    by_hand(busy, "DELETE FROM counters WHERE prefix = 'CM'")
    assert [problem.message for problem in told(busy)] == [
        "CM00000003 does not follow on 0, the number before it of prefix `CM`",
        "the counter of prefix `CM` does not stand at its highest number, 4",
    ]


def test_a_revision_that_no_operation_and_no_import_explains(ledger: Ledger) -> None:
    """S1 was billed by an invoice that was imported later, which raised it to 1; S2 never was."""
    invoice = "number: INV00000001, account: acme, date: 2026-06-01, currency: USD"
    book = "accounts: [{id: acme, currency: USD}]\nsubscriptions: [{id: S1, account: acme}, {id: S2, account: acme}]\n"
    ledger.import_book(book_from(book))
    billed = f"invoices: [{{{invoice}, items: [{{id: a, amount: 1.00, subscription: S1}}]}}]\n"
    ledger.import_book(book_from(book + billed))
    assert ledger.check() == []
    with ledger.writing() as writer:
        raise_revisions(writer.connection, ["subscription:S1", "subscription:S2", "subscription:S2"])
    assert [str(problem).splitlines()[0] for problem in ledger.check()] == [
        "error: subscription:S1 is at a revision 1 above that to which it was changed [revision-high]",
        "error: subscription:S2 is at a revision 2 above that to which it was changed [revision-high]",
    ]


def test_money_that_crosses_accounts_is_looked_at_as_a_whole(busy: Ledger) -> None:
    with busy.reading() as reader:
        parts = [set(part) for part in check.parts(reader.connection, 1)]
        accounts = {document.account for document in reader.book(Needs(everything=True)).numbered.values()}
    assert [part for part in parts if part] == [{account} for account in sorted(accounts)]
    by_hand(busy, "UPDATE documents SET account = 'nippon' WHERE number = 'INV00000001'")
    with busy.reading() as reader:
        assert {"acme", "nippon"} in [set(part) for part in check.parts(reader.connection, 1)]


@pytest.mark.parametrize(
    ("documents", "sizes"), [(1, [1, 1, 1, 1, 0]), (2, [2, 2, 0]), (3, [3, 1]), (4, [4, 0]), (5, [4])]
)
def test_parts_have_as_many_documents_as_are_looked_at_at_once(
    documents: int, sizes: list[int], ledger: Ledger
) -> None:
    """Four accounts with a payment each; the last part is what is left, and may be nothing."""
    accounts = ", ".join(f"{{id: a{n}, currency: USD}}" for n in range(4))
    payments = "".join(
        f"- {{number: P{n}, account: a{n}, date: 2026-01-01, currency: USD, amount: 1.00}}\n" for n in range(4)
    )
    ledger.import_book(book_from(f"accounts: [{accounts}]\npayments:\n{payments}"))
    with ledger.reading() as reader:
        assert [len(part) for part in check.parts(reader.connection, documents)] == sizes


@pytest.mark.in_a_file
def test_a_damaged_file_is_found(busy: Ledger, tmp_path: Path) -> None:
    file = file_of(busy)
    busy.close()
    content = bytearray(file.read_bytes())
    page = content.rfind(b"INV00000003")  # in a page that opening the ledger does not read
    content[page - 40 : page + 40] = b"\xff" * 80
    copy = tmp_path / "damaged.db"
    copy.write_bytes(content)
    with open_ledger(f"sqlite:///{copy}") as ledger:
        found = ledger.check()
    assert {problem.code for problem in found} == {"file-damaged"}
