"""What a ledger has of the history of a line: the documents and charge periods on its trail, and who made them."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.ledger.journal import done_by
from billpolicy.ledger.slices import book_of
from billpolicy.ledger.statements import Connection
from billpolicy.periods.trail import numbers_in
from billpolicy.posting.history import History, history_of

_PERIOD = "SELECT subscription, document FROM charge_periods WHERE id IN {keys}"
_FAMILY = """
WITH RECURSIVE origins(number) AS (
    SELECT number FROM documents WHERE number IN {keys}
    UNION SELECT posted_as FROM documents WHERE number IN {keys} AND posted_as IS NOT NULL
    UNION SELECT documents.source FROM origins JOIN documents ON documents.number = origins.number
    WHERE documents.source IS NOT NULL
),
family(number) AS (
    SELECT number FROM origins
    UNION SELECT documents.number FROM family JOIN documents ON documents.source = family.number
)
SELECT number FROM family
"""
"""Some documents, what they were made from, back to the first, and all that was made from these."""
_MADE_BY = "SELECT number, operation FROM documents WHERE number IN {keys} AND operation IS NOT NULL"
_NEAR = """
SELECT number FROM (SELECT number FROM documents WHERE number >= :name ORDER BY number LIMIT 20) numbers
UNION SELECT number FROM (SELECT number FROM documents WHERE number < :name ORDER BY number DESC LIMIT 20) before
UNION SELECT id FROM (SELECT id FROM charge_periods WHERE id >= :name ORDER BY id LIMIT 20) periods
UNION SELECT id FROM (SELECT id FROM charge_periods WHERE id < :name ORDER BY id DESC LIMIT 20) earlier
"""
"""The names that stand next to one in their order, which may have been meant."""


def history(connection: Connection, name: str) -> History:
    """The history of a line, of every line of a document, or of a charge period. Raises `Refused` where nothing goes by
    that name."""
    periods = connection.rows(_PERIOD, [name])
    numbers = {*numbers_in(name), *(document for _, document in periods if document is not None)}
    family = frozenset(row[0] for row in connection.rows(_FAMILY, numbers))
    subscriptions = frozenset(subscription for subscription, _ in periods)
    book = book_of(connection, Needs(numbers=family, subscriptions=subscriptions, billed_time=True))
    made_by: dict[str, str] = dict(connection.rows(_MADE_BY, book.numbered))
    recorded = {one.operation for one in book.charge_periods.values() if one.operation is not None}
    known = {row[0] for row in connection.rows(_NEAR, name=name)} if not family and not periods else ()
    return history_of(book, name, known, made_by, done_by(connection, {*made_by.values(), *recorded}))
