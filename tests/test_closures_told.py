"""What a correction takes with the lines that were selected, as commands tell it, and how it is confirmed there."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from billpolicy.planning.closure import Closure
from billpolicy.report.closure import closure_report, closure_text
from billpolicy.source.write import plain_data
from tests.helpers.closures import ALONE, THREE, line, take_more
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD

MIXED = Closure(
    (
        line("INV00000004", "later", "INV00000001"),
        line("INV00000003", "item", "INV00000002", charges=("seats", "support")),
        line("INV00000002", "minimum_maximum", "INV00000001", "0.00", left_out="CM00000001 has taken it"),
        line("INV00000001", amount="12.00"),
    )
)
BOOK = """
accounts: [{id: acme, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
invoices: [{number: INV1, account: acme, date: 2026-03-01, currency: USD, items: [{id: 1, amount: 10.00}]}]
"""
FIX = "{id: fix, operation: credit_memo_from_invoice, date: 2026-03-02, invoice: INV1, reason: Charge Dispute}"


def test_a_tree_of_reasons_numbered_as_it_is_processed() -> None:
    assert [*closure_text(MIXED)] == [
        f"  closure {MIXED.short_digest}: 3 lines, 2 more than selected: 32.00 USD",
        "      3. INV00000001/1  12.00  seats, 2023-01-01 to 2023-01-31",
        "        1. INV00000004/1  10.00  seats, 2023-01-01 to 2023-01-31, later",
        "        - INV00000002/1  seats, 2023-01-01 to 2023-01-31, minimum or maximum;",
        "          left out: CM00000001 has taken it",
        "          2. INV00000003/1  10.00  seats + support, 2023-01-01 to 2023-01-31,",
        "             same item",
    ]


def test_nothing_is_told_where_nothing_is_added() -> None:
    assert [*closure_text(ALONE)] == []


def test_of_many_lines_the_first_are_shown() -> None:
    many = Closure((*(line(f"INV{n}", "later", "INV0") for n in range(1, 1001)), line("INV0")))
    short, whole = [*closure_text(many)], [*closure_text(many, details=True)]
    assert short[0] == f"  closure {many.short_digest}: 1,001 lines, 1,000 more than selected: 10,010.00 USD"
    assert short[1:] == [*whole[1:21], "      ... and 981 more (`--details` shows all)"]
    assert len(whole) == 1002


def test_a_deep_tree_stays_on_the_screen() -> None:
    """Where it is set in no further, the line says itself what pulled it in."""
    chain = Closure((line("INV0"), *(line(f"INV{n}", "item", f"INV{n - 1}") for n in range(1, 20))))
    told = [*closure_text(chain)]
    assert max(map(len, told)) <= 80
    assert "by INV7/1" not in "\n".join(told)
    assert "by INV8/1" in " ".join(" ".join(told).split())


def test_programs_are_told_all_of_it() -> None:
    found = plain_data(closure_report(MIXED))
    assert found["digest"] == MIXED.digest
    assert [one["document"] for one in found["lines"]] == [one.line.document for one in MIXED.lines]
    assert found["lines"][2] == {
        "document": "INV00000002",
        "item": "1",
        "subscription": "S",
        "charges": ["seats"],
        "from": "2023-01-01",
        "until": "2023-02-01",
        "currency": "USD",
        "billed": "10.00",
        "amount": "0.00",
        "rule": "minimum_maximum",
        "by": {"document": "INV00000001", "item": "1"},
        "left_out": "CM00000001 has taken it",
    }


# -- on the command line -------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def taking_more(monkeypatch: pytest.MonkeyPatch) -> None:
    take_more(monkeypatch, THREE)


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    (tmp_path / "book.yaml").write_text(BOOK)
    url = f"sqlite:///{tmp_path}/ledger.db"
    assert billpolicy("ledger", "init", url).code == 0
    assert billpolicy("ledger", "import", url, tmp_path / "book.yaml").code == 0
    return url


def run(command: str, ledger: str, tmp_path: Path, *options: str, operations: str = FIX) -> Ran:
    (tmp_path / "fix.yaml").write_text(f"operations:\n- {operations}\n")
    file = tmp_path / "fix.yaml"
    return billpolicy(command, file, "-p", STANDARD, "--ledger", ledger, "--engine", "python", *options)


def test_a_dry_run_shows_what_is_to_be_confirmed(ledger: str, tmp_path: Path) -> None:
    told = run("plan", ledger, tmp_path)
    assert told.code == 0
    assert f"  closure {THREE.short_digest}: 3 lines, 2 more than selected: 30.00 USD\n" in told.out
    (plan,) = json.loads(run("plan", ledger, tmp_path, "--format", "json").out)["plans"]
    assert plan["closure"]["digest"] == THREE.digest


def test_the_refusal_shows_the_lines_and_the_command_to_go_on(ledger: str, tmp_path: Path) -> None:
    told = run("post", ledger, tmp_path)
    assert told.code == 1
    assert "[closure-unconfirmed]" in told.out
    assert "        1. INV3/1  10.00  seats, 2023-01-01 to 2023-01-31, later\n" in told.out
    (command,) = (line for line in told.out.splitlines() if line.startswith("to go on with these lines: "))
    words = shlex.split(command.removeprefix("to go on with these lines: "))
    assert words == [
        "billpolicy",
        "post",
        str(tmp_path / "fix.yaml"),
        *("--policy", str(STANDARD)),
        *("--ledger", ledger),
        *("--confirm", THREE.short_digest),
        *("--engine", "python"),
    ]
    assert billpolicy(*words[1:]).code == 0
    again = run("post", ledger, tmp_path)
    assert (again.code, "to go on" in again.out) == (0, False)


def test_programs_are_told_the_digest(ledger: str, tmp_path: Path) -> None:
    told = run("post", ledger, tmp_path, "--format", "json")
    (refused,) = json.loads(told.out)["refused"]
    assert refused["to_confirm"] == [THREE.digest]
    assert [one["code"] for one in refused["diagnostics"]] == ["closure-unconfirmed"]
    assert run("post", ledger, tmp_path, "--format", "json", "--confirm", THREE.digest).code == 0


def test_yes_confirms_all(ledger: str, tmp_path: Path) -> None:
    assert run("post", ledger, tmp_path, "--yes").code == 0


def test_what_was_confirmed_is_something_else(ledger: str, tmp_path: Path) -> None:
    told = run("post", ledger, tmp_path, "--confirm", "0123456789ab")
    assert told.code == 1
    assert "what was confirmed (`0123456789ab`) is something else" in told.out
    assert "[closure-changed]" in told.out


@pytest.mark.parametrize("wrong", ["0123456", "yes please", "0" * 65])
def test_what_is_no_digest(ledger: str, tmp_path: Path, wrong: str) -> None:
    told = run("post", ledger, tmp_path, "--confirm", wrong)
    assert told.code == 2
    assert "8 characters or more of 0-9 and a-f" in " ".join(told.err.split())
