"""Texts that are typed pass the gate that texts in files pass: none can forge a line or steer a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from billpolicy.cli import COMMANDS, cli
from billpolicy.cli.options import AS_WRITTEN, LINE, REMARK
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD

FORGED = {
    "a line of history": "ines\n2026-04-02 by maria (approved)",
    "carriage return": "ines\rmaria",
    "escape": "ines\x1b]0;owned\x07",
    "control of one character": "ines\x9b31m",
    "nul": "ines\0",
    "delete": "ines\x7f",
    "line separator": "ines\u2028maria",
    "reversed": "ines\u202eairam",
    "isolated": "ines\u2066maria\u2069",
    "bytes that are no text": "ines\udcff",
    "zero width": "ines\u200b",
    "joined": "in\u200des",
    "byte order mark": "\ufeffines",
    "mark of direction": "ines\u200f",
    "soft hyphen": "in\xades",
    "filler": "ines\u3164",
    "variation": "ines\ufe0f",
    "tag": "ines\U000e0041",
    "space behind": "ines ",
    "space before": "\u3000ines",
    "too long": "i" * 256,
    "empty": "",
    "blank": "  ",
}
BOOK = """
accounts: [{id: a, currency: EUR}]
invoices: [{number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: -1.50}]}]
"""
OPERATIONS = """
operations:
- {id: t, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV00000001}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "operations.yaml").write_text(OPERATIONS)
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", "book.yaml").code == 0
    return tmp_path


def post(*options: str) -> Ran:
    options = ("--policy", str(STANDARD), "--ledger", "sqlite:///l.db", "--engine", "python", *options)
    return billpolicy("post", *options, "operations.yaml")


def posted_by() -> str | None:
    """Who posted the operation, as the ledger tells it; None if it was not posted."""
    found = re.search(r"^  posted by        (.*) at [0-9-]+ [0-9:]+ UTC$", show().out, re.MULTILINE)
    return found[1] if found else None


def show() -> Ran:
    return billpolicy("ledger", "show", "sqlite:///l.db", "t")


@pytest.mark.parametrize("name", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--ledger", "sqlite:///l.db", "--policy", str(STANDARD), "operations.yaml", "--actor"),
        ("post", "--ledger", "sqlite:///l.db", "--policy", str(STANDARD), "operations.yaml", "--actor"),
        ("explain", "--ledger", "sqlite:///l.db", "--policy", str(STANDARD), "operations.yaml", "--actor"),
        ("explain", "--ledger", "sqlite:///l.db", "--policy", str(STANDARD), "operations.yaml", "--why-not"),
        ("ledger", "show", "sqlite:///l.db"),
        ("ledger", "history", "sqlite:///l.db"),
    ],
    ids=[
        "plan --actor",
        "post --actor",
        "explain --actor",
        "explain --why-not",
        "ledger show ID",
        "ledger history LINE",
    ],
)
def test_a_typed_text_that_could_forge_something_is_refused(command: tuple[str, ...], name: str) -> None:
    ran = billpolicy(*command, name)
    assert (ran.code, ran.out) == (2, "")
    assert "Invalid value for" in ran.err
    assert " text " in ran.err
    assert (ran.err.isascii(), "\x1b" in ran.err, "maria" in ran.err) == (True, False, False)
    assert posted_by() is None


def test_every_option_that_is_a_text_is_under_the_gate() -> None:
    context = click.Context(cli)
    commands = [command for name in COMMANDS if (command := cli.get_command(context, name)) is not None]
    below = [each for one in commands if isinstance(one, click.Group) for each in one.commands.values()]
    texts = {
        parameter.name: parameter.type
        for command in (*commands, *below)
        for parameter in command.params
        if isinstance(parameter.type, click.types.StringParamType | type(LINE))
    }
    # The address of a ledger is looked at for itself: it must name a file.
    assert texts.pop("ledger") == click.STRING
    # What an operation has is read as in a file of operations: `test_fields_that_are_typed_are_held_as_in_a_file`.
    assert texts.pop("fields") == click.STRING
    # Files, revisions of git and columns of data may be called anything, and a remark names nothing.
    assert {name for name, type_ in texts.items() if type_ is AS_WRITTEN} == {"data", "keep", "since", "unset"}
    assert {name for name, type_ in texts.items() if type_ is REMARK} == {"comment", "text"}
    assert texts.keys() >= {"actor", "why_not", "id", "ids", "line"}
    assert {name for name, type_ in texts.items() if type_ not in (LINE, AS_WRITTEN, REMARK)} == set()


@pytest.mark.parametrize("variable", ["LOGNAME", "USER"])
@pytest.mark.parametrize("name", [name for name in FORGED.values() if name and "\0" not in name])
def test_a_login_name_that_could_forge_something_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    monkeypatch.delenv("LOGNAME", raising=False)
    monkeypatch.setenv(variable, name)
    ran = post()
    assert (ran.code, ran.out) == (2, "")
    assert "your login name cannot be kept as it is: say who you are with --actor NAME" in ran.err
    assert posted_by() is None
    assert post("--actor", "ines").code == 0
    assert posted_by() == "ines"


@pytest.mark.parametrize("name", ["ines", "Ínés Müller", "イネス", "O'Brien, ines@example.com", "x" * 255])
def test_any_other_name_is_kept_as_it_is(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LOGNAME", name)
    assert post().code == 0
    assert posted_by() == name


@pytest.mark.parametrize("key", ["actor", "approved_by", "comment"])
@pytest.mark.parametrize("name", ["ines\\nmaria", "ines\\e]0;owned", "ines\\u202eairam", "ines\\x9b31m"])
def test_the_same_texts_in_a_file_are_refused_or_lose_their_lines(folder: Path, key: str, name: str) -> None:
    written = OPERATIONS.replace("date:", f'{key}: "{name}", date:')
    (folder / "operations.yaml").write_text(written)
    ran = post("--actor", "ines")
    if key == "comment" and "\\n" in name:  # a comment may have several lines, which become one
        assert ran.code == 0
        assert "because          ines maria" in show().out
    else:
        assert ran.code == 1
        assert "[value-wrong]" in ran.err
        assert posted_by() is None


@pytest.mark.parametrize("typed", ["invoice=INV\x1b[31m1", "inv\x1b[31moice=INV00000001", "invoice=INV\n1"])
def test_fields_that_are_typed_are_held_as_in_a_file(typed: str) -> None:
    ran = billpolicy("plan", "write_off_invoice", typed, "--policy", "standard", "--book", "book.yaml")
    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err
    assert "control character" in ran.out + ran.err
