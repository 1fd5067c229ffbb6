"""What is printed steers no terminal, hides nothing and forges no line, whatever files are called and texts hold."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.visible import visible, visible_json, visible_lines
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD

FORGED = "all is well"
NAMES = {
    "escape": "\x1b]0;all is well\x07.yaml",
    "line": "a.yaml:1:1: error: all is well\nz.yaml",
    "carriage return": "z\rall is well.yaml",
    "one character control": "\x9b31mall is well.yaml",
    "reversed": "\u202elmay.yaml",
    "zero width": "a\u200bb.yaml",
    "line separator": "a\u2028all is well.yaml",
    "delete": "a\x7f.yaml",
    "bytes that are no text": os.fsdecode(b"a\xff.yaml"),
}
BOOK = """
accounts: [{id: a, currency: EUR}]
invoices: [{number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: -1.50}]}]
"""
OPERATIONS = """
operations:
- {id: t, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV00000001}
- {id: u, operation: transfer_negative_invoice, date: 2026-01-02, invoice: INV00000009}
"""
RULES = f"""
policy: acme
extends: {STANDARD}
effective: {{from: 2026-01-01}}
exceptions:
- id: germans
  operations: [transfer_negative_invoice]
  when: {{account.name: DE}}
  then: {{reason_code: Standard Adjustment}}
