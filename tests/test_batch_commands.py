"""Batches on the command line: thousands of operations told as a table, safety stops, and all or nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
from datetime import date
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.planning import plan_on

COUNT = 60
"""More than are told one by one."""


def invoice(number: int) -> str:
    items = "[{id: x, amount: -1.50}]"
    return f"- {{number: INV{number:08d}, account: a, date: 2026-01-01, currency: EUR, items: {items}}}\n"


def transfers(*numbers: int) -> str:
    lines = (
        f"- {{id: t{n}, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV{n:08d}}}\n"
        for n in numbers
    )
    return "operations:\n" + "".join(lines)


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    book = "accounts: [{id: a, currency: EUR}]\ninvoices:\n" + "".join(invoice(n) for n in range(1, COUNT + 1))
    (tmp_path / "book.yaml").write_text(book)
    url = f"sqlite:///{tmp_path}/ledger.db"
    assert billpolicy("ledger", "init", url).code == 0
    assert billpolicy("ledger", "import", url, tmp_path / "book.yaml").code == 0
    return url


def run(command: str, ledger: str, tmp_path: Path, operations: str, *options: str, policy: Path = STANDARD) -> Ran:
    (tmp_path / "operations.yaml").write_text(operations)
    return billpolicy(
        command, "--policy", policy, "--ledger", ledger, "--engine", "python", tmp_path / "operations.yaml", *options
    )


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n{text}")
    return path


def credit(ledger: str) -> str:
    """The line of the credit balance of the account; empty where it never changed."""
    out = billpolicy("ledger", "show", ledger, "a").out
    return next((line.strip() for line in out.splitlines() if line.startswith("  credit balance")), "")


def test_many_operations_are_told_as_a_table_and_what_is_refused_in_a_report(ledger: str, tmp_path: Path) -> None:
    unknown = COUNT + 1
    report = tmp_path / "refused.csv"
    ran = run("post", ledger, tmp_path, transfers(*range(1, unknown + 1)), "--report", str(report))
    assert ran.code == 1
    *told, head = ran.out.rstrip().splitlines()
    assert re.fullmatch("head [0-9a-f]{64}", head)
    assert told == [
        "operation                     posted  before  refused  amount",
        f"transfer_negative_invoice         {COUNT}       0        1  90.00 EUR",  # 60 x 1.50
        "",
        "refused: 1",
        f"  t{unknown}: there is no invoice `INV{unknown:08d}` [document-unknown]",
        "",
        "60 posted, 1 refused",
    ]
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["operation"], row["code"]) == (
        f"t{unknown}",
        "transfer_negative_invoice",
        "document-unknown",
    )
    assert row["line"] == str(unknown + 1)
    assert credit(ledger) == "credit balance 90.00 EUR"


def test_the_same_command_finishes_what_was_begun_and_repeats_nothing(ledger: str, tmp_path: Path) -> None:
    assert run("post", ledger, tmp_path, transfers(*range(1, 41))).code == 0
    ran = run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)))
    assert ran.code == 0
    assert "transfer_negative_invoice         20      40        0  30.00 EUR" in ran.out  # 20 x 1.50
    assert "20 posted, 0 refused, 40 had been posted before" in ran.out
    planned = run("plan", ledger, tmp_path, transfers(*range(1, COUNT + 1)))
    assert "transfer_negative_invoice          0      60        0" in planned.out
    assert credit(ledger) == "credit balance 90.00 EUR"


def test_all_or_nothing_tells_what_is_refused_and_posts_nothing(ledger: str, tmp_path: Path) -> None:
    operations, report = transfers(*range(1, COUNT + 2)), tmp_path / "refused.csv"
    ran = run("post", ledger, tmp_path, operations, "--atomic", "--report", str(report))
    assert ran.code == 1
    assert "0 posted, 1 refused, 60 not posted because of those" in ran.out
    assert "transfer_negative_invoice          0       0        1" in ran.out
    assert len(report.read_text().splitlines()) == 2  # the head and the one that is refused
    told = json.loads(run("post", ledger, tmp_path, operations, "--atomic", "--format", "json").out)
    assert (len(told["posted"]), [one["id"] for one in told["refused"]]) == (0, [f"t{COUNT + 1}"])
    assert told["not_posted"] == [f"t{n}" for n in range(1, COUNT + 1)]
    assert credit(ledger) == ""
    ran = run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), "--atomic")
    assert (ran.code, credit(ledger)) == (0, "credit balance 90.00 EUR")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (
            "transfer_negative_invoice: {count: 59}",
            "this batch has 60 `transfer_negative_invoice`, with what follows; the policy stops at 59",
        ),
        ("every_operation: {count: 59}", "this batch has 60 operations, with what follows; the policy stops at 59"),
        (
            "transfer_negative_invoice: {amounts: {EUR: 89.99}}",
            "`transfer_negative_invoice` of this batch, with what follows, add up to 90.00 EUR, whatever their signs",
        ),
        (
            "transfer_negative_invoice: {amounts: {USD: 90000.00}}",
            "of this batch, with what follows, add up to 90.00 EUR; the policy has no limit in EUR",
        ),
        (
            "every_operation: {count: 60, amounts: {USD: 90000.00}}",
            "operations of this batch, with what follows, add up to 90.00 EUR; the policy has no limit in EUR",
        ),
    ],
)
def test_a_batch_beyond_a_limit_is_stopped_before_anything_is_posted(
    ledger: str, tmp_path: Path, limits: str, told: str
) -> None:
    policy = own(tmp_path, f"batch_limits:\n  {limits}\n")
    operations = transfers(*range(1, COUNT + 1))
    ran = run("post", ledger, tmp_path, operations, policy=policy)
    assert ran.code == 1
    assert "own.yaml:5:3: error: " in ran.out
    assert told in ran.out
    assert "[batch-limit]" in ran.out
    assert credit(ledger) == ""
    planned = run("plan", ledger, tmp_path, operations, policy=policy)
    assert planned.code == 1
    assert told in planned.out


def test_a_currency_without_a_limit_passes_where_the_policy_says_so(ledger: str, tmp_path: Path) -> None:
    limits = "{transfer_negative_invoice: {amounts: {USD: 1.00}, other_currencies: unlimited}}"
    policy = own(tmp_path, f"batch_limits: {limits}\n")
    assert run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), policy=policy).code == 0
    assert credit(ledger) == "credit balance 90.00 EUR"


def test_what_moves_nothing_in_a_currency_without_a_limit_passes(ledger: str, tmp_path: Path) -> None:
    policy = own(tmp_path, "batch_limits: {every_operation: {amounts: {USD: 1.00}}}\n")
    operations = "operations:\n- {id: 1, operation: change_account, account: a, name: A, date: 2026-01-02}\n"
    assert run("post", ledger, tmp_path, operations, policy=policy).code == 0


def test_exactly_at_a_limit_is_inside_and_what_was_posted_before_does_not_count(ledger: str, tmp_path: Path) -> None:
    policy = own(tmp_path, "batch_limits: {every_operation: {count: 40, amounts: {EUR: 60.00}}}\n")  # 40 x 1.50
    assert run("post", ledger, tmp_path, transfers(*range(1, 41)), policy=policy).code == 0
    assert run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), policy=policy).code == 0
    assert credit(ledger) == "credit balance 90.00 EUR"


def test_what_follows_counts_too(ledger: str, tmp_path: Path) -> None:
    follow_up = "follow_ups: [{id: paid-back, after: credit_increased, then: refund_credit_balance}]\n"
    policy = own(tmp_path, follow_up + "batch_limits: {refund_credit_balance: {count: 59}}\n")
    ran = run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), policy=policy)
    assert "this batch has 60 `refund_credit_balance`, with what follows; the policy stops at 59" in ran.out
    free = own(tmp_path, follow_up)
    ran = run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), policy=free)
    assert ran.out.splitlines()[1:5] == [
        "transfer_negative_invoice         60       0        0  90.00 EUR",
        "",
        "what followed them",
        "refund_credit_balance             60                   90.00 EUR",
    ]
    assert credit(ledger) == "credit balance 0.00 EUR"


def test_a_draft_is_no_money_until_it_is_posted(ledger: str, tmp_path: Path) -> None:
    book = """
