"""No option destroys a file: what a command reads, posts to or did not write itself stays as it was."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.cli.writing import REPORT, write_file
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD

BOOK = """
accounts: [{id: a, currency: EUR}]
invoices: [{number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: -1.50}]}]
"""
OPERATIONS = """
operations:
- {id: t, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV00000009}
"""
HEAD = "id,operation,file,line,code,message,hint\r\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy over a base of its own, a book, operations and a ledger; it is the current one."""
    monkeypatch.chdir(tmp_path)
    for name, base in (("base", str(STANDARD)), ("policy", "../base")):
        (tmp_path / name).mkdir()
        text = f"policy: {name}\nextends: {base}\neffective: {{from: 2026-01-01}}\n"
        (tmp_path / name / "policy.yaml").write_text(text)
    (tmp_path / "policy" / "reasons.yaml").write_text("defaults: {payment_term: Net 30}\n")
    (tmp_path / "policy" / "one.test.yaml").write_text("tests: []\n")
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "operations.yaml").write_text(OPERATIONS)
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", "book.yaml").code == 0
    return tmp_path


def command(name: str, report: str | Path, *, ground: tuple[str, str] = ("--ledger", "sqlite:///l.db")) -> Ran:
    options = ("--policy", "policy", "--engine", "python", *ground, "operations.yaml")
    return billpolicy(name, *options, "--report", report)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


OWN = [
    *("l.db", "l.db-wal", "l.db-shm", "l.db-journal", "operations.yaml"),
    *("policy/policy.yaml", "policy/reasons.yaml", "base/policy.yaml", str(STANDARD / "credit_memos.yaml")),
    # These are no policy yet, or tests of it.
    *("policy/new.yaml", "base/new.yml", "policy/one.test.yaml"),
]


@pytest.mark.parametrize("name", ["plan", "post"])
@pytest.mark.parametrize("target", OWN)
def test_a_report_over_a_file_of_the_command_is_refused_and_changes_nothing(
    folder: Path, name: str, target: str
) -> None:
    before, standard = contents(folder), contents(STANDARD)
    ran = command(name, target)
    assert ran.code == 1
    assert f"{target}: error: this is " in ran.err
    assert "a report would destroy it [file-in-use]\n    hint: name another file for the report" in ran.err
    assert (contents(folder), contents(STANDARD)) == (before, standard)


def test_a_report_over_the_book_is_refused_and_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    ran = command("plan", "book.yaml", ground=("--book", "book.yaml"))
    assert (ran.code, contents(folder)) == (1, before)
    assert "book.yaml: error: this is the book; a report would destroy it" in ran.err


@pytest.mark.parametrize("name", ["plan", "post"])
@pytest.mark.parametrize("target", ["l.db", "operations.yaml", "base/policy.yaml"])
@pytest.mark.parametrize("way", ["symlink", "hard link", "folder", "dots", "ledger is a symlink"])
def test_a_file_is_known_by_whatever_way_leads_to_it(folder: Path, name: str, target: str, way: str) -> None:
    report = folder / "report.csv"
    ledger = "sqlite:///l.db"
    if way == "symlink":
        report.symlink_to(target)
    elif way == "hard link":
        os.link(target, report)
    elif way == "folder":
        (folder / "other").symlink_to(folder, target_is_directory=True)
        report = folder / "other" / target
    elif way == "dots":
        report = Path("policy/..") / target
    else:
        (folder / "link.db").symlink_to("l.db")
        report, ledger = Path(target), "sqlite:///link.db"
    before = contents(folder)
    ran = command(name, report, ground=("--ledger", ledger))
    assert (ran.code, contents(folder)) == (1, before)
    assert "[file-in-use]" in ran.err


def test_a_ledger_that_is_not_there_yet_is_known_by_its_name(folder: Path) -> None:
    (folder / "link.csv").symlink_to("new.db")
    for name in ("plan", "post"):
        for target in ("new.db", "./new.db", "new.db-wal", "link.csv"):
            ran = command(name, target, ground=("--ledger", "sqlite:///new.db"))
            assert ran.code == 1
            assert "this is a file of the ledger" in ran.err
    assert not (folder / "new.db").exists()


