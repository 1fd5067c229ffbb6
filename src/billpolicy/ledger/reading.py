"""Books out of a ledger: the slice that an operation needs, or everything. One set-based query for each table.

A slice holds every document that could matter to an operation on the named ones, and of each document in it every
application and every refund: so all balances in a slice are true, whatever it leaves out. A slice may hold more than
an operation asks about, never less; planning on a slice and on the whole book gives the same plan.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Table

from billpolicy.billing.due import end_of
from billpolicy.billing.usage import rated_by, since
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
    SubscribedCharge,
    Subscription,
    TaxItem,
    UsageRecord,
    VoidNumber,
)
from billpolicy.book.needs import Needs
from billpolicy.ledger import rows, schema
from billpolicy.ledger.statements import Answer, Connection, Row, select_from
from billpolicy.source.codec import CodecError, decode

Keys = Collection[str] | None
"""None means everything."""
Revisions = dict[str, int]
"""As in `Book.revisions`."""

_OWED = ", ".join(f"'{name}'" for name, kind in KINDS.items() if kind.is_owed)
_SETTLED = ", ".join(f"'{name}'" for name, kind in KINDS.items() if kind.open_word is None)
"""Kinds of documents of which nothing can be open."""
USED = f"""CASE
    WHEN kind IN ({_OWED}) THEN
        (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.to_number = documents.number)
        - (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
    ELSE (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
        + (SELECT coalesce(sum(r.amount_minor), 0) FROM documents r
           WHERE r.refund_of = documents.number AND r.status = 'posted')
    END"""
"""SQL: how much of a row of `documents` is applied and refunded; its amount less this is its balance. What a negative
invoice gives to a credit balance brings it up to zero."""

_RELATED = """
WITH RECURSIVE siblings(number) AS (
    SELECT number FROM documents WHERE number IN {keys}
    UNION
    SELECT billed.document FROM siblings
    {each documents ON documents.number = siblings.number}
    {each items ON items.document = siblings.number}
    {each billed ON billed.bill_run = documents.bill_run AND billed.subscription = items.subscription}
),
origins(number) AS (
    SELECT source FROM documents WHERE number IN {siblings}
    UNION
    SELECT documents.source FROM origins {each documents ON documents.number = origins.number}
),
core(number) AS (
    SELECT number FROM siblings
    UNION SELECT number FROM documents WHERE source IN {siblings}
    UNION SELECT number FROM origins
    UNION SELECT refund_of FROM documents WHERE number IN {siblings}
),
part_of(subscription, date) AS (
    SELECT items.subscription, min(documents.date)
    FROM documents {each items ON items.document = documents.number AND items.subscription IS NOT NULL}
    WHERE documents.number IN {core}
    GROUP BY items.subscription
),
related(number) AS (
    SELECT number FROM core
    UNION SELECT to_number FROM applications WHERE from_number IN {core}
    UNION SELECT from_number FROM applications WHERE to_number IN {core}
    UNION SELECT document FROM items WHERE source IN {core}
    UNION SELECT source FROM items WHERE document IN {siblings}
    UNION SELECT document FROM charge_periods WHERE rebilled_by IN {core}
    UNION SELECT billed.document
    FROM part_of {each billed ON billed.subscription = part_of.subscription AND billed.date >= part_of.date}
    WHERE billed.kind = 'invoice'
    UNION SELECT (
        SELECT billed.document FROM billed JOIN documents ON documents.number = billed.document
        WHERE billed.subscription = part_of.subscription AND billed.kind = 'invoice' AND documents.status = 'posted'
        ORDER BY billed.date DESC, billed.document DESC LIMIT 1
    ) FROM part_of
),
credited(account) AS (
    SELECT documents.account FROM related {each documents ON documents.number = related.number}
    WHERE documents.kind = 'credit_adjustment'
)
SELECT number FROM related WHERE number IS NOT NULL
UNION SELECT number FROM documents WHERE refund_of IN {related}
UNION SELECT number FROM documents WHERE kind = 'credit_adjustment' AND account IN {credited}
"""
"""The documents in the slice of some named ones. *siblings*: they, and what the same bill run made of the same
subscriptions, step by step. *origins*: what siblings were made from, and that, back to the first. *core*: siblings,
their origins and what was made from them. *part_of*: the subscriptions that core has items of, each since when.
*related*: core, the other sides of its applications, what bill runs have given back of its lines, the invoices of which
it bills a period again or siblings give lines back, and of these subscriptions each invoice since then and the newest
posted one. Then the refunds of all these; and of an account of which something changes the credit balance
(*credited*), everything that does. From few rows to those of a large table it goes by `IN {...}`, or by `{each ...}`
where something of the few is asked for too: a join would leave it to the database which of the two to go through, and
it may take the large one."""

_OPEN = f"""
WITH open(number) AS (
    SELECT number FROM documents
    WHERE account IN {{keys}} AND kind NOT IN ({_SETTLED})
    AND status = 'posted' AND NOT reversed AND amount_minor <> {USED}
)
SELECT number FROM open
UNION SELECT documents.number FROM open {{each documents ON documents.refund_of = open.number}}
UNION SELECT number FROM documents WHERE account IN {{keys}} AND kind = 'credit_adjustment'
"""
"""The posted documents of some accounts that have something open or unapplied, the refunds of these, and the whole
credit balance. Settled ones are not read further; nor is what an open one was made from or applied to, unless that is
open too."""

_TRANSFERRED = """
WITH RECURSIVE transferred(number) AS (
    SELECT number FROM documents WHERE number IN {keys}
    UNION SELECT documents.number FROM transferred {each documents ON documents.source = transferred.number}
    WHERE documents.kind = 'payment'
)
SELECT number FROM transferred
"""
"""Some payments, and all that was transferred from them, step by step."""

_PUT_ON = """
WITH RECURSIVE behind(number, source) AS (
    SELECT number, source FROM documents WHERE number IN {keys} AND kind = 'payment'
    UNION SELECT documents.number, documents.source FROM behind {each documents ON documents.number = behind.source}
)
SELECT applications.to_number FROM behind {each applications ON applications.from_number = behind.number}
"""
"""What some payments, and those that they were transferred from, were put on, also where that was taken back."""

_REFERENCED = """
WITH known(number) AS (
    SELECT documents.number FROM {pairs} pairs
    {each documents ON documents.account = pairs.one AND documents.reference = pairs.other}
)
SELECT number FROM known
UNION SELECT documents.number FROM known {each documents ON documents.refund_of = known.number}
"""
"""The payments and refunds of some accounts that others know by some references, and the refunds of these."""

_REFERENCES_OF_OWNER = """
SELECT documents.account, pairs.other FROM {pairs} pairs {each documents ON documents.number = pairs.one}
"""
_OWNERS = "SELECT account FROM documents WHERE number IN {keys}"
_SUBSCRIBERS = "SELECT account FROM subscriptions WHERE id IN {keys}"
_OWNERS_OF_CONTACTS = "SELECT account FROM contacts WHERE id IN {keys}"
_SUBSCRIPTIONS_OF = "SELECT id FROM subscriptions WHERE account IN {keys}"

_NEWEST = """
SELECT document FROM (
    SELECT billed.document, row_number() OVER (
        PARTITION BY billed.subscription ORDER BY billed.date DESC, billed.document DESC
    ) AS age
    FROM billed JOIN documents ON documents.number = billed.document
    WHERE billed.subscription IN {keys} AND billed.kind = 'invoice' AND documents.status = 'posted'
) newest WHERE age = 1
"""

_USAGE = select_from(schema.usage).replace(
    "FROM usage", ", documents.currency FROM usage LEFT JOIN documents ON documents.number = usage.billed_by"
)
"""Each with the currency of the document that bills it."""

_SUBSCRIBED_ON = """
WITH RECURSIVE origins(number) AS (
    SELECT number FROM documents WHERE number IN {keys}
    UNION SELECT documents.source FROM origins {each documents ON documents.number = origins.number}
)
SELECT DISTINCT items.subscription
FROM origins {each items ON items.document = origins.number AND items.subscription IS NOT NULL}
"""
"""The subscriptions that some documents have items of, or those that these were made from, back to the first."""

_WITH_MEMOS = """
    UNION SELECT documents.number FROM made {each documents ON documents.source = made.number}
    WHERE documents.kind IN ('credit_memo', 'debit_memo')
),
related(number) AS (
    SELECT number FROM made
    UNION SELECT to_number FROM applications WHERE from_number IN {made}
    UNION SELECT from_number FROM applications WHERE to_number IN {made}
    UNION SELECT waiting.number FROM documents
    {each documents waiting ON waiting.account = documents.account AND waiting.reference = documents.number}
    WHERE documents.number IN {made} AND waiting.status = 'draft'
)
SELECT number FROM related WHERE number IS NOT NULL
UNION SELECT number FROM documents WHERE refund_of IN {related}
"""
"""*made*: also the memos made from those before, step by step. *related*: also the other sides of their applications,
and payments that are not posted yet and have the number of one of these as their reference. Then the refunds of all
these."""

_BILLED_TIME = f"""
WITH RECURSIVE made(number) AS (
    SELECT document FROM billed WHERE subscription IN {{keys}}
    UNION SELECT document FROM charge_periods WHERE subscription IN {{keys}}
    UNION SELECT memo FROM charge_periods WHERE subscription IN {{keys}}
    UNION SELECT rebilled_by FROM charge_periods WHERE subscription IN {{keys}}
{_WITH_MEMOS.lstrip()}"""
"""All that was billed of some subscriptions, and all that gives that back: their invoices, what bill runs have credited
and their charge periods name, and the memos made from these."""

_MADE = f"""
WITH RECURSIVE origins(number) AS (
    SELECT number FROM documents WHERE number IN {{keys}}
    UNION SELECT documents.source FROM origins {{each documents ON documents.number = origins.number}}
),
made(number) AS (
    SELECT number FROM documents WHERE number IN {{origins}}
{_WITH_MEMOS.lstrip()}"""
"""Some documents, what they were made from, back to the first, and the memos made from these."""

_DRAFTS = """
SELECT billed.document FROM billed JOIN documents ON documents.number = billed.document
WHERE billed.subscription IN {keys} AND documents.status = 'draft' AND documents.posted_as IS NULL
"""
"""What is billed of some subscriptions, but not posted yet."""


def book_of(connection: Connection, needs: Needs) -> Book:
    """The part of the ledger that an operation on these needs. Ids that the ledger does not know are passed over."""
    if needs.everything:
        book = _book(connection, None, None, None, None).with_charge_periods(charge_periods_of(connection, None))
        return book.with_usage(usage_of(connection, "id", None))

    ask = connection.ask
    with connection.at_once():
        owners, subscribing = ask(_OWNERS, needs.open_of_owner), ask(_SUBSCRIBERS, needs.open_of_subscriber)
        of_contacts = ask(_OWNERS_OF_CONTACTS, needs.contacts | needs.subscriptions_of_contact)
        of_contact = ask(_OWNERS_OF_CONTACTS, needs.subscriptions_of_contact)
        every = ask("SELECT id FROM subscriptions") if needs.every_subscription else list
        every_subscriber = ask("SELECT DISTINCT account FROM subscriptions") if needs.open_of_every_subscriber else list
        transferred, put_on = ask(_TRANSFERRED, needs.transfers_of), ask(_PUT_ON, needs.put_on_by)
        owned = ask(_REFERENCES_OF_OWNER, needs.references_of_owner)
    open_of = needs.open_of | _first(owners, subscribing, every_subscriber)
    subscribers = needs.subscriptions_of | _first(of_contact)
    subscribed = needs.subscriptions | _first(ask(_SUBSCRIPTIONS_OF, subscribers), every)
    named = needs.numbers | _first(transferred, put_on)
    references = needs.references | {(row[0], row[1]) for row in owned()}
    with connection.at_once():
        related, newest, drafts = ask(_RELATED, named), ask(_NEWEST, subscribed), ask(_DRAFTS, subscribed)
        opened, referenced = ask(_OPEN, open_of), ask(_REFERENCED, references)
        made = ask(_MADE, named if needs.billed_time else ())
        subscribed_on = ask(_SUBSCRIBED_ON, named if needs.billed_time else ())
    is_open = _first(opened)
    numbers = is_open | _first(related, newest, drafts, referenced, made)
    if needs.billed_time:
        with connection.at_once():
            made, more_on = ask(_MADE, is_open - named), ask(_SUBSCRIBED_ON, is_open - named)
        billed = ask(_BILLED_TIME, subscribed | _first(subscribed_on, more_on))
        numbers |= _first(made, billed)
    if needs.master:
        book = _book(connection, numbers, None, None, None)
    else:
        accounts = needs.accounts | subscribers | _first(of_contacts) | open_of
        book = _book(connection, numbers, subscribed | needs.usage_on, needs.charges, accounts)
    periods = charge_periods_of(connection, book.subscriptions)
    if needs.ended_time:
        ended = {one.id for one in book.subscriptions.values() if _time_is_given_back(one)}
        ended |= {one.subscription for one in periods if one.status == "reopened"}
        more = _first(ask(_BILLED_TIME, ended)) - book.numbered.keys()
        if more:
            book = book.joined(_book(connection, more, (), (), ()))
            periods = charge_periods_of(connection, book.subscriptions)
    book = book.with_charge_periods(periods)
    usage = usage_of(connection, "id", needs.usage)
    if needs.billed_usage:
        usage += usage_of(connection, "billed_by", book.numbered)
    if needs.unbilled_usage:
        usage += _unbilled_usage(connection, book)
    if needs.last_billed_usage:
        last = [row[0] for row in connection.rows(_LAST_BILLED, book.subscriptions)]
        usage += usage_of(connection, "id", last)
    return book.with_usage(usage)


def _first(*answers: Answer) -> set[str]:
    """The first column of all rows that these find."""
    return {row[0] for answer in answers for row in answer()}


def _time_is_given_back(subscription: Subscription) -> bool:
    """Whether a bill run may give days of it back, or sets what it bills against what was billed before."""
    return any(
        charge.bills != "rate"
        or charge.drawn_by
        or (charge.charged_through is not None and _is_over(subscription, charge, charge.charged_through))
        for charge in subscription.charges
    )


def _is_over(subscription: Subscription, charge: SubscribedCharge, through: datetime.date) -> bool:
    """Whether it was charged beyond its end; what is charged once is undone by a cancellation on any day."""
    if charge.period == "one_time":
        return subscription.canceled_on is not None
    end = end_of(subscription, charge)
    return end is not None and end < through


def _unbilled_usage(connection: Connection, book: Book) -> list[UsageRecord]:
    """The usage of the subscriptions of a book that is not billed, and what was billed of the same periods, of those
    that are reopened, and of prepaid charges.

    A slice may hold more of that than is needed: periods are read to their ends and beyond, a year's at most twice.
    """
    unbilled = usage_of(connection, "subscription", book.subscriptions, "AND usage.billed_by IS NULL")
    first: dict[tuple[str, str], datetime.date] = {}
    for one in unbilled:
        key = one.subscription, one.charge
        first[key] = min(one.date, first.get(key, one.date))
    begins: dict[str, list[str]] = defaultdict(list)
    for (name, id), day in sorted(first.items()):
        subscription = book.subscriptions[name]
        charge = rated_by(subscription, id, day)
        begins[(day if charge is None else _begin(subscription, charge, day)).isoformat()].append(name)
    for period in book.charge_periods.values():
        if period.status == "reopened":
            begins[period.from_.isoformat()].append(period.subscription)
    billed = [
        one
        for day, names in begins.items()
        for one in usage_of(connection, "subscription", names, f"AND usage.date >= '{day}' {_BILLED}")
    ]
    prepaid = [one.id for one in book.subscriptions.values() if any(charge.drawn_by for charge in one.charges)]
    drawn = usage_of(connection, "subscription", prepaid, "AND usage.drawn_from IS NOT NULL")
    return [*unbilled, *billed, *drawn]


_BILLED = "AND usage.billed_by IS NOT NULL"


def _begin(subscription: Subscription, charge: SubscribedCharge, day: datetime.date) -> datetime.date:
    """Where the billing period of a day begins; where the calendar ends, the bill run says so itself."""
    try:
        return since(subscription, charge, day)
    except (OverflowError, ValueError):
        return day


_LAST_BILLED = """
SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY subscription, charge, billed_by ORDER BY date DESC, id DESC) AS place
    FROM usage WHERE subscription IN {keys} AND billed_by IS NOT NULL
) billed WHERE place = 1
"""
"""Of each usage charge of some subscriptions the last record that each document bills."""

_FIRST_UNBILLED = """
SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY subscription, charge ORDER BY date, id) AS place
    FROM usage WHERE billed_by IS NULL
) unbilled WHERE place = 1
"""


def first_unbilled(connection: Connection) -> list[UsageRecord]:
    """Of each usage charge the first record that is not billed."""
    return usage_of(connection, "id", [row[0] for row in connection.rows(_FIRST_UNBILLED)])


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


_CURRENCY = [column.name for column in schema.charge_periods.columns].index("currency")


def _book(connection: Connection, numbers: Keys, subscribed: Keys, charges: Keys, accounts: Keys) -> Book:
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


def _place_of(column: str, table: Table) -> int:
    return [one.name for one in table.columns].index(column)


_REVISION = _place_of("revision", schema.documents)
_ACCOUNT_REVISION = _place_of("revision", schema.accounts)
_SUBSCRIPTION_REVISION = _place_of("revision", schema.subscriptions)
_APPLIED_BY = _place_of("operation", schema.applications)


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
