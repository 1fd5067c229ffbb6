"""What must hold of every document, whatever is posted: nothing is given away twice (domain section 9.2).

Of a document, of each item and of each tax, what was applied, and of payments and credit memos also what was refunded,
lies between nothing and its whole amount. An item with its discount is one place, as in `Book.open_places`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from billpolicy.ledger.fetch import run_with_keys
from billpolicy.money import from_minor
from billpolicy.source.diagnostic import Diagnostic

_DOCUMENTS = """
SELECT number, currency, amount_minor, CASE
    WHEN kind IN ('invoice', 'debit_memo') THEN
        (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.to_number = documents.number)
    ELSE (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
        + (SELECT coalesce(sum(r.amount_minor), 0) FROM documents r
           WHERE r.refund_of = documents.number AND r.status = 'posted')
    END
FROM documents {where}
"""

_PLACES = """
SELECT place.document, documents.currency, place.item, place.tax, sum(place.amount) AS amount, sum(place.used) AS used
FROM (
    SELECT document, coalesce(discounts, id) AS item, '' AS tax, amount_minor AS amount, 0 AS used
    FROM items {where_document}
    UNION ALL
    SELECT document, item, id, amount_minor, 0 FROM taxes {where_document}
    UNION ALL
    SELECT a.to_number, CASE WHEN p.tax IS NULL THEN coalesce(i.discounts, p.item) ELSE p.item END,
        coalesce(p.tax, ''), 0, p.amount_minor
    FROM applications a JOIN application_parts p ON p.application = a.id
    LEFT JOIN items i ON i.document = a.to_number AND i.id = p.item
    {where_to}
    UNION ALL
    SELECT a.from_number, CASE WHEN p.source_tax IS NULL THEN coalesce(i.discounts, p.source_item)
        ELSE p.source_item END, coalesce(p.source_tax, ''), 0, p.amount_minor
    FROM applications a JOIN application_parts p ON p.application = a.id AND p.source_item IS NOT NULL
    LEFT JOIN items i ON i.document = a.from_number AND i.id = p.source_item
    {where_from}
    UNION ALL
    SELECT r.refund_of, CASE WHEN p.tax IS NULL THEN coalesce(i.discounts, p.item) ELSE p.item END,
        coalesce(p.tax, ''), 0, p.amount_minor
    FROM documents r JOIN refund_parts p ON p.refund = r.number
    LEFT JOIN items i ON i.document = r.refund_of AND i.id = p.item
    WHERE r.status = 'posted' {and_refund_of}
) place JOIN documents ON documents.number = place.document
GROUP BY place.document, documents.currency, place.item, place.tax
HAVING NOT (
    sum(place.used) BETWEEN 0 AND sum(place.amount) OR sum(place.used) BETWEEN sum(place.amount) AND 0
)
"""

_SOME_DOCUMENTS = _DOCUMENTS.format(where="WHERE number IN {keys}")
_ALL_DOCUMENTS = _DOCUMENTS.format(where="")
_SOME_PLACES = _PLACES.format(
    where_document="WHERE document IN {keys}",
    where_to="WHERE a.to_number IN {keys}",
    where_from="WHERE a.from_number IN {keys}",
    and_refund_of="AND r.refund_of IN {keys}",
)
_ALL_PLACES = _PLACES.format(where_document="", where_to="", where_from="", and_refund_of="")


def broken(connection: sqlite3.Connection, numbers: Collection[str] | None) -> Iterator[Diagnostic]:
    """Every identity that does not hold, of these documents or (None) of all."""
    if numbers is None:
        documents = connection.execute(_ALL_DOCUMENTS).fetchall()
        places = connection.execute(_ALL_PLACES).fetchall()
    else:
        documents = run_with_keys(connection, _SOME_DOCUMENTS, numbers)
        places = run_with_keys(connection, _SOME_PLACES, numbers)
    for number, currency, amount, used in documents:
        if not (0 <= used <= amount or amount <= used <= 0):
            yield _over_applied(number, currency, amount, used)
    for number, currency, item, tax, amount, used in places:
        what = f"tax `{tax}` of item `{item}`" if tax else f"item `{item}`"
        yield _over_applied(f"{what} of {number}", currency, amount, used)


def _over_applied(what: str, currency: str, amount: int, used: int) -> Diagnostic:
    message = (
        f"{what} amounts to {from_minor(amount, currency)} {currency}, "
        f"but what is applied and refunded of it adds up to {from_minor(used, currency)}"
    )
    return Diagnostic("over-applied", message, hint="no money may be used twice, and none below zero")
