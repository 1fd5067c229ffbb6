"""Numbers of documents: `CM00000042` is number 42 of the prefix `CM` (docs/domain.md 8, docs/numbers.md).

A number is the text before it, such as `INV-2026-`, and a counter. What a counter is called says when it begins anew:
`INV-2026-` in each year, `INV-{year}-` never, though its numbers show the year.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from billpolicy.source.record import value

MIN_DIGITS = 8
"""A counter has at least so many digits where its series says no other width, padded with zeros; beyond it grows."""
Reset = Literal["never", "yearly", "fiscal_year", "monthly"]
RESETS: Mapping[Reset, tuple[str, ...]] = {
    "never": (),
    "yearly": ("year",),
    "fiscal_year": ("fiscal_year",),
    "monthly": ("year", "fiscal_year", "month"),
}
"""When a counter begins anew -> the fields of a format that are part of its name."""
FIELDS: Mapping[str, int] = {"year": 4, "fiscal_year": 4, "month": 2}
"""What a format can show of the document's date -> the digits that it has."""
_FIELD = re.compile(r"\{(\w+)\}")
_OF_A_SERIES = re.compile(rf"(.+?)([0-9]{{{MIN_DIGITS}}})")


class FiscalYear(NamedTuple):
    """A fiscal year begins on one day of each year, and is called after the calendar year that it begins or ends in."""

    month: int
    day: int
    named_by: Literal["first", "last"]

    def of(self, date: datetime.date) -> int:
        """What the fiscal year of a day is called."""
        first = date.year if (date.month, date.day) >= (self.month, self.day) else date.year - 1
        within_one = (self.month, self.day) == (1, 1)
        return first if self.named_by == "first" or within_one else first + 1


@value
class NumberDraw:
    """A number from a counter: the text before it and the padded `counter` (docs/domain.md 8)."""

    kind: str
    prefix: str
    """What the counter is called: the text before the number, as in `CM`, `INV-2026-` or `INV-{year}-`."""
    start: int
    """The series' start number: the counter is never below it."""
    counter: int
    number: str
    source: str | None = None
    """The document whose number this one continues, as `INV00000007-C1` does; None if it is of a series."""


def filled(
    before: str, date: datetime.date, fiscal_year: FiscalYear | None, fields: Collection[str] = tuple(FIELDS)
) -> str:
    """A text with these fields as they are on a day: `INV-{year}-` as `INV-2026-`; other fields are left."""
    values = {"year": f"{date.year:04d}", "month": f"{date.month:02d}"}
    if fiscal_year is not None:
        values["fiscal_year"] = f"{fiscal_year.of(date):04d}"
    return _FIELD.sub(lambda found: values[found[1]] if found[1] in fields else found[0], before)


@lru_cache(maxsize=4096)
def pattern(before: str) -> re.Pattern[str]:
    """What a text with fields can be; each field is a group of its name."""
    parts = _FIELD.split(before)
    found = [re.escape(part) if place % 2 == 0 else _digits(part, parts[:place]) for place, part in enumerate(parts)]
    return re.compile("".join(found))


def _digits(name: str, before: list[str]) -> str:
    """A field named before has the value that it had there."""
    return f"(?P={name})" if name in before[1::2] else f"(?P<{name}>[0-9]{{{FIELDS[name]}}})"


def fields_of(before: str) -> tuple[str, ...]:
    """The fields that a text shows, in order."""
    return tuple(_FIELD.findall(before))


class Counted(NamedTuple):
    """Of which counter a number is, and which number of it; `source` as in `NumberDraw`."""

    name: str
    counter: int
    source: str | None = None


def last_counter(counters: Mapping[str, int], name: str) -> int:
    """The highest number of a counter, 0 for none.

    A counter that goes on over the years goes on after what was imported of any of them, too.
    """
    own = counters.get(name, 0)
    if "{" not in name:
        return own
    head = name.partition("{")[0]
    return max(own, *(n for each, n in counters.items() if each.startswith(head) and covers(name, each)), 0)


def covers(name: str, other: str) -> bool:
    """Whether the numbers of another counter are of this one, too: those of one year of one that never begins anew."""
    return name == other or ("{" in name and pattern(name).fullmatch(other) is not None)


def next_counter(counters: Mapping[str, int], name: str, start: int) -> int:
    """The number that comes next of a counter: no number is left out, but for those below the start."""
    return max(last_counter(counters, name) + 1, start)


def counter_in(number: str, name: str) -> int | None:
    """Which number of that counter it is; None if it is none of it."""
    begins = pattern(name).match(number)
    digits = number[begins.end() :] if begins else ""
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def split_number(number: str) -> tuple[str, int] | None:
    """Prefix and counter of a number that was given elsewhere; None if it is of no series.

    Where the number does not say how many of its digits are the counter's, the last 8 are: prefixes that end in a
    digit (`INV2026`) are common, series of a hundred million documents are not.
    """
    found = _OF_A_SERIES.fullmatch(number)
    return (found[1], int(found[2])) if found is not None else None


def counted_by_format(
    number: str, before: str, reset: Reset, width: int, *, from_source: str | None = None, source: str | None = None
) -> Counted | None:
    """Of which counter of a series a number is that was given elsewhere; None if the series never gives it.

    What is made from no document, as a number that is void, may continue one all the same: its number says which.
    """
    if source is None and from_source is not None:
        head, _, tail = number.rpartition(from_source)
        if head[-1:].isdigit() and tail.isdigit():
            source = head
    if source is not None and from_source is not None:
        name = f"{source}{from_source}"
        counter = counter_in(number, name)
        if counter and number == f"{name}{counter}":
            return Counted(name, counter, source)
    begins = pattern(before).match(number)
    digits = number[begins.end() :] if begins else ""
    if not begins or not (digits.isascii() and digits.isdecimal()) or digits != f"{int(digits):0{width}d}":
        return None
    name = _FIELD.sub(lambda field: begins[field[1]] if field[1] in RESETS[reset] else field[0], before)
    return Counted(name, int(digits))


def highest_counters(numbers: Iterable[str]) -> dict[str, int]:
    """Prefix -> the highest counter among these numbers, as `split_number` splits them."""
    highest: dict[str, str] = {}
    for number in numbers:
        prefix, digits = number[:-MIN_DIGITS], number[-MIN_DIGITS:]
        # All have as many digits, so of two texts the greater one is the higher number.
        if prefix and digits > highest.get(prefix, "") and digits.isascii() and digits.isdecimal():
            highest[prefix] = digits
    return {prefix: int(digits) for prefix, digits in highest.items()}
