"""The commands on a ledger: a dry run shows what posting posts, and what was posted is always told."""

from __future__ import annotations

import datetime
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.deciding.matching.protocol import EngineError
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.planning import plan_on

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contct: x, payment_term: Net 30}, custom: {segmnt: big}}]
invoices:
- {number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 100.00}]}
- {number: INV00000002, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: 60.00}]}
credit_memos:
- {number: CM00000001, account: a, date: 2026-01-02, currency: USD, items: [{id: x, amount: 60.00}]}
"""
PAY_THEN_APPLY = """
operations:
- {id: pay, operation: create_payment, account: a, amount: 50.00, date: 2026-01-05}
- {id: apply, operation: apply_payment, payment: P-00000001, date: 2026-01-06}
"""


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "operations.yaml").write_text(PAY_THEN_APPLY)
    url = f"sqlite:///{tmp_path}/ledger.db"
    assert billpolicy("ledger", "init", url).code == 0
    assert billpolicy("ledger", "import", url, tmp_path / "book.yaml").code == 0
    return url


def on(command: str, ledger: str, tmp_path: Path, *options: str) -> Ran:
    return billpolicy(command, "--policy", STANDARD, "--ledger", ledger, tmp_path / "operations.yaml", *options)


def test_a_dry_run_on_a_ledger_sees_what_earlier_operations_of_the_file_make(ledger: str, tmp_path: Path) -> None:
    planned = on("plan", ledger, tmp_path, "--actor", "ines")
    posted = on("post", ledger, tmp_path, "--actor", "ines")
    assert (planned.code, posted.code) == (0, 0)
    # What is told of each is the same, and only the total another, and what stands for the ledger now.
    assert planned.out.splitlines()[:-1] == posted.out.splitlines()[:-2]
    assert posted.out.splitlines()[-2] == "2 posted, 0 refused"
    # Open in EUR is the one invoice; the USD invoice is left alone: 100 - 50 = 50.
    assert "balance of INV00000001: 100.00 -> 50.00 EUR" in posted.out


def test_a_dry_run_tells_what_was_posted_before(ledger: str, tmp_path: Path) -> None:
    on("post", ledger, tmp_path, "--actor", "ines")
    code, out, _ = on("plan", ledger, tmp_path)
    assert code == 0
    assert "pay: posted before by ines" in out
    assert "P-00000002" not in out
    assert "2 had been posted before" in out


def test_money_stays_in_its_currency_whatever_the_account_is_in(ledger: str, tmp_path: Path) -> None:
    (tmp_path / "operations.yaml").write_text(
        "operations:\n"
        "- {id: wrong, operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-01-05, "
        "apply: [{document: INV00000001}]}\n"
        "- {id: right, operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-01-05}\n"
    )
    code, out, _ = on("post", ledger, tmp_path, "--actor", "ines")
    assert code == 1
    assert "[currency-mismatch]" in out
    assert "60.00 of CM00000001 on INV00000002" in out
    assert billpolicy("ledger", "check", ledger).code == 0


def test_names_that_the_policy_does_not_know_are_told(ledger: str, tmp_path: Path) -> None:
    _, _, err = on("plan", ledger, tmp_path)
    assert "`bill_to_contct` (account `a`) is no attribute that the policy declares" in err
    assert "did you mean `bill_to_contact`?" in err
    assert "`account.segmnt` (account `a`) is no field" in err


def test_what_was_posted_is_told_when_the_engine_fails_half_way(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_at_the_second(
        versions: Versions, book: Book, asked: Instruction, today: datetime.date
    ) -> tuple[Plan, Book]:
        if asked.request.id == "apply":
            raise EngineError("it disagrees")
        return plan_on(versions, book, asked, today)

    monkeypatch.setattr("billpolicy.posting.asked.plan_operation", fails_at_the_second)
    code, out, err = on("post", ledger, tmp_path, "--actor", "ines")
    assert code == 1
    assert "payment P-00000001" in out
    assert "1 posted, 0 refused, 1 not tried" in out
    assert "nothing was posted" not in out + err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("backup", "sqlite:///l.db", "sqlite:///tuesday.backup"), "write tuesday.backup\n"),
        (("restore", "sqlite:///l.db", "sqlite:///new.db"), "write l.db\n"),
        (("import", "book.yaml", "sqlite:///l.db"), "write l.db; LEDGER comes first\n"),
        (("usage", "sqlite:///l.db", "sqlite:///usage.csv"), "write usage.csv\n"),
    ],
)
def test_an_address_where_a_path_belongs(typed: tuple[str, ...], told: str) -> None:
    ran = billpolicy("ledger", *typed)
    assert ran.code == 2
    assert ran.err.endswith(f" is the address of a ledger, and this is a path: {told}")


def test_a_path_where_an_address_belongs() -> None:
    ran = billpolicy("ledger", "check", "monday.backup")
    assert ran.code == 1
    assert ran.out.endswith("    hint: did you mean `sqlite:///monday.backup`?\n")


def test_a_check_says_of_how_much_it_is_and_from_which_head_it_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'l.db'}"
    assert billpolicy("ledger", "init", url).code == 0
    assert billpolicy("ledger", "check", url).out == f"{url}: every check passed on 0 documents and 0 operations\n"
    head = json.loads(billpolicy("ledger", "head", url, "--format", "json").out)["digest"]
    ran = billpolicy("ledger", "check", url, "--head", head)
    told = f"every check passed on 0 documents and 0 operations; it goes on from the head {head[:12]}"
    assert (ran.code, ran.out) == (0, f"{url}: {told}\n")


def test_a_table_that_is_gone_is_told_once_and_what_to_do_next_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'l.db'}"
    assert billpolicy("ledger", "init", url).code == 0
    with closing(sqlite3.connect(tmp_path / "l.db")) as driver:
        driver.execute("DROP TABLE usage")
        driver.execute("DROP INDEX ix_documents_draw")
        driver.commit()
    ran = billpolicy("ledger", "check", url)
    first, second, hint = ran.out.splitlines()
    assert first == "error: the index `ix_documents_draw` is gone [schema-differs]"
    assert second == "error: the table `usage` is gone, with its indexes and guards [schema-differs]"
    assert hint.startswith("    hint: something other than billpolicy changed this ledger")
    found = json.loads(billpolicy("ledger", "check", url, "--format", "json").out)["diagnostics"]
    assert [bool(one["hint"]) for one in found] == [True, True]  # programs read each by itself


def test_a_head_that_was_kept_as_text_is_told_from_what_is_none(tmp_path: Path) -> None:
    url, kept = f"sqlite:///{tmp_path / 'l.db'}", tmp_path / "head.txt"
    assert billpolicy("ledger", "init", url).code == 0
    kept.write_text(billpolicy("ledger", "head", url).out)
    ran = billpolicy("ledger", "check", url, "--head", str(kept))
    assert (ran.code, "this file has a head as text" in ran.out, "write it with --format json" in ran.out) == (
        1,
        True,
        True,
    )
    kept.write_text("head of the table")
    ran = billpolicy("ledger", "check", url, "--head", str(kept))
    assert (ran.code, "this file has no head of a ledger" in ran.out) == (1, True)
    ran = billpolicy("ledger", "check", url, "--head", "0" * 64)
    assert "compare what `billpolicy ledger head` and `ledger stats` show of it" in ran.out


def test_what_is_posted_to_a_ledger_with_nothing_in_it_says_what_comes_first(tmp_path: Path) -> None:
    url, operations, book = f"sqlite:///{tmp_path / 'l.db'}", tmp_path / "operations.yaml", tmp_path / "book.yaml"
    operations.write_text(PAY_THEN_APPLY)
    book.write_text("accounts: [{id: another, currency: EUR}]\n")
    assert billpolicy("ledger", "init", url).code == 0
    note = f"note: there is nothing in this ledger yet: `billpolicy ledger import {url} BOOK` comes first\n"
    ran = billpolicy("post", str(operations), "--ledger", url, "--policy", str(STANDARD))
    assert (ran.code, ran.err) == (1, note)
    assert billpolicy("ledger", "import", url, str(book)).code == 0
    ran = billpolicy("post", str(operations), "--ledger", url, "--policy", str(STANDARD))
    assert (ran.code, ran.err) == (1, "")
