"""Books out of a ledger: the slice that an operation needs, or everything.

A slice holds every document that could matter to an operation on the named ones, and of each document in it every
application and every refund: so all balances in a slice are true, whatever it leaves out. A slice may hold more than
an operation asks about, never less; planning on a slice and on the whole book gives the same plan.
"""

from __future__ import annotations

import datetime
from collections import defaultdict

from billpolicy.billing.due import end_of
from billpolicy.billing.usage import rated_by, since
from billpolicy.book.book import Book
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    SubscribedCharge,
    Subscription,
    UsageRecord,
)
from billpolicy.book.needs import Needs
from billpolicy.ledger.reading import book_with, charge_periods_of, usage_of
from billpolicy.ledger.statements import Answer, Connection

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
        book = book_with(connection, None, None, None, None).with_charge_periods(charge_periods_of(connection, None))
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
        book = book_with(connection, numbers, None, None, None)
    else:
        accounts = needs.accounts | subscribers | _first(of_contacts) | open_of
        book = book_with(connection, numbers, subscribed | needs.usage_on, needs.charges, accounts)
    periods = charge_periods_of(connection, book.subscriptions)
    if needs.ended_time:
        ended = {one.id for one in book.subscriptions.values() if _time_is_given_back(one)}
        ended |= {one.subscription for one in periods if one.status == "reopened"}
        more = _first(ask(_BILLED_TIME, ended)) - book.numbered.keys()
        if more:
            book = book.joined(book_with(connection, more, (), (), ()))
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
