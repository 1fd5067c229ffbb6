"""What posting takes that no clock has to tell: transactions, and what SQLite is asked in each of them.

`tests/ledger/test_questions.py` counts the questions of both stores as the program puts them; here the driver counts.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import billpolicy
from benchmarks.post import DAY, NOW, STANDARD, asked, book
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.sqlite import database
from billpolicy.ledger.store import Ledger, create_ledger
from billpolicy.planning.request import Instruction

OPERATION = "write_off_invoice"


@pytest.fixture(scope="module")
def versions() -> Versions:
    return Versions([Resolver(prove(STANDARD), "python")])


@pytest.fixture
def told() -> list[str]:
    """What SQLite ran, statement by statement; each row is a statement of its own."""
    return []


@pytest.fixture
def ledger(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    connect = database.connect

    def traced(*arguments: object) -> object:
        connection = connect(*arguments)  # type: ignore[arg-type]
        connection.set_trace_callback(told.append)
        return connection

    monkeypatch.setattr(database, "connect", traced)
    with create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as made:
        made.import_book(book(200))
        yield made


def own(told: list[str]) -> list[str]:
    """Without what the guards run for each row, which SQLite tells as comments."""
    return [statement for statement in told if not statement.startswith("--")]


def transactions(told: list[str]) -> list[str]:
    return [statement for statement in own(told) if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]


def test_one_operation_is_one_transaction(ledger: Ledger, versions: Versions, told: list[str]) -> None:
    """All that it reads, approvals that it may wait for among it, is read in the transaction that writes it."""
    first, second = asked(2, OPERATION)
    billpolicy.post(versions, ledger, first, who="bench", now=NOW, today=DAY)
    told.clear()
    billpolicy.post(versions, ledger, second, who="bench", now=NOW, today=DAY)
    assert transactions(told) == ["BEGIN IMMEDIATE", "COMMIT"]


def test_a_hundred_operations_ask_as_much_as_one(ledger: Ledger, versions: Versions, told: list[str]) -> None:
    """Only rows are more: of each operation 1 of its own, 1 of audit, 1 link, 3 items, 3 taxes, 1 document, 1
    application with 6 parts: 17."""

    def run(operations: list[Instruction]) -> tuple[int, int]:
        told.clear()
        for outcome in billpolicy.post_all(versions, ledger, operations, who="bench", now=lambda: NOW, today=DAY):
            assert outcome.problems == ()
        ran = set(own(told))  # of a row whose guards have run SQLite tells again
        rows = {statement for statement in ran if statement.startswith("INSERT INTO")}
        return len(ran - rows), len(rows)

    first, *others = asked(102, OPERATION)
    run([first])  # the policy is kept with it
    one, hundred = run(others[:1]), run(others[1:])
    assert (one[1], hundred[1]) == (17, 1700)
    assert hundred[0] == one[0]


FAULTS = """
import resource
import sys
from benchmarks.post import STANDARD, asked, book, posting
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import create_ledger

with create_ledger(f"sqlite:///{sys.argv[1]}") as ledger:
    ledger.import_book(book(100))
    run = posting(ledger, Versions([Resolver(prove(STANDARD), "python")]), asked(100, "write_off_invoice"))
    run(0, 50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    run(50, 100)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another allocator than that of glibc gives back otherwise"
)
def test_memory_that_statements_free_is_not_given_back_each_time(tmp_path: Path) -> None:
    """Page faults of 50 operations in a process whose heap nobody has grown: 42,000 where it is, else 100."""
    command = [sys.executable, "-c", FAULTS, str(tmp_path / "ledger.db")]
    root = Path(__file__).parents[2]
    faults = int(subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout)
    assert faults < 5_000
