"""What must hold of every document, whatever is posted: nothing is given away twice (domain section 9.2).

Of a document, of each item and of each tax, what was applied, and of payments and credit memos also what was refunded,
lies between nothing and its whole amount. An item with its discount is one place, as in `Book.open_places`.

What is taken back is an application below zero: it goes back to where it came from by the very links it went, and never
more than was put on them by that day. A payment that was transferred has all its money from the payment it names.

A change of a credit balance is what moved between it and the document that it names, and no credit balance is below
zero on any date (domain section 6.1).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.rows import Row
from billpolicy.money import from_minor

USED = """CASE
    WHEN kind IN ('invoice', 'debit_memo') THEN
        (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.to_number = documents.number)
        - (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
    ELSE (SELECT coalesce(sum(a.amount_minor), 0) FROM applications a WHERE a.from_number = documents.number)
        + (SELECT coalesce(sum(r.amount_minor), 0) FROM documents r
           WHERE r.refund_of = documents.number AND r.status = 'posted')
    END"""
"""SQL: how much of a row of `documents` is applied and refunded; its amount less this is its balance. What a negative
invoice gives to a credit balance brings it up to zero."""

_DOCUMENTS = f"""
SELECT number, kind, currency, amount_minor, {USED} FROM documents {{where}}
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
SELECT document, currency, item, tax, amount, used FROM (
    SELECT document, item, tax, sum(amount) AS amount, sum(used) AS used FROM (
    SELECT document, coalesce(discounts, id) AS item, '' AS tax, amount_minor AS amount, 0 AS used
    FROM items {where_document}
    UNION ALL
    SELECT document, item, id, amount_minor, 0 FROM taxes {where_document}
    UNION ALL
    SELECT number, 'transferred', '', amount_minor, 0 FROM documents
    WHERE (kind = 'payment' AND source IS NOT NULL OR kind = 'credit_adjustment' AND type = 'increase') {and_number}
    UNION ALL
    SELECT a.to_number, CASE WHEN p.tax IS NULL THEN coalesce(i.discounts, p.item) ELSE p.item END,
        coalesce(p.tax, ''), 0, p.amount_minor
    FROM applications a JOIN application_parts p ON p.application = a.id
    LEFT JOIN items i ON i.document = a.to_number AND i.id = p.item
    {where_to}
    UNION ALL
    SELECT a.from_number, CASE WHEN p.source_tax IS NULL THEN coalesce(i.discounts, p.source_item)
        ELSE p.source_item END, coalesce(p.source_tax, ''), 0,
        CASE f.kind WHEN 'invoice' THEN -p.amount_minor ELSE p.amount_minor END
    FROM applications a JOIN application_parts p ON p.application = a.id AND p.source_item IS NOT NULL
    JOIN documents f ON f.number = a.from_number
    LEFT JOIN items i ON i.document = a.from_number AND i.id = p.source_item
    {where_from}
    UNION ALL
    SELECT r.refund_of, CASE WHEN p.tax IS NULL THEN coalesce(i.discounts, p.item) ELSE p.item END,
        coalesce(p.tax, ''), 0, p.amount_minor
    FROM documents r JOIN refund_parts p ON p.refund = r.number
    LEFT JOIN items i ON i.document = r.refund_of AND i.id = p.item
    WHERE r.status = 'posted' {and_refund_of}
) parts GROUP BY document, item, tax
) places JOIN documents ON documents.number = document
WHERE NOT (used BETWEEN 0 AND amount OR used BETWEEN amount AND 0)
"""

_ADJUSTED = """
SELECT number, source, currency, amount_minor, moved FROM (
    SELECT d.number, coalesce(d.source, 'nothing') AS source, d.currency, d.amount_minor,
        CASE
            WHEN d.source IS NULL THEN d.amount_minor
            WHEN s.account <> d.account OR s.currency <> d.currency THEN 0
            WHEN s.kind = 'refund' AND d.type = 'decrease' THEN s.amount_minor
            ELSE (
                SELECT coalesce(sum(a.amount_minor), 0) FROM applications a
                WHERE a.from_number = CASE d.type WHEN 'increase' THEN d.source ELSE d.number END
                AND a.to_number = CASE d.type WHEN 'increase' THEN d.number ELSE d.source END
            )
        END AS moved,
        (
            SELECT count(*) FROM applications a
            WHERE a.from_number = d.number AND (d.type = 'increase' OR a.to_number IS NOT d.source)
        ) + (
            SELECT count(*) FROM applications a
            WHERE a.to_number = d.number AND (d.type = 'decrease' OR a.from_number IS NOT d.source)
        ) AS strays
    FROM documents d LEFT JOIN documents s ON s.number = d.source
    WHERE d.kind = 'credit_adjustment' {and_number}
) adjusted WHERE moved <> amount_minor OR strays
"""
"""Changes of a credit balance whose amount is not what moved between them and the document that they name."""

_REFUNDED = """
SELECT number FROM (
    SELECT d.number, d.refund_of, (
        SELECT count(*) FROM documents a
        WHERE a.source = d.number AND a.kind = 'credit_adjustment' AND a.type = 'decrease'
    ) AS decreases
    FROM documents d WHERE d.kind = 'refund' {and_number}
) refunded WHERE decreases <> CASE WHEN refund_of IS NULL THEN 1 ELSE 0 END
"""

_TWICE = """
SELECT source FROM documents
WHERE kind = 'credit_adjustment' AND type = 'increase' AND source IS NOT NULL {and_source}
GROUP BY source HAVING count(*) > 1
"""

_BELOW_ZERO = """
SELECT account, currency, min(date), balance FROM (
    SELECT account, currency, date,
        sum(sum(CASE type WHEN 'increase' THEN amount_minor ELSE -amount_minor END))
            OVER (PARTITION BY account, currency ORDER BY date) AS balance
    FROM documents WHERE kind = 'credit_adjustment' {and_account}
    GROUP BY account, currency, date
) days WHERE balance < 0
GROUP BY account, currency
"""
"""Credit balances that are below zero on some date, and the first one. What comes in on a day can go out on it."""

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
_SOME_ADJUSTED = _ADJUSTED.format(and_number="AND d.number IN {keys}")
_ALL_ADJUSTED = _ADJUSTED.format(and_number="")
_SOME_REFUNDED = _REFUNDED.format(and_number="AND d.number IN {keys}")
_ALL_REFUNDED = _REFUNDED.format(and_number="")
_SOME_TWICE = _TWICE.format(and_source="AND source IN {keys}")
_ALL_TWICE = _TWICE.format(and_source="")
_SOME_BELOW_ZERO = _BELOW_ZERO.format(
    and_account="AND account IN (SELECT account FROM documents WHERE kind = 'credit_adjustment' AND number IN {keys})"
)
_ALL_BELOW_ZERO = _BELOW_ZERO.format(and_account="")


def broken(connection: sqlite3.Connection, numbers: Collection[str] | None) -> Iterator[Diagnostic]:
    """Every identity that does not hold, of these documents or (None) of all."""

    kinds: dict[str, list[str]] = defaultdict(list)

    def rows(some: str, all_: str, *of: str) -> list[Row]:
        """The rows of a query that is asked of these kinds of documents, or of every kind."""
        if numbers is None:
            return connection.execute(all_).fetchall()
        return run_with_keys(connection, some, [number for kind in of for number in kinds[kind]] if of else numbers)

    told = set()
    for number, kind, currency, amount, used in rows(_SOME_DOCUMENTS, _ALL_DOCUMENTS):
        kinds[kind].append(number)
        if not (0 <= used <= amount or amount <= used <= 0):
            told.add(number)
            yield _over_applied(number, currency, amount, used)
    for number, currency, item, tax, amount, used in rows(_SOME_PLACES, _ALL_PLACES):
        told.add(number)
        yield _over_applied(f"{_place(item, tax)} of {number}", currency, amount, used)
    for number, source, currency, amount, received in rows(_SOME_TRANSFERRED, _ALL_TRANSFERRED, "payment"):
        if number not in told:
            yield _transfer_differs(number, source, currency, amount, received)
    taken_back = rows(_SOME_TAKEN_BACK, _ALL_TAKEN_BACK, "payment", "credit_memo", "credit_adjustment", "invoice")
    for source, number, currency, item, tax, put, taken in taken_back:
        if number not in told:  # of one document, one sentence
            told.add(number)
            yield _over_unapplied(source, f"{_place(item, tax)} of {number}", currency, put, taken)
    for number, item, tax in rows(_SOME_OPPOSED, _ALL_OPPOSED, "invoice", "debit_memo"):
        if number not in told:
            yield _opposed(f"{_place(item, tax)} of {number}")
    for number, source, currency, amount, moved in rows(_SOME_ADJUSTED, _ALL_ADJUSTED, "credit_adjustment"):
        if number not in told:
            yield _adjustment_differs(number, source, currency, amount, moved)
    for (number,) in rows(_SOME_REFUNDED, _ALL_REFUNDED, "refund"):
        yield _refund_source(number)
    for (number,) in rows(_SOME_TWICE, _ALL_TWICE, "invoice"):
        yield _transferred_twice(number)
    for account, currency, date, balance in sorted(set(rows(_SOME_BELOW_ZERO, _ALL_BELOW_ZERO, "credit_adjustment"))):
        yield _below_zero(account, currency, date, balance)


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


def _adjustment_differs(number: str, source: str, currency: str, amount: int, moved: int) -> Diagnostic:
    message = (
        f"{number} amounts to {from_minor(amount, currency)} {currency}, "
        f"but {from_minor(moved, currency)} moved between it and {source}, or something else moved too"
    )
    hint = "a change of a credit balance is exactly what moves between it and the document that it names"
    return Diagnostic("adjustment-differs", message, hint=hint)


def _refund_source(number: str) -> Diagnostic:
    message = f"{number} is not the refund of one payment, of one credit memo, or of one decrease of a credit balance"
    return Diagnostic("refund-odd", message, hint="a refund has one source")


def _transferred_twice(number: str) -> Diagnostic:
    message = f"{number} was transferred to the credit balance more than once"
    return Diagnostic("transferred-twice", message, hint="a negative invoice is transferred once")


def _below_zero(account: str, currency: str, date: str, balance: int) -> Diagnostic:
    shown = f"{from_minor(balance, currency)} {currency}"
    message = f"the credit balance of account `{account}` would be {shown} on {date}"
    return Diagnostic(
        "credit-below-zero", message, hint="use no more than there is, on that day and on every later one"
    )
