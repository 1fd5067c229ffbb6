"""Loading a checked book into a ledger, all of it or nothing.

What the ledger already holds with the same content is passed over, so the same book can be imported twice, also after
operations were posted on it. What it holds with other content is refused, field by field.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from billpolicy.book import identities
from billpolicy.book.again import as_changed
from billpolicy.book.book import Book
from billpolicy.book.changes import master_id, subscription_name
from billpolicy.book.counting import Counting, counted_by_digits
from billpolicy.book.history import in_order
from billpolicy.book.kinds import is_owed
from billpolicy.book.model import (
    AccountingPeriod,
    Application,
    ChargePeriod,
    CreditAdjustment,
    Document,
    Invoice,
    MasterRecord,
    Numbered,
    Subscription,
    UsageRecord,
    VoidNumber,
)
from billpolicy.book.needs import Needs
from billpolicy.book.numbers import covers, fields_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger import inserting, reading, rows, slices
from billpolicy.ledger.imports import link_import, next_number
from billpolicy.ledger.statements import Connection
from billpolicy.source.differences import differences
from billpolicy.source.write import plain_data

_R = TypeVar("_R")
_M = TypeVar("_M", bound=MasterRecord)
_NEVER = "never"
"""Stands for the date of what was never imported."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Section of a book (`accounts`, `invoices`, ...) -> how many were added, and how many were there before."""

    added: Mapping[str, int]
    known: Mapping[str, int]
    undated: tuple[str, ...] = ()
    """The numbers of documents that were there before without a due date, and have one in the book."""


def import_book(connection: Connection, book: Book, counted: Counting = counted_by_digits) -> Imported:
    """Load a book into the open transaction. `counted`: of which counter the number of a document is. Raises `Refused`
    with everything that does not fit."""
    return _Import(connection, book, counted).run()


def _due_date(document: Numbered) -> datetime.date | None:
    return document.due_date if is_owed(document) else None


