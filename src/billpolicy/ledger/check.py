"""Is a ledger whole? Every invariant, asked of everything it holds; answers with a diagnostic for each breach.

Posting keeps all of these. They break when a hand, a faulty disk or a faulty program has been at the file. What can be
asked of a book is asked of the documents of some accounts at a time, and the journal is replayed some operations at a
time: so what is held in memory does not grow with the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from billpolicy.book import identities
from billpolicy.book.links import links
from billpolicy.book.numbers import counter_in, last_counter
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.ledger import invariants, rows, schema
from billpolicy.ledger.databases import Database
from billpolicy.ledger.evidence import breaches, chain_of
from billpolicy.ledger.heads import unknown_head
from billpolicy.ledger.policies import differing_policies
from billpolicy.ledger.reading import money_of
from billpolicy.ledger.replay import replayed
from billpolicy.ledger.shapes import shapes
from billpolicy.ledger.statements import Connection, Row, select_from
from billpolicy.ledger.structure import breach, orphans, other_tables
from billpolicy.ledger.tables import Table
from billpolicy.ledger.waiting import odd_waiting
from billpolicy.money import from_minor
from billpolicy.posting.stats import KeptHead
from billpolicy.source.codec import CodecError, decode

_Found = Iterator[Diagnostic]
_DOCUMENTS_AT_ONCE = 2_000
_SIZES = "SELECT account, count(*) FROM documents GROUP BY account ORDER BY account"


def check_ledger(database: Database, connection: Connection, head: KeptHead | None = None) -> list[Diagnostic]:
    """Everything that is wrong with a ledger, nothing when it is whole. Raises `Refused` if it cannot be read.

    `head`: of its chain, as it was kept elsewhere.
    """
    found = [
        breach("file-damaged", f"the file of this ledger is damaged: {text}") for text in database.damages(connection)
    ]
    if found:
        return in_order(found)  # nothing else means anything
    tables = other_tables(database, connection)
    found = [*tables]
    try:
        for one in chain(orphans(database, connection), _wrong_rows(connection, head)):
            found.append(one)
    except CodecError as error:
        found.append(breach("record-unreadable", str(error)))  # what hangs on it cannot be judged
    except Exception:
        if not found:  # then it is no damage, but a bug, or the database
            raise
        if tables:
            return in_order(tables)  # what is in them cannot be asked any more
        found.append(breach("record-unreadable", "what hangs on this cannot be judged any more"))
    return in_order(found)


def _wrong_rows(connection: Connection, head: KeptHead | None) -> _Found:
    """What is wrong with the rows."""
    links_of_rows = chain_of(connection)
    if head is not None:
        yield from unknown_head(connection, head)
    yield from (breach(*one) for one in breaches(connection, links_of_rows))
    for check in (_shapes, _sums, _offenders, _counters, _policies, _waiting):
        yield from check(connection)
    unreadable = False
    for one in _unreadable(connection):
        unreadable = True
        yield one
    if unreadable:
        return
    for accounts in parts(connection, _DOCUMENTS_AT_ONCE):
        book = money_of(connection, accounts)
        yield from (breach(one.code, one.message) for one in identities.broken(book))
        yield from (breach(*link.elsewhere[:2]) for link in links(book) if link.elsewhere is not None)
    yield from (breach(*one) for one in replayed(connection, links_of_rows))


def parts(connection: Connection, documents: int) -> Iterator[list[str]]:
    """All accounts that have documents, for some documents at a time; what hangs on each other is in one part."""
    together: dict[str, set[str]] = {}
    for one, other in connection.rows(invariants.ACROSS_ACCOUNTS):
        fewer, more = sorted((together.get(one, {one}), together.get(other, {other})), key=len)
        more |= fewer
        together |= dict.fromkeys((one, other, *fewer), more)
    sizes: dict[str, int] = dict(connection.rows(_SIZES))
    part: list[str] = []
    size = 0
    for account in list(sizes):
        for each in together.get(account, {account}) if account in sizes else ():
            part.append(each)
            size += sizes.pop(each)
        if size >= documents:
            yield part
            part, size = [], 0
    yield part


def _sums(connection: Connection) -> _Found:
    """A document is the sum of its items and taxes; an application and a memo's refund are the sum of their parts."""
    for what, currency, amount, total in connection.rows(invariants.SUMS):
        try:
            shown = f"{from_minor(amount, currency)} {currency}", f"{from_minor(int(total), currency)} {currency}"
        except (ArithmeticError, TypeError, ValueError):
            yield breach("record-unreadable", f"what {what} amounts to cannot be read any more")
            continue
        yield breach("amount-differs", f"{what} amounts to {shown[0]}, but what it is made of to {shown[1]}")


