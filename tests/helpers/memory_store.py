"""A ledger in memory: all that a new store takes. It keeps the contract, but forgets everything at the end.

What is kept is one immutable value, so a reader holds on to it, a part that fails puts the old one back, and a
transaction that raises never puts a new one in its place.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock

from billpolicy.book.book import Book
from billpolicy.book.changes import Issued
from billpolicy.book.model import ChargePeriod, Subscription, UsageRecord
from billpolicy.book.needs import Needs
from billpolicy.book.numbers import split_number
from billpolicy.posting.over_time import counts_for
from billpolicy.posting.store import Approved, Entry, Moved, PolicyText, Posted, Waiting
from billpolicy.source.codec import canonical


@dataclass(frozen=True)
class Kept:
    """Everything in a ledger, as of one moment."""

    book: Book
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By the id of the operation, in the order of posting."""
    policies: Mapping[str, PolicyText] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)


class MemoryReader:
    """A ledger as of one moment. It hands out the whole book: a slice may hold more than is needed."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def book(self, needs: Needs) -> Book:
        return self.kept.book

    def subscriptions(self) -> Iterator[Subscription]:
        yield from self.kept.book.subscriptions.values()

    def first_unbilled(self) -> Collection[UsageRecord]:
        return [one for one in self.kept.book.usage.values() if one.billed_by is None]

    def reopened(self) -> Collection[ChargePeriod]:
        return [one for one in self.kept.book.charge_periods.values() if one.status == "reopened"]

    def known(self, numbers: Collection[str]) -> set[str]:
        return {number for number in numbers if number in self.kept.book.numbered}

    def given_elsewhere(self, kind: str, begins: str) -> list[str]:
        drawn = {one.document.number for entry in self.kept.entries.values() for one in entry.plan.of(Issued)}
        documents = self.kept.book.numbered.items()
        return [
            number
            for number, one in documents
            if one.kind == kind and number not in drawn and re.match(re.escape(begins) + "[0-9]", number)
        ]

    def requests(self, ids: Collection[str]) -> dict[str, str]:
        entries = self.kept.entries
        return {id: canonical(entries[id].plan.request) for id in ids if id in entries}

    def parts(self, runs: Collection[str]) -> dict[str, str]:
        requests = [entry.plan.request for entry in self.kept.entries.values()]
        return {str(one["part_of"]): canonical(one) for one in requests if one.get("part_of") in runs}

    def in_use(self, numbers: Collection[str], runs: Collection[str]) -> tuple[set[str], dict[str, str]]:
        return self.known(numbers), self.parts(runs)

    def posted(self, ids: Collection[str]) -> dict[str, Posted]:
        found = {id: self.kept.entries[id] for id in ids}
        return {id: Posted(plan, audit, repeated=True) for id, (plan, audit, _) in found.items()}

    def waiting(self, ids: Collection[str] | None = None) -> dict[str, Waiting]:
        standing = {id: one for id, one in self.kept.waiting.items() if id not in self.kept.entries}
        return {id: one for id, one in standing.items() if ids is None or id in ids}

    def policies(self, digests: Collection[str]) -> dict[str, PolicyText]:
        return {one: self.kept.policies[one] for one in digests if one in self.kept.policies}

    def moved(self, first: datetime.date, until: datetime.date, operations: Collection[str]) -> Iterator[Moved]:
        for plan, audit, _ in self.kept.entries.values():
            if plan.operation in operations and first <= audit.at.date() < until:
                yield counts_for(plan, lambda number: self.kept.book.numbered[number].account)


class MemoryWriter(MemoryReader):
    """The same inside a transaction."""

    def write(self, entries: Sequence[Entry], before: Book, after: Book, policies: Collection[PolicyText] = ()) -> None:
        written = {entry.plan.id: entry for entry in entries}
        kept = {**{one.digest: one for one in policies}, **self.kept.policies}
        self.kept = replace(self.kept, book=after, entries={**self.kept.entries, **written}, policies=kept)

    def wait(self, one: Waiting) -> None:
        self.kept = replace(self.kept, waiting={**self.kept.waiting, one.id: one})

    def approve(self, one: Waiting, approved: Approved) -> None:
        standing = self.kept.waiting[one.id]
        self.wait(replace(standing, approvals=(*standing.approvals, approved)))

    def withdraw(self, id: str, who: str, at: datetime.datetime, why: str | None, request: str | None = None) -> None:
        self.kept = replace(self.kept, waiting={one: it for one, it in self.kept.waiting.items() if one != id})

    @contextmanager
    def part(self) -> Iterator[None]:
        kept = self.kept
        try:
            yield
        except BaseException:
            self.kept = kept
            raise


class MemoryStore:
    """A ledger that holds a book. Threads may share it."""

    def __init__(self, book: Book) -> None:
        self._kept = Kept(_as_imported(book))
        self._writer = Lock()

    @contextmanager
    def reading(self) -> Iterator[MemoryReader]:
        yield MemoryReader(self._kept)

    @contextmanager
    def writing(self) -> Iterator[MemoryWriter]:
        with self._writer:
            writer = MemoryWriter(self._kept)
            yield writer
            self._kept = writer.kept


def _as_imported(book: Book) -> Book:
    """As a ledger counts: everything is at revision 0, and each prefix bound to the kind that it has numbered."""
    names = [*book.numbered]
    names += [f"account:{id}" for id in book.accounts] + [f"subscription:{id}" for id in book.subscriptions]
    split = ((split_number(number), document.kind) for number, document in book.numbered.items())
    prefixes = {found[0]: kind for found, kind in split if found is not None}
    return replace(book, revisions=dict.fromkeys(names, 0), prefixes=prefixes)