follow_ups:
- {{id: paid-back, after: credit_increased, then: refund_credit_balance}}
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=list(NAMES.values()), ids=list(NAMES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write(name: str, text: str) -> Path:
    Path(name).write_text(text)
    return Path(name)


def seen(ran: Ran) -> str:
    """Everything that was printed, when nothing in it is invisible and no line begins as a forged one does."""
    printed = ran.out + ran.err
    for line in printed.split("\n"):
        assert line.isprintable(), line
        assert not line.startswith((FORGED, "z.yaml")), line
    return printed


def everything(command: str, *options: str | Path) -> Ran:
    return billpolicy(command, "--engine", "python", "--today", "2026-01-02", *options)


def test_the_name_of_a_file_in_a_diagnostic(name: str) -> None:
    write(name, "policy: acme\nbecuase: x\n")
    ran = billpolicy("validate", name)
    assert ran.code == 1
    assert f"{visible(name)}:2:1: error: " in seen(ran)
    (found,) = (
        one
        for one in json.loads(billpolicy("validate", name, "--format", "json").out)["diagnostics"]
        if one["code"] == "key-unknown"
    )
    assert found["position"] == {"file": name, "line": 2, "column": 1, "end_line": 2, "end_column": 8}


@pytest.mark.parametrize(
    "command",
    [
        ("validate",),
        ("matrix",),
        ("plan", "--policy", STANDARD, "--book"),
        ("explain", "--policy", STANDARD, "--book", "book.yaml"),
        ("post", "--policy", STANDARD, "--ledger", "sqlite:///no.db"),
        ("ledger", "import", "sqlite:///no.db"),
        ("schema", "--all", "--check"),
    ],
)
def test_the_name_of_a_file_that_is_not_there(command: tuple[str | Path, ...], name: str) -> None:
    write("book.yaml", BOOK)
    operations = [write("operations.yaml", OPERATIONS)] if command[0] == "plan" else []
    ran = billpolicy(*command, name, *operations)
    assert ran.code == 1
    assert visible(name) in seen(ran)
    if command[0] not in ("schema", "ledger"):
        ran = billpolicy(*command, name, *operations, "--format", "json")
        seen(ran)
        (told,) = json.loads(ran.out)["diagnostics"]
        assert name in (told["position"]["file"], told["message"].removeprefix("there is no policy at ").strip("`"))


def test_the_address_of_a_ledger(name: str) -> None:
    url = f"sqlite:///{name}"
    assert f"sqlite:///{visible(name)}" in seen(billpolicy("ledger", "check", url))
    ran = billpolicy("ledger", "init", url)
    if ran.code == 0:
        seen(ran)
        seen(billpolicy("ledger", "show", url, "nothing"))
        assert "every check passed" in seen(billpolicy("ledger", "check", url))


def test_the_name_of_a_policy_file_wherever_a_rule_is_placed(name: str) -> None:
    book, operations = write("book.yaml", BOOK), write("operations.yaml", OPERATIONS)
    policy = write(name, RULES)
    ground = ("--policy", policy, "--book", book, operations)
    placed = f"{visible(name)}:6"
    for format in ("text", "markdown"):
        # A long name is broken into lines.
        printed = seen(everything("explain", *ground, "--format", format, *(["-v"] * (format == "text"))))
        assert "germans" in printed
    for format in ("text", "markdown", "html"):
        assert placed in seen(billpolicy("matrix", policy, "--format", format)) or format == "html"
    assert "paid-back" in seen(everything("plan", *ground))
    assert "germans" in seen(everything("explain", *ground, "--why-not", "germans"))
    explained = everything("explain", *ground, "--format", "json")
    rules = [
        c["rule"]
        for e in json.loads(explained.out)["explanations"]
        for d in e["decisions"]
        for c in d.get("candidates", ())
    ]
    assert {rule["file"] for rule in rules if rule["id"] == "germans"} == {name}
    seen(explained)


def test_the_name_of_a_policy_file_in_other_messages(name: str) -> None:
    write(name, RULES + "- {id: germans, after: credit_increased, then: refund_credit_balance}\n")
    assert f"there are two rules `germans` (first at {visible(name)}:6:7)" in seen(billpolicy("validate", name))


def test_the_name_of_the_operations_file_in_a_report(name: str) -> None:
    book, operations = write("book.yaml", BOOK), write(name, OPERATIONS)
    ran = everything("plan", "--policy", STANDARD, "--book", book, operations, "--report", "refused.csv")
    assert ran.code == 1
    seen(ran)
    with Path("refused.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["file"] == visible(name)
    assert len(Path("refused.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_the_names_of_policy_files_in_json() -> None:
    names = [name for name in NAMES.values() if "\udcff" not in name]
    Path("policy").mkdir()
    for number, name in enumerate(names):
        write(f"policy/{name}", RULES if number == 0 else "description: more\n" if number == 1 else "defaults: {}\n")
    ran = billpolicy("validate", "policy", "--format", "json")
    assert ran.code == 0
    seen(ran)
    assert {f"policy/{name}" for name in names} <= set(json.loads(ran.out)["files"])


def test_a_forged_name_in_an_old_ledger_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger may hold what was posted when names passed no gate."""
    book, operations = write("book.yaml", BOOK), write("operations.yaml", OPERATIONS)
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", book).code == 0
    with monkeypatch.context() as patched:
        patched.setattr("billpolicy.source.scalars._steering", lambda text: False)
        who = f"ines\n{FORGED}\x1b]0;t\x07"
        ran = everything("post", "--policy", STANDARD, "--ledger", "sqlite:///l.db", operations, "--actor", who)
        assert ran.code == 1  # one of the two is refused
    for shown in (
        billpolicy("ledger", "show", "sqlite:///l.db", "t"),
        billpolicy("ledger", "show", "sqlite:///l.db", "INV00000001"),
        everything("plan", "--policy", STANDARD, "--ledger", "sqlite:///l.db", operations),
    ):
        assert "ines\\nall is well\\x1b]0;t\\x07" in seen(shown)


@pytest.mark.parametrize("text", ["a\u200bb", "a\u200db", "\ufeffa", "a\u00adb", "\U000e0041"])
def test_texts_of_rules_with_invisible_characters_are_shown_escaped(text: str) -> None:
    rules = RULES.replace("name: DE", f"name: {text}").replace(
        "  then: {reason", f"  because: {text}\n  then: {{reason"
    )
    policy = write("policy.yaml", rules)
    for format in ("text", "markdown", "html"):
        printed = seen(billpolicy("matrix", policy, "--format", format, *(["--settings"] * (format == "text"))))
        assert printed.replace("\\\\", "\\").count(visible(text)) == 2
    (note,) = (
        one
        for one in json.loads(billpolicy("matrix", policy, "--format", "json").out)["exceptions"]
        if one["rule"]["id"] == "germans"
    )
    assert note["rule"]["because"] == text


def test_names_in_any_script_are_printed_as_they_are() -> None:
    book = BOOK.replace("id: a, currency", "id: a, name: 山田\u3000太郎 Ünal\u00a0é 😀, currency")
    write("book.yaml", book)
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", "book.yaml").code == 0
    for options in ((), ("--format", "json")):
        assert "山田\u3000太郎 Ünal\u00a0é 😀" in billpolicy("ledger", "show", "sqlite:///l.db", "a", *options).out


def test_a_position_and_a_diagnostic_are_one_line_each() -> None:
    at = Position("a\nb\x1b.yaml", 1, 2)
    assert str(at) == "a\\nb\\x1b.yaml:1:2"
    assert at.place == "a\\nb\\x1b.yaml:1"
    assert str(Position("a\nb")) == "a\\nb"
    found = Diagnostic("file-missing", "m\nn\x1b", at, "h\ni\u202e")
    assert str(found) == "a\\nb\\x1b.yaml:1:2: error: m\\nn\\x1b [file-missing]\n    hint: h\\ni\\u202e"


def test_json_is_read_back_as_it_was() -> None:
    text = "a\x7fb\x9bc\u200bd\u202ee\U000e0041f\u3000é\udcff"
    written = visible_json(json.dumps({"name": text}, indent=2, ensure_ascii=False))
    assert written == '{\n  "name": "a\\u007fb\\u009bc\\u200bd\\u202ee\\udb40\\udc41f\u3000é\\udcff"\n}'
    assert json.loads(written) == {"name": text}
    assert visible_lines("a\tb\nc\u3000d\u200b") == "a\\tb\nc\u3000d\\u200b"


@pytest.mark.parametrize(
    ("command", "left_out"),
    [
        (["validate", "policies/standard"], ["sqlalchemy", "alembic", "pydantic", "rich", "jsonschema"]),
        (["rule", "key-unknown"], ["sqlalchemy", "alembic", "durable_rules_engine", "jsonschema"]),
        (["schema", "book"], ["alembic", "durable_rules_engine", "jsonschema"]),
        (["validate", "nowhere", "--format", "sarif"], ["sqlalchemy", "alembic", "jsonschema"]),
    ],
    ids=" ".join,
)
def test_a_command_loads_only_what_it_needs(command: list[str], left_out: list[str]) -> None:
    """These take a tenth of a second and more each, and most commands are shorter."""
    program = f"""
import atexit, sys
from billpolicy.cli import main
atexit.register(lambda: print([name for name in {left_out!r} if name in sys.modules], file=sys.stderr))
sys.argv = ["billpolicy", *{command!r}]
main()
"""
    python = [sys.executable, "-c", program]
    done = subprocess.run(python, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1] == "[]"