@pytest.mark.parametrize("name", ["plan", "post"])
@pytest.mark.parametrize("target", ["notes.txt", "other.db", "other.yaml", "report.csv", "missing/../notes.txt"])
def test_a_file_that_is_no_report_is_not_replaced_by_one(folder: Path, name: str, target: str) -> None:
    if target == "other.db":
        assert billpolicy("ledger", "init", "sqlite:///other.db").code == 0
    else:
        (folder / target.removeprefix("missing/../")).write_text("name,phone\nines,123\n")
    before = contents(folder)
    ran = command(name, target)
    assert (ran.code, contents(folder)) == (1, before)
    assert f"{target}: error: this file is there already and is no report [file-foreign]" in ran.err
    assert "hint: name another file, or remove this one first" in ran.err


@pytest.mark.parametrize("name", ["plan", "post"])
def test_a_report_replaces_a_report_or_an_empty_file_and_keeps_who_may_read_it(folder: Path, name: str) -> None:
    report = folder / "report.csv"
    report.touch(mode=0o600)
    report.chmod(0o640)
    for _ in range(2):
        assert command(name, report).code == 1
        with report.open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["id"], row["code"]) == ("t", "document-unknown")
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_report_through_a_link_is_written_where_the_link_leads(folder: Path) -> None:
    (folder / "latest.csv").symlink_to("april.csv")
    assert command("plan", "latest.csv").code == 1
    assert (folder / "latest.csv").is_symlink()
    assert (folder / "april.csv").read_bytes().startswith(HEAD.encode())


@pytest.mark.parametrize("target", ["/dev/null", "pipe"])
def test_a_report_into_what_is_no_plain_file_is_refused(folder: Path, target: str) -> None:
    os.mkfifo(folder / "pipe")
    ran = command("plan", target)
    assert ran.code == 1
    assert f"{target}: error: this is not a plain file [file-not-plain]" in ran.err
    assert Path("/dev/null").is_char_device()


