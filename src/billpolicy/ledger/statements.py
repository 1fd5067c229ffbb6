"""The texts of the statements that fill and read whole rows, compiled once from the tables."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite


@cache
def insert_into(table: Table) -> str:
    """The text that inserts a whole row: its values in the order of the columns, without an id that counts itself."""
    own = table.autoincrement_column
    keys = [column.name for column in table.columns if column is not own]
    return str(table.insert().compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=keys))


@cache
def select_from(table: Table) -> str:
    """The text that selects whole rows: the values in the order of the columns."""
    return f"SELECT {', '.join(f'{table.name}.{column.name}' for column in table.columns)} FROM {table.name}"
