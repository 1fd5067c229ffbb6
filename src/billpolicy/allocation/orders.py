"""The document orders by name: which documents get money when their amounts are left to the rule, and in what order.

All but `equal_spread` fill one document before the next. Ties are broken by the total order of documents: due date
(none last), document date, number (domain section 2.5), so the order in which documents are named never matters,
except in `as_named`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.allocation.equal_spread import equal_spread
from billpolicy.allocation.fifo import fill
from billpolicy.allocation.model import Target
from billpolicy.allocation.residual import Cents

_NEVER = datetime.date.max
_LAST = 2**63


def total_order(target: Target) -> tuple[datetime.date, datetime.date, str]:
    """Due date (none last), document date, number: no two documents are equal."""
    return (target.due_date or _NEVER, target.date, target.number)


def _by_date(target: Target) -> int:
    return target.date.toordinal()


def _newest(target: Target) -> int:
    return -target.date.toordinal()


def _largest(target: Target) -> Decimal:
    return -target.balance


def _smallest(target: Target) -> Decimal:
    return target.balance


def _priority(target: Target) -> int:
    return _LAST if target.priority is None else target.priority


def _one_after_the_other(amount: int, balances: Sequence[int], cents: Cents) -> list[int]:
    return fill(amount, balances)


class DocumentOrder(NamedTuple):
    """`key`: what comes before the total order; `sorts`: False leaves the documents as they are named."""

    key: Callable[[Target], Any] | None = None
    sorts: bool = True
    spread: Callable[[int, Sequence[int], Cents], list[int]] = _one_after_the_other

    def sorted(self, targets: Sequence[Target]) -> list[Target]:
        """The documents in this order."""
        if not self.sorts:
            return list(targets)
        key = self.key
        if key is None:
            return sorted(targets, key=total_order)
        return sorted(targets, key=lambda target: (key(target), total_order(target)))


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
