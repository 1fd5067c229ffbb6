"""What of an account is open or unapplied, kept in the orders that were asked for.

Looking through all documents of an account for each operation would let its cost grow with what it does not touch. So
what was found is handed on from book to book: only what changed since is looked at again, and laid over the rest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import isqrt
from typing import Any, NamedTuple

from billpolicy.book.model import Numbered, OwedDocument, SourceDocument

_FEW = 32
_ORDERS = 16
"""How many orders of one account are kept; that which was asked for first goes first."""


class Open(NamedTuple):
    """A posted document that was not reversed, and what is left of it: open, or unapplied; above zero."""

    document: OwedDocument | SourceDocument
    left: Decimal


class Order(NamedTuple):
    """Which of an account's open documents, and in which order. What has the same `name` has the same answers."""

    name: Hashable
    has: Callable[[Open], bool]
    key: Callable[[Open], Any]
    """No two documents have the same."""


@dataclass(frozen=True, slots=True)
class OpenDocuments:
    """Those of one account, in one book."""

    found: dict[str, Open]
    """By number, as it was when all were looked at. Shared with later books, and never written to again."""
    since: Mapping[str, Open | None] = field(default_factory=dict)
    """What became of those that changed; None where nothing is left."""
    stale: frozenset[str] = frozenset()
    """Those that changed and were not looked at again yet."""
    _sorted: dict[Hashable, tuple[Order, list[Open]]] = field(default_factory=dict)
    """Name of an order -> `found` in it. As it is filled the answers stay the same."""

    def without(self, numbers: Iterable[str]) -> OpenDocuments | None:
        """What is known after these changed; None where it is better to look at all again."""
        stale = self.stale.union(numbers)
        if len(stale) + len(self.since) > max(_FEW, len(self.found) // 4):
            return None
        return OpenDocuments(self.found, self.since, stale, self._sorted)

    def with_(self, changed: Mapping[str, Open | None]) -> OpenDocuments:
        """What is known after those that changed were looked at again."""
        since = {**self.since, **changed}
        now = OpenDocuments(self.found, since, frozenset(), self._sorted)
        if len(since) <= max(_FEW, isqrt(len(self.found))):
            return now
        found = {number: one for number, one in {**self.found, **since}.items() if one is not None}
        in_order = {name: (order, list(now.in_order(order))) for name, (order, _) in list(self._sorted.items())}
        return OpenDocuments(found, _sorted=in_order)

    def get(self, number: str) -> Open | None:
        """What is left of a document; None where nothing is."""
        return self.since[number] if number in self.since else self.found.get(number)

    def left(self, document: Numbered) -> Decimal | None:
        """What is left of a document as it stands, if that is known."""
        one = self.get(document.number)
        return one.left if one is not None and one.document is document and document.number not in self.stale else None

    def in_order(self, order: Order) -> Iterator[Open]:
        """Those that the order has. Only as many are looked at as are taken."""
        found = self._in_order(order)
        if not self.since:
            return iter(found)
        unchanged = (one for one in found if one.document.number not in self.since)
        changed = sorted((one for one in self.since.values() if one is not None and order.has(one)), key=order.key)
        return heapq.merge(unchanged, changed, key=order.key)

    def count(self, order: Order) -> int:
        """How many the order has."""
        before = sum(order.has(one) for number in self.since if (one := self.found.get(number)) is not None)
        now = sum(order.has(one) for one in self.since.values() if one is not None)
        return len(self._in_order(order)) - before + now

    def _in_order(self, order: Order) -> list[Open]:
        """All that were found, in the order."""
        kept = self._sorted.get(order.name)
        if kept is None:
            kept = order, sorted(filter(order.has, self.found.values()), key=order.key)
            for first in list(self._sorted)[: 1 - _ORDERS]:
                self._sorted.pop(first, None)
            self._sorted[order.name] = kept
        return kept[1]
