"""What the catalogue of PostgreSQL says of a ledger's tables, indexes and guards, held against how they are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer
from sqlalchemy.dialects import postgresql

from billpolicy.ledger.postgresql.guards import guards
from billpolicy.ledger.schema import REVISIONS, metadata
from billpolicy.ledger.statements import Connection

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(k.collname, '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation k ON k.oid = a.attcollation
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p') AND a.attnum > 0
AND NOT a.attisdropped AND c.relname <> 'alembic_version'
"""
_INDEXES = """
SELECT i.relname, x.indisunique, x.indisvalid FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid
JOIN pg_class c ON c.oid = x.indrelid
WHERE i.relnamespace = to_regnamespace(current_schema()) AND NOT x.indisprimary AND c.relname <> 'alembic_version'
"""
_KEYS = """
SELECT c.relname, k.contype, count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = to_regnamespace(current_schema()) AND k.convalidated AND k.contype IN ('p', 'f', 'u')
AND c.relname <> 'alembic_version' GROUP BY c.relname, k.contype
"""
_GUARDS = """
SELECT t.tgname, c.relname, t.tgenabled, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relnamespace = to_regnamespace(current_schema()) AND NOT t.tgisinternal
"""


def breaches(driver: Any) -> Iterator[str]:
    """What is not as this program makes it, one sentence each."""

    def found(query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = driver.execute(query).fetchall()
        return rows

    yield from _different("column", {f"{t}.{c}": tuple(of) for t, c, *of in found(_COLUMNS)}, dict(_columns()))
    yield from _different("index", {name: tuple(of) for name, *of in found(_INDEXES)}, dict(_indexes()))
    keys = {(table, kind if isinstance(kind, str) else kind.decode()): count for table, kind, count in found(_KEYS)}
    for table, kind, count in _keys():
        if keys.get((table, kind), 0) != count:
            yield f"a key or reference of the table `{table}` is gone"
    expected = {guard.name: (guard.table, "O", guard.body) for guard in guards()}
    made = {
        name: (table, state if isinstance(state, str) else state.decode(), body)
        for name, table, state, body in found(_GUARDS)
    }
    yield from _different("guard", made, expected)
    if found("SELECT version_num FROM alembic_version") != [(REVISIONS[-1],)]:
        yield "the revision of the tables is not what it was"


def _different(what: str, found: dict[str, tuple[Any, ...]], expected: dict[str, tuple[Any, ...]]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"the {what} `{name}` is gone"
        elif name not in expected:
            yield f"the {what} `{name}` is none of a ledger's"
        elif found[name] != expected[name]:
            yield f"the {what} `{name}` is not as billpolicy makes it"


def _columns() -> Iterator[tuple[str, tuple[str, bool, str]]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            collation = "" if isinstance(column.type, Integer | BigInteger | Boolean) else "C"
            yield f"{table.name}.{column.name}", (_type(column), not column.nullable, collation)


def _type(column: Column[Any]) -> str:
    kind = column.type.dialect_impl(postgresql.dialect())  # type: ignore[no-untyped-call]
    if isinstance(kind, BigInteger):
        return "bigint"
    if isinstance(kind, Integer):
        return "integer"
    if isinstance(kind, Boolean):
        return "boolean"
    length = getattr(kind, "length", None)
    return f"character varying({length})" if length else "text"


def _indexes() -> Iterator[tuple[str, tuple[bool, bool]]]:
    for table in metadata.sorted_tables:
        for index in table.indexes:
            yield str(index.name), (bool(index.unique), True)
        for column in table.columns:
            if column.unique:
                yield f"{table.name}_{column.name}_key", (True, True)


def _keys() -> Iterator[tuple[str, str, int]]:
    for table in metadata.sorted_tables:
        yield table.name, "p", 1
        yield table.name, "f", len(table.foreign_key_constraints)
        yield table.name, "u", sum(bool(column.unique) for column in table.columns)


def orphans_in(connection: Connection) -> Iterator[tuple[str, str]]:
    """The tables of rows that name rows of another table which are not there, and that other table."""
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            assert isinstance(key, ForeignKeyConstraint)
            parent = key.referred_table.name
            same = " AND ".join(f"p.{one.column.name} = c.{one.parent.name}" for one in key.elements)
            named = " AND ".join(f"c.{one.parent.name} IS NOT NULL" for one in key.elements)
            query = f"SELECT 1 FROM {table.name} c WHERE {named} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {same})"
            for _ in connection.driver.execute(query).fetchall():
                yield table.name, parent
