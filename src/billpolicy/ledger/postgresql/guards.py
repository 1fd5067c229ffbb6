"""Guards of everything that must not change once it is written, as triggers of PostgreSQL.

They keep what those of SQLite keep (`migrations/versions`), and are put up anew whenever the tables are made or brought
up to date. They are there for accidents: the owner of a table can take them down, and `ledger check` finds that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.ledger.schema import CHANGES, PARTS, TABLES

_DOCUMENT = """
NEW.revision <> OLD.revision + 1 OR NEW.reversed < OLD.reversed
OR NEW.reversed_reason IS DISTINCT FROM OLD.reversed_reason AND NEW.reversed = OLD.reversed
OR NEW.changed_by IS DISTINCT FROM OLD.changed_by
AND NEW.reversed = OLD.reversed AND NEW.status = OLD.status AND NEW.posted_as IS NOT DISTINCT FROM OLD.posted_as
OR NEW.status <> OLD.status AND (OLD.status <> 'draft' OR NEW.status <> 'canceled' OR OLD.posted_as IS NOT NULL)
OR NEW.posted_as IS DISTINCT FROM OLD.posted_as
AND (OLD.posted_as IS NOT NULL OR OLD.status <> 'draft' OR NEW.status <> 'draft')
"""
_DRAWN = "(NEW.drawn_minor IS NULL) <> (NEW.drawn_from IS NULL) OR NEW.drawn_from IS NOT NULL AND NEW.billed_by IS NULL"
ONE_WAY = (
    ("accounts", "flags", "NEW.revision <> OLD.revision + 1", "revisions only go up by one"),
    ("subscriptions", "flags", "NEW.revision <> OLD.revision + 1", "revisions only go up by one"),
    ("documents", "flags", _DOCUMENT, "documents change one way, their revision by one"),
    ("counters", "up", "NEW.last < OLD.last", "counters only go up"),
    ("usage", "drawn", _DRAWN, "usage is drawn from something, as long as it is billed"),
    ("usage", "flags", "OLD.billed_by IS NOT NULL AND NEW.billed_by IS NOT NULL", "usage is billed once"),
    (
        "usage",
        "priced",
        "(NEW.billed_by IS NULL) <> (NEW.amount_minor IS NULL)",
        "usage has an amount as long as it is billed",
    ),
)
"""Table, name, what no row may become, and why."""
_NO_MORE = """
EXISTS (SELECT 1 FROM withdrawals w JOIN added ON added.waiting = w.waiting) OR EXISTS (
    SELECT 1 FROM operations o JOIN waiting w ON w.operation = o.id JOIN added ON added.waiting = w.id
)
"""
_ALONE = """
EXISTS (SELECT 1 FROM operations o JOIN added ON added.operation = o.id) OR EXISTS (
    SELECT 1 FROM waiting w JOIN added ON added.operation = w.operation AND added.id <> w.id
    WHERE w.id NOT IN (SELECT waiting FROM withdrawals)
)
"""
_OTHER = "EXISTS (SELECT 1 FROM added JOIN waiting w ON w.id = added.waiting WHERE w.digest <> added.digest)"
NEVER_ADDED = (
    *(
        (
            part.table.name,
            "closed",
            f"EXISTS (SELECT 1 FROM added JOIN {part.whole.name} w ON w.{part.key} = added.{part.column})",
            f"{part.table.name} are never added later",
        )
        for part in PARTS
    ),
    ("approvals", "standing", _NO_MORE, "what waits no more is not approved"),
    ("approvals", "whole", _OTHER, "an approval names what it approves"),
    (
        "withdrawals",
        "standing",
        """
        EXISTS (
            SELECT 1 FROM operations o JOIN waiting w ON w.operation = o.id JOIN added ON added.waiting = w.id
        )
        """,
        "what waits no more is not withdrawn",
    ),
    ("waiting", "alone", _ALONE, "an operation waits once, and not when it is posted"),
)
"""Table, name, what no statement may add, asked of the rows that it has `added`, and why."""
_PREFIX = "billpolicy_"


class Guard(NamedTuple):
    """A trigger with the function that it runs."""

    table: str
    name: str
    made_by: str
    """The statement that puts it up."""
    function: str
    body: str
    """Of that function."""
    kind: int
    """When it runs, as `pg_trigger.tgtype` has it."""
    columns: tuple[str, ...] = ()
    """At a change of which it runs; none: of any."""


_ROW, _BEFORE, INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
"""Bits of `pg_trigger.tgtype`."""


def guards() -> Iterator[Guard]:
    """All of them."""
    for one in TABLES:
        table, may_change = one.name, CHANGES.get(one.name, ())
        fixed = tuple(name for name in one.names if name not in may_change)
        event = f"BEFORE UPDATE OF {', '.join(fixed)} ON {table} FOR EACH ROW"
        yield _guard(table, "fixed", event, _raises(f"{table} never change"), _ROW | _BEFORE | _UPDATE, fixed)
        event = f"BEFORE DELETE ON {table} FOR EACH ROW"
        yield _guard(table, "stay", event, _raises(f"{table} are never deleted"), _ROW | _BEFORE | _DELETE)
        event = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        yield _guard(table, "full", event, _raises(f"{table} are never emptied"), _BEFORE | _TRUNCATE)
    for table, name, condition, message in ONE_WAY:
        does = f"IF {condition} THEN {_raises(message)} END IF; RETURN NEW;"
        yield _guard(table, name, f"BEFORE UPDATE ON {table} FOR EACH ROW", does, _ROW | _BEFORE | _UPDATE)
    for table, name, condition, message in NEVER_ADDED:
        event = f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
        yield _guard(table, name, event, f"IF {condition} THEN {_raises(message)} END IF; RETURN NULL;", INSERT)


def _raises(message: str) -> str:
    return f"RAISE EXCEPTION 'guard: {message}';"


def _guard(table: str, name: str, event: str, does: str, kind: int, columns: tuple[str, ...] = ()) -> Guard:
    guard = f"{_PREFIX}{table}_{name}"
    body = f"BEGIN {' '.join(does.split())} END"
    made_by = f"CREATE TRIGGER {guard} {event} EXECUTE FUNCTION {guard}()"
    return Guard(table, guard, made_by, guard, body, kind, columns)


def statements() -> Iterator[str]:
    """What puts every guard up, whether it stands already or not."""
    for guard in guards():
        made = f"CREATE OR REPLACE FUNCTION {guard.function}() RETURNS trigger LANGUAGE plpgsql"
        yield f"{made} AS $guard${guard.body}$guard$"
        yield f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}"
        yield guard.made_by
