"""What is posted cannot be changed, deleted, replaced or added to, not even by hand; flags and revisions go one way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from billpolicy.book.book import Book
from billpolicy.ledger.store import Ledger
from billpolicy.policy.model import LayerText
from billpolicy.posting.store import PolicyText
from tests.helpers.books import book_from
from tests.helpers.ledgers import dump, file_of, post, whole
from tests.helpers.sample import NOW, credit_plan, refund_plan
from tests.helpers.waiting import put_waiting

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
    "combined",
    "charge_periods",
    "policies",
    "waiting",
    "approvals",
    "withdrawals",
    "void_numbers",
    "chain",
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
    ("usage", "drawn_minor"),
    ("usage", "drawn_from"),
    ("charge_periods", "from_date"),
    ("charge_periods", "until_date"),
    ("charge_periods", "status"),
    ("charge_periods", "quantity"),
    ("charge_periods", "rate"),
    ("charge_periods", "amount_minor"),
    ("charge_periods", "discount_minor"),
    ("charge_periods", "tax_minor"),
    ("charge_periods", "tax_code"),
    ("charge_periods", "memo"),
    ("charge_periods", "memo_item"),
    ("charge_periods", "rebilled_by"),
    ("charge_periods", "rebilled_item"),
    ("charge_periods", "operation"),
}
"""These change one way only; the tests below say how."""


PARTS_OF = [
    "INSERT INTO items (document, id, position, amount_minor) VALUES ('INV00000001', 'new', 9, 1)",
    "INSERT INTO taxes (document, item, id, position, amount_minor) VALUES ('INV00000001', 'i1', 'new', 9, 1)",
    (
        "INSERT INTO combined (document, item, position, subscribed_charge, amount_minor) "
        "VALUES ('INV00000003', 'i1', 9, 's3-pool', 1)"
    ),
    "INSERT INTO application_parts (application, position, item, amount_minor) VALUES (1, 9, 'i1', 1)",
    "INSERT INTO refund_parts (refund, position, item, amount_minor) VALUES ('R-00000002', 9, 'c1', 1)",
]
ONE_WAY = [
    "UPDATE documents SET reversed = 0, revision = revision + 1 WHERE reversed",
    "UPDATE documents SET reversed = 1 WHERE number = 'INV00000002'",
    "UPDATE documents SET changed_by = 'op-2', revision = revision + 1 WHERE number = 'INV00000001'",
    "UPDATE documents SET reversed_reason = 'Chargeback', revision = revision + 1 WHERE reversed",
    "UPDATE documents SET revision = revision - 1 WHERE number = 'INV00000001'",
    "UPDATE documents SET revision = revision + 2",
    "UPDATE usage SET drawn_from = NULL WHERE id = 'u2'",
    "UPDATE usage SET drawn_minor = NULL WHERE id = 'u2'",
    "UPDATE usage SET billed_by = NULL, amount_minor = NULL WHERE id = 'u2'",
    "UPDATE counters SET last = last - 1",
    "UPDATE counters SET kind = 'invoice' WHERE kind <> 'invoice'",
    "UPDATE counters SET prefix = 'X' WHERE prefix = 'CM'",
]


pytestmark = pytest.mark.in_a_file  # those of PostgreSQL: test_postgresql.py


@pytest.fixture
def posted(stocked: Ledger) -> Ledger:
    """A ledger in which every table has something that an operation or an import wrote."""
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", reverse=True), who="ann", now=NOW)
    post(stocked, refund_plan(whole(stocked), "op-2", "CM00000001", "1.00"), who="ann", now=NOW)
    void = "void_numbers: [{number: OLD-00000001, kind: refund, reason: torn up}]"
    stocked.import_book(book_from(f"accounts: [{{id: other, currency: USD}}]\n{void}"))
    with stocked.writing() as writer:
        text = PolicyText("a-digest", "acme", (LayerText("acme", True, (("acme.yaml", "policy: acme"),)),))
        writer.write([], Book(), Book(), [text])
        put_waiting(writer)
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


@pytest.mark.parametrize("statement", PARTS_OF)
def test_nothing_is_added_to(posted: Ledger, hand: sqlite3.Connection, statement: str) -> None:
    forbidden(posted, hand, statement)


@pytest.mark.parametrize("statement", ONE_WAY)
def test_flags_revisions_and_counters_go_one_way(posted: Ledger, hand: sqlite3.Connection, statement: str) -> None:
    forbidden(posted, hand, statement)
