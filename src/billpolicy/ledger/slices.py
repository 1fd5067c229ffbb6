"""Books out of a ledger: the slice that an operation needs, or everything.

A slice holds every document that could matter to an operation on the named ones, and of each document in it every
application and every refund: so all balances in a slice are true, whatever it leaves out. A slice may hold more than
an operation asks about, never less; planning on a slice and on the whole book gives the same plan.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from billpolicy.book.book import Book
from billpolicy.book.model import Document
from billpolicy.book.needs import Needs
from billpolicy.ledger import fetch
from billpolicy.ledger.identities import USED

_RELATED = """
WITH RECURSIVE siblings(number) AS (
    SELECT number FROM documents WHERE number IN {keys}
    UNION
    SELECT billed.document FROM siblings
    JOIN documents ON documents.number = siblings.number
    JOIN items ON items.document = siblings.number
    JOIN billed ON billed.bill_run = documents.bill_run AND billed.subscription = items.subscription
),
core(number) AS (
    SELECT number FROM siblings
    UNION SELECT documents.number FROM siblings JOIN documents ON documents.source = siblings.number
    UNION SELECT documents.source FROM siblings JOIN documents ON documents.number = siblings.number
    UNION SELECT documents.refund_of FROM siblings JOIN documents ON documents.number = siblings.number
),
part_of(subscription, date) AS (
    SELECT items.subscription, min(documents.date)
    FROM core JOIN documents ON documents.number = core.number JOIN items ON items.document = core.number
    WHERE items.subscription IS NOT NULL
    GROUP BY items.subscription
),
related(number) AS (
    SELECT number FROM core
    UNION SELECT applications.to_number FROM core JOIN applications ON applications.from_number = core.number
    UNION SELECT applications.from_number FROM core JOIN applications ON applications.to_number = core.number
    UNION SELECT billed.document
    FROM part_of JOIN billed ON billed.subscription = part_of.subscription AND billed.date >= part_of.date
    WHERE billed.kind = 'invoice'
    UNION SELECT (
        SELECT billed.document FROM billed JOIN documents ON documents.number = billed.document
        WHERE billed.subscription = part_of.subscription AND billed.kind = 'invoice' AND documents.status = 'posted'
        ORDER BY billed.date DESC, billed.document DESC LIMIT 1
    ) FROM part_of
)
SELECT number FROM related WHERE number IS NOT NULL
UNION SELECT documents.number FROM related JOIN documents ON documents.refund_of = related.number
UNION SELECT whole.number FROM related
JOIN documents ON documents.number = related.number AND documents.kind = 'credit_adjustment'
JOIN documents whole ON whole.kind = 'credit_adjustment' AND whole.account = documents.account
"""
"""The documents in the slice of some named ones. *siblings*: they, and what the same bill run made of the same
subscriptions, step by step. *core*: siblings, what they were made from and what was made from them. *part_of*: the
subscriptions that core has items of, each since when. *related*: core, the other sides of its applications, and of
these subscriptions each invoice since then and the newest posted one. Then the refunds of all these; and of an account
of which something changes the credit balance, everything that does."""

_OPEN = f"""
WITH open(number) AS (
    SELECT number FROM documents
    WHERE account IN {{keys}} AND kind NOT IN ('refund', 'credit_adjustment')
    AND status = 'posted' AND NOT reversed AND amount_minor <> {USED}
)
SELECT number FROM open
UNION SELECT documents.number FROM open JOIN documents ON documents.refund_of = open.number
UNION SELECT number FROM documents WHERE account IN {{keys}} AND kind = 'credit_adjustment'
"""
"""The posted documents of some accounts that have something open or unapplied, the refunds of these, and the whole
credit balance. Settled ones are not read further; nor is what an open one was made from or applied to, unless that is
open too."""

_OWNERS = "SELECT account FROM documents WHERE number IN {keys}"
_SUBSCRIBERS = "SELECT account FROM subscriptions WHERE id IN {keys}"
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

_DRAFTS = """
SELECT billed.document FROM billed JOIN documents ON documents.number = billed.document
WHERE billed.subscription IN {keys} AND documents.status = 'draft' AND documents.posted_as IS NULL
"""
"""What is billed of some subscriptions, but not posted yet."""


def read_slice(connection: sqlite3.Connection, needs: Needs) -> Book:
    """The part of the ledger that an operation on these needs. Ids that the ledger does not know are passed over."""
    if needs.everything:
        return read_book(connection)

    def found(text: str, keys: Collection[str]) -> set[str]:
        return {row[0] for row in fetch.run_with_keys(connection, text, keys)}

    open_of = needs.open_of | found(_OWNERS, needs.open_of_owner) | found(_SUBSCRIBERS, needs.open_of_subscriber)
    subscribed = needs.subscriptions | found(_SUBSCRIPTIONS_OF, needs.subscriptions_of)
    numbers = found(_RELATED, needs.numbers) | found(_NEWEST, subscribed) | found(_DRAFTS, subscribed)
    numbers |= found(_OPEN, open_of)
    documents, revisions = fetch.documents(connection, numbers)
    billing = [document for document in documents.values() if isinstance(document, Document)]
    items = [item for document in billing for item in document.items]
    named = subscribed.union(item.subscription for item in items if item.subscription)
    subscriptions, subscription_revisions = fetch.subscriptions(connection, named)
    charges = needs.charges.union(item.charge for item in items if item.charge)
    charges |= {one.charge for held in subscriptions.values() for one in held.charges if one.charge}
    owners = {record.account for record in (*documents.values(), *subscriptions.values())}
    accounts, account_revisions = fetch.accounts(connection, needs.accounts | needs.subscriptions_of | open_of | owners)
    book = Book(
        accounts=accounts,
        contacts=fetch.contacts(connection, accounts),
        subscriptions=subscriptions,
        charges=fetch.charges(connection, charges),
        periods=fetch.periods(connection),
        revisions=revisions | subscription_revisions | account_revisions,
        counters=fetch.counters(connection),
    )
    return book.with_posted(documents.values(), fetch.applications(connection, numbers))


def read_book(connection: sqlite3.Connection) -> Book:
    """Everything in the ledger."""
    accounts, account_revisions = fetch.accounts(connection, None)
    subscriptions, subscription_revisions = fetch.subscriptions(connection, None)
    documents, revisions = fetch.documents(connection, None)
    book = Book(
        accounts=accounts,
        contacts=fetch.contacts(connection, None),
        subscriptions=subscriptions,
        charges=fetch.charges(connection, None),
        periods=fetch.periods(connection),
        revisions=revisions | subscription_revisions | account_revisions,
        counters=fetch.counters(connection),
    )
    return book.with_posted(documents.values(), fetch.applications(connection, None))
