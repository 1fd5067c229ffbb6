"""What a command imports before it answers: how many modules, and none of what it does not need.

Each module costs a quarter of a millisecond and more, and each of the libraries named here 40 to 200. Where a count is
passed, `python -X importtime -m billpolicy ...` tells which modules are new; an import that only some of the paths need
stands in the function that takes that path.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.start import MADE, OPERATIONS, ROOT, STORY

HEAVY = {"alembic", "duckdb", "jsonschema", "numpy", "openpyxl", "psycopg", "pyarrow", "pydantic", "rich", "sqlalchemy"}
"""Libraries that none of these commands needs."""
PROGRAM = """
import atexit, json, sys
from billpolicy.cli import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv = ["billpolicy", *sys.argv[1:]]
main()
"""
PLANNED = ["operations.yaml", "--policy", str(STORY / "policy.yaml")]
ON_A_BOOK = [*PLANNED, "--book", str(STORY / "book.yaml")]
LEDGER = "sqlite:///ledger.db"


def run(folder: Path, *command: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it has imported at its end."""
    python = [sys.executable, "-c", PROGRAM, *command]
    done = subprocess.run(python, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the operations."""
    (tmp_path / "operations.yaml").write_text(OPERATIONS, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "says", "most_own", "most_others"),
    [
        (["--help"], "validate", 8, 130),
        (["validate", str(ROOT / "policies" / "standard")], "valid", 115, 200),
        (["explain", *ON_A_BOOK], MADE, 215, 210),
        (["plan", *ON_A_BOOK], MADE, 215, 210),
    ],
    ids=["help", "validate", "explain", "plan"],
)
def test_a_command_imports_no_more_than_it_needs(
    folder: Path, command: list[str], says: str, most_own: int, most_others: int
) -> None:
    said, modules = run(folder, *command)
    assert says in said
    own = {name for name in modules if name.startswith("billpolicy")}
    assert not HEAVY & modules
    assert len(own) <= most_own
    assert len(modules - own) <= most_others


def test_an_operation_alone_is_imported_of_all_that_there_are(folder: Path) -> None:
    _, modules = run(folder, "plan", *ON_A_BOOK)
    assert "billpolicy.operations.credit_memo_from_invoice" in modules
    others = ("bill_run", "credit_rebill", "create_payment", "record_usage", "write_off_invoice", "sync.sync", "master")
    assert not {f"billpolicy.operations.{name}" for name in others} & modules
    assert not {name for name in modules if name.startswith(("billpolicy.report.html", "billpolicy.cli.log_lines"))}


def test_a_plan_on_a_ledger_needs_none_of_what_makes_one(folder: Path) -> None:
    run(folder, "ledger", "init", LEDGER)
    run(folder, "ledger", "import", LEDGER, str(STORY / "book.yaml"))
    said, modules = run(folder, "plan", *PLANNED, "--ledger", LEDGER)
    assert MADE in said
    assert not HEAVY & modules
    assert not {name for name in modules if name.startswith("billpolicy.ledger.migrations")}
