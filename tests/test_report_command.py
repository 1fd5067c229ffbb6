"""`billpolicy report`: of a book and of a ledger, in each format, to the terminal and to files."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT
from tests.helpers.tools import needs_package

STORY = ROOT / "examples" / "bad-debt-written-off"
BOOK = str(STORY / "book.yaml")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    policy = ["--policy", str(STORY / "policy.yaml")]
    for code, command in (
        (0, ["ledger", "init", "sqlite:///l.db"]),
        (0, ["ledger", "import", "sqlite:///l.db", BOOK]),
        # Three of its operations are refused.
        (1, ["post", str(STORY / "operations.yaml"), *policy, "--ledger", "sqlite:///l.db", "--actor", "ines"]),
    ):
        ran = billpolicy(*command)
        assert ran.code == code, ran.err
    return "sqlite:///l.db"


def test_a_ledger_tells_who_did_what(ledger: str) -> None:
    ran = billpolicy("report", "approvals", "--ledger", ledger, "--format", "json")
    rows = json.loads(ran.out)["groups"][0]["rows"]
    assert [(row["operation"], row["what"], row["who"]) for row in rows] == [
        ("partly-paid", "write_off_invoice", "priya"),
        ("discount-and-taxes", "write_off_invoice", "ines"),
        ("invoice-without-attributes", "write_off_invoice", "ines"),
    ]
    ran = billpolicy("report", "approvals", "--ledger", ledger, "--account", "sundown", "--format", "json")
    # It writes off INV00000001, the one invoice of that account.
    assert [row["operation"] for row in json.loads(ran.out)["groups"][0]["rows"]] == ["invoice-without-attributes"]


def test_a_ledger_tells_its_numbers_within_a_page(ledger: str) -> None:
    ran = billpolicy("report", "numbers", "--ledger", ledger)
    assert (ran.code, ran.err) == (0, "")
    assert "WEST-CM" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_file_that_is_there_is_kept(ledger: str, tmp_path: Path) -> None:
    needs_package("xlsxwriter")
    asked = ("report", "balances", "--ledger", ledger, "--format", "xlsx", "--out")
    assert billpolicy(*asked, "new.xlsx").code == 0
    written = (tmp_path / "new.xlsx").read_bytes()
    assert written.startswith(b"PK")
    for name in ("new.xlsx", "l.db"):
        before = (tmp_path / name).read_bytes()
        ran = billpolicy(*asked, name)
        assert ran.code == 1
        assert (tmp_path / name).read_bytes() == before
    assert billpolicy("report", "balances", "--book", BOOK, "--format", "xlsx").code == 2


def test_without_what_writes_workbooks_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    out = tmp_path / "new.xlsx"
    ran = billpolicy("report", "balances", "--book", BOOK, "--format", "xlsx", "--out", str(out))
    assert (ran.code, ran.out, out.exists()) == (2, "", False)
    assert "pip install 'billpolicy[excel]'" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    "typed",
    [
        ["nothing", "--book", BOOK],
        ["aging", "--book", BOOK, "--ledger", "sqlite:///l.db"],
        ["aging"],
        ["aging", "--book", BOOK, "--buckets", "30,x"],
        ["aging", "--book", BOOK, "--as-of", "31.12.2026"],
    ],
)
def test_what_is_typed_wrong(typed: list[str]) -> None:
    assert billpolicy("report", *typed).code == 2