class _Import:
    """One import, inside the open transaction."""

    def __init__(self, connection: Connection, book: Book, counted: Counting) -> None:
        self.connection = connection
        self.book = book
        self.counted = counted
        self.added: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.problems: list[Diagnostic] = []

    def run(self) -> Imported:
        connection, book = self.connection, self.book
        known_documents, _ = reading.documents_of(connection, book.numbered)
        accounts = self._new_master("account", book.accounts, lambda *of: reading.accounts_of(connection, *of)[0])
        contacts = self._new_master("contact", book.contacts, lambda *of: reading.contacts_by_id(connection, *of))
        charges = self._new_master("charge", book.charges, lambda *of: reading.charges_of(connection, *of))
        known_subscriptions, _ = reading.subscriptions_of(connection, book.subscriptions)
        subscriptions = self._new_master(
            "subscription",
            book.subscriptions,
            lambda *of: reading.subscriptions_of(connection, *of)[0],
            self._since_imported(),
        )
        documents = self._new("document", known_documents, book.numbered, as_changed)
        periods = self._new_periods()
        applications = self._new_applications()
        usage = self._new("usage_record", self._known_usage(), book.usage, self._usage_since_imported())
        known_void = reading.void_numbers_of(connection, book.void_numbers)
        void_numbers = self._new("void_number", known_void, book.void_numbers)
        self.problems += _reserved(documents)
        self.problems += self._void_or_not(documents, void_numbers)
        charge_periods = self._new(
            "charge_period", self._known_charge_periods(), self.book.charge_periods, self._period_since_imported()
        )
        self._stop_if_refused()

        new = {document.number for document in documents}
        touched = _touched(documents, applications, charge_periods) - new
        before = slices.book_of(connection, Needs(numbers=frozenset(touched), open_of=_owners_of_credit(documents)))
        number, counted = next_number(connection), reading.imported_counters(connection)
        inserting.import_master(connection, (*accounts, *contacts, *charges, *subscriptions, *periods), number)
        self._count({one.number for one in (*documents, *void_numbers)})
        inserting.write_void_numbers(connection, void_numbers, number)
        inserting.write_documents(connection, [inserting.Filed(one, import_id=number) for one in documents])
        inserting.write_applications(
            connection,
            [inserting.Put(one, book.numbered[one.from_].currency, import_id=number) for one in applications],
        )
        inserting.write_usage(connection, (replace(one, operation=None) for one in usage), book, number)
        inserting.write_charge_periods(connection, (_without_operation(one) for one in charge_periods), number)
        billed = {name for one in documents if isinstance(one, Invoice) for name in one.subscriptions}
        billed = (billed | {one.subscription for one in charge_periods}) & known_subscriptions.keys()
        raised = touched.union(map(subscription_name, billed))
        inserting.raise_revisions(connection, raised)
        link_import(connection, number, raised, counted)
        self.problems += identities.broken(before.with_posted(documents, applications), touched | new)
        self._stop_if_refused()
        undated = (name for name, one in known_documents.items() if _due_date(one) is None)
        late = tuple(sorted(name for name in undated if _due_date(book.numbered[name]) is not None))
        return Imported(dict(sorted(self.added.items())), dict(sorted(self.known.items())), late)

    def _count(self, new: Collection[str]) -> None:
        """Let the counters begin after imported numbers. Raises `Refused` for numbers that are the ledger's to draw.

        What was imported before counts where it did not then: without the policy that says how it is numbered.
        """
        given: dict[str, Numbered | VoidNumber] = {**self.book.numbered, **self.book.void_numbers}
        found = {number: self.counted(one) for number, one in given.items()}
        sources = {one.name: one.source for one in found.values() if one is not None}
        known, kinds = reading.counters_of(self.connection, [one for one in sources.values() if one is not None])
        before = reading.imported_counters(self.connection)
        highest: dict[str, tuple[int, Numbered | VoidNumber]] = {}
        for number, one in found.items():
            if one is None or (number not in new and one.name in known):
                continue
            if number in self.book.void_numbers and one.counter <= before.get(one.name, 0):
                continue  # a hole among what was imported is told of at any time
            if one.counter >= highest.get(one.name, (0, None))[0]:
                highest[one.name] = (one.counter, given[number])
        asked = {*highest, *(name for name in known if fields_of(name))}
        drawn = [row[0] for row in self.connection.rows(_DRAWN, asked)]
        problems = [
            _drawn_here(document.number, name)
            for each, (_, document) in highest.items()
            for name in drawn
            if covers(name, each)
        ]
        if problems:
            raise Refused(problems)
        last = {prefix: max(counter, known.get(prefix, 0)) for prefix, (counter, _) in highest.items()}
        kinds = {prefix: document.kind for prefix, (_, document) in highest.items()} | kinds
        inserting.count_on(self.connection, last, kinds, known, sources, imported=True)

    def _void_or_not(self, documents: Iterable[Numbered], void_numbers: Iterable[VoidNumber]) -> Iterator[Diagnostic]:
        """No document has a number that is given up, whichever came first."""
        void = reading.void_numbers_of(self.connection, {one.number for one in documents})
        taken, _ = reading.documents_of(self.connection, {one.number for one in void_numbers})
        for number in sorted((*void, *taken)):
            message = f"{number} is said to be void in this ledger, and a document of the book has it"
            if number in taken:
                message = f"{number} is said to be void, but a document of this ledger has it"
            yield Diagnostic("void-number", message, hint="mend the book")

    def _new(
        self,
        what: str,
        known: Mapping[str, _R],
        given: Mapping[str, _R],
        as_known: Callable[[_R, _R], _R] = lambda given, known: given,
    ) -> list[_R]:
        """The records that the ledger does not have. `as_known` leaves out what the ledger itself has changed since."""
        new = []
        for key, record in given.items():
            section = "void_numbers" if isinstance(record, VoidNumber) else f"{getattr(record, 'kind', what)}s"
            if key not in known:
                new.append(record)
                self.added[section] += 1
            elif as_known(record, known[key]) == known[key]:
                self.known[section] += 1
            else:
                self.problems += _differing(f"{what} `{key}`", known[key], as_known(record, known[key]))
        return new

    def _new_master(
        self,
        what: str,
        given: Mapping[str, _M],
        read: Callable[[Collection[str], bool], Mapping[str, _M]],
        as_known: Callable[[_M, _M], _M] = lambda given, known: given,
    ) -> list[_M]:
        """The records of master data that the ledger does not have. What was imported before is nothing new, nor is
        what operations have made of it since, with all that it held or without. `read`: those of some ids, as they are
        or as they were imported."""
        mine = {key: _as_imported(record) for key, record in given.items()}
        now = read(given, False)
        known = {key: _stripped(record) for key, record in now.items()}
        for records in (now, read(given, True)):
            for key, record in records.items():
                held = _as_imported(record)
                if as_known(mine[key], held) == held:
                    known[key] = held
        return self._new(what, known, mine, as_known)

    def _since_imported(self) -> Callable[[Subscription, Subscription], Subscription]:
        """Operations cancel subscriptions and move charged-through dates; what was imported before is nothing new."""
        through = self._imported("SELECT subscription, id, imported_through FROM subscribed_charges")
        canceled = self._imported("SELECT id, imported_canceled_on FROM subscriptions", key="id")

        def as_known(given: Subscription, known: Subscription) -> Subscription:
            now = {charge.id: charge.charged_through for charge in (*given.charges, *known.charges)}
            charges = tuple(
                replace(charge, charged_through=now[charge.id])
                if through.get((given.id, charge.id), _NEVER) == rows.day_text(charge.charged_through)
                else charge
                for charge in given.charges
            )
            same = canceled.get((given.id,), _NEVER) == rows.day_text(given.canceled_on)
            return replace(given, charges=charges, canceled_on=known.canceled_on if same else given.canceled_on)

        return as_known

    def _imported(self, text: str, key: str = "subscription") -> dict[tuple[str, ...], str | None]:
        """What was imported of these subscriptions: the last column of some rows by the others."""
        found = self.connection.rows(f"{text} WHERE {key} IN {{keys}}", self.book.subscriptions)
        return {row[:-1]: row[-1] for row in found}

    def _known_usage(self) -> dict[str, UsageRecord]:
        return {one.id: one for one in reading.usage_of(self.connection, "id", self.book.usage)}

    def _usage_since_imported(self) -> Callable[[UsageRecord, UsageRecord], UsageRecord]:
        """Bill runs bill usage; what was imported before is nothing new."""
        found = self.connection.rows(_USAGE_IMPORTED, self.book.usage)
        imported = {row[0]: row[1:] for row in found}

        def as_known(given: UsageRecord, known: UsageRecord) -> UsageRecord:
            given = replace(given, operation=known.operation)
            if imported[given.id] == inserting.billed_as(given, self.book):
                given = replace(given, billed_by=known.billed_by, amount=known.amount)
                return replace(given, drawn=known.drawn, drawn_from=known.drawn_from)
            return given

        return as_known

    def _known_charge_periods(self) -> dict[str, ChargePeriod]:
        return reading.charge_periods_by_id(self.connection, self.book.charge_periods)

    def _period_since_imported(self) -> Callable[[ChargePeriod, ChargePeriod], ChargePeriod]:
        """Corrections and bill runs change charge periods; what was imported before is nothing new."""
        imported = reading.imported_charge_periods(self.connection, self.book.charge_periods)

        def as_known(given: ChargePeriod, known: ChargePeriod) -> ChargePeriod:
            if imported.get(given.id) == _without_operation(given):
                return known
            return replace(given, operation=known.operation)

        return as_known

    def _new_periods(self) -> list[AccountingPeriod]:
        def read(keys: Collection[str], as_imported: bool) -> dict[str, AccountingPeriod]:
            periods = reading.periods_of(self.connection, as_imported)
            return {id: period for period in periods if (id := master_id(period)) in keys}

        given = {master_id(period): period for period in self.book.periods}
        new = self._new_master("accounting_period", given, read)
        known = reading.periods_of(self.connection)
        for period in new:
            for other in known:
                if period.from_ < other.until and other.from_ < period.until:
                    message = (
                        f"the accounting period from {period.from_} until {period.until} overlaps the one "
                        f"from {other.from_} until {other.until} in this ledger"
                    )
                    self.problems.append(Diagnostic("period-overlap", message, hint="mend its dates"))
        return new

    def _new_applications(self) -> list[Application]:
        """Applications have no id: as many as are there already with the same content are passed over."""
        left = Counter(reading.applications_of(self.connection, self.book.numbered))
        new = []
        for application in (one for made in self.book.applications_from.values() for one in made):
            if left[application]:
                left[application] -= 1
                self.known["applications"] += 1
            else:
                new.append(application)
                self.added["applications"] += 1
        return new

    def _stop_if_refused(self) -> None:
        if self.problems:
            raise Refused(self.problems)


