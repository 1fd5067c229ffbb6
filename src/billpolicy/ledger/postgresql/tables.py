"""What the catalogue of PostgreSQL says of a ledger's tables, indexes and guards, held against how they are made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, Table
from sqlalchemy.dialects import postgresql

from billpolicy.ledger.postgresql.guards import INSERT, guards
from billpolicy.ledger.schema import REVISIONS, metadata
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.structure import unlike

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
    for table in metadata.sorted_tables:
        for column in table.columns:
            collation = "" if isinstance(column.type, Integer | BigInteger | Boolean) else "C"
            told = (_type(column), not column.nullable, collation, _default(column), "")
            yield f"{table.name}.{column.name}", told
    yield _VERSION, ("character varying(32)", True, "default", "", "")


def _default(column: Column[Any]) -> str:
    """As the server tells it."""
    if column.server_default is None:
        return ""
    value = str(column.server_default.arg)  # type: ignore[attr-defined]
    return value if isinstance(column.type, Boolean) else f"'{value}'::text"


def _triggers() -> Iterator[tuple[str, tuple[Any, ...]]]:
    for guard in guards():
        added = "added" if guard.kind == INSERT else ""
        yield guard.name, (guard.table, "O", guard.kind, True, added, sorted(guard.columns), guard.body)


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


def _indexes() -> Iterator[tuple[str, tuple[Any, ...]]]:
    for table in metadata.sorted_tables:
        for index in table.indexes:
            made = _index(bool(index.unique), str(index.name), table, index.columns)
            condition = index.dialect_options["postgresql"]["where"]
            if condition is not None:
                # Of a text the server tells that it is one: the conditions are on columns of text.
                made += " WHERE " + re.sub("('[^']*')", r"\1::text", str(condition))
            yield str(index.name), (True, made)
        for column in (column for column in table.columns if column.unique):
            name = f"{table.name}_{column.name}_key"
            yield name, (True, _index(True, name, table, [column]))


def _index(unique: bool, name: str, table: Table, columns: Iterable[Column[Any]]) -> str:
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON {table.name} USING btree ({_names(columns)})"


def _keys() -> Iterator[tuple[str, str]]:
    """The keys and references of each table, as the server tells them."""
    for table in metadata.sorted_tables:
        yield table.name, f"PRIMARY KEY ({_names(table.primary_key.columns)})"
        for key in table.foreign_key_constraints:
            theirs = f"{key.referred_table.name}({_names(element.column for element in key.elements)})"
            later = " DEFERRABLE INITIALLY DEFERRED" if key.deferrable else ""
            yield table.name, f"FOREIGN KEY ({_names(key.columns)}) REFERENCES {theirs}{later}"
        for column in (column for column in table.columns if column.unique):
            yield table.name, f"UNIQUE ({column.name})"


def _names(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)


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
