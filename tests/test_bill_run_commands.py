"""A bill run over every account on the command line: few accounts are told one by one, many as a table."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.planning import plan_on
from tests.test_batch_commands import Terminal

MANY = 600
"""Accounts: more than one group."""
RUN = "operations:\n- {id: BR-1, operation: bill_run, date: 2026-01-31}\n"


def book(count: int, *, without_start: int | None = None) -> str:
    """So many accounts, each with a subscription of 10.00 a month of which January is due."""
    names = [f"a{n:03d}" for n in range(1, count + 1)]
    lines = ["accounts:", *(f"- {{id: {a}, currency: EUR, attributes: {{bill_to_contact: c-{a}}}}}" for a in names)]
    lines += ["contacts:", *(f"- {{id: c-{a}, account: {a}}}" for a in names), "subscriptions:"]
    for n, a in enumerate(names, 1):
        start = "" if n == without_start else "start: 2026-01-01, "
        lines.append(f"- {{id: S-{a}, account: {a}, {start}charges: [{{id: c, rate: 10.00}}]}}")
    return "\n".join(lines)


def ledger(tmp_path: Path, text: str) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    (tmp_path / "book.yaml").write_text(text)
    assert billpolicy("ledger", "init", url).code == 0
    assert billpolicy("ledger", "import", url, tmp_path / "book.yaml").code == 0
    return url


def run(command: str, url: str, tmp_path: Path, *options: str, operations: str = RUN) -> Ran:
    (tmp_path / "operations.yaml").write_text(operations)
    return billpolicy(
        command, "--policy", STANDARD, "--ledger", url, "--engine", "python", tmp_path / "operations.yaml", *options
    )


def test_few_accounts_are_told_one_by_one(tmp_path: Path) -> None:
    url = ledger(tmp_path, book(3, without_start=2))
    for command, done in (("plan", "2 planned, 1 refused"), ("post", "2 posted, 1 refused")):
        ran = run(command, url, tmp_path)
        assert ran.code == 1
        assert [line for line in ran.out.splitlines() if line.endswith("on 2026-01-31")] == [
            "BR-1/a001: bill_run on 2026-01-31",
            "BR-1/a003: bill_run on 2026-01-31",
        ]
        assert "BR-1/a002: bill_run on 2026-01-31 is refused" in ran.out
        assert "operations.yaml:2:3: error: charge `c` of subscription `S-a002` has a rate" in ran.out
        assert done in ran.out
    assert "BR-1/a001: posted before by " in run("plan", url, tmp_path).out


def test_many_accounts_are_told_as_a_table_and_what_is_refused_in_a_report(tmp_path: Path) -> None:
    url, report = ledger(tmp_path, book(MANY, without_start=7)), tmp_path / "refused.csv"
    ran = run("plan", url, tmp_path)
    assert ran.out.splitlines()[1] == f"bill_run                         {MANY - 1}       0        1  5,990.00 EUR"
    ran = run("post", url, tmp_path, "--report", str(report))
    assert ran.code == 1
    *told, head = ran.out.rstrip().splitlines()
    assert re.fullmatch("head [0-9a-f]{64}", head)
    assert told == [
        "operation                     posted  before  refused  amount",
        f"bill_run                         {MANY - 1}       0        1  5,990.00 EUR",  # 599 x 10.00
        "",
        "refused: 1",
        "  BR-1/a007: charge `c` of subscription `S-a007` has a rate, but nothing says when it starts [start-missing]",
        "",
        f"{MANY - 1} posted, 1 refused",
    ]
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["operation"], row["line"], row["code"]) == ("BR-1/a007", "bill_run", "2", "start-missing")
    again = run("post", url, tmp_path)
    assert again.out.splitlines()[1] == f"bill_run                           0     {MANY - 1}        1"


def test_programs_are_told_totals_and_each_part_only_where_they_ask(tmp_path: Path) -> None:
    url = ledger(tmp_path, book(MANY, without_start=7))
    other = "- {id: pay, operation: create_payment, account: a001, amount: 1.00, date: 2026-01-31, type: external}\n"
    for command, key in (("plan", "plans"), ("post", "posted")):
        told = json.loads(run(command, url, tmp_path, "--format", "json", operations=RUN + other).out)
        assert len(told[key]) == 1  # the payment
        assert [one["id"] for one in told["refused"]] == ["BR-1/a007"]
        total = {"followed": 0, "before": 0}
        assert told["totals"] == [
            {"operation": "bill_run", "done": MANY - 1, **total, "refused": 1, "amounts": {"EUR": "5990.00"}},
            {"operation": "create_payment", "done": 1, **total, "refused": 0, "amounts": {"EUR": "1.00"}},
        ]
    told = json.loads(run("post", url, tmp_path, "--format", "json").out)
    assert (told["posted"], told["totals"][0]["before"]) == ([], MANY - 1)
    told = json.loads(run("post", url, tmp_path, "--format", "json", "--details").out)
    assert len(told["posted"]) == MANY - 1
    assert "totals" not in told


def test_nothing_due_is_said_plainly(tmp_path: Path) -> None:
    url = ledger(tmp_path, book(3))
    early = RUN.replace("2026-01-31", "2025-12-31")
    for command in ("plan", "post"):
        ran = run(command, url, tmp_path, operations=early)
        assert ran.code == 1
        assert "BR-1: bill_run on 2025-12-31 is refused" in ran.out
        assert "nothing is due on 2025-12-31 that has not been billed [nothing-due]" in ran.out


def test_the_documents_of_a_run_are_found_by_its_id(tmp_path: Path) -> None:
    url = ledger(tmp_path, book(60))
    assert "nothing called `BR-1`" in billpolicy("ledger", "show", url, "BR-1").err
    drafts = RUN.replace("}", ", bill_as: draft}")
    drafts += "- {id: back, operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-02-01}\n"
    drafts += "- {id: on, operation: post_draft, draft: TMP-INV-00000002, date: 2026-02-01}\n"
    assert run("post", url, tmp_path, operations=drafts).code == 0
    assert billpolicy("ledger", "show", url, "BR-1").out == (
        "bill run BR-1, an operation for each account: BR-1/ACCOUNT\n"
        "  1 invoice, canceled: 10.00 EUR\n"
        "      TMP-INV-00000001\n"
        "  58 invoices, draft: 580.00 EUR\n"
        "      TMP-INV-00000003 to TMP-INV-00000060\n"
        "  1 invoice, posted: 10.00 EUR\n"
        "      INV00000001\n"
    )
    told = json.loads(billpolicy("ledger", "show", url, "BR-1", "--format", "json").out)
    assert [(one["status"], one["amount"], len(one["numbers"])) for one in told["totals"]] == [
        ("canceled", "10.00", 1),
        ("draft", "580.00", 58),
        ("posted", "10.00", 1),
    ]
    assert "bill_run" in billpolicy("ledger", "show", url, "BR-1/a003").out


def test_progress_counts_the_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = ledger(tmp_path, book(MANY))
    assert "posting" not in run("plan", url, tmp_path).err
    monkeypatch.setattr("tests.helpers.command_line.io.StringIO", Terminal)
    err = run("post", url, tmp_path).err
    assert "posting" in err
    assert "100%" in err


def test_ctrl_c_finishes_the_group_and_the_same_command_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = ledger(tmp_path, book(MANY))
    planned = []

    def interrupted_at_the_fifth(versions: Versions, of: Book, asked: Instruction, today: object) -> tuple[Plan, Book]:
        planned.append(asked.request.id)
        if len(planned) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return plan_on(versions, of, asked, today)  # type: ignore[arg-type]

    monkeypatch.setattr("billpolicy.posting.asked.plan_operation", interrupted_at_the_fifth)
    ran = run("post", url, tmp_path)
    assert ran.code == 130
    assert "500 posted, 0 refused, 100 not tried" in ran.out
    monkeypatch.undo()
    ran = run("post", url, tmp_path)
    assert ran.code == 0
    assert "100 posted, 0 refused, 500 had been posted before" in ran.out
    assert billpolicy("ledger", "check", url).code == 0
