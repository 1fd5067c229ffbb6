"""What a correction takes with the lines that were selected, as its plan tells it: to be looked at and confirmed."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.model import Invoice
from billpolicy.periods.closure import Closed, Pulled, Rule
from billpolicy.source.codec import canonical
from billpolicy.source.record import value

RULES_IN_WORDS: dict[Rule, str] = {
    "discount": "discount",
    "item": "same item",
    "minimum_maximum": "minimum or maximum",
    "prepaid": "prepaid",
    "later": "later",
}
SHORT = 12
"""Characters of a digest that are shown."""


@value
class ClosureLine:
    """A line of an invoice that belongs to what was selected."""

    line: BilledLine
    subscription: str | None
    charges: tuple[str, ...]
    """Of the subscription; several where the line combines them."""
    from_: datetime.date | None
    until: datetime.date | None
    currency: str
    billed: Decimal
    """What it was billed at, with its tax."""
    amount: Decimal
    """What is credited of it, with its tax; nothing of a line that is left out."""
    rule: Rule | None
    """The rule that pulled it in; None: it was selected."""
    by: BilledLine | None
    """The line that pulled it in."""
    left_out: str | None = None
    """Why nothing is done to it."""


@dataclass(frozen=True)
class Closure:
    """The lines that belong to a selection, in the order in which they are processed (`periods/closure.py`)."""

    lines: tuple[ClosureLine, ...]

    @cached_property
    def digest(self) -> str:
        """What is confirmed: SHA-256, in hex, of each line that is taken, of why it is, and of what is credited."""
        taken = [(*one.line, one.rule, one.by, one.amount) for one in self.taken]
        return hashlib.sha256(canonical(taken).encode()).hexdigest()

    @property
    def short_digest(self) -> str:
        """Its beginning, as it is shown."""
        return self.digest[:SHORT]

    @cached_property
    def taken(self) -> tuple[ClosureLine, ...]:
        """The lines to which something is done."""
        return tuple(one for one in self.lines if one.left_out is None)

    @cached_property
    def added(self) -> tuple[ClosureLine, ...]:
        """Those of them that were not selected: they must be confirmed."""
        return tuple(one for one in self.taken if one.rule is not None)


def closure_of(
    book: Book, closed: Closed, credited: Mapping[BilledLine, Decimal], left_out: Mapping[BilledLine, str]
) -> Closure:
    """The lines of a closure as a plan tells them: of each what is credited, with its tax, or why it is left out."""
    return Closure(
        tuple(_line(book, one, credited.get(one.line, Decimal(0)), left_out.get(one.line)) for one in closed.lines)
    )


def _line(book: Book, one: Pulled, amount: Decimal, left_out: str | None) -> ClosureLine:
    invoice = book.numbered[one.line.document]
    assert isinstance(invoice, Invoice)
    (item,) = (item for item in invoice.items if item.id == one.line.item)
    first = one.periods[0] if one.periods else None
    return ClosureLine(
        line=one.line,
        subscription=None if first is None else first.subscription,
        charges=tuple(period.charge for period in one.periods),
        from_=None if first is None else first.from_,
        until=None if first is None else first.until,
        currency=invoice.currency,
        billed=sum((tax.amount for tax in item.taxes), item.amount),
        amount=amount,
        rule=one.rule,
        by=one.by,
        left_out=left_out,
    )
