"""docs/exit-codes.md: each command answers with the codes that its row tells, and no command is missing."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import billpolicy as api
from billpolicy.cli import COMMANDS, cli
from tests.findings.test_formats import codes
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT
from tests.helpers.repository import ACME, with_policies

PAGE = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([a-z -]+)` \|", PAGE, re.MULTILINE)
WRONG, RIGHT = "policies/wrong", "policies/acme"
LEDGER = "sqlite:///l.db"
APPROVED = ["--policy", "policies/two", "--today", "2026-04-01", "--ledger", LEDGER]
PLANNED = ["--policy", RIGHT, "--today", "2026-04-01"]
BOOK = """\
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann, sequence_set: DEFAULT}}]
contacts: [{id: ann, account: a}]
subscriptions:
- {id: s, account: a, start: 2026-01-01, charges: [{id: calls, rate: 0.10, usage: true}]}
invoices:
- {number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 1.00}]}
"""
OPERATIONS = "operations: [{id: ID, operation: create_payment, account: ACCOUNT, amount: 1.00, date: 2026-03-02}]\n"
TEST = """\
book: ../../book.yaml
tests:
- name: money that came in
  operation: {operation: create_payment, account: a, amount: 1.00, date: 2026-03-02}
  expect: {amount: AMOUNT}