def _shapes(connection: Connection) -> _Found:
    """Rows hold only what could have been written there."""
    for text, message in shapes():
        for row in connection.rows(text):
            yield breach("row-odd", message.format(*row))


def _offenders(connection: Connection) -> _Found:
    """Invariants that one query can ask."""
    for code, text, message in invariants.OFFENDERS:
        for row in connection.rows(text):
            yield breach(code, message.format(*row))


def _counters(connection: Connection) -> _Found:
    """What the ledger drew has no gaps: each counter is one more than the last, or the start of its series."""
    counters: dict[str, Row] = {}
    for prefix, *row in connection.rows("SELECT prefix, kind, imported, last FROM counters"):
        if not (isinstance(prefix, str) and all(isinstance(number, int) for number in row[1:])):
            yield breach("record-unreadable", f"the counter of prefix `{prefix}` cannot be read any more")
            return  # what was drawn of it cannot be judged
        counters[prefix] = tuple(row)
    highest: dict[str, int] = {prefix: imported for prefix, (_, imported, _) in counters.items()}
    unused = {prefix: kind for prefix, (kind, imported, _) in counters.items() if not imported}
    for number, kind, prefix, start, counter in connection.each(invariants.DRAWN):
        texts = isinstance(number, str) and isinstance(prefix, str)
        if not (texts and isinstance(start, int) and isinstance(counter, int)):
            yield breach("record-unreadable", f"how {number} was numbered cannot be read any more")
            continue
        bound = counters[prefix][0] if prefix in counters else kind
        if bound != kind:
            yield breach("prefix-bound", f"{number} is a {kind}, but its prefix `{prefix}` is bound to {bound}")
        unused.pop(prefix, None)
        before = last_counter(highest, prefix)
        if counter != max(before + 1, start):
            yield breach(
                "number-gap", f"{number} does not follow on {before}, the number before it of prefix `{prefix}`"
            )
        if counter_in(number, prefix) != counter:
            yield breach("number-differs", f"{number} is not number {counter} of prefix `{prefix}`")
        highest[prefix] = counter
    for prefix, counter in sorted(highest.items(), key=str):
        if prefix not in counters or counters[prefix][2] != counter:
            message = f"the counter of prefix `{prefix}` does not stand at its highest number, {counter}"
            yield breach("number-gap", message)
    for number, kind in connection.each(invariants.GIVEN_ELSEWHERE) if unused else ():
        unused = {prefix: of for prefix, of in unused.items() if of != kind or counter_in(number, prefix) != 0}
    for prefix in sorted(unused, key=str):
        yield breach("number-gap", f"the counter of prefix `{prefix}` is of no number that there is")


def _policies(connection: Connection) -> _Found:
    """What a policy was read from gives its digest."""
    for digest in differing_policies(connection):
        yield breach("policy-text-differs", f"the text of the policy {digest[:12]} is not what it was any more")


def _waiting(connection: Connection) -> _Found:
    """What waits for approvals, or did, is what was approved."""
    for message in odd_waiting(connection):
        yield breach("waiting-differs", message)


def _unreadable(connection: Connection) -> _Found:
    """What cannot be read any more, or is spelled as nobody writes it."""
    for each in rows.EVERY:
        for row in connection.each(select_from(each.table)):
            yield from (_unread(each.table, row, name) for name in each.odd(row))
    for row in connection.each(select_from(schema.documents)):
        of_kind = rows.DOCUMENTS.get(row[_KIND])
        if of_kind is None:
            yield breach("record-unreadable", f"of what kind document {row[_NUMBER]} is cannot be read any more")
        else:
            yield from (_unread(schema.documents, row, name) for name in of_kind.odd(row))
    for id, request in connection.each("SELECT id, request FROM operations"):
        try:
            decode(dict, request)
        except (CodecError, RecursionError, TypeError):
            yield breach("operation-unreadable", f"what operation `{id}` was asked cannot be read any more")


_NUMBER, _KIND = map(schema.documents.names.index, ("number", "kind"))


def _unread(table: Table, row: Row, column: str) -> Diagnostic:
    key = "number" if table is schema.documents else table.key[0]
    name = row[table.names.index(key)]
    return breach("record-unreadable", f"`{column}` of `{name}` in `{table.name}` is not as it was written")
