"""Bad input, case by case: `tests/bad/CASE/expected.txt` is the command and all that it prints.

BILLPOLICY_RECORD=1 records anew what the commands print; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.running import ROOT, Ran, billpolicy

BAD = ROOT / "tests" / "bad"
CASES = sorted(path.parent.name for path in BAD.glob("*/expected.txt"))
FINE = ("valid",)
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
    r"^(?:(?P<place>\S+): )?(?P<severity>error|warning): (?P<message>.*) \[(?P<code>[a-z-]+)\]"
    r"(?:\n    hint: (?P<hint>.*))?$",
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
    told = diagnostics_in(ran.err)
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
    loaded = billpolicy("ledger", "import", f"sqlite:///{ledger}", book)
    if loaded.code != 0:
        pytest.skip("the book of this case cannot be kept in a ledger")
    before = contents(ledger)
    ran = billpolicy(
        *("post", "--engine", "python", "--policy", policy, "--actor", "ann", "--ledger", f"sqlite:///{ledger}"),
        BAD.relative_to(ROOT) / case / "operations.yaml",
    )
    assert ran.code == 1
    assert "internal error" not in ran.err
    assert contents(ledger) == before


def contents(ledger: Path) -> list[str]:
    with sqlite3.connect(ledger) as connection:
        return list(connection.iterdump())
