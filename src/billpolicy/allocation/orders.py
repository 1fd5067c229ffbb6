"""Which documents get how much: the document orders by name, and the share of each document.

All but `equal_spread` fill one document before the next. Ties are broken by the total order of documents: due date
(none last), document date, number (docs/domain.md 2.5), so the order in which documents are named never matters,
except in `as_named`. A new order is a line in `DOCUMENT_ORDERS` and one in `vocabulary/settings.py`.

Documents can stand in groups, one settled before the next: what is due before what is not yet (`future_documents`),
and of what is due the oldest first, bucket by bucket (`span: aging_bucket`). The order is that within each group.
"""

from __future__ import annotations

import datetime
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, Protocol, TypeVar

from billpolicy.allocation.item_rules import ITEM_RULES, fill
from billpolicy.allocation.model import Rules
from billpolicy.allocation.open_items import Net
from billpolicy.allocation.residual import Cents, split
from billpolicy.book.book import ZERO

DocumentSpread = Callable[[int, Sequence[int], Cents], list[int]]
"""An amount, balances in this order, how cents are placed -> the part of each, in minor units."""
_NEVER = datetime.date.max
_LAST = 2**63


class Header(Protocol):
    """What an order looks at: a document that money may go to, without its items."""

    @property
    def number(self) -> str: ...
    @property
    def date(self) -> datetime.date: ...
    @property
    def due_date(self) -> datetime.date | None: ...
    @property
    def priority(self) -> int | None: ...
    @property
    def amount(self) -> Decimal | None:
        """What is asked for it; None leaves it to the order."""

    @property
    def balance(self) -> Decimal:
        """What is open on all of it."""

    @property
    def corrected(self) -> Decimal:
        """How much of what it billed the source takes back. If any, it comes before all others that are left to the
        order, and so much of it before what else is corrected gets more."""


_Header = TypeVar("_Header", bound=Header)


def total_order(target: Header) -> tuple[datetime.date, datetime.date, str]:
    """Due date (none last), document date, number: no two documents are equal."""
    return (target.due_date or _NEVER, target.date, target.number)


def _by_date(target: Header) -> int:
    return target.date.toordinal()


def _newest(target: Header) -> int:
    return -target.date.toordinal()


def _largest(target: Header) -> Decimal:
    return -target.balance


def _smallest(target: Header) -> Decimal:
    return target.balance


def _priority(target: Header) -> int:
    return _LAST if target.priority is None else target.priority


def one_after_the_other(amount: int, balances: Sequence[int], cents: Cents) -> list[int]:
    """Each document is filled before the next gets anything."""
    return fill(amount, balances)


def equal_spread(amount: int, balances: Sequence[int], cents: Cents) -> list[int]:
    """Every document gets the same, and what one has no room for is spread over the others: 100.00 over 20, 50 and 90
    is 20, 40 and 40."""
    return split(amount, [1] * len(balances), balances, cents)


class DocumentOrder(NamedTuple):
    """`key`: what comes before the total order; `sorts`: False leaves the documents as they are named; `spread`: how
    an amount goes to balances in this order, both in minor units; 0 <= amount <= their sum."""

    key: Callable[[Header], Any] | None = None
    sorts: bool = True
    spread: DocumentSpread = one_after_the_other


DOCUMENT_ORDERS: dict[str, DocumentOrder] = {
    "as_named": DocumentOrder(sorts=False),
    "oldest_due_first": DocumentOrder(),
    "oldest_document_first": DocumentOrder(_by_date),
    "newest_document_first": DocumentOrder(_newest),
    "largest_balance_first": DocumentOrder(_largest),
    "smallest_balance_first": DocumentOrder(_smallest),
    "by_priority": DocumentOrder(_priority),
    "equal_spread": DocumentOrder(spread=equal_spread),
}


_FUTURE = 1
"""The group of what is not due yet; no other one is above 0."""


def group_of(target: Header, rules: Rules) -> int:
    """Documents of a lower group are settled before those of a higher one. One without a due date is never due."""
    in_buckets = rules.span == "aging_bucket" and _by_components(rules)
    if rules.day is None or not (in_buckets or rules.future != "by_order"):
        return 0
    if target.due_date is None or target.due_date > rules.day:
        return _FUTURE
    # Rounded down: 1 to 30 days late are -1, 31 are -2, and what is due today is a bucket of its own.
    return (target.due_date - rules.day).days // rules.bucket_days if in_buckets else 0


class Ordered(Sequence[_Header]):
    """Documents that know their order themselves, so that only those that are taken need to be looked at. An amount is
    asked for none of them; as they are named they are by number."""

    @abstractmethod
    def in_order(self, rules: Rules) -> Iterator[_Header]:
        """In the order of the rules, what is corrected before all others."""


