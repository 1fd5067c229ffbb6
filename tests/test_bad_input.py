"""Bad input, case by case: `tests/bad/CASE/expected.txt` is the command and all that it prints.

BILLPOLICY_RECORD=1 records anew what the commands print; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD

BAD = ROOT / "tests" / "bad"
CASES = sorted(path.parent.name for path in BAD.glob("*/expected.txt"))
FINE = ("valid", "everything")
WITH_OPERATIONS = sorted(name for name in CASES if name not in FINE and (BAD / name / "operations.yaml").exists())

WITHOUT_A_PLACE = {"rule-unknown"}
"""What is wrong stands in no file, but in what was typed."""
OF_A_WHOLE_FILE = {"file-", "policy-missing", "policy-empty", "extends-cycle", "key-missing"}
WITHOUT_A_NEXT_STEP = {
    # The message itself says what is wanted.
    "value-wrong",
    "condition-wrong",
    "currency-mismatch",
    "application-kind",
    "parts-sum",
}


class Told(NamedTuple):
    """One diagnostic as it was printed."""

    place: str
    severity: str
    message: str
    code: str
    hint: str


_DIAGNOSTIC = re.compile(
    r"^(?:(?P<place>\S+): )?(?P<severity>error|warning|hint): (?P<message>.*) \[(?P<code>[a-z-]+)\]"
    r"(?:\n +[0-9]+ \| .*\n +\| +\^+)?(?:\n    hint: (?P<hint>.*))?$",
    re.MULTILINE,
)


def diagnostics_in(text: str) -> list[Told]:
    return [
        Told(m["place"] or "", m["severity"], m["message"], m["code"], m["hint"] or "")
        for m in _DIAGNOSTIC.finditer(text)
    ]


def command_of(case: str) -> list[str]:
    first = (BAD / case / "expected.txt").read_text(encoding="utf-8").partition("\n")[0]
    return shlex.split(first.removeprefix("$ billpolicy "))


def session(command: list[str], ran: Ran) -> str:
    return f"$ billpolicy {shlex.join(command)}\n{ran.out}{ran.err}exit code {ran.code}\n"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("case", CASES)
def test_a_case_prints_what_is_recorded(case: str) -> None:
    command = command_of(case)
    printed = session(command, billpolicy(*command))
    recorded = BAD / case / "expected.txt"
    if os.environ.get("BILLPOLICY_RECORD"):
        recorded.write_text(printed, encoding="utf-8")
    assert printed == recorded.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [case for case in CASES if case not in FINE])
def test_a_case_is_refused_in_words_with_a_place_and_a_next_step(case: str) -> None:
    ran = billpolicy(*command_of(case))
    assert ran.code == (2 if case.startswith("usage-") and "Usage: billpolicy" in ran.err else 1)
    printed = ran.out + ran.err
    assert not re.search(r"Traceback|internal error|\b(None|dict|tuple|pydantic|Decimal)\b", printed)
    if ran.code == 2 or case == "usage-problems-as-json":
        return
    told = diagnostics_in(ran.out + ran.err)
    assert told
    for one in told:
        whole_file = any(one.code.startswith(code) for code in OF_A_WHOLE_FILE)
        assert re.search(r":\d+:\d+$", one.place) or whole_file or one.code in WITHOUT_A_PLACE, one
        assert not one.message.endswith((".", ":")), one
        assert one.message.count("`") % 2 == 0 or "```" in one.message, one
        assert len(one.message) < 400, one
        assert one.hint or one.code in WITHOUT_A_NEXT_STEP, one


@pytest.mark.parametrize("case", WITH_OPERATIONS)
def test_bad_operations_leave_a_ledger_as_it_was(case: str, tmp_path: Path) -> None:
    command = command_of(case)
    book = command[command.index("--book") + 1]
    policy = command[command.index("--policy") + 1]
    ledger = tmp_path / "ledger.db"
    assert billpolicy("ledger", "init", f"sqlite:///{ledger}").code == 0
    assert billpolicy("ledger", "import", f"sqlite:///{ledger}", book).code == 0
    before = contents(ledger)
    ran = billpolicy(
        *("post", "--engine", "python", "--policy", policy, "--actor", "ann", "--ledger", f"sqlite:///{ledger}"),
        BAD.relative_to(ROOT) / case / "operations.yaml",
    )
    assert ran.code == 1
    assert "internal error" not in ran.err
    assert contents(ledger) == before


def contents(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(ledger)) as connection:
        return list(connection.iterdump())


# -- too large, too deep, too many: made here, not kept ------------------------------------------------------------


def refused_policy(folder: Path, text: str | bytes) -> list[Told]:
    file = folder / "policy.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    ran = billpolicy("validate", file)
    assert ran.code == 1
    assert "internal error" not in ran.err
    return diagnostics_in(ran.out + ran.err)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("policy: acme\ndescription: " + "x" * 10 * 1024 * 1024, "file-too-large"),
        ("a: " + "[" * 100_000, "yaml-depth"),
        ("a: " + "{a: " * 100_000, "yaml-depth"),
        ("- " * 100_000, "yaml-depth"),
        ("a: &a x\nb: [" + "*a," * 1_000_000 + "]", "yaml-alias"),
        ("a: [" + "&a x," * 500_000 + "]", "yaml-anchor"),
        ("a: 1\n" * 500_000, "yaml-duplicate-key"),
        ("? " * 100_000, "yaml-key"),
        ("---\na: 1\n" * 100_000, "yaml-documents"),
        ("x" * 1_000_000, "value-wrong"),
        ("{" + "x" * 1_000_000 + ": 1}", "yaml-key"),
        (b"\x00" * 1000, "yaml-character"),
        (bytes(range(256)), "file-encoding"),
    ],
)
def test_a_file_made_to_hurt_is_refused_at_once(text: str | bytes, code: str, tmp_path: Path) -> None:
    assert code in {one.code for one in refused_policy(tmp_path, text)}


def test_a_thousand_mistakes_are_enough_to_tell(tmp_path: Path) -> None:
    exceptions = "\n".join(f"  - {{id: {number}, becuase: x}}" for number in range(20_000))
    (tmp_path / "policy.yaml").write_text(f"policy: acme\nexceptions:\n{exceptions}\n", encoding="utf-8")
    ran = billpolicy("validate", tmp_path / "policy.yaml")
    assert ran.code == 1
    assert len(diagnostics_in(ran.out + ran.err)) == 50  # what anybody reads; other formats have the others
    assert "more (other formats have all)" in ran.out


def test_an_empty_folder_is_no_policy(tmp_path: Path) -> None:
    ran = billpolicy("validate", tmp_path)
    assert (ran.code, diagnostics_in(ran.out + ran.err)[0].code) == (1, "policy-empty")


def test_a_policy_in_json_with_a_bom_and_tabs_is_as_good_as_any(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    standard = str(STANDARD)
    text = f'{{\n\t"policy": "acme",\n\t"extends": "{standard}",\n\t"effective": {{"from": "2026-01-01"}}\n}}\n'
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert billpolicy("validate", file).code == 0
    # And the same text in a file of YAML, where tabs may not indent but may stand between brackets.
    (tmp_path / "policy.yaml").write_text(text.replace("\t", "  "), encoding="utf-8")
    assert billpolicy("validate", tmp_path / "policy.yaml").code == 0


def test_a_country_that_yaml_would_take_for_false_is_a_country(tmp_path: Path) -> None:
    text = f"""
