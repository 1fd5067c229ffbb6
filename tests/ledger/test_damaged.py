"""A damaged ledger is told as one, whatever is asked of it: what is damaged, and what to do; no traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import guards_down

CHANCE = random.Random(20261127)
DAMAGES = {
    "text that is not UTF-8": "UPDATE documents SET comment = CAST(x'ff' AS TEXT) WHERE number = 'INV00000001'",
    "a name that is not UTF-8": "UPDATE accounts SET name = CAST(x'c328' AS TEXT)",
    "no documents": "DROP TABLE documents",
    "no chain": "DROP TABLE chain",
    "no version": "DROP TABLE alembic_version",
    "an empty version": "DELETE FROM alembic_version",
    "no counter": "DELETE FROM counters WHERE prefix = 'CM'",
    "no audit": "DROP TABLE audit",
    "a column less": "ALTER TABLE documents RENAME COLUMN comment TO remark",
    "a number as an amount": "UPDATE items SET amount_minor = 1.5",
    "a revision that is no number": "UPDATE documents SET revision = 'x' || revision",
    "a revision of an account that is none": "UPDATE accounts SET revision = 'x' || revision",
    "a link that is no text": "UPDATE chain SET what = CAST(what AS BLOB)",
    "a blob as an id": "UPDATE operations SET plan = x'00ff'",
}
ASKED = (
    ("check",),
    ("show", "INV00000001"),
    ("show", "acme"),
    ("stats",),
    ("head",),
    ("numbers",),
)


def answers(path: Path) -> dict[str, int]:
    """What is answered to each question, by its exit code. None is a failure of the program."""
    codes = {}
    for name, *more in ASKED:
        ran = billpolicy("ledger", name, f"sqlite:///{path}", *more)
        assert ran.code in {0, 1, 2}, f"{name}: {ran.out}{ran.err}"
        assert "Traceback" not in ran.out + ran.err
        codes[name] = ran.code
    for name in ("open_items", "balances"):
        ran = billpolicy("report", name, "--ledger", f"sqlite:///{path}")
        assert ran.code in {0, 1, 2}, f"{name}: {ran.out}{ran.err}"
    return codes


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_asked_it_is_told(filled_file: Path, tmp_path: Path, damage: str) -> None:
    path = Path(shutil.copy(filled_file, tmp_path / "damaged.db"))
    with closing(sqlite3.connect(path)) as connection:
        if DAMAGES[damage].startswith(("UPDATE", "DELETE")):
            with guards_down(connection):
                connection.execute(DAMAGES[damage])
        else:
            connection.execute("PRAGMA legacy_alter_table = ON")
            connection.execute(DAMAGES[damage])
        connection.commit()
    assert answers(path)["check"] != 0


@pytest.mark.parametrize("n", range(12))
def test_a_page_that_is_overwritten(filled_file: Path, tmp_path: Path, n: int) -> None:
    content = bytearray(filled_file.read_bytes())
    page = CHANCE.randrange(1, len(content) // 4096)
    for _ in range(CHANCE.choice([1, 40, 4000])):
        content[page * 4096 + CHANCE.randrange(4096)] = CHANCE.randrange(256)
    path = tmp_path / f"{n}.db"
    path.write_bytes(content)
    answers(path)
