"""A ledger whose tables somebody has changed: every command tells so, and none of them fails in words of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.ledger.store import open_ledger
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.postgresql import Server
from tests.helpers.tampering import fill

OPERATION = ("write_off_invoice", "invoice=INV00000001", "id=wo", "date=2026-03-02", "reason=Uncollectible")
ASKED = (
    ("ledger", "check", "{}"),
    ("ledger", "show", "{}", "INV00000001"),
    ("ledger", "show", "{}", "acme"),
    ("ledger", "stats", "{}"),
    ("ledger", "journal", "{}", "--policy", STANDARD),
    ("ledger", "head", "{}"),
    ("ledger", "numbers", "{}"),
    ("ledger", "explain", "{}", "credited"),
    ("ledger", "history", "{}", "INV00000001"),
    ("ledger", "backup", "{}", "b.backup"),
    ("plan", "--policy", STANDARD, "--ledger", "{}", *OPERATION),
    ("post", "--policy", STANDARD, "--ledger", "{}", "--actor", "ann", *OPERATION),
    ("explain", "--policy", STANDARD, "--ledger", "{}", *OPERATION),
    ("report", "balances", "--ledger", "{}"),
)


def of_type(column: str, type: str, of: str = "{}") -> str:
    """Change the type of a column, whose guards are in the way."""
    table, name = column.split(".")
    down = f"DROP TRIGGER billpolicy_{table}_fixed ON {table}"
    return f"{down}; ALTER TABLE {table} ALTER {name} TYPE {type} USING {of.format(name)}"


ON_A_SERVER = {
    "an amount as text": of_type("documents.amount_minor", "text"),
    "an amount as a fraction": of_type("items.amount_minor", "double precision"),
    "a moment as one": of_type("audit.at", "timestamptz", "{}::timestamptz"),
    "truth as text": of_type("documents.reversed", "text", "{}::text"),
    "a request as JSON": of_type("operations.request", "jsonb", "{}::jsonb"),
    "no key": "ALTER TABLE documents DROP CONSTRAINT documents_number_key CASCADE",
    "no primary key": "ALTER TABLE operations DROP CONSTRAINT operations_pkey CASCADE",
    "another name": "ALTER TABLE documents RENAME COLUMN account TO customer",
    "another name of what is linked": "ALTER TABLE chain RENAME COLUMN what TO that",
    "a column less": "ALTER TABLE documents DROP COLUMN currency CASCADE",
    "a column that must be filled": "ALTER TABLE audit ADD n serial; ALTER TABLE audit ALTER n DROP DEFAULT",
    "no documents": "DROP TABLE documents CASCADE",
    "no chain": "DROP TABLE chain CASCADE",
    "no version": "DROP TABLE alembic_version",
    "a version of another name": "ALTER TABLE alembic_version RENAME COLUMN version_num TO version",
    "a view": "ALTER TABLE documents RENAME TO kept; CREATE VIEW documents AS SELECT * FROM kept",
    "a view that fails": "ALTER TABLE items RENAME TO kept; CREATE VIEW items AS SELECT *, 1 / 0 AS n FROM kept",
}
TYPED = "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, {}) WHERE name = '{}'"
IN_A_FILE = {
    "another type": TYPED.format("'amount_minor BIGINT NOT NULL', 'amount_minor TEXT NOT NULL'", "items"),
    "another name": "ALTER TABLE documents RENAME COLUMN account TO customer",
    "a column less": "ALTER TABLE audit DROP COLUMN why",
    "a column more": "ALTER TABLE documents ADD COLUMN note TEXT",
    "a column more that must be filled": "ALTER TABLE audit ADD COLUMN n INTEGER NOT NULL DEFAULT 1",
    "no counters": "DROP TABLE counters",
    "a view": "ALTER TABLE documents RENAME TO kept; CREATE VIEW documents AS SELECT * FROM kept",
    "a view of fewer columns": "ALTER TABLE items RENAME TO kept; CREATE VIEW items AS SELECT document, id FROM kept",
    "a version of another name": "ALTER TABLE alembic_version RENAME COLUMN version_num TO version",
    "a version that is a view": "DROP TABLE alembic_version; CREATE VIEW alembic_version AS SELECT 1 AS version_num",
}
pytestmark = pytest.mark.usefixtures("_folder")


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def filled_database(postgresql: Server, empty_database: str) -> Iterator[str]:
    """The name of a database that has everything."""
    with postgresql.database(empty_database) as name:
        with open_ledger(postgresql.url(name)) as ledger:
            fill(ledger)
        yield name


@pytest.mark.parametrize("change", ON_A_SERVER)
def test_on_a_server(postgresql: Server, filled_database: str, change: str) -> None:
    with postgresql.database(filled_database) as name:
        postgresql.run(name, ON_A_SERVER[change])
        told_by_every_command(postgresql.url(name))


@pytest.mark.parametrize("change", IN_A_FILE)
def test_in_a_file(filled_file: Path, change: str) -> None:
    shutil.copy(filled_file, "changed.db")
    with closing(sqlite3.connect("changed.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(IN_A_FILE[change])
    told_by_every_command("sqlite:///changed.db")


def told_by_every_command(url: str) -> None:
    """Of a change that the check tells, every command answers or says what is wrong, and a backup is not made."""
    for asked in ASKED:
        ran = billpolicy(*(str(one).format(url) for one in asked))
        assert ran.code in ({1} if asked[1] in {"check", "backup"} else {0, 1}), f"{asked}: {ran.out}{ran.err}"
        assert "Traceback" not in ran.out + ran.err
    assert not Path("b.backup").exists()
