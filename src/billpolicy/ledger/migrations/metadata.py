"""The tables of `schema.py` as SQLAlchemy knows them: the steps must end in exactly these."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.types import TypeEngine

from billpolicy.ledger import schema, tables
from billpolicy.ledger.tables import Type

_TYPES: dict[Type, TypeEngine[Any]] = {
    Type.TEXT: Text().with_variant(Text(collation="C"), "postgresql"),
    Type.CURRENCY: String(3).with_variant(String(3, collation="C"), "postgresql"),
    Type.DATE: String(10).with_variant(String(10, collation="C"), "postgresql"),
    Type.BOOLEAN: Boolean(),
    Type.INTEGER: Integer(),
    Type.BIG_INTEGER: BigInteger(),
    Type.ID: BigInteger().with_variant(Integer, "sqlite"),
}
_DEFAULTS = {True: true(), False: false()}


def _table(table: tables.Table, metadata: MetaData) -> Table:
    return Table(
        table.name,
        metadata,
        *map(_column, table.columns),
        *map(_reference, table.references),
        comment=table.comment,
        sqlite_with_rowid=not table.without_rowid,
    )


def _column(column: tables.Column) -> Column[Any]:
    default = _DEFAULTS[column.default] if isinstance(column.default, bool) else column.default
    return Column(
        column.name,
        _TYPES[column.type],
        primary_key=column.primary_key,
        nullable=column.nullable and not column.primary_key,
        unique=column.unique or None,
        autoincrement=False,
        server_default=default,
        comment=column.comment,
    )


def _reference(reference: tables.Reference) -> ForeignKeyConstraint:
    theirs = [f"{reference.table}.{name}" for name in reference.theirs]
    when: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if reference.later else {}
    return ForeignKeyConstraint(reference.columns, theirs, **when)


def _index(index: tables.Index, table: Table) -> Index:
    where = None if index.where is None else text(index.where)
    columns = [table.c[name] for name in index.columns]
    return Index(index.name, *columns, unique=index.unique, sqlite_where=where, postgresql_where=where)


metadata = MetaData()
for _each in schema.TABLES:
    _table(_each, metadata)
for _one in schema.INDEXES:
    _index(_one, metadata.tables[_one.table.name])
