"""A rules engine that answers wrongly: no command believes it, and nothing is posted.

The engine that is installed is asked, in a process of its own, but it mishears its rules: `misses` takes each for one
that never holds, `invents` for one that always does.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.engine import needs_engine
from tests.helpers.paths import ROOT

pytestmark = needs_engine

STORY = ROOT / "examples" / "a-page-of-company-policy"
RULE = "german-disputes-bill-the-subscription-contact"
"""Holds from 1000.00 EUR."""
HOLDS, DOES_NOT_HOLD = "840.34", "800.00"
"""With 19 % of tax: 840.34 + 159.66 = 1000.00, and 800.00 + 152.00 = 952.00."""

MISHEARS = """
import json
import os
import durable_rules_engine

create_ruleset = durable_rules_engine.create_ruleset

def mishear(name, rules):
    heard = json.loads(rules)
    for number, rule in heard.items():
        if number != "_probe":
            terms = rule["all"][0]["m"]["$and"]
            if os.environ["LIE"] == "misses":
                terms.append({"$eq": {"_operation": 2}})
            else:
                del terms[1:]
    return create_ruleset(name, json.dumps(heard))

durable_rules_engine.create_ruleset = mishear
"""

each_lie = pytest.mark.parametrize(
    ("lie", "amount", "said"),
    [
        ("misses", HOLDS, f"it missed `{RULE}`"),
        ("invents", DOES_NOT_HOLD, f"it matched `{RULE}`, which does not hold"),
    ],
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.db"
    assert billpolicy("ledger", "init", f"sqlite:///{file}").code == 0
    assert billpolicy("ledger", "import", f"sqlite:///{file}", STORY / "book.yaml").code == 0
    return file


def disputes(folder: Path, *amounts: str) -> Path:
    """An operations file with a credit memo of each amount before tax."""
    items = (f"[{{item: servers, amount: {amount}}}]" for amount in amounts)
    common = "operation: credit_memo_from_invoice, invoice: DE-INV00000101, reason: Charge Dispute, date: 2026-06-20"
    lines = (f"- {{id: d{n}, {common}, items: {of}}}\n" for n, of in enumerate(items, 1))
    file = folder / "operations.yaml"
    file.write_text("operations:\n" + "".join(lines))
    return file


def lied_to(lie: str, folder: Path, *arguments: str | Path) -> Ran:
    """Run `billpolicy ARGUMENTS` with the engine that lies."""
    (folder / "sitecustomize.py").write_text(MISHEARS)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "billpolicy", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "LIE": lie, "BILLPOLICY_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def content(ledger: Path) -> list[str]:
    """All that is in a ledger."""
    with closing(sqlite3.connect(ledger)) as connection:
        return list(connection.iterdump())


def post(lie: str, ledger: Path, operations: Path, *options: str) -> Ran:
    on = ("--policy", STORY / "policy.yaml", "--ledger", f"sqlite:///{ledger}", "--actor", "ines")
    return lied_to(lie, ledger.parent, "post", *on, operations, *options)


@each_lie
def test_nothing_is_posted(lie: str, amount: str, said: str, ledger: Path, tmp_path: Path) -> None:
    before = content(ledger)
    code, out, err = post(lie, ledger, disputes(tmp_path, amount))
    assert (code, out) == (1, "0 posted, 0 refused, 1 not tried\n")
    error, hint = err.splitlines()
    assert error.startswith(f"error: the rules engine is wrong about `credit_memo_from_invoice`: {said}; the facts are")
    assert error.endswith(" [engine]")
    assert hint.strip() == "hint: this operation was not posted; try `--engine python`, and please report this"
    assert content(ledger) == before


@each_lie
@pytest.mark.parametrize("command", ["plan", "explain"])
def test_nothing_is_shown(lie: str, amount: str, said: str, command: str, tmp_path: Path) -> None:
    of = ("--policy", STORY / "policy.yaml", "--book", STORY / "book.yaml", disputes(tmp_path, amount))
    code, out, err = lied_to(lie, tmp_path, command, *of)
    assert (code, out) == (1, "")
    error, _ = err.splitlines()
    assert error.startswith("error: ")
    assert said in error


@pytest.mark.parametrize(
    ("right", "options"),
    [
        pytest.param(1, ["--atomic"], id="all or none"),
        pytest.param(60, [], id="a group of more than are posted one by one"),
    ],
)
def test_nothing_of_the_transaction_is_posted(right: int, options: list[str], ledger: Path, tmp_path: Path) -> None:
    """It is right about the first ones, for which no rule holds."""
    before = content(ledger)
    code, out, err = post("misses", ledger, disputes(tmp_path, *["1.00"] * right, HOLDS), *options)
    assert code == 1
    assert f"0 posted, 0 refused, {right + 1} not tried" in out
    assert f"it missed `{RULE}`" in err
    assert content(ledger) == before


def test_what_it_was_right_about_before_stays_posted_and_is_told(ledger: Path, tmp_path: Path) -> None:
    code, out, err = post("misses", ledger, disputes(tmp_path, DOES_NOT_HOLD, HOLDS), "--format", "json")
    assert code == 1
    told = json.loads(out)
    assert [one["plan"]["id"] for one in told["posted"]] == ["d1"]
    assert f"it missed `{RULE}`" in err
    assert billpolicy("ledger", "check", f"sqlite:///{ledger}").code == 0


def test_plain_python_posts_what_the_engine_was_wrong_about(ledger: Path, tmp_path: Path) -> None:
    """As the hint says."""
    operations = disputes(tmp_path, HOLDS)
    assert post("misses", ledger, operations).code == 1
    ran = post("misses", ledger, operations, "--engine", "python")
    assert ran.code == 0
    assert "credit memo DE-CM00000001  1000.00 EUR" in ran.out
