"""Guards of everything that must not change once it is written: SQLite triggers.

They are there for accidents: a hand in the database, a faulty program. Whoever means harm can drop a trigger;
`ledger check` finds what was done.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = {
    "operations": "id",
    "audit": "operation",
    "applications": "id",
    "resolutions": "document",
    "documents": "number",
}
"""Tables that only grow, and their keys: a second row of the same key would replace the first unseen."""
_CLOSED = {
    "items": ("document", "documents", "number"),
    "taxes": ("document", "documents", "number"),
    "refund_parts": ("refund", "documents", "number"),
    "application_parts": ("application", "applications", "id"),
}
"""Parts of a whole: they are written before it, and none can be added once it stands."""
_MAY_CHANGE = {"documents": ("reversed", "revision")}


def upgrade() -> None:
    """Put the guards up, on SQLite."""
    if op.get_bind().dialect.name == "sqlite":
        for guard in _guards():
            op.execute(guard)


def _guards() -> list[str]:
    guards = []
    for table in (*_KEPT, *_CLOSED, "billed"):
        fixed = [c for c in _columns(table) if c not in _MAY_CHANGE.get(table, ())]
        guards.append(_guard(table, "fixed", f"UPDATE OF {', '.join(fixed)}", None, f"{table} never change"))
        guards.append(_guard(table, "stay", "DELETE", None, f"{table} are never deleted"))
    for table, key in _KEPT.items():
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
        guards.append(_guard(table, "unique", "INSERT", exists, f"{table} are never replaced"))
    for table, (part, whole, key) in _CLOSED.items():
        exists = f"EXISTS (SELECT 1 FROM {whole} WHERE {key} = NEW.{part})"
        guards.append(_guard(table, "closed", "INSERT", exists, f"{table} are never added later"))
    flags = "NEW.revision <> OLD.revision + 1 OR NEW.reversed < OLD.reversed"
    guards.append(_guard("documents", "flags", "UPDATE OF reversed, revision", flags, "revisions only go up by one"))
    lower = "NEW.last < OLD.last OR NEW.kind <> OLD.kind OR NEW.prefix <> OLD.prefix"
    guards.append(_guard("counters", "up", "UPDATE", lower, "counters only go up"))
    guards.append(_guard("counters", "stay", "DELETE", None, "counters are never deleted"))
    return guards


def _columns(table: str) -> list[str]:
    return [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]


def _guard(table: str, name: str, event: str, condition: str | None, message: str) -> str:
    when = f"WHEN {condition} " if condition else ""
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
    )