policy: acme
extends: {STANDARD}
effective: {{from: 2026-01-01}}
exceptions:
  - id: norway
    operations: [write_off_invoice]
    when: {{account.country: NO}}
    then: {{bill_to_contact: [account]}}
"""
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    ran = billpolicy("matrix", tmp_path / "policy.yaml")
    assert ran.code == 0
    assert "`account.country` is NO" in ran.out


def test_a_disk_that_cannot_be_written_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = billpolicy("schema", "--all", "--output", tmp_path / "file" / "schemas")
    assert (ran.code, diagnostics_in(ran.out + ran.err)[0].code) == (1, "file-unusable")


@pytest.mark.parametrize("command", [["validate", "nowhere"], ["matrix", "nowhere"]])
def test_whatever_is_refused_is_told_in_json_to_those_who_asked_for_it(command: list[str]) -> None:
    ran = billpolicy(*command, "--format", "json")
    assert ran.code == 1
    assert [one["code"] for one in json.loads(ran.out)["diagnostics"]] == ["policy-missing"]
    assert ran.err == ""


def test_plan_and_explain_exit_with_1_when_an_operation_is_refused() -> None:
    case = "tests/bad/operations-references-to-nothing/operations.yaml"
    options = ["--engine", "python", "--policy", "policies/standard", "--book", "tests/bad/valid/book.yaml", case]
    for command in ("plan", "explain"):
        assert billpolicy(command, *options).code == 1
        ran = billpolicy(command, "--format", "json", *options)
        assert ran.code == 1
        assert json.loads(ran.out)