def _touched(
    documents: Iterable[Numbered], applications: Iterable[Application], periods: Iterable[ChargePeriod]
) -> set[str]:
    """The documents that these are made from, change, correct or move money of."""
    documents = list(documents)
    others = (one.related for one in documents)
    sides = (number for application in applications for number in (application.from_, application.to))
    corrected = (item.source for one in documents if isinstance(one, Document) for item in one.items)
    billed = (one.document for one in periods)
    return {number for number in (*others, *sides, *corrected, *billed) if number is not None}


_USAGE_IMPORTED = f"SELECT id, {', '.join(rows.IMPORTED_USAGE)} FROM usage WHERE id IN {{keys}}"
_DRAWN = "SELECT DISTINCT prefix FROM documents WHERE prefix IN {keys}"


def _without_operation(period: ChargePeriod) -> ChargePeriod:
    """As this ledger has it: no operation of this ledger put it on record."""
    return replace(period, operation=None)


def _owners_of_credit(documents: Iterable[Numbered]) -> frozenset[str]:
    return frozenset(one.account for one in documents if isinstance(one, CreditAdjustment))


def _as_imported(record: Any) -> Any:
    """A record as this ledger has it: no operation of this ledger created it."""
    if isinstance(record, Subscription):
        record = replace(record, charges=tuple(replace(charge, created_by=None) for charge in record.charges))
    return in_order(replace(record, created_by=None))