def in_order(targets: Sequence[_Header], rules: Rules) -> list[_Header]:
    """The documents in the order of the rules, what is corrected before all others."""
    return sorted(targets, key=place_in(rules))


def name_of_order(rules: Rules) -> Hashable:
    """What the order of the rules depends on."""
    in_buckets = rules.span == "aging_bucket" and _by_components(rules)
    groups = (rules.future, rules.bucket_days if in_buckets else 0)
    return rules.document_order, *groups, None if groups == ("by_order", 0) else rules.day


def place_in(rules: Rules) -> Callable[[Header], tuple[Any, ...]]:
    """By what documents are sorted; as they are named it leaves them."""
    order = DOCUMENT_ORDERS[rules.document_order]

    def place(target: Header) -> tuple[Any, ...]:
        group = group_of(target, rules)
        first = (not target.corrected, group)
        if group == _FUTURE and rules.future != "by_order":
            due = (target.due_date or _NEVER).toordinal()
            is_undated = target.due_date is None
            return (*first, is_undated, -due if rules.future == "last" else due, total_order(target))
        if not order.sorts:
            return first
        return (*first, *((order.key(target),) if order.key else ()), total_order(target))

    return place


def within_reach(amount: Decimal, targets: Sequence[_Header], rules: Rules) -> list[_Header]:
    """The documents without those that the amount cannot come to, so that nobody needs to open their items.

    Where each document is filled before the next, these are the ones that come when nothing is left. The outcome of
    `allocate` is the same without them.
    """
    if not isinstance(targets, Ordered) and len(targets) == 1:
        return list(targets)
    spreads = DOCUMENT_ORDERS[rules.document_order].spread is not one_after_the_other or rules.future == "equal"
    if spreads or _by_components(rules) or rules.item_rule == "source_item":
        return list(targets)
    if isinstance(targets, Ordered):
        return sorted(_until_nothing_is_left(amount, targets.in_order(rules)), key=lambda target: target.number)
    rest = amount - sum(target.amount for target in targets if target.amount is not None)
    free = in_order([target for target in targets if target.amount is None], rules)
    reached = {target.number for target in _until_nothing_is_left(rest, free)}
    return [target for target in targets if target.amount is not None or target.number in reached]


def _until_nothing_is_left(amount: Decimal, targets: Iterable[_Header]) -> Iterator[_Header]:
    """The first of these documents that the amount comes to, and what is corrected, which stands before them."""
    for target in targets:
        if amount <= 0 and not target.corrected:
            return
        if target.balance > 0 or target.corrected:
            yield target
            amount -= max(target.balance, ZERO)


def shares_of_documents(
    amount: int,
    nets: Sequence[Net],
    asked: Sequence[int | None],
    corrected: Sequence[int],
    groups: Sequence[int],
    rules: Rules,
) -> list[int]:
    """Minor units for each document, in the order they stand: what is asked for it, and of the rest its share.

    Each has what is corrected of it first, then more of these, then the others; of each, one group after the other.
    `asked` fits the balances and the amount.
    """
    shares = [0 if one is None else one for one in asked]
    rest = amount - sum(shares)
    free = [i for i, one in enumerate(asked) if one is None and nets[i].total > 0]
    those_corrected, others = [i for i in free if corrected[i]], [i for i in free if not corrected[i]]
    for those, limit in ((those_corrected, corrected), (those_corrected, None), (others, None)):
        for group, members in groupby(those, key=groups.__getitem__):
            its = list(members)
            for owed in _owed([nets[i] for i in its], rules):
                most = [nets[i].total if limit is None else min(limit[i], nets[i].total) for i in its]
                room = [min(one, top - shares[i]) for i, one, top in zip(its, owed, most, strict=True)]
                put = min(rest, sum(room))
                for i, part in zip(its, _spread(group, rules)(put, room, rules.cents), strict=True):
                    shares[i] += part
                rest -= put
    return shares


def _spread(group: int, rules: Rules) -> DocumentSpread:
    """How a group is filled: that of the order, or what the rules say of what is not due yet."""
    if group == _FUTURE and rules.future != "by_order":
        return equal_spread if rules.future == "equal" else one_after_the_other
    return DOCUMENT_ORDERS[rules.document_order].spread


def _owed(nets: Sequence[Net], rules: Rules) -> Iterator[list[int]]:
    """What the documents owe: all of it, or one component after the other (`span`: `component` or `aging_bucket`)."""
    if not _by_components(rules):
        yield [net.total for net in nets]
        return
    for rank in range(len(rules.components)):
        yield [
            sum(
                balance
                for balance, component in zip(net.columns.balances, net.columns.components, strict=True)
                if component == rank
            )
            for net in nets
        ]


def _by_components(rules: Rules) -> bool:
    """Whether one component is settled on several documents before the next."""
    return rules.span != "document" and ITEM_RULES[rules.item_rule].by_component
