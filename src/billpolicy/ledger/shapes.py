"""The queries by which `check` asks whether rows hold only what could have been written there.

A document leaves the columns empty that its kind has no field for, what was posted says nothing of how it was imported,
a row tells either which import or which operation brought it, truth is 0 or 1, and what is counted is counted without a
gap. Reading passes over all of that: no record tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.ledger import rows, schema
from billpolicy.ledger.imports import BROUGHT
from billpolicy.ledger.tables import Type
from billpolicy.money import MAX_MINOR

_IMPORTED = (
    (schema.documents, "number", "operation", rows.IMPORTED),
    (schema.usage, "id", "operation", rows.IMPORTED_USAGE),
    (schema.subscriptions, "id", "created_by", ("imported_canceled_on",)),
    (schema.subscribed_charges, "id", "created_by", ("imported_through",)),
)
"""Table, what names a row, the column that says which operation made it, and those that say how it was imported."""
_COUNTED = (
    (schema.audit, "", "id", 1, "operations"),
    (schema.documents, "", "id", 1, "documents"),
    (schema.applications, "", "id", 1, "applications"),
    (schema.waiting, "", "id", 1, "what waits for approvals"),
    (schema.approvals, "", "id", 1, "approvals"),
    (schema.subscribed_charges, "subscription", "position", 0, "the charges of subscription `{0}`"),
    (schema.items, "document", "position", 0, "the items of {0}"),
    (schema.taxes, "document, item", "position", 0, "the taxes of item `{1}` of {0}"),
    (schema.combined, "document, item", "position", 0, "what is combined on item `{1}` of {0}"),
    (schema.refund_parts, "refund", "position", 0, "the parts of {0}"),
    (schema.application_parts, "application", "position", 0, "the parts of application no. {0}"),
)
"""Table, what its rows are counted within, the column that counts them and from which number on, and how to say it."""


def shapes() -> Iterator[tuple[str, str]]:
    """Queries that find odd rows, each with the message that a row completes."""
    for kind, of_kind in rows.DOCUMENTS.items():
        holds = " OR ".join(_not(name, default) for name, default in of_kind.empty.items())
        yield (
            f"SELECT number FROM documents WHERE kind = '{kind}' AND ({holds})",
            "{0} holds what no document of its kind has",
        )
    for table, name, posted, columns in _IMPORTED:
        says = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        yield (
            f"SELECT {name} FROM {table.name} WHERE {posted} IS NOT NULL AND ({says})",
            f"{{0}} of `{table.name}` was posted, and says how it was imported",
        )
    for table, imported in BROUGHT:
        says = f"({imported}) <> (import_id IS NOT NULL) OR import_id < 0"
        yield (
            f"SELECT {table.key[0]} FROM {table.name} WHERE {says}",
            f"whether {{0}} of `{table.name}` was imported or posted is told otherwise than it was",
        )
    for table in schema.TABLES:
        for column in (one.name for one in table.columns if one.type is Type.BOOLEAN):
            yield (
                f"SELECT '{column}' FROM {table.name} WHERE {column} NOT IN (false, true)",
                f"`{{0}}` in a row of `{table.name}` is neither true nor false",
            )
        for column in (name for name in table.names if name.endswith("_minor")):
            yield (
                f"SELECT '{column}' FROM {table.name} WHERE {column} NOT BETWEEN -{MAX_MINOR} AND {MAX_MINOR}",
                f"`{{0}}` in a row of `{table.name}` is more than a ledger holds",
            )
    for table, within, column, first, message in _COUNTED:
        different = f"count(DISTINCT {column})"
        odd = f"min({column}) <> {first} OR max({column}) - {first - 1} <> {different} OR count(*) <> {different}"
        groups = f" GROUP BY {within}" if within else ""
        yield (
            f"SELECT {within or 'count(*)'} FROM {table.name}{groups} HAVING {odd}",
            f"{message} are not counted without a gap",
        )


def _not(column: str, default: bool | None) -> str:
    return f"{column} IS NOT NULL" if default is None else f"{column} <> {str(default).lower()}"
