"""Somebody with the file of a ledger in hand: every cell of every table changed, one at a time, guards down."""

from __future__ import annotations

import datetime
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.ledger.chain import Link, content_of, extend
from billpolicy.ledger.evidence import begin
from billpolicy.ledger.imports import link_import, next_number
from billpolicy.ledger.reading import imported_counters
from billpolicy.ledger.sqlite.database import DIALECT
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.store import Ledger
from billpolicy.policy.layers import digest_of_texts
from billpolicy.policy.model import LayerText
from billpolicy.posting.store import PolicyText
from tests.helpers.kinds_of_change import EACH
from tests.helpers.ledgers import guards_down, post, whole
from tests.helpers.sample import NOW, payment_plan, sample
from tests.helpers.waiting import put_waiting

STRANGE: tuple[Any, ...] = ("x", b"\x00\xff", -1, 2**62)
"""SQLite keeps any value in any column; a number in a column of texts becomes one."""


class Edit(NamedTuple):
    """One cell of one row, and what it becomes."""

    table: str
    column: str
    key: tuple[tuple[str, Any], ...]
    """The columns that name the row, with their values."""
    was: Any
    now: Any

    def done_to(self, path: Path) -> None:
        """Change it. Raises `sqlite3.IntegrityError` where the tables themselves do not let it."""
        where = " AND ".join(f"{name} IS ?" for name, _ in self.key)
        with closing(sqlite3.connect(path)) as connection:
            values = (self.now, *(value for _, value in self.key))
            with guards_down(connection):
                done = connection.execute(f"UPDATE {self.table} SET {self.column} = ? WHERE {where}", values)
            assert done.rowcount == 1, self
            connection.commit()


def fill(ledger: Ledger) -> None:
    """Let every table of a ledger have something that an import or an operation wrote."""
    ledger.import_book(sample())
    for name, make in EACH.items():
        if name != "draft_canceled":  # the draft is posted
            post(ledger, make(whole(ledger), name), who="ann", now=NOW)
    layers = (LayerText("acme", True, (("acme.yaml", "policy: acme"),)),)
    text = PolicyText(digest_of_texts(layers), "acme", layers)
    with ledger.writing() as writer:
        writer.write([], Book(), Book(), [text])
        put_waiting(writer)


def edits(path: Path, chance: random.Random) -> Iterator[Edit]:
    """For every cell something else that could stand there: of its own kind, as little different as there is."""
    for cell, others in _cells(path):
        yield cell._replace(now=_another(cell.was, others, chance))


def strange_edits(path: Path, chance: random.Random) -> Iterator[Edit]:
    """For every cell what nobody writes there: of another type, or out of all range."""
    for cell, _ in _cells(path):
        yield cell._replace(now=chance.choice([one for one in STRANGE if one != cell.was]))


