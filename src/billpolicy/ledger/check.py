"""Is a ledger whole? Every invariant, asked of everything it holds; answers with a diagnostic for each breach.

Posting keeps all of these. They break when a hand, a faulty disk or a faulty program has been at the file. The journal
is replayed from the imported book, with the very changes that planning made, and held against the tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.book import identities
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.ledger import invariants
from billpolicy.ledger.databases import Database
from billpolicy.ledger.reading import book_of
from billpolicy.ledger.replay import replayed
from billpolicy.ledger.statements import Connection
from billpolicy.money import from_minor
from billpolicy.source.codec import CodecError, decode

_Found = Iterator[Diagnostic]


def check_ledger(database: Database, connection: Connection) -> list[Diagnostic]:
    """Everything that is wrong with a ledger, nothing when it is whole. Raises `Refused` if it cannot be read."""
    found = [
        _breach("file-damaged", f"the file of this ledger is damaged: {text}") for text in database.damages(connection)
    ]
    if found:
        return in_order(found)  # nothing else means anything
    for table, parent in database.orphans(connection):
        found.append(_breach("orphan", f"a row of `{table}` belongs to a row of `{parent}` that is not there"))
    for check in (_sums, _offenders, _counters):
        found += check(connection)
    unreadable = list(_unreadable(connection))
    found += unreadable
    if not unreadable:
        book = book_of(connection, Needs(everything=True))
        found += identities.broken(book)
        found += (_breach(code, message) for code, message in replayed(connection, book))
    return in_order(found)


def _sums(connection: Connection) -> _Found:
    """A document is the sum of its items and taxes; an application and a memo's refund are the sum of their parts."""
    for what, currency, amount, total in connection.rows(invariants.SUMS):
        shown = f"{from_minor(amount, currency)} {currency}", f"{from_minor(int(total), currency)} {currency}"
        yield _breach("amount-differs", f"{what} amounts to {shown[0]}, but what it is made of to {shown[1]}")


def _offenders(connection: Connection) -> _Found:
    """Invariants that one query can ask."""
    for code, text, message in invariants.OFFENDERS:
        for row in connection.rows(text):
            yield _breach(code, message.format(*row))


def _counters(connection: Connection) -> _Found:
    """What the ledger drew has no gaps: each counter is one more than the last, or the start of its series."""
    counters = {row[0]: row[1:] for row in connection.rows("SELECT prefix, kind, imported, last FROM counters")}
    highest = {prefix: imported for prefix, (_, imported, _) in counters.items()}
    for number, kind, prefix, start, counter in connection.rows(invariants.DRAWN):
        bound = counters[prefix][0] if prefix in counters else kind
        if bound != kind:
            yield _breach("prefix-bound", f"{number} is a {kind}, but its prefix `{prefix}` is bound to {bound}")
        before = highest.get(prefix, 0)
        if counter != max(before + 1, start):
            yield _breach(
                "number-gap", f"{number} does not follow on {before}, the number before it of prefix `{prefix}`"
            )
        digits = number.removeprefix(prefix)
        if not digits.isdecimal() or int(digits) != counter:
            yield _breach("number-differs", f"{number} is not number {counter} of prefix `{prefix}`")
        highest[prefix] = counter
    for prefix, counter in sorted(highest.items()):
        if prefix not in counters or counters[prefix][2] != counter:
            message = f"the counter of prefix `{prefix}` does not stand at its highest number, {counter}"
            yield _breach("number-gap", message)


_MAPPINGS = (
    ("", "SELECT number, attributes FROM documents"),
    ("account ", "SELECT id, attributes, custom FROM accounts"),
    ("subscription ", "SELECT id, attributes, custom FROM subscriptions"),
)


def _unreadable(connection: Connection) -> _Found:
    """Attributes and custom fields that are no mappings any more."""
    for what, text in _MAPPINGS:
        for name, *held in connection.rows(text):
            try:
                for each in held:
                    decode(dict[str, str | None], each)
            except (CodecError, TypeError):
                yield _breach("record-unreadable", f"the attributes of {what}{name} cannot be read any more")
    for id, request in connection.rows("SELECT id, request FROM operations"):
        try:
            decode(dict, request)
        except (CodecError, TypeError):
            yield _breach("operation-unreadable", f"what operation `{id}` was asked cannot be read any more")


def _breach(code: str, message: str) -> Diagnostic:
    hint = "something other than billpolicy changed this ledger; restore it from a backup"
    return Diagnostic(code, message, hint=hint)
