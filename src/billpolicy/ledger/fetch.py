"""Reading records by their keys, or all of them: one set-based query per table, prepared texts, the driver's cursor.

`keys` None means everything. Keys go in as parameters, at most `_MOST` in one statement, padded to a power of two so
that few different texts are ever prepared.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import TypeVar

from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    Contact,
    Item,
    Numbered,
    Part,
    Subscription,
    TaxItem,
)
from billpolicy.ledger import records, schema
from billpolicy.ledger.rows import Row
from billpolicy.ledger.statements import select_from

_Key = TypeVar("_Key", str, int)
_MOST = 256
Revisions = dict[str, int]
"""As in `Book.revisions`."""


def run_with_keys(connection: sqlite3.Connection, text: str, keys: Collection[_Key]) -> list[Row]:
    """Run a statement in which `{keys}` stands, once or more, for the list of keys, and give its rows if any.

    Without keys nothing is run. With very many it runs several times: a row that several find may then come twice.
    """
    found: list[Row] = []
    for chunk in _chunks(keys):
        found += connection.execute(_prepared(text, len(chunk)), chunk * text.count("{keys}")).fetchall()
    return found


def accounts(connection: sqlite3.Connection, keys: Collection[str] | None) -> tuple[dict[str, Account], Revisions]:
    rows = _select(connection, select_from(schema.accounts), "id", keys)
    return {row[0]: records.account_of(row) for row in rows}, {f"account:{row[0]}": row[-1] for row in rows}


def contacts(connection: sqlite3.Connection, accounts: Collection[str] | None) -> dict[str, Contact]:
    """The contacts of these accounts."""
    rows = _select(connection, select_from(schema.contacts), "account", accounts, "ORDER BY id")
    return {row[0]: records.contact_of(row) for row in rows}


def contacts_by_id(connection: sqlite3.Connection, keys: Collection[str]) -> dict[str, Contact]:
    rows = _select(connection, select_from(schema.contacts), "id", keys)
    return {row[0]: records.contact_of(row) for row in rows}


def charges(connection: sqlite3.Connection, keys: Collection[str] | None) -> dict[str, Charge]:
    return {row[0]: records.charge_of(row) for row in _select(connection, select_from(schema.charges), "id", keys)}


def subscriptions(
    connection: sqlite3.Connection, keys: Collection[str] | None
) -> tuple[dict[str, Subscription], Revisions]:
    rows = _select(connection, select_from(schema.subscriptions), "id", keys)
    charge_rows = _grouped(
        _select(
            connection,
            select_from(schema.subscribed_charges),
            "subscription",
            [row[0] for row in rows] if keys is not None else None,
            "ORDER BY subscription, position",
        )
    )
    found = {row[0]: records.subscription_of(row, charge_rows.get(row[0], ())) for row in rows}
    return found, {f"subscription:{row[0]}": row[-1] for row in rows}


def periods(connection: sqlite3.Connection) -> tuple[AccountingPeriod, ...]:
    rows = connection.execute(select_from(schema.accounting_periods) + " ORDER BY from_date")
    return tuple(records.period_of(row) for row in rows)


def counters(connection: sqlite3.Connection) -> dict[str, int]:
    """Prefix -> the last number drawn from it, or imported with it."""
    return dict(connection.execute("SELECT prefix, last FROM counters ORDER BY prefix").fetchall())


def documents(connection: sqlite3.Connection, keys: Collection[str] | None) -> tuple[dict[str, Numbered], Revisions]:
    """Documents of every kind by number, in the order in which they came into the ledger."""
    rows = sorted(_select(connection, select_from(schema.documents), "number", keys))
    currencies = {row[1]: row[6] for row in rows}
    items: dict[str, tuple[Item, ...]] = {}
    parts: dict[str, tuple[Part, ...]] = {}
    billing = [row[1] for row in rows if row[2] not in ("payment", "refund", "credit_adjustment")]
    if billing:
        items = _items(connection, None if keys is None else billing, currencies)
    refunds = [row[1] for row in rows if row[2] == "refund"]
    if refunds:
        text = select_from(schema.refund_parts)
        part_rows = _select(connection, text, "refund", refunds, "ORDER BY refund, position")
        parts = {
            key: tuple(records.part_of(row, currencies[key]) for row in group)
            for key, group in _grouped(part_rows).items()
        }
    found = {row[1]: records.document_of(row, items.get(row[1], ()), parts.get(row[1], ())) for row in rows}
    return found, {row[1]: row[-1] for row in rows}


def applications(connection: sqlite3.Connection, numbers: Collection[str] | None) -> list[Application]:
    """The applications from or to these documents, in the order in which they were made."""
    text = select_from(schema.applications)
    if numbers is None:
        rows = connection.execute(text + " ORDER BY id").fetchall()
    else:
        text += " WHERE from_number IN {keys} OR to_number IN {keys}"
        rows = sorted(set(run_with_keys(connection, text, numbers)))
    return _with_parts(connection, rows, None if numbers is None else [row[0] for row in rows])


def applications_by(connection: sqlite3.Connection, operations: Collection[str]) -> dict[str, list[Application]]:
    """What each of these operations has applied, in the order in which it was done."""
    rows = sorted(_select(connection, select_from(schema.applications), "operation", operations))
    made: dict[str, list[Application]] = defaultdict(list)
    for row, application in zip(rows, _with_parts(connection, rows, [row[0] for row in rows]), strict=True):
        made[row[-1]].append(application)
    return made


def _with_parts(connection: sqlite3.Connection, rows: list[Row], keys: Collection[int] | None) -> list[Application]:
    if not rows:
        return []
    text = select_from(schema.application_parts)
    parts = _grouped(_select(connection, text, "application", keys, "ORDER BY application, position"))
    return [records.application_of(row, parts.get(row[0], ())) for row in rows]


def _items(
    connection: sqlite3.Connection, keys: Collection[str] | None, currencies: dict[str, str]
) -> dict[str, tuple[Item, ...]]:
    taxes: dict[tuple[str, str], list[TaxItem]] = defaultdict(list)
    for row in _select(connection, select_from(schema.taxes), "document", keys, "ORDER BY document, position"):
        taxes[row[0], row[1]].append(records.tax_of(row, currencies[row[0]]))
    items: dict[str, list[Item]] = defaultdict(list)
    for row in _select(connection, select_from(schema.items), "document", keys, "ORDER BY document, position"):
        items[row[0]].append(records.item_of(row, currencies[row[0]], tuple(taxes.get(row[:2], ()))))
    return {number: tuple(those) for number, those in items.items()}


def _select(
    connection: sqlite3.Connection, text: str, column: str, keys: Collection[_Key] | None, order: str = ""
) -> list[Row]:
    if keys is None:
        return connection.execute(f"{text} {order}").fetchall()
    return run_with_keys(connection, f"{text} WHERE {column} IN {{keys}} {order}", keys)


def _grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return groups


def _chunks(keys: Collection[_Key]) -> Iterator[tuple[_Key, ...]]:
    ordered = tuple(keys)
    for start in range(0, len(ordered), _MOST):
        chunk = ordered[start : start + _MOST]
        size = 1 << (len(chunk) - 1).bit_length()
        yield chunk + chunk[-1:] * (size - len(chunk))


@cache
def _prepared(text: str, count: int) -> str:
    return text.replace("{keys}", f"({','.join('?' * count)})")
