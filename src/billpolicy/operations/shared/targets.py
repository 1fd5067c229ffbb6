"""Documents that money is put on: those that a request names, or what is open of an account.

An account can have many thousands of open documents, of which a small payment reaches two. So what is open is looked
at only as far as somebody asks, in the order asked for, and nobody makes a list of it who can do without.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import accumulate, islice, takewhile
from typing import Any, NamedTuple, overload

from billpolicy.allocation.model import Rules
from billpolicy.allocation.orders import Ordered, name_of_order, place_in, total_order
from billpolicy.book.book import ZERO, Book
from billpolicy.book.kinds import is_owed
from billpolicy.book.model import DebitMemo, Invoice, OwedDocument
from billpolicy.book.open_documents import Open, OpenDocuments, Order
from billpolicy.deciding.due_dates import TERM
from billpolicy.operations.shared.what_is_open import is_for_rules
from billpolicy.planning.request import PartAmount


class Named(NamedTuple):
    """A document that money is put on, as it stands in the book: named by the request, or taken by a rule."""

    document: OwedDocument
    balance: Decimal
    amount: Decimal | None = None
    items: tuple[PartAmount, ...] = ()
    position: int = -1
    """Where the request names it; -1 where a rule took it."""
    subscription: str | None = None
    """Only what this subscription has on it; `balance` is that alone."""
    corrected: Decimal = ZERO
    """How much of what it billed the money takes back: if any, it comes before all that are left to the order."""

    @property
    def number(self) -> str:
        return self.document.number

    @property
    def date(self) -> datetime.date:
        return self.document.date

    @property
    def due_date(self) -> datetime.date | None:
        return self.document.due_date

    @property
    def priority(self) -> int | None:
        return self.document.priority


@dataclass(frozen=True, eq=False)
class OpenTargets(Ordered[Named]):
    """Every invoice and debit memo of an account in a currency with something open that rules may use on a day."""

    documents: OpenDocuments
    currency: str
    day: datetime.date
    corrected: Mapping[str, Decimal] = field(default_factory=dict)
    """Number -> how much of what it billed the money takes back, above zero."""
    left_out: Collection[str] = ()

    def __iter__(self) -> Iterator[Named]:
        """By number."""
        return self._those("by number", lambda one: one.number)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, place: int) -> Named: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Named]: ...
    def __getitem__(self, place: int | slice) -> Named | Sequence[Named]:
        return self._all[place]

    @cached_property
    def _all(self) -> list[Named]:
        return list(iter(self))  # which does not ask how many there are

    def __bool__(self) -> bool:
        return self.are_more_than(0)

    def are_more_than(self, count: int) -> bool:
        """Whether there are more than so many."""
        return len(list(islice(self, count + 1))) > count

    def owe_more_than(self, amount: Decimal) -> bool:
        """Whether more than this is open on all of them together."""
        return any(total > amount for total in accumulate(target.balance for target in self))

    def in_order(self, rules: Rules) -> Iterator[Named]:
        """In the order of the rules, what is corrected before all others."""
        place = place_in(rules)
        yield from sorted(self.those_of(self.corrected), key=place)
        for target in self._those(name_of_order(rules), lambda one: (*place(one), one.number)):
            if target.number not in self.corrected:
                yield target

    def due_by_term(self) -> tuple[Iterator[Named], int]:
        """Those whose due date was worked out from their payment term: by due date, date and number; and how many."""
        order = self._order("due by term", total_order, _is_due_by_term)
        newest = self._order("due by term, newest first", _newest_first, _is_due_by_term)
        not_yet = takewhile(lambda one: one.document.date > self.day, self.documents.in_order(newest))
        return self._named(self.documents.in_order(order)), self.documents.count(order) - sum(1 for _ in not_yet)

    def never_due(self) -> Iterator[Named]:
        """Those whose payment term gives no due date, by number."""
        return self._those("never due", lambda one: one.number, is_never_due)

    def those_of(self, numbers: Iterable[str]) -> list[Named]:
        """Those that have one of these numbers, by number."""
        found = (one for number in sorted(numbers) if (one := self.documents.get(number)) is not None)
        return list(self._named(one for one in found if one.document.currency == self.currency))

    def _those(
        self, name: Hashable, key: Callable[[Named], Any], has: Callable[[OwedDocument], bool] = lambda _: True
    ) -> Iterator[Named]:
        """Those that have something, in an order that goes by a name."""
        return self._named(self.documents.in_order(self._order(name, key, has)))

    def _order(
        self, name: Hashable, key: Callable[[Named], Any], has: Callable[[OwedDocument], bool] = lambda _: True
    ) -> Order:
        def place(one: Open) -> Any:
            assert is_owed(one.document)
            return key(Named(one.document, one.left))

        def has_it(one: Open) -> bool:
            return is_owed(one.document) and one.document.currency == self.currency and has(one.document)

        return Order((name, self.currency), has_it, place)

    def _named(self, found: Iterable[Open]) -> Iterator[Named]:
        """As targets, without what rules leave alone."""
        for document, left in found:
            if not isinstance(document, (Invoice, DebitMemo)) or document.number in self.left_out:
                continue
            if is_for_rules(document, self.day):
                yield Named(document, left, corrected=self.corrected.get(document.number, ZERO))


def is_never_due(document: OwedDocument) -> bool:
    """Whether it has a payment term and no due date."""
    return document.due_date is None and document.attributes.get(TERM) is not None


def _is_due_by_term(document: OwedDocument) -> bool:
    return document.due_date_from is not None and document.auto_apply


def _newest_first(one: Named) -> tuple[int, str]:
    return -one.date.toordinal(), one.number


def open_targets(book: Book, account: str, currency: str, day: datetime.date) -> OpenTargets:
    """What rules may put money on."""
    return OpenTargets(book.open_documents(account), currency, day)