"""
CASES: dict[str, tuple[list[str], list[str]]] = {
    # command -> what gives 0, what gives 1
    "init": (["new", "--yes"], [".", "--yes"]),
    "validate": ([RIGHT], [RIGHT, WRONG]),
    "affected": (["--since", "main"], ["--since", "mian"]),
    "analyze": ([RIGHT, "--fail-level", "error"], [WRONG]),
    "lint": ([RIGHT, "--fail-level", "error"], [WRONG]),
    "test": ([f"{RIGHT}/good.test.yaml"], [f"{RIGHT}/bad.test.yaml"]),
    "diff": (["main", RIGHT, "--equivalent"], ["base", "policies/other", "--equivalent"]),
    "explain": ([*PLANNED, "--book", "book.yaml", "good.yaml"], [*PLANNED, "--book", "book.yaml", "bad.yaml"]),
    "plan": ([*PLANNED, "--book", "book.yaml", "good.yaml"], [*PLANNED, "--book", "book.yaml", "bad.yaml"]),
    "post": (
        [*PLANNED, "--ledger", LEDGER, "--actor", "ines", "good.yaml"],
        [*PLANNED, "--ledger", LEDGER, "--actor", "ines", "bad.yaml"],
    ),
    "waiting": (["--ledger", LEDGER], ["--ledger", "sqlite:///book.yaml"]),
    "approve": (["waits", *APPROVED, "--actor", "maria"], ["nothing", *APPROVED, "--actor", "maria"]),
    "withdraw": (["waits-too", "--ledger", LEDGER], ["nothing", "--ledger", LEDGER]),
    "replay": (["recorded.jsonl", "--policy", RIGHT], ["recorded.jsonl", "--policy", "policies/other"]),
    "resolve": (
        ["--policy", RIGHT, "--operation", "create_payment", "--data", "rows.csv", "--out", "decided.csv"],
        ["--policy", RIGHT, "--operation", "create_payment", "--data", "refused.csv", "--out", "decided-too.csv"],
    ),
    "serve": (
        ["--policy", RIGHT, "--book", "book.yaml", "--check"],
        ["--policy", WRONG, "--book", "book.yaml", "--check"],
    ),
    "matrix": ([RIGHT], [WRONG]),
    "report": (["balances", "--book", "book.yaml"], ["approvals", "--book", "book.yaml"]),
    "import-csv": (
        ["accounts.csv", "--mapping", "mapping.yaml", "--dry-run"],
        ["accounts.csv", "--mapping", "book.yaml", "--dry-run"],
    ),
    "rule": (["key-unknown"], ["key-unknwon"]),
    "schema": (["policy", "--validate", f"{RIGHT}/policy.yaml"], ["policy", "--validate", "book.yaml"]),
    "ledger numbers": ([LEDGER], ["sqlite:///book.yaml"]),
    "ledger backup": ([LEDGER, "l.backup"], [LEDGER, "book.yaml"]),
    "ledger restore": (["l.backup", "sqlite:///restored.db"], ["book.yaml", "sqlite:///restored-too.db"]),
    "ledger head": ([LEDGER], ["sqlite:///book.yaml"]),
    "ledger stats": ([LEDGER], ["sqlite:///book.yaml"]),
    "ledger journal": ([LEDGER, *PLANNED[:2]], ["sqlite:///book.yaml", *PLANNED[:2]]),
    "ledger init": ([LEDGER], ["sqlite:///book.yaml"]),
    "ledger import": ([LEDGER, "book.yaml"], [LEDGER, "bad.yaml"]),
    "ledger sync": ([LEDGER, "book.yaml", *PLANNED], [LEDGER, "bad.yaml", *PLANNED]),
    "ledger usage": ([LEDGER, "usage.csv", *PLANNED], [LEDGER, "bad.yaml", *PLANNED]),
    "ledger show": ([LEDGER, "a"], [LEDGER, "nobody"]),
    "ledger history": ([LEDGER, "INV00000001"], [LEDGER, "nothing"]),
    "ledger explain": ([LEDGER, "P-00000001"], [LEDGER, "P-00000009"]),
    "ledger check": ([LEDGER], ["sqlite:///book.yaml"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with policies, a book, operations of which those of `bad.yaml` are refused, tests and a ledger."""
    made = with_policies(tmp_path_factory.mktemp("codes") / "repository")
    made.write("policies/wrong/policy.yaml", ACME + "rolls: {}\n")
    other = ACME.replace("acme", "other") + "operations: {create_payment: {sequence_set: [request, default]}}\n"
    made.write("policies/other/policy.yaml", other)
    two = ACME.replace("acme", "two") + "operations: {write_off_invoice: {permission: approval}}\n"
    made.write("policies/two/policy.yaml", two)
    waits = "{id: ID, operation: write_off_invoice, invoice: INV00000001, actor: ines}"
    made.write("waits.yaml", f"operations: [{waits.replace('ID', 'waits')}, {waits.replace('ID', 'waits-too')}]\n")
    made.write("book.yaml", BOOK)
    made.write("usage.csv", "id,subscription,charge,date,quantity\nu1,s,calls,2026-03-01,3\n")
    made.write("accounts.csv", "id,currency\na,EUR\n")
    rows = "date,account.country,account.sequence_set,reference_is\n2026-03-02,COUNTRY,EU,new\n"
    made.write("rows.csv", rows.replace("COUNTRY", "DE"))
    made.write("refused.csv", rows.replace("COUNTRY", "Germany"))
    columns = "{id: id, currency: currency}"
    made.write("mapping.yaml", f"tables: [{{file: accounts.csv, record: accounts, columns: {columns}}}]\n")
    made.write("good.yaml", OPERATIONS.replace("ACCOUNT", "a").replace("ID", "good"))
    made.write("bad.yaml", OPERATIONS.replace("ACCOUNT", "nobody").replace("ID", "bad"))
    made.write(f"{RIGHT}/good.test.yaml", TEST.replace("AMOUNT", "1.00"))
    made.write(f"{RIGHT}/bad.test.yaml", TEST.replace("AMOUNT", "2.00"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.root)
        recorded = ["--book", "book.yaml", "good.yaml", "--record", "recorded.jsonl"]
        for command in (
            ["ledger", "init", LEDGER],
            ["ledger", "import", LEDGER, "book.yaml"],
            ["post", *CASES["post"][0]],
            ["plan", *PLANNED, *recorded],
            ["post", "waits.yaml", *APPROVED, "--wait"],
        ):
            ran = billpolicy(*command)
            assert ran.code == 0, ran.err
    return made.root


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_every_command_has_a_row_and_is_tried() -> None:
    context = click.Context(cli)
    commands = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        below = sorted(command.commands) if isinstance(command, click.Group) else []
        commands += [f"{name} {each}" for each in below] or [name]
    assert sorted(ROWS) == sorted(commands)
    # It reads nothing, in which something could be wrong.
    assert sorted([*CASES, "completion"]) == sorted(commands)


@pytest.mark.parametrize("command", CASES)
def test_nothing_is_wrong(command: str) -> None:
    ran = billpolicy(*command.split(), *CASES[command][0])
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("command", CASES)
def test_something_is(command: str) -> None:
    ran = billpolicy(*command.split(), *CASES[command][1])
    assert ran.code == 1, ran.err
    assert "internal error" not in ran.err


@pytest.mark.parametrize("command", CASES)
def test_typed_wrong(command: str) -> None:
    assert billpolicy(*command.split(), *CASES[command][0], "--nonsense").code == 2


@pytest.mark.parametrize("command", CASES)
def test_a_fault(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the command it happens: here whatever it asks the API or the catalogue for."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    for name in api.__all__:
        if name[0].islower():
            monkeypatch.setattr(api, name, broken)
    monkeypatch.setattr("billpolicy.cli.init.company_files", broken)
    monkeypatch.setattr("billpolicy.cli.rule.entry", broken)
    monkeypatch.setattr("billpolicy.cli.affected.changed_since", broken)
    ran = billpolicy(*command.split(), *CASES[command][0])
    assert (ran.code, "internal error: ZeroDivisionError" in ran.err) == (3, True)


def test_outcomes_change() -> None:
    other = ["diff", "base", "policies/other", "--exit-code"]
    assert billpolicy(*other).code == 4
    assert billpolicy(*other[:-1]).code == 0
    assert billpolicy(*other, "--equivalent").code == 1
    assert billpolicy("diff", "main", RIGHT, "--exit-code").code == 0


def test_a_report_is_written_with_each_code() -> None:
    assert codes("gitlab", billpolicy("validate", WRONG, "--format", "gitlab").out) == ["key-unknown"]
    assert codes("gitlab", billpolicy("validate", "--format", "gitlab").out) == ["usage-wrong"]