def _cells(path: Path) -> Iterator[tuple[Edit, list[Any]]]:
    """Every cell as it is, and what stands in the others of its column."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            names = [column[1] for column in columns]
            keys = [column[1] for column in columns if column[5]] or names
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            for row in rows:
                held = dict(zip(names, row, strict=True))
                key = tuple((name, held[name]) for name in keys)
                for name in names:
                    others = sorted({other[names.index(name)] for other in rows} - {held[name], None}, key=str)
                    yield Edit(table, name, key, held[name], held[name]), others


def _another(value: Any, others: list[Any], chance: random.Random) -> Any:
    """Something else: a value of another row, one more, a day later, another letter, or nothing."""
    now = value
    while now == value:
        if others and (value is None or chance.random() < 0.3):
            now = chance.choice(others)
        elif value is None:
            now = chance.choice(["x", 1, "2026-01-01"])
        elif isinstance(value, int):
            now = 1 - value if value in (0, 1) and chance.random() < 0.5 else value + chance.choice([1, -1, 10])
        elif chance.random() < 0.1:
            now = None
        elif re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            now = (datetime.date.fromisoformat(value) + datetime.timedelta(days=1)).isoformat()
        else:
            place = chance.randrange(len(value) + 1)
            now = value[:place] + chance.choice("0123456789abx ") + value[place + 1 :]
    return now


def _operation(id: str) -> tuple[str, ...]:
    """What takes an operation that made a payment of `acme` out of every table."""
    settled = f"SELECT to_number FROM applications WHERE operation = '{id}'"
    made = f"SELECT number FROM documents WHERE operation = '{id}'"
    return (
        f"UPDATE documents SET revision = revision - 1 WHERE number IN ({settled})",
        f"DELETE FROM application_parts WHERE application IN (SELECT id FROM applications WHERE operation = '{id}')",
        f"DELETE FROM applications WHERE operation = '{id}'",
        f"UPDATE counters SET last = last - 1 WHERE prefix IN (SELECT prefix FROM documents WHERE number IN ({made}))",
        f"DELETE FROM documents WHERE operation = '{id}'",
        f"DELETE FROM chain WHERE kind = 'operation' AND what = '{id}'",
        f"DELETE FROM audit WHERE operation = '{id}'",
        f"DELETE FROM operations WHERE id = '{id}'",
    )


_TENFOLD = (
    "UPDATE documents SET amount_minor = amount_minor * 10 WHERE number = 'P-00000004'",
    "UPDATE operations SET plan = replace(plan, '\"50.00\"', '\"500.00\"') WHERE id = 'last'",
)
ATTACKS: dict[str, tuple[str, ...]] = {
    "a payment ten times as large": _TENFOLD[:1],
    "a payment ten times as large, also in the journal": _TENFOLD,
    "the amounts of two payments swapped": (
        "UPDATE documents SET amount_minor = 5000 + 7000 - amount_minor WHERE number IN ('P-00000004', 'P-00000005')",
    ),
    "a payment of another account": ("UPDATE documents SET account = 'nippon' WHERE number = 'P-00000004'",),
    "a document of another day": ("UPDATE documents SET date = '2026-01-02' WHERE number = 'P-00000004'",),
    "a document in another currency": ("UPDATE documents SET currency = 'EUR' WHERE number = 'P-00000004'",),
    "an application a cent smaller": (
        "UPDATE applications SET amount_minor = amount_minor - 1 WHERE operation = 'last'",
        (
            "UPDATE application_parts SET amount_minor = amount_minor - 1 WHERE position = 0 AND application IN "
            "(SELECT id FROM applications WHERE operation = 'last')"
        ),
    ),
    "another person": ("UPDATE audit SET who = 'nobody' WHERE operation = 'last'",),
    "an earlier moment": ("UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE operation = 'last'",),
    "another reason": (
        "UPDATE audit SET why = 'as agreed' WHERE operation = 'last'",
        "UPDATE operations SET plan = replace(plan, '\"comment\":null', '\"comment\":\"as agreed\"') WHERE id = 'last'",
    ),
    "an approval that nobody gave": (
        "UPDATE audit SET approved_by = 'maria' WHERE operation = 'last'",
        (
            'UPDATE operations SET plan = replace(plan, \'"approved_by":[]\', \'"approved_by":["maria"]\') '
            "WHERE id = 'last'"
        ),
    ),
    "another request": ("UPDATE operations SET request = replace(request, '50', '5') WHERE id = 'last'",),
    "another policy": ("UPDATE operations SET policy_digest = 'b-digest' WHERE id = 'last'",),
    "an operation renamed": (
        "PRAGMA foreign_keys = OFF",
        "UPDATE operations SET id = 'first' WHERE id = 'last'",
        "UPDATE audit SET operation = 'first' WHERE operation = 'last'",
        "UPDATE documents SET operation = 'first' WHERE operation = 'last'",
        "UPDATE applications SET operation = 'first' WHERE operation = 'last'",
    ),
    "the last operation cut off, its counter set back": _operation("very-last"),
    "an operation taken out of the middle": _operation("last"),
    "two operations in another order": (
        "UPDATE audit SET operation = 'fill' WHERE operation = 'last'",
        "UPDATE audit SET operation = 'last' WHERE operation = 'very-last'",
        "UPDATE audit SET operation = 'very-last' WHERE operation = 'fill'",
    ),
    "an imported invoice a cent cheaper, and its line": (
        "UPDATE documents SET amount_minor = amount_minor - 1 WHERE number = 'INV00000001'",
        "UPDATE items SET amount_minor = amount_minor - 1 WHERE document = 'INV00000001' AND position = 0",
    ),
    "a policy that allows more": ("UPDATE policies SET name = 'other'",),
    "an approval of somebody else": ("UPDATE approvals SET person = 'omar'",),
    "a counter set ahead": ("UPDATE counters SET last = last + 1 WHERE prefix = 'P-'",),
}
"""What somebody would do who gains by it -> the statements."""
SCHEMA_ATTACKS = {
    "every guard taken down": "",
    "a column renamed": "ALTER TABLE audit RENAME COLUMN why TO reason",
    "an index taken away": "DROP INDEX ix_documents_draw",
    "a trigger that changes amounts": "CREATE TRIGGER t AFTER INSERT ON documents BEGIN SELECT 1; END",
}


def fill_for_attacks(ledger: Ledger) -> None:
    """The same, with two payments at the end: 50.00 by `last`, and 70.00 by `very-last`."""
    fill(ledger)
    for id, amount in (("last", "50.00"), ("very-last", "70.00")):
        book = whole(ledger)
        plan = payment_plan(book, id, {"INV00000003": "1.00"}, amount)
        basis = {name: book.revisions.get(name, 0) for name in plan.basis}
        post(ledger, replace(plan, basis=basis), who="ann", now=NOW)


def attack(path: Path, name: str) -> None:
    """Do one of them to the file of a ledger."""
    with closing(sqlite3.connect(path)) as connection:
        if name in SCHEMA_ATTACKS:
            if SCHEMA_ATTACKS[name]:
                connection.execute(SCHEMA_ATTACKS[name])
            else:
                for (guard,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    connection.execute(f"DROP TRIGGER {guard}")
        else:
            with guards_down(connection):
                for statement in ATTACKS[name]:
                    assert connection.execute(statement).rowcount != 0, statement
        connection.commit()


def make_chain_anew(path: Path) -> None:
    """What somebody can still do who knows how the chain is made: let it begin over what they have changed."""
    with closing(sqlite3.connect(path)) as connection:
        with guards_down(connection):
            connection.execute("DELETE FROM chain")
            begin(Connection(connection, DIALECT))
        connection.commit()


def begin_at_the_end(path: Path) -> None:
    """Let the chain begin anew behind its last link, over what was changed."""
    with closing(sqlite3.connect(path)) as connection:
        begin(Connection(connection, DIALECT))
        connection.commit()


def add_an_import(path: Path, number: int | None = None) -> None:
    """Add the link of an import, over what was changed; `number`: that of the import, by default the next one."""
    with closing(sqlite3.connect(path)) as connection:
        ledger = Connection(connection, DIALECT)
        number = next_number(ledger) if number is None else number
        link_import(ledger, number, ["account:acme"], imported_counters(ledger))
        connection.commit()


def link_again(path: Path) -> None:
    """Add a second link of each policy, over what it is now."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT digest, name, layers FROM policies").fetchall()
        extend(Connection(connection, DIALECT), (Link("policy", row[0], content_of(row)) for row in rows))
        connection.commit()


def write_head(path: Path, digest: str) -> None:
    """Write a link that has a digest, whatever it stands for."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO chain SELECT max(id) + 1, 'operation', 'x', 'x', ? FROM chain", (digest,))
        connection.commit()
