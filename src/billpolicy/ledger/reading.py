"""Records out of a ledger, by their keys or all of them. One set-based query for each table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from billpolicy.book import history
from billpolicy.book.book import Book
from billpolicy.book.changes import account_name, subscription_name
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    ChargePeriod,
    CombinedCharge,
    Contact,
    Document,
    Item,
    Numbered,
    Part,
    Subscription,
    TaxItem,
    UsageRecord,
    VoidNumber,
)
from billpolicy.ledger import rows, schema
from billpolicy.ledger.statements import Answer, Connection, Row, select_from
from billpolicy.ledger.tables import Table
from billpolicy.source.codec import CodecError, decode

Keys = Collection[str] | None
"""None means everything."""
Revisions = dict[str, int]
"""As in `Book.revisions`."""

_USAGE = select_from(schema.usage).replace(
    "FROM usage", ", documents.currency FROM usage LEFT JOIN documents ON documents.number = usage.billed_by"
)
"""Each with the currency of the document that bills it."""


def reopened(connection: Connection) -> list[ChargePeriod]:
    """The charge periods that are to be billed again, by id."""
    found = connection.rows(f"{select_from(schema.charge_periods)} WHERE status = 'reopened' ORDER BY id")
    return _charge_periods(found)


def usage_of(connection: Connection, column: str, keys: Keys, more: str = "") -> list[UsageRecord]:
    """Usage records whose column has one of these keys, by date and id."""
    where = "WHERE true" if keys is None else f"WHERE usage.{column} IN {{keys}}"
    found = connection.rows(f"{_USAGE} {where} {more} ORDER BY usage.date, usage.id", keys)
    return [rows.USAGE.record(row[:-1], row[-1] or "") for row in found]


def charge_periods_of(connection: Connection, subscriptions: Keys) -> list[ChargePeriod]:
    """The charge periods of these subscriptions that are on record, by id."""
    return _charge_periods(_select(connection, schema.charge_periods, "subscription", subscriptions, "ORDER BY id"))


def charge_periods_by_id(connection: Connection, keys: Collection[str]) -> dict[str, ChargePeriod]:
    """These charge periods."""
    return {one.id: one for one in _charge_periods(_select(connection, schema.charge_periods, "id", keys))}


def imported_charge_periods(connection: Connection, keys: Keys = None) -> dict[str, ChargePeriod]:
    """Those of these charge periods, or of all, that were imported, as they were then."""
    where = "WHERE imported IS NOT NULL" if keys is None else "WHERE id IN {keys} AND imported IS NOT NULL"
    found = connection.rows(f"SELECT id, imported FROM charge_periods {where}", keys)
    try:
        return {id: decode(ChargePeriod, text) for id, text in found}
    except (CodecError, TypeError):
        raise CodecError("a row of `charge_periods` cannot be read any more") from None


def _charge_periods(found: Iterable[Row]) -> list[ChargePeriod]:
    return [rows.CHARGE_PERIODS.record(row, row[_CURRENCY]) for row in found]


_CURRENCY = schema.charge_periods.names.index("currency")


def book_with(connection: Connection, numbers: Keys, subscribed: Keys, charges: Keys, accounts: Keys) -> Book:
    """These documents with the subscriptions, charges and accounts that they name, and these; None is all of a kind."""
    with connection.at_once():
        documents_asked = _ask_documents(connection, numbers)
        applications_asked = _ask_applications(connection, numbers)
        counters_asked, periods_asked = _ask_counters(connection, numbers), _ask_periods(connection)
    documents, revisions = documents_asked()
    items = [item for one in documents.values() if isinstance(one, Document) for item in one.items]
    subscribed = _with(subscribed, (item.subscription for item in items if item.subscription))
    with connection.at_once():
        subscriptions_asked = _ask_subscriptions(connection, subscribed)
    subscriptions, subscription_revisions = subscriptions_asked()
    named = {item.charge for item in items if item.charge}
    named |= {charge.charge for one in subscriptions.values() for charge in one.charges if charge.charge}
    accounts = _with(accounts, (one.account for one in (*documents.values(), *subscriptions.values())))
    with connection.at_once():
        charges_asked = _ask_charges(connection, _with(charges, named))
        accounts_asked, contacts_asked = _ask_accounts(connection, accounts), _ask_contacts(connection, accounts)
    owners, account_revisions = accounts_asked()
    counters, prefixes = counters_asked()
    records: _Records = {
        "subscription": subscriptions,
        "charge": charges_asked(),
        "account": owners,
        "contact": contacts_asked(),
        "accounting_period": periods_asked(),
    }
    _give_all(connection, records, everything=accounts is None)
    book = Book(
        accounts=owners,
        contacts=records["contact"],
        charges=records["charge"],
        periods=tuple(records["accounting_period"].values()),
        revisions=revisions | subscription_revisions | account_revisions,
        counters=counters,
        prefixes=prefixes,
    )
    return book.with_posted(documents.values(), applications_asked(), subscriptions.values())


_Records = dict[str, dict[str, Any]]
"""Scope -> records as they came, by id."""
_HELD = f"{select_from(schema.held)} WHERE scope = :scope"
_HELD_BY = select_from(schema.held).replace(
    "FROM held", "FROM {pairs} pairs {each held ON held.scope = pairs.one AND held.id = pairs.other}"
)
_IN_ORDER = "ORDER BY held.id, held.position"


def _give_all(connection: Connection, records: _Records, *, everything: bool) -> None:
    """Give to records what was given to them since they came."""
    if everything:
        found = connection.rows(f"{select_from(schema.held)} {_IN_ORDER}")
    else:
        names = [(scope, id) for scope, those in records.items() for id in those]
        found = connection.rows(f"{_HELD_BY} {_IN_ORDER}", names)
    for row in found:
        _give(records.get(row[0], {}), row)


def _give(records: dict[str, Any], row: Row) -> None:
    """Give to one of these what a row of `held` says, if it is of one of these."""
    if row[1] in records:
        try:
            records[row[1]] = history.given(records[row[1]], rows.HELD.record(row))
        except (AttributeError, TypeError, ValueError):  # no field of such a record, or no value of that field
            raise CodecError("a row of `held` cannot be read any more") from None


def _with(keys: Keys, more: Iterable[str]) -> Keys:
    return None if keys is None else {*keys, *more}


def money_of(connection: Connection, accounts: Collection[str]) -> Book:
    """All documents of some accounts, with all money that went to or from these, and nothing else."""
    numbers = [row[0] for row in connection.rows("SELECT number FROM documents WHERE account IN {keys}", accounts)]
    documents, _ = documents_of(connection, numbers)
    return Book().with_posted(documents.values(), applications_of(connection, numbers))


def accounts_of(connection: Connection, keys: Keys, as_imported: bool = False) -> tuple[dict[str, Account], Revisions]:
    """Accounts by id; `as_imported` before operations gave them other values."""
    accounts, revisions = _ask_accounts(connection, keys)()
    return _with_history(connection, "account", keys, accounts, as_imported), revisions


def _ask_accounts(connection: Connection, keys: Keys) -> Callable[[], tuple[dict[str, Account], Revisions]]:
    asked = _ask(connection, schema.accounts, "id", keys, "ORDER BY id")

    def answer() -> tuple[dict[str, Account], Revisions]:
        found = asked()
        records = {row[0]: rows.ACCOUNTS.record(row) for row in found}
        return records, {account_name(row[0]): row[_ACCOUNT_REVISION] for row in found}

    return answer


def contacts_of(connection: Connection, accounts: Keys, as_imported: bool = False) -> dict[str, Contact]:
    """The contacts of these accounts."""
    contacts = _ask_contacts(connection, accounts)()
    return _with_history(connection, "contact", None if accounts is None else contacts, contacts, as_imported)


def _ask_contacts(connection: Connection, accounts: Keys) -> Callable[[], dict[str, Contact]]:
    asked = _ask(connection, schema.contacts, "account", accounts, "ORDER BY id")
    return lambda: {row[0]: rows.CONTACTS.record(row) for row in asked()}


def contacts_by_id(connection: Connection, keys: Collection[str], as_imported: bool = False) -> dict[str, Contact]:
    """These contacts."""
    found = _select(connection, schema.contacts, "id", keys, "ORDER BY id")
    contacts = {row[0]: rows.CONTACTS.record(row) for row in found}
    return _with_history(connection, "contact", keys, contacts, as_imported)


def charges_of(connection: Connection, keys: Keys, as_imported: bool = False) -> dict[str, Charge]:
    """Charges of the catalogue by id."""
    return _with_history(connection, "charge", keys, _ask_charges(connection, keys)(), as_imported)


def _ask_charges(connection: Connection, keys: Keys) -> Callable[[], dict[str, Charge]]:
    asked = _ask(connection, schema.charges, "id", keys, "ORDER BY id")
    return lambda: {row[0]: rows.CHARGES.record(row) for row in asked()}


def _with_history(
    connection: Connection, scope: str, keys: Keys, records: dict[str, history.R], as_imported: bool
) -> dict[str, history.R]:
    """Records as they came, with what was given to them since: by operations too, or by the import alone."""
    if not records:
        return records
    text = f"{_HELD}{' AND posted_by IS NULL' if as_imported else ''}"
    if keys is None:
        found = connection.rows(f"{text} {_IN_ORDER}", scope=scope)
    else:
        found = connection.rows(f"{text} AND id IN {{keys}} {_IN_ORDER}", keys, scope=scope)
    for row in found:
        _give(records, row)
    return records


def subscriptions_of(
    connection: Connection, keys: Keys, as_imported: bool = False
) -> tuple[dict[str, Subscription], Revisions]:
    """Subscriptions with their charges, by id."""
    subscriptions, revisions = _ask_subscriptions(connection, keys, as_imported)()
    return _with_history(connection, "subscription", keys, subscriptions, as_imported), revisions


def _ask_subscriptions(
    connection: Connection, keys: Keys, as_imported: bool = False
) -> Callable[[], tuple[dict[str, Subscription], Revisions]]:
    asked = _ask(connection, schema.subscriptions, "id", keys, "ORDER BY id")
    order = "ORDER BY subscription, position"
    charges_asked = _ask(connection, schema.subscribed_charges, "subscription", keys, order)

    def answer() -> tuple[dict[str, Subscription], Revisions]:
        found, charges = asked(), _grouped(charges_asked())
        subscriptions = {}
        for row in found:
            those = tuple(map(rows.SUBSCRIBED_CHARGES.record, charges.get(row[0], ())))
            if as_imported:
                those = tuple(charge for charge in those if charge.created_by is None)
            subscriptions[row[0]] = rows.SUBSCRIPTIONS.record(row, charges=those)
        return subscriptions, {subscription_name(row[0]): row[_SUBSCRIPTION_REVISION] for row in found}

    return answer


def every_subscription(connection: Connection) -> Iterator[Subscription]:
    """Every subscription with its charges, a page of them at a time."""
    ids = [row[0] for row in connection.rows("SELECT id FROM subscriptions ORDER BY id")]
    for start in range(0, len(ids), _PAGE):
        yield from subscriptions_of(connection, ids[start : start + _PAGE])[0].values()


_PAGE = 1000


def periods_of(connection: Connection, as_imported: bool = False) -> tuple[AccountingPeriod, ...]:
    """Every accounting period, oldest first."""
    periods = _ask_periods(connection)()
    return tuple(_with_history(connection, "accounting_period", None, periods, as_imported).values())


def _ask_periods(connection: Connection) -> Callable[[], dict[str, AccountingPeriod]]:
    asked = connection.ask(f"{select_from(schema.accounting_periods)} ORDER BY from_date")
    return lambda: {row[0]: rows.PERIODS.record(row) for row in asked()}


_Counters = tuple[dict[str, int], dict[str, str]]
_COUNTERS = "SELECT prefix, last, kind FROM counters WHERE source IS NULL"


def counters_of(connection: Connection, sources: Collection[str]) -> _Counters:
    """Prefix -> the last number drawn from it or imported with it; and the kind of document that it is bound to.

    Those of every series, and of the numbers that continue those of these documents.
    """
    return _ask_counters(connection, sources)()


def _ask_counters(connection: Connection, sources: Keys) -> Callable[[], _Counters]:
    if sources is None:
        asked = connection.ask("SELECT prefix, last, kind FROM counters")
    elif not sources:
        asked = connection.ask(_COUNTERS)
    else:
        asked = connection.ask(f"{_COUNTERS} UNION ALL {_COUNTERS.replace('IS NULL', 'IN {keys}')}", sources)

    def answer() -> _Counters:
        found = sorted(asked())
        return {row[0]: row[1] for row in found}, {row[0]: row[2] for row in found}

    return answer


def imported_counters(connection: Connection) -> dict[str, int]:
    """Prefix -> the highest number that was imported."""
    return dict(connection.rows("SELECT prefix, imported FROM counters"))


_GIVEN_ELSEWHERE = """
SELECT number FROM documents WHERE number >= :low AND number < :high AND kind = :kind AND operation IS NULL
UNION ALL SELECT number FROM void_numbers WHERE number >= :low AND number < :high AND kind = :kind
"""


def given_elsewhere(connection: Connection, kind: str, begins: str) -> list[str]:
    """The numbers of imported documents of a kind, and void ones, that begin with a text and a digit."""
    # `:` comes after `9`, so between the two stand all digits and what follows them.
    return [row[0] for row in connection.rows(_GIVEN_ELSEWHERE, low=f"{begins}0", high=f"{begins}:", kind=kind)]


def void_numbers_of(connection: Connection, keys: Keys) -> dict[str, VoidNumber]:
    """Those of these numbers, or of all, that no document has, by number."""
    found = _select(connection, schema.void_numbers, "number", keys, "ORDER BY number")
    return {row[0]: rows.VOID_NUMBERS.record(row) for row in found}


def documents_of(connection: Connection, keys: Keys) -> tuple[dict[str, Numbered], Revisions]:
    """Documents of every kind by number, in the order in which they came into the ledger."""
    return _ask_documents(connection, keys)()


def _ask_documents(connection: Connection, keys: Keys) -> Callable[[], tuple[dict[str, Numbered], Revisions]]:
    asked, items_asked = _ask(connection, schema.documents, "number", keys), _ask_items(connection, keys)
    parts_asked = _ask(connection, schema.refund_parts, "refund", keys, "ORDER BY refund, position")

    def answer() -> tuple[dict[str, Numbered], Revisions]:
        found = sorted(asked())
        if any(row[2] not in KINDS for row in found):
            raise CodecError("a row of `documents` is of no kind that there is")
        items = items_asked({row[1]: row[6] for row in found})
        parts = _grouped(parts_asked())
        documents = {}
        for row in found:
            number, kind, currency = row[1], row[2], row[6]
            other: dict[str, Any] = {"items": items.get(number, ())} if KINDS[kind].has_items else {}
            if kind == "refund":
                other["parts"] = tuple(rows.REFUND_PARTS.record(part, currency) for part in parts.get(number, ()))
            documents[number] = rows.DOCUMENTS[kind].record(row, currency, **other)
        return documents, {row[1]: row[_REVISION] for row in found}

    return answer


_REVISION = schema.documents.names.index("revision")
_ACCOUNT_REVISION = schema.accounts.names.index("revision")
_SUBSCRIPTION_REVISION = schema.subscriptions.names.index("revision")
_APPLIED_BY = schema.applications.names.index("operation")


def applications_of(connection: Connection, numbers: Keys) -> list[Application]:
    """The applications from or to these documents, in the order in which they were made."""
    return _ask_applications(connection, numbers)()


_APPLIED = """
WITH applied(id) AS (
    SELECT id FROM applications WHERE from_number IN {keys} UNION SELECT id FROM applications WHERE to_number IN {keys}
)
"""
"""Not asked by `OR`: then a database may read all of them."""


def _ask_applications(connection: Connection, numbers: Keys) -> Callable[[], list[Application]]:
    text, parts = select_from(schema.applications), select_from(schema.application_parts)
    order = "ORDER BY application, position"
    if numbers is None:
        asked, parts_asked = connection.ask(text), connection.ask(f"{parts} {order}")
    else:
        asked = connection.ask(f"{_APPLIED} {text} WHERE id IN {{applied}}", numbers)
        parts_asked = connection.ask(f"{_APPLIED} {parts} WHERE application IN {{applied}} {order}", numbers)
    return lambda: _applications(sorted(asked()), parts_asked())


def applications_by(connection: Connection, operations: Collection[str]) -> dict[str, list[Application]]:
    """Operation -> the applications that it made, in their order; of these operations."""
    found = _select(connection, schema.applications, "operation", operations, "ORDER BY id")
    made: dict[str, list[Application]] = defaultdict(list)
    order = "ORDER BY application, position"
    parts = _select(connection, schema.application_parts, "application", [row[0] for row in found], order)
    for row, application in zip(found, _applications(found, parts), strict=True):
        made[row[_APPLIED_BY]].append(application)
    return made


def _applications(found: Iterable[Row], found_parts: Iterable[Row]) -> list[Application]:
    parts = _grouped(found_parts)
    return [rows.APPLICATIONS.record(row, row[4], parts=tuple(_parts(parts.get(row[0], ()), row[4]))) for row in found]


def _parts(found: Iterable[Row], currency: str) -> Iterator[Part]:
    return (rows.APPLICATION_PARTS.record(part, currency) for part in found)


_Items = Callable[[dict[str, str]], dict[str, tuple[Item, ...]]]
"""Is given the currencies of documents, and gives their items; both by number."""


def _ask_items(connection: Connection, keys: Keys) -> _Items:
    taxes_asked = _ask(connection, schema.taxes, "document", keys, "ORDER BY document, position")
    combined_asked = _ask(connection, schema.combined, "document", keys, "ORDER BY document, item, position")
    asked = _ask(connection, schema.items, "document", keys, "ORDER BY document, position")

    def answer(currencies: dict[str, str]) -> dict[str, tuple[Item, ...]]:
        taxes: dict[tuple[str, str], list[TaxItem]] = defaultdict(list)
        for row in taxes_asked():
            taxes[row[0], row[1]].append(rows.TAXES.record(row, currencies[row[0]]))
        combined: dict[tuple[str, str], list[CombinedCharge]] = defaultdict(list)
        for row in combined_asked():
            combined[row[0], row[1]].append(rows.COMBINED.record(row, currencies[row[0]]))
        items: dict[str, list[Item]] = defaultdict(list)
        for row in asked():
            parts = {"taxes": tuple(taxes.get(row[:2], ())), "combines": tuple(combined.get(row[:2], ()))}
            items[row[0]].append(rows.ITEMS.record(row, currencies[row[0]], **parts))
        return {number: tuple(those) for number, those in items.items()}

    return answer


def _ask(connection: Connection, table: Table, column: str, keys: Collection[Any] | None, order: str = "") -> Answer:
    if keys is None:
        return connection.ask(f"{select_from(table)} {order}")
    return connection.ask(f"{select_from(table)} WHERE {column} IN {{keys}} {order}", keys)


def _select(
    connection: Connection, table: Table, column: str, keys: Collection[Any] | None, order: str = ""
) -> list[Row]:
    if keys is None:
        return connection.rows(f"{select_from(table)} {order}")
    return connection.rows(f"{select_from(table)} WHERE {column} IN {{keys}} {order}", keys)


def _grouped(found: Iterable[Row]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in found:
        groups[row[0]].append(row)
    return groups
