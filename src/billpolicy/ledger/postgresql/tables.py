"""What the catalogue of PostgreSQL says of a ledger's tables, indexes and guards, held against how they are made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from billpolicy.ledger.postgresql.guards import INSERT, guards
from billpolicy.ledger.schema import INDEXES, REVISIONS, TABLES
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.structure import unlike
from billpolicy.ledger.tables import Column, Index, Type

_COLUMNS = """
SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(k.collname, ''),
    coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attgenerated::text || a.attidentity::text
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation k ON k.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0
AND NOT a.attisdropped
"""
_INDEXES = """
SELECT i.relname, x.indisvalid, replace(pg_get_indexdef(i.oid, 0, true), '"', '')
FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class c ON c.oid = x.indrelid
WHERE i.relnamespace = to_regnamespace(current_schema()) AND NOT x.indisprimary AND c.relname <> 'alembic_version'
"""
_KEYS = """
SELECT c.relname, replace(pg_get_constraintdef(k.oid, true), '"', '') FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relname <> 'alembic_version' AND k.contype <> 'n'
"""
"""What must not be empty has constraints of its own from PostgreSQL 18 on; the columns tell of it."""
_GUARDS = """
SELECT t.tgname, c.relname, t.tgenabled::text, t.tgtype::int,
    t.tgqual IS NULL AND p.proconfig IS NULL AND NOT p.prosecdef, coalesce(t.tgnewtable::text, ''), ARRAY(
    SELECT a.attname::text FROM unnest(t.tgattr) w (number)
    JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = w.number ORDER BY a.attname
), p.prosrc
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relnamespace = to_regnamespace(current_schema()) AND NOT t.tgisinternal
"""
_OTHERS = """
SELECT 'table', relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema())
AND (relkind IN ('v', 'm', 'f', 'p') OR relkind = 'r' AND (relrowsecurity OR relpersistence <> 'p'))
UNION ALL SELECT 'rule', r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind = 'r'
UNION ALL SELECT 'row policy', y.polname FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid
WHERE c.relnamespace = to_regnamespace(current_schema())
UNION ALL SELECT 'table', c.relname FROM pg_inherits h JOIN pg_class c ON c.oid IN (h.inhparent, h.inhrelid)
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p')
UNION ALL SELECT DISTINCT 'table', c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = to_regnamespace(current_schema()) AND t.tgisinternal AND t.tgenabled <> 'O'
"""
"""Views in the place of tables, tables that a crash empties or whose references nobody holds, rows that are kept in
another table, and what hides or replaces rows: a ledger has none."""


_TYPES = {
    Type.TEXT: ("text", "C"),
    Type.CURRENCY: ("character varying(3)", "C"),
    Type.DATE: ("character varying(10)", "C"),
    Type.BOOLEAN: ("boolean", ""),
    Type.INTEGER: ("integer", ""),
    Type.BIG_INTEGER: ("bigint", ""),
    Type.ID: ("bigint", ""),
}
"""How the server tells of a column's type, and of how it sorts."""
_VERSION = "alembic_version.version_num"


def breaches(driver: Any) -> Iterator[str]:
    """What is not as this program makes it, one sentence each."""

    def found(query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = driver.execute(query).fetchall()
        return rows

    columns = _by_name(found(_COLUMNS))
    yield from unlike("column", columns, dict(_columns()))
    yield from unlike("index", _by_name(found(_INDEXES)), dict(_indexes()))
    yield from unlike("guard", _by_name(found(_GUARDS)), dict(_triggers()))
    for table in sorted({table for table, _ in set(found(_KEYS)) ^ set(_keys())}):
        yield f"the keys and references of the table `{table}` are not as billpolicy makes them"
    for kind, name in found(_OTHERS):
        yield f"the {kind} `{name}` is not as billpolicy makes it"
    if found("SHOW session_replication_role") != [("origin",)]:
        yield "the guards are not run, since `session_replication_role` of this role or database is set"
    if _VERSION in columns and found("SELECT version_num FROM alembic_version") != [(REVISIONS[-1],)]:
        yield "the revision of the tables is not what it was"


def _by_name(rows: Iterable[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(of) for name, *of in rows}


def _columns() -> Iterator[tuple[str, tuple[Any, ...]]]:
    for table in TABLES:
        for column in table.columns:
            type, collation = _TYPES[column.type]
            filled = column.primary_key or not column.nullable
            yield f"{table.name}.{column.name}", (type, filled, collation, _default(column), "")
    yield _VERSION, ("character varying(32)", True, "default", "", "")


def _default(column: Column) -> str:
    """As the server tells it."""
    if column.default is None:
        return ""
    return str(column.default).lower() if column.type is Type.BOOLEAN else f"'{column.default}'::text"


def _triggers() -> Iterator[tuple[str, tuple[Any, ...]]]:
    for guard in guards():
        added = "added" if guard.kind == INSERT else ""
        yield guard.name, (guard.table, "O", guard.kind, True, added, sorted(guard.columns), guard.body)


def _indexes() -> Iterator[tuple[str, tuple[Any, ...]]]:
    of_unique = (
        Index(f"{table.name}_{column.name}_key", table, (column.name,), unique=True)
        for table in TABLES
        for column in table.columns
        if column.unique
    )
    for index in (*INDEXES, *of_unique):
        unique = "UNIQUE " if index.unique else ""
        made = f"CREATE {unique}INDEX {index.name} ON {index.table.name} USING btree ({', '.join(index.columns)})"
        if index.where is not None:
            # Of a text the server tells that it is one: the conditions are on columns of text.
            made += " WHERE " + re.sub("('[^']*')", r"\1::text", index.where)
        yield index.name, (True, made)


def _keys() -> Iterator[tuple[str, str]]:
    """The keys and references of each table, as the server tells them."""
    for table in TABLES:
        yield table.name, f"PRIMARY KEY ({', '.join(table.key)})"
        for one in table.references:
            theirs = f"{one.table}({', '.join(one.theirs)})"
            later = " DEFERRABLE INITIALLY DEFERRED" if one.later else ""
            yield table.name, f"FOREIGN KEY ({', '.join(one.columns)}) REFERENCES {theirs}{later}"
        for column in (column for column in table.columns if column.unique):
            yield table.name, f"UNIQUE ({column.name})"


def orphans_in(connection: Connection) -> Iterator[tuple[str, str]]:
    """The tables of rows that name rows of another table which are not there, and that other table."""
    for table in TABLES:
        for one in table.references:
            same = " AND ".join(f"p.{theirs} = c.{ours}" for ours, theirs in zip(one.columns, one.theirs, strict=True))
            named = " AND ".join(f"c.{name} IS NOT NULL" for name in one.columns)
            there = f"SELECT 1 FROM {one.table} p WHERE {same}"
            query = f"SELECT 1 FROM {table.name} c WHERE {named} AND NOT EXISTS ({there})"
            for _ in connection.driver.execute(query).fetchall():
                yield table.name, one.table
