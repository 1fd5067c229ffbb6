"""A ledger in a database: what posting wants of a store, and what only a ledger has: import, show and check.

Which database it is, its address says; `databases.py` lists them.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from billpolicy.book.book import Book
from billpolicy.book.model import ChargePeriod, Subscription, UsageRecord
from billpolicy.book.needs import Needs
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger import journal, reading, slices, waiting
from billpolicy.ledger.databases import Database, OlderLedger, database_of
from billpolicy.ledger.policies import policies_of
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.statements import Connection
from billpolicy.policy.counting import counted_by
from billpolicy.posting.stats import Head, KeptHead, Stats
from billpolicy.posting.store import Approved, Entry, Moved, PolicyText, Posted, Waiting
from billpolicy.source.codec import CodecError

if TYPE_CHECKING:  # what only some commands ask for is imported where they ask
    from billpolicy.accounting.asked import Journal
    from billpolicy.accounting.movements import Stamp
    from billpolicy.ledger.importing import Imported
    from billpolicy.posting.history import History
    from billpolicy.posting.numbering import Numbering
    from billpolicy.posting.shown import ShownAccount, ShownDecisions, ShownDocument, ShownOperation, ShownRun
    from billpolicy.recording.record import Recorded

_KNOWN = "SELECT number FROM documents WHERE number IN {keys}"


class LedgerReader:
    """A ledger as of one moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def book(self, needs: Needs) -> Book:
        """As `Reader.book`. Raises `Refused` where what is needed has been damaged."""
        try:
            return slices.book_of(self.connection, needs)
        except CodecError:
            raise journal.damaged("a record of this ledger cannot be read any more") from None

    def subscriptions(self) -> Iterator[Subscription]:
        """As `Reader.subscriptions`. Raises `Refused` where one has been damaged."""
        try:
            yield from reading.every_subscription(self.connection)
        except CodecError:
            raise journal.damaged("a subscription of this ledger cannot be read any more") from None

    def first_unbilled(self) -> Collection[UsageRecord]:
        """As `Reader.first_unbilled`. Raises `Refused` where one has been damaged."""
        try:
            return slices.first_unbilled(self.connection)
        except CodecError:
            raise journal.damaged("a usage record of this ledger cannot be read any more") from None

    def reopened(self) -> Collection[ChargePeriod]:
        """As `Reader.reopened`. Raises `Refused` where one has been damaged."""
        try:
            return reading.reopened(self.connection)
        except CodecError:
            raise journal.damaged("a charge period of this ledger cannot be read any more") from None

    def known(self, numbers: Collection[str]) -> set[str]:
        """As `Reader.known`."""
        return {row[0] for row in self.connection.rows(_KNOWN, numbers)}

    def given_elsewhere(self, kind: str, begins: str) -> Collection[str]:
        """As `Reader.given_elsewhere`."""
        return reading.given_elsewhere(self.connection, kind, begins)

    def requests(self, ids: Collection[str]) -> dict[str, str]:
        """As `Reader.requests`."""
        return journal.requests_of(self.connection, ids)

    def parts(self, runs: Collection[str]) -> dict[str, str]:
        """As `Reader.parts`."""
        return journal.ask_parts(self.connection, runs)()

    def in_use(self, numbers: Collection[str], runs: Collection[str]) -> tuple[set[str], dict[str, str]]:
        """As `Reader.in_use`."""
        with self.connection.at_once():
            known, parts = self.connection.ask(_KNOWN, numbers), journal.ask_parts(self.connection, runs)
        return {row[0] for row in known()}, parts()

    def posted(self, ids: Collection[str]) -> dict[str, Posted]:
        """As `Reader.posted`."""
        return journal.posted_of(self.connection, ids)

    def policies(self, digests: Collection[str]) -> dict[str, PolicyText]:
        """As `Reader.policies`."""
        return policies_of(self.connection, digests)

    def moved(self, first: datetime.date, until: datetime.date, operations: Collection[str]) -> Iterator[Moved]:
        """As `Reader.moved`."""
        return journal.moved(self.connection, first, until, operations)

    def recorded(self, *, without: Collection[str] = (), most: int | None = None) -> Iterator[Recorded]:
        """Everything that was posted, in that order, as it would have been recorded. It is read as it is asked for.

        What was posted never changes, so whoever keeps it asks for the rest: `without` are ids that are known already.
        `most`: only the last so many; no step without the operation that it follows. Raises `Refused` where something
        of it has been damaged.
        """
        from billpolicy.ledger.recorded import recorded

        if isinstance(without, str):
            raise TypeError("`without` must be several ids, like a list, not `str`")
        expect_each(without, str, "`without` must be several ids, like a list")
        expect(most, (int, type(None)), "`most` must be a whole number")
        return recorded(self.connection, without, most)

    def document(self, number: str) -> ShownDocument | None:
        """A document by its number; None if the ledger has none."""
        from billpolicy.ledger.show import show_document

        return show_document(self.connection, number)

    def account(self, id: str) -> ShownAccount | None:
        """An account by its id; None if the ledger has none."""
        from billpolicy.ledger.show import show_account

        return show_account(self.connection, id)

    def accounts(self, after: str, most: int, called: str = "") -> list[ShownAccount]:
        """The next accounts behind an id, by their ids, and not more than so many; `called`: only those that are."""
        from billpolicy.ledger.show import show_accounts

        return show_accounts(self.connection, after, most, called)

    def operation(self, id: str) -> ShownOperation | None:
        """An operation by its id; None if none was posted."""
        from billpolicy.ledger.show import show_operation

        return show_operation(self.connection, id)

    def decisions(self, name: str) -> ShownDecisions | None:
        """How a document, by its number, or an operation, by its id, was decided; None if no operation is or made
        that."""
        from billpolicy.ledger.show import show_decisions

        return show_decisions(self.connection, name)

    def near(self, name: str) -> list[str]:
        """Names of documents, accounts and operations of which one may be meant."""
        from billpolicy.ledger.show import near

        return near(self.connection, name)

    def run(self, id: str) -> ShownRun | None:
        """A bill run by its id, by the documents that name it; None if none does."""
        from billpolicy.ledger.show import show_run

        return show_run(self.connection, id)

    def history(self, name: str) -> History:
        """The history of a line, of every line of a document, or of a charge period. Raises `Refused` where nothing
        goes by that name, or what does has been damaged."""
        from billpolicy.ledger.history import history

        try:
            return history(self.connection, name)
        except CodecError:
            raise journal.damaged("a record of this ledger cannot be read any more") from None

    def waiting(self, ids: Collection[str] | None = None) -> dict[str, Waiting]:
        """As `Reader.waiting`."""
        return waiting.waiting_in(self.connection, ids)

    def stamps(self) -> dict[str, Stamp]:
        """Which operation made each movement of money, by the ids of `accounting/movements.py`."""
        from billpolicy.ledger.stamps import stamps_of

        return stamps_of(self.connection)

    def journal(self) -> Journal:
        """What reports ask of a ledger beside its book."""
        from billpolicy.accounting.asked import Journal
        from billpolicy.ledger.numbering import numbering

        return Journal(self.stamps(), journal.every_done(self.connection), tuple(numbering(self.connection)))

    def stats(self) -> Stats:
        """How much there is in the ledger."""
        from billpolicy.ledger.stats import stats_of

        return stats_of(self.connection)

    def head(self) -> Head:
        """What stands for all that was ever written, to be kept elsewhere."""
        from billpolicy.ledger.heads import head_of

        return head_of(self.connection)

    def unknown_head(self, head: KeptHead) -> list[Diagnostic]:
        """What tells that the ledger does not go on from a head that was kept; nothing where it does."""
        from billpolicy.ledger.heads import unknown_head

        return unknown_head(self.connection, head)

    def begun_since(self, head: KeptHead) -> bool:
        """Whether the chain began anew since a head that was kept, when the tables became others."""
        from billpolicy.ledger.heads import begun_since

        return begun_since(self.connection, head)

    def place(self, operation: str) -> int | None:
        """The place of an operation among all that were posted; None if none has this id."""
        from billpolicy.ledger.stamps import place_of

        return place_of(self.connection, operation)


