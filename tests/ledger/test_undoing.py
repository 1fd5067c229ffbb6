"""On a ledger: cancellations moved and taken back, write-offs undone in parts, adjustments undone."""

from __future__ import annotations

import datetime
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.book.model import CreditMemo
from billpolicy.exchange.operations_file import operations_of
from billpolicy.ledger.store import Ledger, create_ledger
from billpolicy.operations.chain import needs_of, plan_operation
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction, request_data
from billpolicy.source.tree import parse_text
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, dump, execute, post, whole
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.ledger.test_migrations import made_up_to

TODAY = datetime.date(2026, 4, 12)
BOOK = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions: [{id: S, account: ann, start: 2026-04-01, charges: [{id: gym, name: Gym, rate: 30.00}]}]
"""
BILL = "operation: bill_run, date: 2026-04-01"
CANCEL = "operation: cancel_subscription, subscription: S, date: 2026-04-10, effective_date: 2026-04-20"
CHANGE = "operation: change_cancellation, subscription: S, date: 2026-04-12, effective_date: 2026-04-15"
UNDO = "operation: undo_cancellation, subscription: S, date: 2026-04-12"


def instruction(text: str, id: str) -> Instruction:
    (asked,) = operations_of(parse_text(f"operations:\n- {{id: {id}, {text}}}\n", "ops.yaml"))
    return asked


def posted(ledger: Ledger, *operations: str) -> list[Plan]:
    """Each operation planned on its slice and posted; its plan is that which the whole ledger gives."""
    plans = []
    for text in operations:
        asked = instruction(text, f"op-{len(dump(ledger))}")
        on_all, _ = plan_operation(versions(), whole(ledger), asked, TODAY)
        done = execute(
            ledger,
            asked.request.id,
            request_data(asked.request),
            needs_of(versions().policies, asked.request),
            lambda book, asked=asked: plan_operation(versions(), book, asked, TODAY)[0],  # type: ignore[misc]
            who="tester",
            now=NOW,
        )
        assert done.plan == on_all
        assert ledger.check() == []
        plans.append(done.plan)
    return plans


def state(ledger: Ledger) -> tuple[str, str]:
    subscription = whole(ledger).subscriptions["S"]
    return str(subscription.canceled_on), str(subscription.charges[0].charged_through)


# -- cancellations -------------------------------------------------------------------------------------------------


def test_a_cancellation_comes_moves_and_goes(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    posted(ledger, BILL, CANCEL)
    assert state(ledger) == ("2026-04-20", "2026-04-20")
    posted(ledger, CHANGE)
    assert state(ledger) == ("2026-04-15", "2026-04-15")
    posted(ledger, UNDO)
    assert state(ledger) == ("None", "2026-04-15")
    posted(ledger, BILL.replace("04-01", "04-12"), CANCEL.replace("04-10", "04-12"))
    assert state(ledger) == ("2026-04-20", "2026-04-20")
    assert ledger.import_book(book_from(BOOK)).added == {}  # still what was imported
    assert whole(ledger).revisions["subscription:S"] > 0


@pytest.mark.parametrize("operation", [CHANGE, UNDO])
def test_an_imported_cancellation_is_moved_and_taken_back(ledger: Ledger, operation: str) -> None:
    text = BOOK.replace("id: S,", "id: S, canceled_on: 2026-04-20,")
    ledger.import_book(book_from(text))
    posted(ledger, operation)
    before = dump(ledger)
    assert ledger.import_book(book_from(text)).added == {}
    assert dump(ledger) == before
    other = text.replace("04-20", "04-21")
    assert codes(refused(lambda: ledger.import_book(book_from(other)))) == ["import-differs"]


def test_a_plan_of_before_the_move_is_stale(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    posted(ledger, BILL, CANCEL)
    plan, _ = plan_operation(versions(), whole(ledger), instruction(UNDO, "early"), TODAY)
    posted(ledger, CHANGE)
    refusal = refused(lambda: post(ledger, plan, who="tester", now=NOW))
    assert codes(refusal) == ["plan-stale"]
    assert "subscription `S` has changed since this was planned" in str(refusal)


def test_a_journal_that_says_another_day_is_found(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    posted(ledger, BILL, CANCEL, UNDO)
    by_hand(ledger, "UPDATE subscriptions SET canceled_on = '2026-04-20' WHERE id = 'S'")
    assert [(one.code, one.message) for one in ledger.check()] == [
        ("journal-differs", "`canceled_on` of subscription `S` is `2026-04-20`, but not set by the journal")
    ]


# -- write-offs ----------------------------------------------------------------------------------------------------

WRITE_OFF = "operation: write_off_invoice, invoice: INV00000001, date: 2026-04-02"


def test_a_write_off_and_what_becomes_of_it_on_slices(ledger: Ledger) -> None:
    """What asked again for what had been written off knows the invoice from which it all came."""
    ledger.import_book(book_from(BOOK))
    *_, last = posted(
        ledger,
        BILL,
        f"{WRITE_OFF}, amount: 20.00",
        WRITE_OFF,
        "operation: undo_write_off, credit_memo: CM00000001, amount: 5.00, date: 2026-04-03",
        "operation: write_off_debit_memo, debit_memo: DM00000001, amount: 3.00, date: 2026-04-04",
        "operation: undo_write_off, credit_memo: CM00000003, date: 2026-04-05",
        "operation: write_off_debit_memo, debit_memo: DM00000002, date: 2026-04-06",
        "operation: undo_write_off, credit_memo: CM00000004, date: 2026-04-07",
        "operation: undo_write_off, credit_memo: CM00000001, date: 2026-04-08",
    )
    assert [str(planned.document.amount) for planned in last.documents] == ["15.00"]
    memos = [one for one in whole(ledger).numbered.values() if isinstance(one, CreditMemo)]
    assert [(memo.number, memo.write_off) for memo in memos] == [(f"CM0000000{n}", True) for n in (1, 2, 3, 4)]


@pytest.mark.in_a_file
def test_a_write_off_that_is_not_wholly_applied_is_found(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    credit = "operation: credit_memo_from_invoice, invoice: INV00000001, date: 2026-04-02"
    posted(ledger, BILL, credit)
    by_hand(ledger, "UPDATE documents SET write_off = 1 WHERE number = 'CM00000001'")
    assert [(one.code, one.message) for one in ledger.check()] == [
        ("journal-differs", "`write_off` of CM00000001 is `true`, but `false` by the journal"),
        ("write-off-differs", "CM00000001 writes off 30.00 USD, but 0.00 of it is applied to INV00000001"),
    ]


def test_the_flag_is_imported_and_known_again(ledger: Ledger) -> None:
    text = """
