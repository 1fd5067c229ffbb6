"""Whatever is printed or written, by every command and in every format, is safe though every text in it is hostile.

The commands and their formats are those of the command line itself: a new one has no line in `RUNS`, and fails here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from markdown_it import MarkdownIt

from billpolicy.cli import cli
from billpolicy.diagnostics.visible import ignorable
from billpolicy.report.findings.formats import FINDINGS_ONLY
from tests.helpers.command_line import Ran
from tests.helpers.hostile import FORGED, HOSTILE, URL, file, hostile, make, run
from tests.helpers.tools import needs_package

POLICY, BOOK = file("policy.yaml"), file("book.yaml")
UNDER = ("--policy", POLICY, "--engine", "python")
DAY = ("--today", "2026-01-02")
ON = ("--ledger", URL)
AS_OF = (*ON, "--policy", POLICY, "--as-of", "2026-12-31")
WHO = ("--actor", hostile("ines"))
ROWS = ("--operation", "create_payment", "--unset", "reference_is", "--data")
RUNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "init": (("new", "--name", hostile("company"), "--yes"), (file("folder"), "--yes"), ("--example", hostile("x"))),
    "validate": ((POLICY,), (file("wrong.yaml"),), (file("broken.yaml"),), (file("nowhere"),)),
    "test": (
        (file("tests.test.yaml"), "--engine", "python", "--verbose", "--coverage"),
        (file("tests.test.yaml"), "--engine", "python", "--mutate"),
        (POLICY, "--new", hostile("rule")),
        (POLICY, "--rule", hostile("nowhere")),
    ),
    "lint": (
        (POLICY, "--data", BOOK),
        (POLICY, "--dry-run", "--fix"),
        (POLICY, "--update-baseline", "--baseline", "b"),
    ),
    "analyze": ((POLICY, "--witnesses", "w"), (file("wrong.yaml"),)),
    "affected": ((POLICY, file("nowhere")), ("--since", hostile("rev"))),
    "diff": (
        (POLICY, file("newer.yaml"), "--engine", "python"),
        (POLICY, file("newer.yaml"), "--engine", "python", "--data", URL, "--witnesses", "w"),
        (POLICY, file("newer.yaml"), "--propose", "-"),
        (POLICY, file("newer.yaml"), "--only", hostile("x")),
    ),
    "explain": (
        (*UNDER, "--book", BOOK, file("asked.json"), "--verbose"),
        (*UNDER, *ON, file("more.json"), "--why-not", hostile("rule")),
        (*UNDER, *ON, file("more.json"), "--why-not", hostile("nowhere")),
    ),
    "plan": (
        (*UNDER, "--book", BOOK, file("asked.json"), "--details", "--report", "r.csv", "--record", "r.jsonl"),
        (*UNDER, *ON, file("more.json"), "--out", "plan.json"),
        (*UNDER, *ON, "write_off_invoice", f"invoice={hostile('I3')}", f"{hostile('field')}=x"),
    ),
    "post": (
        (*UNDER, *ON, *DAY, *WHO, file("asked.json"), "--report", "r.csv"),
        (*UNDER, *ON, *DAY, *WHO, file("more.json"), "--details", "--record", "r.jsonl"),
        (*UNDER, *ON, *DAY, *WHO, "--waiting", hostile("w1")),
    ),
    "waiting": (ON,),
    "approve": (
        (hostile("w1"), hostile("w2"), *UNDER, *ON, *DAY, "--actor", hostile("max"), "--comment", HOSTILE),
        (hostile("w1"), *UNDER, *ON, *DAY, "--actor", hostile("nobody")),
    ),
    "withdraw": ((hostile("w1"), *ON, *WHO, "--comment", HOSTILE), (hostile("nowhere"), *ON, *WHO)),
    "replay": ((file("recording.jsonl"), "--policy", file("newer.yaml"), "--engine", "python"), (POLICY, *UNDER)),
    "resolve": (
        (*UNDER, *ROWS, file("rows.csv"), "--out", file("decided.csv")),
        (*UNDER, *ROWS, file("unknown.csv"), "--out", file("unknown-decided.csv")),
        (*UNDER, *ROWS, file("broken.csv"), "--out", file("broken-decided.csv")),
        (*UNDER, *ROWS, file("nowhere"), "--out", file("decided.nothing")),
    ),
    "serve": (
        (*UNDER, "--book", BOOK, "--check"),
        (*UNDER, *ON, "--check", "--actor", hostile("ines")),
        ("--policy", file("wrong.yaml"), "--book", BOOK, "--check"),
    ),
    "matrix": ((POLICY, "--settings"), (POLICY,)),
    "report": (
        *((name, *AS_OF) for name in ("balances", "aging", "open-items", "documents", "write-offs", "approvals")),
        ("numbers", *AS_OF),
        ("statement", *AS_OF, "--account", hostile("account")),
        ("balances", *AS_OF, "--account", hostile("nobody")),
    ),
    "ledger backup": ((URL, file("copy.db")),),
    "ledger check": ((URL,), (f"sqlite:///{file('nowhere')}",)),
    "ledger explain": ((URL, "CM00000001", "--verbose"), (URL, hostile("o1")), (URL, hostile("nowhere"))),
    "ledger history": ((URL, hostile("I1")), (URL, hostile("nowhere"))),
    "ledger import": ((URL, BOOK, "--policy", POLICY), (URL, file("broken.yaml"))),
    "ledger init": ((f"sqlite:///{file('new.db')}",), (URL,)),
    "ledger journal": ((URL, "--policy", POLICY), (URL, "--policy", POLICY, "--after", hostile("nowhere"))),
    "ledger numbers": ((URL,),),
    "ledger restore": ((file("backup.db"), URL), (BOOK, URL, "--replace")),
    "ledger show": (
        (URL, hostile("account")),
        (URL, hostile("I1")),
        (URL, "CM00000001"),
        (URL, hostile("o1")),
        (URL, hostile("w1")),
        (URL, hostile("nowhere")),
    ),
    "ledger head": ((URL,),),
    "ledger stats": ((URL,),),
    "ledger sync": ((URL, file("moved.yaml"), *UNDER), (URL, file("moved.yaml"), *UNDER, "--post", *WHO)),
    "ledger usage": ((URL, file("usage.csv"), "--policy", POLICY, *WHO),),
    "import-csv": (
        (file("table.csv"), "--mapping", file("mapping.yaml"), "--into", "made.yaml"),
        (file("table.csv"), "--propose"),
    ),
    "completion": (("bash",), ("zsh",), ("fish",)),
    "rule": ((hostile("code"),), ("key-unknown",)),
    "schema": ((hostile("name"),), ("book", "--validate", BOOK), ("policy", "--validate", file("wrong.yaml"))),
}
"""Command -> what it is asked: such that it shows what it finds, and such that it refuses."""
GATHERED = frozenset(FINDINGS_ONLY) - {"markdown"}
"""Formats that tell only what was found: of these the first and the last of what is asked is enough."""
LOG = "a log"
"""Not a format of results: what happens, as JSON lines on stderr."""


def commands(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from commands(below, (*path, name))


def formats(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name == "format":
            assert isinstance(parameter.type, click.Choice)
            yield from map(str, parameter.type.choices)


EVERY = {name: (*formats(command), LOG) for name, command in commands()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        make(folder)
    return folder


@pytest.fixture(autouse=True)
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_is_run() -> None:
    assert RUNS.keys() == EVERY.keys()


@pytest.mark.parametrize(("name", "format"), [(name, one) for name, all in EVERY.items() for one in all])
def test_no_text_steers_hides_forges_formats_or_runs(name: str, format: str, folder: Path) -> None:
    if format == "xlsx":
        needs_package("openpyxl")
    before = set(folder.rglob("*"))
    runs = RUNS[name]
    for number, asked in enumerate(dict.fromkeys((runs[0], runs[-1])) if format in GATHERED else runs):
        out = ("--out", f"made-{number}.xlsx") if format == "xlsx" else ()
        if format == LOG:
            ran = run("--log-format", "json", *name.split(), *asked)
            assert all(isinstance(json.loads(line), dict) for line in ran.err.splitlines())
        else:
            ran = run(*name.split(), *asked, *out, "--format", format)
        assert ran.code in (0, 1, 2), ran
        _is_safe(ran, "text" if "--new" in asked else format)  # a test is written in YAML, whatever the format
    for written in set(folder.rglob("*")) - before:
        if written.suffix == ".xlsx":
            _runs_nothing(written)
        elif written.is_file() and ".db" not in written.name:
            _is_visible(written.read_text("utf-8"))


def _is_safe(ran: Ran, format: str) -> None:
    """Nothing steers, hides or forges a line; and of what is read by programs, nothing is taken for markup."""
    _is_visible(ran.out, commands=format == "github")
    _is_visible(ran.err)
    if not ran.out:
        return
    if format in ("json", "sarif", "gitlab"):
        json.loads(ran.out)
    elif format == "junit":
        ElementTree.fromstring(ran.out)
    elif format == "csv":
        for row in csv.reader(io.StringIO(ran.out)):
            assert not any(_would_run(cell) for cell in row), row
    elif format == "html":
        _Page().feed(ran.out)
    elif format == "markdown":
        _Page().feed(str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(ran.out)))


def _is_visible(text: str, *, commands: bool = False) -> None:
    """`commands`: those of GitHub Actions are what is wanted, but none of them is a forged one."""
    for line in text.split("\n"):
        shown = line.replace("\u3000", "").replace("\xa0", "").rstrip("\r")
        assert shown.isprintable(), repr(line)
        assert not ignorable(line), repr(line)
        start = line.strip()
        assert not start.startswith(("::error::forged", "##[", "##vso")), line
        assert commands or not start.startswith("::"), line
        assert not line.startswith(FORGED), line


def _would_run(cell: str) -> bool:
    amount = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
    return amount is None and cell.strip().startswith(("=", "+", "-", "@"))


def _runs_nothing(workbook: Path) -> None:
    import openpyxl  # type: ignore[import-untyped]

    for row in openpyxl.load_workbook(workbook).active.iter_rows():
        for cell in row:
            assert cell.data_type != "f", cell.value
            if isinstance(cell.value, str):
                _is_visible(cell.value)
                assert cell.quotePrefix or not _would_run(cell.value), cell.value


class _Page(HTMLParser):
    """A page in which no image, link or script is that of a hostile text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "img"
        for name, value in attrs:
            assert "alert(1)" not in (value or "") or name in ("id", "data-text", "title", "aria-label", "value"), attrs
            assert not (name == "href" and "javascript:" in (value or "")), attrs