accounts: [{id: b, currency: EUR, attributes: {bill_to_contact: b}}]
contacts: [{id: b, account: b}]
subscriptions: [{id: S, account: b, start: 2026-01-01, charges: [{id: c, rate: 100.00}]}]
"""
    (tmp_path / "more.yaml").write_text(book)
    assert billpolicy("ledger", "import", ledger, tmp_path / "more.yaml").code == 0
    policy = own(tmp_path, "batch_limits: {every_operation: {amounts: {EUR: 100.00}}}\n")
    operations = "operations:\n- {id: 1, operation: bill_run, accounts: [b], date: 2026-01-01, bill_as: draft}\n"
    operations += "- {id: 2, operation: post_draft, draft: TMP-INV-00000001, date: 2026-01-01}\n"
    assert run("post", ledger, tmp_path, operations, policy=policy).code == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_and_nowhere_else(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = transfers(*range(1, 301))
    assert "planning" not in run("plan", ledger, tmp_path, many).err
    monkeypatch.setattr("tests.helpers.command_line.io.StringIO", Terminal)
    assert "planning" in run("plan", ledger, tmp_path, many).err
    assert "planning" not in run("plan", ledger, tmp_path, transfers(1)).err


def test_ctrl_c_finishes_what_is_being_posted_and_tells_it(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = []

    def interrupted_at_the_fifth(versions: Versions, book: Book, asked: Instruction, today: date) -> tuple[Plan, Book]:
        planned.append(asked.request.id)
        if len(planned) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return plan_on(versions, book, asked, today)

    monkeypatch.setattr("billpolicy.posting.asked.plan_operation", interrupted_at_the_fifth)
    ran = run("post", ledger, tmp_path, transfers(*range(1, 21)))
    assert ran.code == 130
    assert "interrupted: finishing the operations that are being posted" in ran.err
    assert "5 posted, 0 refused, 15 not tried" in ran.out
    assert credit(ledger) == "credit balance 7.50 EUR"  # 5 x 1.50
    monkeypatch.undo()
    ran = run("post", ledger, tmp_path, transfers(*range(1, 21)))
    assert (ran.code, credit(ledger)) == (0, "credit balance 30.00 EUR")


def test_an_operation_that_was_posted_with_other_content_is_told_like_any_other(ledger: str, tmp_path: Path) -> None:
    assert run("post", ledger, tmp_path, transfers(1)).code == 0
    other = transfers(1, 2).replace("2026-01-02", "2026-01-03", 1)
    for command, done in (("plan", "1 planned, 1 refused"), ("post", "1 posted, 1 refused")):
        ran = run(command, ledger, tmp_path, other)
        assert ran.code == 1
        assert "operations.yaml:2:3: error: operation `t1` was posted before with other content: `date`" in ran.out
        assert done in ran.out


def test_details_shows_each_and_a_spreadsheet_gets_no_formula(ledger: str, tmp_path: Path) -> None:
    operations = transfers(*range(1, COUNT + 1)) + "- {id: =1+1, operation: apply_credit_balance, account: a}\n"
    ran = run("post", ledger, tmp_path, operations, "--details", "--report", str(tmp_path / "refused.csv"))
    assert ran.out.count("transfer_negative_invoice on 2026-01-02") == COUNT
    with (tmp_path / "refused.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["id"] == "'=1+1"


def test_a_report_that_cannot_be_written_is_told(ledger: str, tmp_path: Path) -> None:
    ran = run("plan", ledger, tmp_path, transfers(1), "--report", str(tmp_path / "nowhere" / "refused.csv"))
    assert ran.code == 1
    assert "cannot be used: no such file or directory" in ran.err
    assert "Traceback" not in ran.err


def test_a_batch_with_limits_is_planned_once(ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plans by which the limits were checked are posted, as long as they hold."""
    policy = own(tmp_path, "batch_limits: {every_operation: {count: 100}}\n")
    planned = []

    def counted(versions: Versions, book: Book, asked: Instruction, today: date) -> tuple[Plan, Book]:
        planned.append(asked.request.id)
        return plan_on(versions, book, asked, today)

    monkeypatch.setattr("billpolicy.posting.asked.plan_operation", counted)
    ran = run("post", ledger, tmp_path, transfers(*range(1, COUNT + 1)), policy=policy)
    assert (ran.code, credit(ledger)) == (0, "credit balance 90.00 EUR")  # 60 x 1.50
    assert planned == [f"t{n}" for n in range(1, COUNT + 1)]


def test_a_plan_that_holds_no_longer_is_planned_again(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else posts between the check of the limits and the posting."""
    policy = own(tmp_path, "batch_limits: {every_operation: {count: 100}}\n")
    planned = []

    def disturbed(versions: Versions, book: Book, asked: Instruction, today: date) -> tuple[Plan, Book]:
        planned.append(asked.request.id)
        if len(planned) == 2:
            monkeypatch.undo()
            other = transfers(3).replace("t3", "other")
            (tmp_path / "other").mkdir()
            assert run("post", ledger, tmp_path / "other", other).code == 0
            monkeypatch.setattr("billpolicy.posting.asked.plan_operation", disturbed)
        return plan_on(versions, book, asked, today)

    monkeypatch.setattr("billpolicy.posting.asked.plan_operation", disturbed)
    ran = run("post", ledger, tmp_path, transfers(1, 2), policy=policy)
    # The numbers that were planned are taken by then, so both are planned again: 2 x 1.50, and the other 1.50.
    assert (ran.code, credit(ledger)) == (0, "credit balance 4.50 EUR")
    assert planned == ["t1", "t2", "t1", "t2"]
