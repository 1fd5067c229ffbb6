"""Which documents get how much: the document orders by name, and the share of each document.

All but `equal_spread` fill one document before the next. Ties are broken by the total order of documents: due date
(none last), document date, number (docs/domain.md 2.5), so the order in which documents are named never matters,
except in `as_named`. A new order is a line in `DOCUMENT_ORDERS` and one in `vocabulary/settings.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeVar

from billpolicy.allocation.item_rules import ITEM_RULES, fill
from billpolicy.allocation.model import Rules
from billpolicy.allocation.open_items import Net
from billpolicy.allocation.residual import Cents, split

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
    spread: Callable[[int, Sequence[int], Cents], list[int]] = one_after_the_other

    def sorted(self, targets: Sequence[_Header]) -> list[_Header]:
        """The documents in this order, what is corrected before all others."""
        if not self.sorts:
            return sorted(targets, key=lambda target: not target.corrected)
        key = self.key
        if key is None:
            return sorted(targets, key=lambda target: (not target.corrected, total_order(target)))
        return sorted(targets, key=lambda target: (not target.corrected, key(target), total_order(target)))


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


def within_reach(amount: Decimal, targets: Sequence[_Header], rules: Rules) -> list[_Header]:
    """The documents without those that the amount cannot come to, so that nobody needs to open their items.

    Where each document is filled before the next, these are the ones that come when nothing is left. The outcome of
    `allocate` is the same without them.
    """
    if len(targets) == 1:
        return list(targets)
    order = DOCUMENT_ORDERS[rules.document_order]
    if order.spread is not one_after_the_other or _by_components(rules) or rules.item_rule == "source_item":
        return list(targets)
    rest = amount - sum(target.amount for target in targets if target.amount is not None)
    reached = {target.number for target in targets if target.corrected}
    for target in order.sorted([target for target in targets if target.amount is None]):
        if rest <= 0:
            break
        if target.balance > 0:
            reached.add(target.number)
            rest -= target.balance
    return [target for target in targets if target.amount is not None or target.number in reached]


def shares_of_documents(
    amount: int, nets: Sequence[Net], asked: Sequence[int | None], corrected: Sequence[int], rules: Rules
) -> list[int]:
    """Minor units for each document, in the order they stand: what is asked for it, and of the rest its share.

    Each has what is corrected of it first, then more of these, then the others. `asked` fits the balances and the
    amount.
    """
    spread = DOCUMENT_ORDERS[rules.document_order].spread
    shares = [0 if one is None else one for one in asked]
    rest = amount - sum(shares)
    free = [i for i, one in enumerate(asked) if one is None and nets[i].total > 0]
    those_corrected, others = [i for i in free if corrected[i]], [i for i in free if not corrected[i]]
    for those, limit in ((those_corrected, corrected), (those_corrected, None), (others, None)):
        for owed in _owed([nets[i] for i in those], rules):
            most = [nets[i].total if limit is None else min(limit[i], nets[i].total) for i in those]
            room = [min(one, top - shares[i]) for i, one, top in zip(those, owed, most, strict=True)]
            put = min(rest, sum(room))
            for i, part in zip(those, spread(put, room, rules.cents), strict=True):
                shares[i] += part
            rest -= put
    return shares


def _owed(nets: Sequence[Net], rules: Rules) -> Iterator[list[int]]:
    """What the documents owe: all of it, or one component after the other (`span: component`)."""
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
    """Whether one component is settled on all documents before the next."""
    return rules.span == "component" and ITEM_RULES[rules.item_rule].by_component