class LedgerWriter(LedgerReader):
    """A ledger inside the one transaction that may change it."""

    def write(self, entries: Sequence[Entry], before: Book, after: Book, policies: Collection[PolicyText] = ()) -> None:
        """As `Writer.write`."""
        from billpolicy.ledger.writing import write_entries

        write_entries(self.connection, entries, before, after, policies)

    def wait(self, one: Waiting) -> None:
        """As `Writer.wait`."""
        waiting.wait(self.connection, one)

    def approve(self, one: Waiting, approved: Approved) -> None:
        """As `Writer.approve`."""
        waiting.approve(self.connection, one, approved)

    def withdraw(self, id: str, who: str, at: datetime.datetime, why: str | None, request: str | None = None) -> None:
        """As `Writer.withdraw`."""
        waiting.withdraw(self.connection, id, who, at, why, request)

    def part(self) -> AbstractContextManager[None]:
        """As `Writer.part`."""
        return self.connection.part()


class Ledger:
    """An open ledger. Threads may share it; a child process opens its own. Close it, or use it in a `with`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closed = False
        self.on_turn: Callable[[float], object] | None = None
        """To be told how many seconds each writing waited for its turn."""

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Whoever reads or writes it after that gets a ValueError."""
        self._closed = True
        self._database.close()

    @property
    def database(self) -> Database:
        """Where it is kept."""
        if self._closed:
            raise ValueError("this ledger is closed")
        return self._database

    @contextmanager
    def reading(self) -> Iterator[LedgerReader]:
        """As `Store.reading`."""
        with self.database.reading() as connection:
            yield LedgerReader(connection)

    @contextmanager
    def writing(self) -> Iterator[LedgerWriter]:
        """As `Store.writing`."""
        asked = time.perf_counter()
        with self.database.writing() as connection:
            if self.on_turn is not None:
                self.on_turn(time.perf_counter() - asked)
            yield LedgerWriter(connection)

    def import_book(self, book: Book, policy: Versions | None = None) -> Imported:
        """Load a checked book: all of it, or nothing. Raises `Refused` with everything that does not fit.

        `policy`: whose formats of numbers tell after which of them to go on; without it, a prefix and eight digits are.
        """
        from billpolicy.ledger.importing import import_book

        if not isinstance(book, Book):
            raise TypeError(f"a Book is imported, not `{type(book).__name__}`; `book_from` makes one of plain dicts")
        expect(policy, (Versions, type(None)), "`policy` must be what `load_policy` gives")
        with self.database.writing() as connection:
            return import_book(connection, book, counted_by(policy.policies if policy is not None else ()))

    def numbering(self) -> list[Numbering]:
        """How the documents are numbered: each counter, and what is missing among its numbers, with the reason."""
        from billpolicy.ledger.numbering import numbering

        with self.database.reading() as connection:
            return numbering(connection)

    def uncounted(self) -> int:
        """How many imported documents have a number of no counter: nobody told in which format they are."""
        from billpolicy.ledger.numbering import uncounted

        with self.database.reading() as connection:
            return uncounted(connection)

    def check(self, head: KeptHead | None = None) -> list[Diagnostic]:
        """Everything that is wrong with the ledger, nothing when it is whole. Raises `Refused` if it cannot be read.

        `head`: one that was kept elsewhere, from which this ledger must go on.
        """
        from billpolicy.ledger.check import check_ledger

        expect(head, (KeptHead, type(None)), "`head` must be what `load_head` gives")
        with self.database.reading() as connection:
            return check_ledger(self.database, connection, head)


def create_ledger(url: str) -> Ledger:
    """Make a ledger, or bring one that an earlier program made up to date; a current one is just opened.

    Raises `Refused` if the place is another program's, newer than this program, or cannot be written.
    """
    return Ledger(database_of(url).create_database(url))


def ledger_revision(url: str) -> str | None:
    """The revision of the tables of a ledger, also of one that an earlier program made; None where there is none yet.

    Raises `Refused` where that cannot be told.
    """
    try:
        open_ledger(url).close()
    except OlderLedger as older:
        return older.revision
    except Refused as refused:
        if {one.code for one in refused.diagnostics} <= {"file-missing", "ledger-empty"}:
            return None
        raise
    return REVISIONS[-1]


def ledger_files(url: str) -> list[Path]:
    """The files that the ledger at an address is kept in, or would be; others must not be written over them."""
    return database_of(url).files_of(url)


def open_ledger(url: str) -> Ledger:
    """Open a ledger that exists, like `sqlite:///ledger.db`: to read it and, where that is allowed, to write it.

    Close it, or use it in a `with`. Raises `Refused`.
    """
    return Ledger(database_of(url).open_database(url))
