"""What is posted cannot be changed, deleted, replaced or added to, not even by hand; flags and revisions go one way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from billpolicy.ledger.store import Ledger
from tests.helpers.ledgers import dump, file_of, post, whole
from tests.helpers.sample import NOW, credit_plan, refund_plan

KEPT = (
    "documents",
    "items",
    "taxes",
    "billed",
    "refund_parts",
    "applications",
    "application_parts",
    "operations",
    "audit",
    "subscriptions",
    "subscribed_charges",
    "accounts",
    "contacts",
    "charges",
    "accounting_periods",
    "usage",
)
MAY_CHANGE = {
    ("documents", "reversed"),
    ("documents", "reversed_reason"),
    ("accounts", "revision"),
    ("documents", "status"),
    ("documents", "posted_as"),
    ("documents", "changed_by"),
    ("documents", "revision"),
    ("subscriptions", "canceled_on"),
    ("subscriptions", "revision"),
    ("subscribed_charges", "charged_through"),
    ("usage", "billed_by"),
    ("usage", "amount_minor"),
}
"""These change one way only; the tests below say how."""


@pytest.fixture
def posted(stocked: Ledger) -> Ledger:
    """A ledger in which every table has something that an operation or an import wrote."""
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", reverse=True), who="ann", now=NOW)
    post(stocked, refund_plan(whole(stocked), "op-2", "CM00000001", "1.00"), who="ann", now=NOW)
    return stocked


@pytest.fixture
def hand(posted: Ledger) -> Iterator[sqlite3.Connection]:
    """Somebody with the file and SQLite."""
    with closing(sqlite3.connect(file_of(posted))) as connection:
        yield connection


def forbidden(ledger: Ledger, hand: sqlite3.Connection, statement: str) -> None:
    before = dump(ledger)
    with pytest.raises(sqlite3.IntegrityError, match="guard: "):
        hand.execute(statement)
    hand.rollback()
    assert dump(ledger) == before


def columns_of(hand: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in hand.execute(f"PRAGMA table_info({table})")]


@pytest.mark.parametrize("table", KEPT)
def test_nothing_changes(posted: Ledger, hand: sqlite3.Connection, table: str) -> None:
    for column in columns_of(hand, table):
        if (table, column) not in MAY_CHANGE:
            forbidden(posted, hand, f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", [*KEPT, "counters"])
def test_nothing_is_deleted(posted: Ledger, hand: sqlite3.Connection, table: str) -> None:
    forbidden(posted, hand, f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [table for table in KEPT if table != "billed"])
def test_nothing_is_replaced(posted: Ledger, hand: sqlite3.Connection, table: str) -> None:
    forbidden(posted, hand, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO items (document, id, position, amount_minor) VALUES ('INV00000001', 'new', 9, 1)",
        "INSERT INTO taxes (document, item, id, position, amount_minor) VALUES ('INV00000001', 'i1', 'new', 9, 1)",
        "INSERT INTO application_parts (application, position, item, amount_minor) VALUES (1, 9, 'i1', 1)",
        "INSERT INTO refund_parts (refund, position, item, amount_minor) VALUES ('R-00000002', 9, 'c1', 1)",
    ],
)
def test_nothing_is_added_to(posted: Ledger, hand: sqlite3.Connection, statement: str) -> None:
    forbidden(posted, hand, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET reversed = 0, revision = revision + 1 WHERE reversed",
        "UPDATE documents SET reversed = 1 WHERE number = 'INV00000002'",
        "UPDATE documents SET changed_by = 'op-2', revision = revision + 1 WHERE number = 'INV00000001'",
        "UPDATE documents SET reversed_reason = 'Chargeback', revision = revision + 1 WHERE reversed",
        "UPDATE documents SET revision = revision - 1 WHERE number = 'INV00000001'",
        "UPDATE documents SET revision = revision + 2",
        "UPDATE counters SET last = last - 1",
        "UPDATE counters SET kind = 'invoice' WHERE kind <> 'invoice'",
        "UPDATE counters SET prefix = 'X' WHERE prefix = 'CM'",
    ],
)
def test_flags_revisions_and_counters_go_one_way(posted: Ledger, hand: sqlite3.Connection, statement: str) -> None:
    forbidden(posted, hand, statement)