accounts: [{id: a, currency: USD}]
invoices: [{number: I1, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 60.00}]}]
credit_memos:
- {number: C1, account: a, date: 2026-01-12, currency: USD, source: I1, write_off: true, items: [{id: x, amount: 60}]}
applications: [{from: C1, to: I1, date: 2026-01-12, amount: 60.00}]
"""
    ledger.import_book(book_from(text))
    assert whole(ledger).numbered["C1"] == book_from(text).numbered["C1"]
    assert ledger.import_book(book_from(text)).added == {}
    without = text.replace("write_off: true, ", "")
    assert codes(refused(lambda: ledger.import_book(book_from(without)))) == ["import-differs"]


@pytest.mark.in_a_file
def test_of_an_older_ledger_a_write_off_that_was_used_as_money_stays_money(url: str) -> None:
    """Until revision 0006 the memo of a write-off could be unapplied; of two, that was done to the second one."""
    made_up_to(url, "0005")
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO accounts VALUES ('a', 'USD', NULL, NULL, '{}', '{}', 0)")
        for n, applied in ((1, 500), (2, 200)):
            plan = json.dumps({"changes": [["credit_memo_issued", {"document": {"number": f"C{n}"}}]]})
            connection.execute(
                "INSERT INTO operations (id, operation, date, request, plan, policy, policy_digest, engine) "
                "VALUES (?, 'write_off_invoice', '2026-01-01', '{}', ?, 'p', 'd', 'python')",
                (f"op-{n}", plan),
            )
            for number, kind, source, operation in (
                (f"I{n}", "invoice", None, None),
                (f"C{n}", "credit_memo", f"I{n}", f"op-{n}"),
            ):
                connection.execute(
                    "INSERT INTO documents (number, kind, account, date, currency, amount_minor, status, reversed, "
                    "split, attributes, revision, source, operation) "
                    "VALUES (?, ?, 'a', '2026-01-01', 'USD', 500, 'posted', 0, 0, '{}', 0, ?, ?)",
                    (number, kind, source, operation),
                )
            connection.execute(
                "INSERT INTO applications (id, from_number, to_number, date, currency, amount_minor) "
                f"VALUES ({n}, 'C{n}', 'I{n}', '2026-01-01', 'USD', {applied})"
            )
        connection.commit()
    create_ledger(url).close()
    with closing(sqlite3.connect(path)) as connection:
        assert dict(connection.execute("SELECT number, write_off FROM documents WHERE kind = 'credit_memo'")) == {
            "C1": 1,
            "C2": 0,
        }
        plans = dict(connection.execute("SELECT id, plan FROM operations"))
        said = {id: json.loads(plan)["changes"][0][1]["document"].get("write_off") for id, plan in plans.items()}
        assert said == {"op-1": True, "op-2": None}


# -- credit balances -----------------------------------------------------------------------------------------------


def test_an_adjustment_is_undone_once(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    adjust = "operation: adjust_credit_balance, account: ann, amount: 50.00, date: 2026-04-10, type: increase"
    undo = "operation: undo_credit_adjustment, adjustment: CBA-00000001, date: 2026-04-11"
    posted(ledger, adjust, undo)
    assert whole(ledger).credit_balance("ann", "USD") == 0
    asked = instruction(undo, "again")
    assert codes(refused(lambda: plan_operation(versions(), whole(ledger), asked, TODAY))) == ["undone-already"]
    by_hand(ledger, "UPDATE documents SET amount_minor = 4000 WHERE number = 'CBA-00000002'")
    assert {one.code for one in ledger.check()} == {"adjustment-differs", "journal-differs"}


def test_two_that_undo_the_same_are_found(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    adjust = "operation: adjust_credit_balance, account: ann, amount: 50.00, date: 2026-04-10, type: {}"
    undo = "operation: undo_credit_adjustment, adjustment: CBA-00000001, date: 2026-04-11"
    up, down = adjust.format("increase"), adjust.format("decrease")
    posted(ledger, up, up, undo, down)
    by_hand(ledger, "UPDATE documents SET source = 'CBA-00000001' WHERE number = 'CBA-00000004'")
    found = [(one.code, one.message) for one in ledger.check() if one.code != "journal-differs"]
    assert found == [("adjustment-differs", "CBA-00000001 was undone more than once")]
