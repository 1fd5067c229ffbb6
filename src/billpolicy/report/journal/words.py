"""What every format of a journal says in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from billpolicy.accounting.entries import JournalEntry, Line
from billpolicy.money import minor_digits

Part = Literal["all", "declarations", "entries"]
PARTS: tuple[Part, ...] = ("all", "declarations", "entries")


class Tag(NamedTuple):
    """Something that an entry or a line is marked with."""

    name: str
    value: str


def description(entry: JournalEntry) -> str:
    """What was moved: `credit memo CM00000001`, `application P-1 to INV00000001`."""
    words = entry.kind.replace("_", " ")
    numbers = list(dict.fromkeys(line.document for line in entry.lines))
    return f"{words} {' to '.join(numbers)}"


def payee(entry: JournalEntry) -> str:
    """The customer by name, else by id."""
    return entry.name or entry.customer


def entry_tags(entry: JournalEntry) -> Iterator[Tag]:
    """What an entry is marked with."""
    yield Tag("id", entry.id)
    yield Tag("kind", entry.kind)
    if entry.reason is not None:
        yield Tag("reason", entry.reason)
    if entry.operation is not None:
        yield Tag("operation", entry.operation)
    if entry.posted_at is not None:
        yield Tag("posted", f"{entry.posted_at:%Y-%m-%dT%H:%M:%SZ}")


def line_tags(line: Line) -> Iterator[Tag]:
    """What a line is marked with."""
    yield Tag("customer", line.customer)
    yield Tag("document", line.document)
    named = (("item", line.item), ("charge", line.charge), ("subscription", line.subscription), ("tax", line.tax))
    yield from (Tag(name, value) for name, value in named if value is not None)
    if line.due_date is not None:
        yield Tag("due", line.due_date.isoformat())


def amount_text(amount: Decimal, currency: str) -> str:
    """With all decimals of the currency: programs that read less exactly would see no wrong cent."""
    return f"{amount:.{minor_digits(currency)}f}"
