"""Which right a role lacks. The server only says that one is missing, in a language of its own."""

from __future__ import annotations

import psycopg

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.diagnostics.sentences import few_of, quoted
from billpolicy.diagnostics.visible import visible
from billpolicy.ledger.postgresql.failures import SQL_OF_RIGHTS, refusal

_MAY_MAKE = """
SELECT quote_ident(current_schema()), quote_ident(current_user), has_schema_privilege(current_schema(), 'CREATE')
"""
_TABLES_WITHOUT = """
SELECT relname, has_table_privilege(oid, %s) FROM pg_class
WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p') AND relname <> %s
ORDER BY relname
"""
_AGAIN = f"have the owner of the ledger give the rights again: {SQL_OF_RIGHTS}"


def may_make_tables(driver: psycopg.Connection) -> bool:
    """Whether this role may make tables where a ledger would be made."""
    found = driver.execute(_MAY_MAKE).fetchone()
    return found is not None and bool(found[2])


def may_not_make(driver: psycopg.Connection, url: str) -> Refused:
    """The refusal of a role that may not make a ledger, or not bring it up to date."""
    found = driver.execute(_MAY_MAKE).fetchone()
    assert found is not None
    schema, role, may_make = found
    if may_make:
        message = "you may not change the tables of this ledger"
        return refusal("ledger-read-only", message, url, "run this as the role that owns them")
    message = f"you may not make tables in the schema `{visible(str(schema))}` of this database"
    grant = visible(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}")
    hint = f"run this as the role that owns the ledger; if that is you, have a superuser run `{grant}` in this database"
    return refusal("ledger-read-only", message, url, hint)


def may_not_read(driver: psycopg.Connection, url: str) -> Refused:
    """The refusal of a role that lacks a right to read."""
    without, others = _tables_without(driver, "SELECT")
    if without and others:
        return refusal("ledger-unreadable", f"you may not read {_named(without)}", url, _AGAIN)
    hint = f"ask for the rights of a role that reads: {SQL_OF_RIGHTS}"
    return refusal("ledger-unreadable", "you may not read this ledger", url, hint)


def may_only_read(url: str) -> Refused:
    """The refusal of a role that has no right to post."""
    hint = f"ask for the rights of a role that posts: {SQL_OF_RIGHTS}"
    return refusal("ledger-read-only", "this ledger can only be read here, not written", url, hint)


def may_not_write(driver: psycopg.Connection, url: str) -> Refused:
    """The refusal of a role that may write the chain, but lacks another right of those who post."""
    if _tables_without(driver, "SELECT")[0]:
        return may_not_read(driver, url)
    without, _ = _tables_without(driver, "INSERT", but="alembic_version")
    message = f"you may not write {_named(without)}" if without else "you lack a right that posting needs"
    return refusal("ledger-read-only", f"{message}; nothing was changed", url, _AGAIN)


def _tables_without(driver: psycopg.Connection, right: str, but: str = "") -> tuple[list[str], list[str]]:
    """The tables for which this role lacks a right, and the others."""
    rows = driver.execute(_TABLES_WITHOUT, (right, but)).fetchall()
    return [name for name, has in rows if not has], [name for name, has in rows if has]


def _named(tables: list[str]) -> str:
    return f"the table{'s' if len(tables) > 1 else ''} {few_of(quoted(map(visible, tables)))}"