def _stripped(record: Any) -> Any:
    """A record as it is, whatever it was before."""
    return replace(_as_imported(record), history=())


def _drawn_here(number: str, prefix: str) -> Diagnostic:
    message = f"{number} cannot be imported: this ledger draws the numbers of prefix `{prefix}` itself"
    hint = "post this document here, or import it with a number of another prefix"
    return Diagnostic("prefix-drawn", message, hint=hint)


def _differing(what: str, known: Any, given: Any) -> Iterator[Diagnostic]:
    hint = "the ledger does not change what it holds; import it unchanged, or correct it by an operation"
    before, now = plain_data(known), plain_data(given)
    if getattr(known, "kind", None) != getattr(given, "kind", None):
        before, now = {"kind": known.kind}, {"kind": given.kind}
    for found in differences(before, now):
        message = f"{what} is in this ledger with other content: {found}"
        yield Diagnostic("import-differs", message, hint=hint)


def _reserved(documents: Iterable[Numbered]) -> Iterator[Diagnostic]:
    """Revisions of accounts and subscriptions share one name space with those of documents."""
    for document in documents:
        if document.number.startswith(("account:", "subscription:")):
            message = f"the number `{document.number}` begins like the ledger's own names"
            yield Diagnostic("number-reserved", message, hint="give the document another number")
