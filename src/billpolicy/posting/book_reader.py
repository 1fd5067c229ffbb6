"""A book in the place of a store, to be read and not to be written: what a dry run without a ledger goes on."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator

from billpolicy.book.book import Book
from billpolicy.book.model import ChargePeriod, Subscription, UsageRecord
from billpolicy.book.needs import Needs
from billpolicy.posting.store import Moved, PolicyText, Posted, Waiting


class BookReader:
    """A book that is all there is, as a ledger that has posted nothing: for a dry run without one."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def book(self, needs: Needs) -> Book:
        """All of it."""
        return self._book

    def subscriptions(self) -> Iterator[Subscription]:
        """All of them."""
        yield from self._book.subscriptions.values()

    def first_unbilled(self) -> Collection[UsageRecord]:
        """All that is not billed, the first ones among it."""
        return [one for one in self._book.usage.values() if one.billed_by is None]

    def reopened(self) -> Collection[ChargePeriod]:
        """Those that are."""
        return [one for one in self._book.charge_periods.values() if one.status == "reopened"]

    def known(self, numbers: Collection[str]) -> set[str]:
        """Those of these numbers that a document has."""
        return {number for number in numbers if number in self._book.numbered}

    def given_elsewhere(self, kind: str, begins: str) -> Collection[str]:
        """None: all numbers are in the book, where planning finds them."""
        return ()

    def requests(self, ids: Collection[str]) -> dict[str, str]:
        """Nothing was posted."""
        return {}

    def parts(self, runs: Collection[str]) -> dict[str, str]:
        """Nothing was posted."""
        return {}

    def in_use(self, numbers: Collection[str], runs: Collection[str]) -> tuple[set[str], dict[str, str]]:
        """As `known`; nothing was posted."""
        return self.known(numbers), {}

    def posted(self, ids: Collection[str]) -> dict[str, Posted]:
        """Nothing was posted."""
        return {}

    def waiting(self, ids: Collection[str] | None = None) -> dict[str, Waiting]:
        """Nothing waits."""
        return {}

    def policies(self, digests: Collection[str]) -> dict[str, PolicyText]:
        """Nothing was posted."""
        return {}

    def moved(self, first: datetime.date, until: datetime.date, operations: Collection[str]) -> Iterator[Moved]:
        """Nothing was posted."""
        yield from ()
