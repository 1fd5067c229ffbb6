"""What usage draws from what was paid before it, and what is left of that. docs/billing.md, Prepaid.

A prepaid charge names the items whose usage draws from it. Each record draws, in the order of dates and ids, what it is
worth at its own rate, from the periods of prepaid charges that hold its day; where what is unused is carried over, from
all that began by then, the oldest first. What they do not cover is billed in arrears.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from billpolicy.billing.rating import Draw, Line
from billpolicy.book.model import SubscribedCharge, Subscription, UsageRecord
from billpolicy.money import to_minor

Unused = Literal["expire", "carry_over"]
"""What becomes of what is unused when its period has ended."""


class Prepaid(NamedTuple):
    """What was paid for the days `[start, end)` of a prepaid charge."""

    id: str
    """Of its charge period; of one that is only being billed, `being_billed`."""
    charge: SubscribedCharge
    start: datetime.date
    end: datetime.date
    paid: int
    """In minor units: less its discounts and what was given back of it, without tax."""


def being_billed(line: Line) -> str:
    """What the period of a line is called until its document has a number."""
    return f"{line.subscription.id}/{line.charge.id}/{line.start} being billed"


def draw(purse: Purse, lines: Sequence[Line]) -> list[Line]:
    """The lines of a subscription with what their usage draws: a usage line is lower by as much."""
    shares = [
        (record.date, record.id, line.charge.of_item, worth)
        for line in lines
        if line.usage is not None
        for record, worth in line.usage.records
    ]
    draws = {id: purse.take(item, day, worth) for day, id, item, worth in sorted(shares)}
    return [_lower(line, {id: found for id, found in draws.items() if found is not None}) for line in lines]


def _lower(line: Line, draws: Mapping[str, Draw]) -> Line:
    if line.usage is None:
        return line
    own = {record.id: draws[record.id] for record, _ in line.usage.records if record.id in draws}
    less = sum(one.amount for one in own.values())
    return line._replace(amount=line.amount - less, usage=line.usage._replace(draws=own)) if own else line


@dataclass(slots=True)
class _Balance:
    of: Prepaid
    left: int
    """Of what was paid; what usage has not drawn, in minor units."""

    @property
    def drawn(self) -> int:
        return self.of.paid - self.left


class Purse:
    """The prepaid periods of a subscription, and what is left of each while usage draws from them."""

    def __init__(
        self,
        subscription: Subscription,
        prepaid: Iterable[Prepaid],
        drawn: Iterable[UsageRecord],
        unused: Unused,
        currency: str,
    ) -> None:
        """*prepaid*: of the same charge and first day in the order in which they were billed. *drawn*: the records of
        the subscription; what they drew before is not there any more."""
        self._unused = unused
        in_order = sorted(prepaid, key=lambda one: (one.start, one.charge.id))
        self._balances = [_Balance(one, one.paid) for one in in_order]
        items = {charge.id: charge.of_item for charge in subscription.charges}
        for record in sorted(drawn, key=lambda one: (one.date, one.id)):
            if record.drawn is not None and record.drawn_from is not None:
                self._drawn_before(items.get(record.charge, ""), record, to_minor(record.drawn, currency))

    @property
    def left(self) -> dict[str, int]:
        """Prepaid period -> what is left of it, in minor units."""
        return {one.of.id: one.left for one in self._balances}

    def take(self, item: str, day: datetime.date, worth: int) -> Draw | None:
        """What usage of an item on a day draws of what it is worth; below zero it puts back what others have drawn."""
        there = list(self._open_to(item, day))
        moved = _put_back(there[::-1], -worth) if worth < 0 else _take(there, worth)
        amounts = [(balance, amount) for balance, amount in moved if amount]
        if not amounts:
            return None
        return Draw(sum(amount for _, amount in amounts), amounts[0][0].of.id)

    def _open_to(self, item: str, day: datetime.date) -> Iterator[_Balance]:
        for balance in self._balances:
            begun = item in balance.of.charge.drawn_by and balance.of.start <= day
            if begun and (self._unused == "carry_over" or day < balance.of.end):
                yield balance

    def _drawn_before(self, item: str, record: UsageRecord, amount: int) -> None:
        """From the period that the record names, and what that did not cover, from those after it."""
        there = list(self._open_to(item, record.date))
        first = next((place for place, one in enumerate(there) if one.of.id == record.drawn_from), len(there))
        if amount < 0:
            list(_put_back(there[first::-1] if first < len(there) else there, -amount))
        else:
            list(_take(there[first:], amount))


def _take(balances: Sequence[_Balance], amount: int) -> Iterator[tuple[_Balance, int]]:
    for balance in balances:
        part = min(amount, max(balance.left, 0))
        balance.left -= part
        amount -= part
        yield balance, part


def _put_back(balances: Sequence[_Balance], amount: int) -> Iterator[tuple[_Balance, int]]:
    for balance in balances:
        part = min(amount, max(balance.drawn, 0))
        balance.left += part
        amount -= part
        yield balance, -part
