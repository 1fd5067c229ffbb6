"""What must hold of every document, whatever is posted: nothing is given away twice (domain section 9.2).

Of a document, of each item and of each tax, what was applied, and of payments and credit memos also what was refunded,
lies between nothing and its whole amount. An item with its discount is one place, as in `Book.open_places`.

What is taken back is an application below zero: it goes back to where it came from by the very links it went, and never
more than was put on them by that day. A payment that was transferred has all its money from the payment it names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.rows import Row
from billpolicy.money import from_minor
from billpolicy.source.diagnostic import Diagnostic

USED = """CASE
    WHEN kind IN ('invoice', 'debit_memo') THEN
        (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.to_number = documents.number)
    ELSE (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
        + (SELECT coalesce(sum(r.amount_minor), 0) FROM documents r
           WHERE r.refund_of = documents.number AND r.status = 'posted')
    END"""
"""SQL: how much of a row of `documents` is applied and refunded; its amount less this is its balance."""

_DOCUMENTS = f"""
SELECT number, currency, amount_minor, {USED} FROM documents {{where}}
"""

_TRANSFERRED = """
SELECT number, source, currency, amount_minor, received FROM (
    SELECT number, source, currency, amount_minor, (
        SELECT coalesce(sum(a.amount_minor), 0) FROM applications a
        WHERE a.to_number = documents.number AND a.from_number = documents.source
    ) AS received
    FROM documents WHERE kind = 'payment' AND source IS NOT NULL AND status = 'posted' {and_number}
) transferred WHERE received <> amount_minor
"""

_TAKEN_BACK = """
SELECT from_number, to_number, currency, item, tax, put, taken FROM (
    SELECT a.from_number, a.to_number, a.currency, p.item, p.tax, a.date, a.id,
        sum(CASE WHEN a.amount_minor < 0 THEN 0 ELSE p.amount_minor END) OVER link AS put,
        sum(CASE WHEN a.amount_minor < 0 THEN -p.amount_minor ELSE 0 END) OVER link AS taken
    FROM applications a JOIN application_parts p ON p.application = a.id
    WHERE EXISTS (
        SELECT 1 FROM applications n
        WHERE n.from_number = a.from_number AND n.to_number = a.to_number AND n.amount_minor < 0
    ) {and_from}
    WINDOW link AS (
        PARTITION BY a.from_number, a.to_number, p.item, p.tax, p.source_item, p.source_tax ORDER BY a.date, a.id
    )
) links WHERE NOT (taken BETWEEN 0 AND put OR taken BETWEEN put AND 0)
ORDER BY date, id
"""
"""Along every link on which something was taken back, day by day: what was put there until then, and what taken."""

_OPPOSED = """
SELECT to_number, item, tax FROM (
    SELECT a.to_number, CASE WHEN p.tax IS NULL THEN coalesce(i.discounts, p.item) ELSE p.item END AS item, p.tax,
        sum(p.amount_minor) AS net
    FROM applications a JOIN application_parts p ON p.application = a.id
    LEFT JOIN items i ON i.document = a.to_number AND i.id = p.item
    {where_to}
    GROUP BY a.to_number, 2, p.tax, a.from_number
) nets GROUP BY to_number, item, tax HAVING min(net) < 0 AND max(net) > 0
"""
"""Places on which one source has put what another has taken away. That the sum has the right sign, `_PLACES` asks."""

_PLACES = """
SELECT place.document, documents.currency, place.item, place.tax, sum(place.amount) AS amount, sum(place.used) AS used
FROM (
    SELECT document, coalesce(discounts, id) AS item, '' AS tax, amount_minor AS amount, 0 AS used
    FROM items {where_document}
    UNION ALL
    SELECT document, item, id, amount_minor, 0 FROM taxes {where_document}
    UNION ALL
    SELECT number, 'transferred', '', amount_minor, 0 FROM documents
    WHERE kind = 'payment' AND source IS NOT NULL {and_number}
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

_AND_NUMBER = "AND number IN {keys}"
_SOME_DOCUMENTS = _DOCUMENTS.format(where="WHERE number IN {keys}")
_ALL_DOCUMENTS = _DOCUMENTS.format(where="")
_SOME_PLACES = _PLACES.format(
    where_document="WHERE document IN {keys}",
    where_to="WHERE a.to_number IN {keys}",
    where_from="WHERE a.from_number IN {keys}",
    and_refund_of="AND r.refund_of IN {keys}",
    and_number=_AND_NUMBER,
)
_ALL_PLACES = _PLACES.format(where_document="", where_to="", where_from="", and_refund_of="", and_number="")
_SOME_TRANSFERRED = _TRANSFERRED.format(and_number=_AND_NUMBER)
_ALL_TRANSFERRED = _TRANSFERRED.format(and_number="")
_SOME_TAKEN_BACK = _TAKEN_BACK.format(and_from="AND a.from_number IN {keys}")
_ALL_TAKEN_BACK = _TAKEN_BACK.format(and_from="")
_SOME_OPPOSED = _OPPOSED.format(where_to="WHERE a.to_number IN {keys}")
_ALL_OPPOSED = _OPPOSED.format(where_to="")


def broken(connection: sqlite3.Connection, numbers: Collection[str] | None) -> Iterator[Diagnostic]:
    """Every identity that does not hold, of these documents or (None) of all."""

    def rows(some: str, all_: str) -> list[Row]:
        if numbers is None:
            return connection.execute(all_).fetchall()
        return run_with_keys(connection, some, numbers)

    told = set()
    for number, currency, amount, used in rows(_SOME_DOCUMENTS, _ALL_DOCUMENTS):
        if not (0 <= used <= amount or amount <= used <= 0):
            told.add(number)
            yield _over_applied(number, currency, amount, used)
    for number, currency, item, tax, amount, used in rows(_SOME_PLACES, _ALL_PLACES):
        told.add(number)
        yield _over_applied(f"{_place(item, tax)} of {number}", currency, amount, used)
    for number, source, currency, amount, received in rows(_SOME_TRANSFERRED, _ALL_TRANSFERRED):
        if number not in told:
            yield _transfer_differs(number, source, currency, amount, received)
    for source, number, currency, item, tax, put, taken in rows(_SOME_TAKEN_BACK, _ALL_TAKEN_BACK):
        if number not in told:  # of one document, one sentence
            told.add(number)
            yield _over_unapplied(source, f"{_place(item, tax)} of {number}", currency, put, taken)
    for number, item, tax in rows(_SOME_OPPOSED, _ALL_OPPOSED):
        if number not in told:
            yield _opposed(f"{_place(item, tax)} of {number}")


def _place(item: str, tax: str | None) -> str:
    return f"tax `{tax}` of item `{item}`" if tax else f"item `{item}`"


def _over_applied(what: str, currency: str, amount: int, used: int) -> Diagnostic:
    message = (
        f"{what} amounts to {from_minor(amount, currency)} {currency}, "
        f"but what is applied and refunded of it adds up to {from_minor(used, currency)}"
    )
    return Diagnostic("over-applied", message, hint="no money may be used twice, and none below zero")


def _transfer_differs(number: str, source: str, currency: str, amount: int, received: int) -> Diagnostic:
    message = (
        f"{number} amounts to {from_minor(amount, currency)} {currency}, "
        f"but {from_minor(received, currency)} of {source} was transferred to it"
    )
    return Diagnostic("transfer-differs", message, hint="a transferred payment has all its money from its source")


def _over_unapplied(source: str, what: str, currency: str, put: int, taken: int) -> Diagnostic:
    message = (
        f"{from_minor(taken, currency)} {currency} of {source} is taken back from {what}, "
        f"where {from_minor(put, currency)} of it had been put by then"
    )
    return Diagnostic("over-unapplied", message, hint="only what was put there can be taken back, not before it was")


def _opposed(what: str) -> Diagnostic:
    message = f"one source takes from {what} what another one has put there"
    return Diagnostic("over-unapplied", message, hint="each source takes back only what is its own")
