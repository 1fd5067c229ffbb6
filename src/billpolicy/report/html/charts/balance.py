"""What an account owed, day by day: a line that goes up with documents and down with money."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.accounting.movements import Movement, as_of, movements_of
from billpolicy.book.book import Book
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.html.charts.frame import ABOVE, LINE, chart, text
from billpolicy.report.html.charts.plane import HIGH, TALL, WIDE, days_below, level, plane, units
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE as BREAK
from billpolicy.report.html.pieces import table
from billpolicy.report.html.writing import AS_DATA, Writing

_ZERO = Decimal(0)
_MOST = 100
"""Days that are rows of the table; those before them are one."""


class Standing(NamedTuple):
    """What an account owes at the end of a day on which that changed."""

    date: datetime.date
    change: Decimal
    owed: Decimal
    what: tuple[str, ...]
    """The ids of the movements that changed it."""


def standings_of(movements: Iterable[Movement], account: str, day: datetime.date) -> dict[str, tuple[Standing, ...]]:
    """Currency -> what an account owed from its first movement until the end of a day. `movements`: in their order, as
    `movements_of(book)` has them."""
    changes: dict[str, dict[datetime.date, list[tuple[str, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    for one in as_of(movements, day):
        change = sum((effect.owed for effect in one.effects if effect.account == account), _ZERO)
        if change:
            changes[one.currency][one.date].append((one.id, change))
    return {currency: tuple(_standings(of_it)) for currency, of_it in sorted(changes.items())}


def _standings(changes: Mapping[datetime.date, Sequence[tuple[str, Decimal]]]) -> Iterator[Standing]:
    owed = _ZERO
    for date, made in sorted(changes.items()):
        change = sum((amount for _, amount in made), _ZERO)
        owed += change
        yield Standing(date, change, owed, tuple(id for id, _ in made))


def balance_charts_of(book: Book, account: str, day: datetime.date, writing: Writing = AS_DATA) -> Html:
    """The same of a book."""
    return balance_charts(movements_of(book), account, day, writing)


def balance_charts(movements: Iterable[Movement], account: str, day: datetime.date, writing: Writing = AS_DATA) -> Html:
    """What an account owed until the end of a day, a chart for each currency."""
    found = standings_of(movements, account, day)
    if not found:
        return el("p", f"Nothing was billed to {account} or paid by it until {writing.date(day)}.")
    return joined((_chart(account, currency, each, day, writing) for currency, each in found.items()), BREAK)


def _chart(account: str, currency: str, every: Sequence[Standing], day: datetime.date, writing: Writing) -> Html:
    """The line begins on the day of the first movement, at zero, and goes on to the day."""
    owed = every[-1].owed
    high, low = max(every, key=lambda one: one.owed), min(every, key=lambda one: one.owed)
    top, foot = LINE, LINE + TALL
    shapes = [_line(every, day, top), text(writing.plain(max(high.owed, _ZERO), currency), "0", top - ABOVE, soft=True)]
    if low.owed < 0:
        foot += LINE
        shapes.append(text(writing.plain(low.owed, currency), "0", foot - ABOVE, soft=True))
    return chart(
        f"What {account} owes as of {writing.date(day)}: {writing.plain(owed, currency)}",
        f"{writing.date(every[0].date)} to {writing.date(day)}. "
        f"At most {writing.plain(high.owed, currency)} on {writing.date(high.date)}, "
        f"at least {writing.plain(low.owed, currency)} on {writing.date(low.date)}, "
        f"at last {writing.plain(owed, currency)}.",
        foot + LINE,
        (*shapes, *days_below(writing.date(every[0].date), writing.date(day), foot)),
        table(
            ("day", "change", "owed then", "by"),
            _rows(every, writing),
            caption=f"amounts in {currency}; above zero is owed, below zero is money of the account",
            numbers=("change", "owed then"),
        ),
    )


def _line(every: Sequence[Standing], day: datetime.date, top: Decimal) -> Html:
    low, high = (extreme((_ZERO, *(one.owed for one in every))) for extreme in (min, max))
    days = max((day - every[0].date).days, 1)

    def y(amount: Decimal) -> Decimal:
        return (high - amount) * HIGH / (high - low) if high > low else HIGH

    drawn = "".join(f"H{units((one.date - every[0].date).days * WIDE / days)}V{units(y(one.owed))}" for one in every)
    line = el("path", d=f"M0 {units(y(_ZERO))}{drawn}H{WIDE}", class_="steps")
    bounds = (level("grid", y(amount)) for amount in (high, low) if amount)
    return plane([*bounds, level("zero", y(_ZERO)), line], top)


def _rows(every: Sequence[Standing], writing: Writing) -> Iterator[tuple[str, str, str, str]]:
    """The last days first; what is long ago is told together."""
    for one in reversed(every[-_MOST:]):
        yield str(one.date), writing.plain(one.change, signed=True), writing.plain(one.owed), ", ".join(one.what)
    if before := every[:-_MOST]:
        count = sum(len(one.what) for one in before)
        owed = before[-1].owed
        yield (
            f"until {before[-1].date}",
            writing.plain(owed, signed=True),
            writing.plain(owed),
            counted(count, "movement"),
        )