def test_a_report_into_the_file_that_the_shell_prints_to_is_refused(folder: Path) -> None:
    options = "plan --policy policy --engine python --book book.yaml operations.yaml --report out.csv"
    with (folder / "out.csv").open("wb") as out:
        ran = subprocess.run(
            [sys.executable, "-m", "billpolicy", *options.split()],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 1
    assert "out.csv: error: what this command prints goes into this file already [file-in-use]" in ran.stderr


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(folder / "report.csv", HEAD, REPORT)
    before = contents(folder)

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("billpolicy.cli.writing.os.fsync", fails)
    with pytest.raises(OSError, match="No space left on device") as error:
        write_file(folder / "report.csv", HEAD + "more", REPORT)
    assert error.value.filename == str(folder / "report.csv")
    assert contents(folder) == before


def test_a_file_is_written_whole_before_it_has_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append((self.parent, self.read_bytes(), target.exists()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    write_file(folder / "report.csv", HEAD, REPORT)
    assert seen == [(folder.resolve(), HEAD.encode(), False)]
    assert (folder / "report.csv").read_bytes() == HEAD.encode()


def test_schemas_replace_schemas_and_nothing_else(folder: Path) -> None:
    for _ in range(2):
        assert billpolicy("schema", "--all", "--output", "schemas").code == 0
    assert json.loads((folder / "schemas" / "book.schema.json").read_text())["title"] == "billpolicy book"
    assert billpolicy("schema", "--all", "--check", "schemas").code == 0
    (folder / "schemas" / "book.schema.json").unlink()
    (folder / "schemas" / "book.schema.json").symlink_to(folder / "l.db")
    (folder / "schemas" / "policy.schema.json").write_text('{"policy": "acme"}')
    before = contents(folder)
    for name in ("book", "policy"):
        ran = billpolicy("schema", name, "--output", "schemas")
        assert ran.code == 1
        assert f"schemas/{name}.schema.json: error: this file is there already and is no schema" in ran.err
    assert contents(folder) == before


@pytest.mark.parametrize("content", [b"xy", b"policy: acme\n" * 200, b"\0" * 600, b"%PDF-1.7\n", HEAD.encode()])
@pytest.mark.parametrize("arguments", [("init",), ("import", "book.yaml"), ("check",), ("show", "a")])
def test_a_ledger_is_never_made_in_a_file_of_another_kind(
    folder: Path, content: bytes, arguments: tuple[str, ...]
) -> None:
    (folder / "mine").write_bytes(content)
    before = contents(folder)
    ran = billpolicy("ledger", arguments[0], "sqlite:///mine", *arguments[1:])
    assert (ran.code, contents(folder)) == (1, before)
    # What is wrong with a ledger is what a check answers; to any other command it is in the way.
    assert "[ledger-foreign]" in (ran.out if arguments[0] == "check" else ran.err)


def test_a_single_byte_is_a_file_of_another_kind_too(folder: Path) -> None:
    (folder / "mine").write_bytes(b"x")
    for arguments in (("init", "sqlite:///mine"), ("import", "sqlite:///mine", "book.yaml")):
        assert billpolicy("ledger", *arguments).code == 1
    assert (folder / "mine").read_bytes() == b"x"


@pytest.mark.parametrize("arguments", [("init",), ("import", "book.yaml")])
def test_a_ledger_is_never_made_in_the_database_of_another_program(folder: Path, arguments: tuple[str, ...]) -> None:
    with closing(sqlite3.connect("songs.db")) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    before = contents(folder)
    ran = billpolicy("ledger", arguments[0], "sqlite:///songs.db", *arguments[1:])
    assert (ran.code, contents(folder)) == (1, before)
    assert "[ledger-foreign]" in ran.err


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_new_ledger_destroys_no_file_that_sqlite_would_take_for_its_own(folder: Path, suffix: str) -> None:
    (folder / f"my{suffix}").write_text("dear diary")
    before = contents(folder)
    ran = billpolicy("ledger", "init", "sqlite:///my")
    assert (ran.code, contents(folder)) == (1, before)
    assert f"my{suffix}: error: a new ledger `my` would destroy this file [file-in-use]" in ran.err


def test_the_kind_of_a_file_is_checked_again_when_it_is_written(folder: Path) -> None:
    (folder / "report.csv").write_text("dear diary")
    with pytest.raises(Refused):
        write_file(folder / "report.csv", HEAD, REPORT)
    assert (folder / "report.csv").read_text() == "dear diary"


# -- recordings ----------------------------------------------------------------------------------------------------


def recording(name: str, file: str | Path) -> Ran:
    options = ("--policy", "policy", "--engine", "python", "--ledger", "sqlite:///l.db", "--today", "2026-01-02")
    return billpolicy(name, *options, "operations.yaml", "--record", file)


@pytest.mark.parametrize("name", ["plan", "post"])
@pytest.mark.parametrize("target", OWN)
def test_a_recording_over_a_file_of_the_command_is_refused_and_changes_nothing(
    folder: Path, name: str, target: str
) -> None:
    before, standard = contents(folder), contents(STANDARD)
    ran = recording(name, target)
    assert ran.code == 1
    assert "a recording would destroy it [file-in-use]" in ran.err
    assert (contents(folder), contents(STANDARD)) == (before, standard)


@pytest.mark.parametrize("name", ["plan", "post"])
def test_a_recording_replaces_a_recording_and_nothing_else(folder: Path, name: str) -> None:
    (folder / "notes.jsonl").write_text('{"note": 1}\n')
    before = contents(folder)
    ran = recording(name, "notes.jsonl")
    assert (ran.code, contents(folder)) == (1, before)
    assert "notes.jsonl: error: this file is there already and is no recording [file-foreign]" in ran.err
    (folder / "empty.jsonl").write_text("")
    for _ in range(2):
        assert recording(name, "empty.jsonl").code == 1  # the operation is refused, and that is recorded
        _, line = (folder / "empty.jsonl").read_text().splitlines()
        assert json.loads(line)["refused"] == ["document-unknown"]
    assert contents(folder).keys() - before.keys() == {"empty.jsonl"}


def test_a_report_and_a_recording_are_two_files(folder: Path) -> None:
    options = ("--policy", "policy", "--engine", "python", "--book", "book.yaml")
    ran = billpolicy("plan", *options, "operations.yaml", "--record", "one", "--report", "one")
    assert ran.code == 1
    assert "one: error: this is the report; a recording would destroy it [file-in-use]" in ran.err
    assert not (folder / "one").exists()


def test_what_was_posted_is_recorded_also_if_it_goes_on_no_further(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (folder / "operations.yaml").read_text().replace("INV00000009", "INV00000001")
    second = "- {id: u, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV00000009}\n"
    (folder / "operations.yaml").write_text(text + second)

    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("billpolicy.cli.post.show_refused", fails)
    assert recording("post", "posted.jsonl").code == 1
    ids = [json.loads(line).get("id") for line in (folder / "posted.jsonl").read_text().splitlines()]
    assert ids == [None, "t", "u"]
