"""Numbers without gaps: drawn inside the transaction that posts the document, from the counter of their prefix.

A prefix that has been used stays bound to one kind of document for ever (domain section 8). Imported numbers count as
used ones. A planner sees the same counters (`Book.counters`), so it plans the very numbers that are drawn here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from billpolicy.book.model import Numbered
from billpolicy.book.numbers import split_number
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.schema import counters
from billpolicy.ledger.statements import insert_into, select_from
from billpolicy.planning.plan import NumberDraw

_READ = select_from(counters) + " WHERE prefix IN {keys}"
_DRAWN = "SELECT DISTINCT prefix FROM documents WHERE prefix IN {keys}"
_WRITE = (
    insert_into(counters) + " ON CONFLICT (prefix) DO UPDATE SET imported = excluded.imported, last = excluded.last"
)


def draw(connection: sqlite3.Connection, draws: Sequence[NumberDraw]) -> None:
    """Draw the planned numbers. Raises `Refused` where a counter would now give another number than planned."""
    if not draws:
        return
    known = _counters(connection, {planned.prefix for planned in draws})
    for planned in draws:
        _, kind, imported, last = known.get(planned.prefix, (planned.prefix, planned.kind, 0, 0))
        if kind != planned.kind:
            raise Refused([_bound(planned.prefix, kind, planned.kind)])
        counter = max(last + 1, planned.start)
        if counter != planned.counter:
            raise Refused([_other_number(planned, counter)])
        known[planned.prefix] = (planned.prefix, kind, imported, counter)
    connection.executemany(_WRITE, list(known.values()))


def count_imported(connection: sqlite3.Connection, documents: Iterable[Numbered]) -> None:
    """Let the counters begin after imported numbers. Raises `Refused` for numbers that are the ledger's to draw."""
    highest: dict[str, tuple[int, Numbered]] = {}
    for document in documents:
        split = split_number(document.number)
        if split is not None and split[1] >= highest.get(split[0], (0, document))[0]:
            highest[split[0]] = (split[1], document)
    drawn = [row[0] for row in run_with_keys(connection, _DRAWN, highest)]
    if drawn:
        raise Refused(_drawn_here(highest[prefix][1].number, prefix) for prefix in drawn)
    known = _counters(connection, highest)
    for prefix, (counter, document) in highest.items():
        _, kind, _, last = known.get(prefix, (prefix, document.kind, 0, 0))
        known[prefix] = (prefix, kind, max(counter, last), max(counter, last))
    connection.executemany(_WRITE, list(known.values()))


def _counters(connection: sqlite3.Connection, prefixes: Iterable[str]) -> dict[str, tuple[str, str, int, int]]:
    """Prefix -> its row: prefix, kind, highest imported, last."""
    return {row[0]: (row[0], row[1], row[2], row[3]) for row in run_with_keys(connection, _READ, list(prefixes))}


def _bound(prefix: str, kind: str, wanted: str) -> Diagnostic:
    message = (
        f"the prefix `{prefix}` has numbered {kind.replace('_', ' ')}s in this ledger, "
        f"so it cannot number a {wanted.replace('_', ' ')}"
    )
    hint = "give this kind of document a prefix of its own in the policy's sequence sets"
    return Diagnostic("prefix-bound", message, hint=hint)


def _other_number(planned: NumberDraw, counter: int) -> Diagnostic:
    message = (
        f"{planned.number} was planned, but number {counter} comes next for the prefix `{planned.prefix}`: "
        "other documents were posted since"
    )
    return Diagnostic("plan-stale", message, hint="plan the operation again")


def _drawn_here(number: str, prefix: str) -> Diagnostic:
    message = f"{number} cannot be imported: this ledger draws the numbers of prefix `{prefix}` itself"
    return Diagnostic(
        "prefix-drawn", message, hint="post this document here, or import it with a number of another prefix"
    )
