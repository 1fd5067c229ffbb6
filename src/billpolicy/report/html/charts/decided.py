"""Which rules decided, over time: columns of days, weeks, months or years, in which each rule has its part."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.recording.record import Recorded, RecordedDecision, settings_of
from billpolicy.report.html.charts.frame import ABOVE, LEAST, LINE, broken, chart, em, text, wide
from billpolicy.report.html.charts.plane import HIGH, TALL, WIDE, days_below, level, plane, units
from billpolicy.report.html.charts.textures import TEXTURES, Area, texture
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import table

MOST = TEXTURES - 1
"""Rules that have a part of their own; all others are one."""
_THIN = Decimal(2)
"""How high a part is at least, in units of the plane, so that it is seen."""
_DAY = datetime.timedelta(days=1)


class Decision(NamedTuple):
    """Something was decided on a day by a rule."""

    date: datetime.date
    rule: str


def decisions_of(recorded: Iterable[Recorded], key: str | None = None, operation: str | None = None) -> list[Decision]:
    """The decisions of what was recorded, as by a ledger's `recorded()`, also those of steps.

    `key`: an attribute or a setting, and the rule is that which decided it; without one, the rules are the exceptions
    that matched, together. `operation`: of which alone.
    """
    return [
        Decision(one.operation.date, rule)
        for one in recorded
        for decision in one.operation.decisions
        if operation in (None, decision.operation) and (rule := _rule(decision, key)) is not None
    ]


def _rule(decision: RecordedDecision, key: str | None) -> str | None:
    if key is None:
        return " + ".join(decision.matched) or "no exception"
    outcome = decision.attributes.get(key) or settings_of(decision).get(key)
    return None if outcome is None else outcome.rule


def decisions_chart(decisions: Sequence[Decision], what: str) -> Html:
    """How many decisions each rule made, over time. `what` was decided: `payment_term of invoices`."""
    if not decisions:
        return el("p", f"No decision about {what} is on record.")
    span = _span(min(one.date for one in decisions), max(one.date for one in decisions))
    made = {period: Counter[str]() for period in _periods(span, decisions)}
    for one in decisions:
        made[span.begin(one.date)][one.rule] += 1
    parts = _parts(list(made.values()))
    names = [span.name(period) for period in made]
    columns = _columns(parts, max(each.total() for each in made.values()))
    top = LINE
    height, legend = _legend(parts, top + TALL + LINE + Decimal("0.4"))
    return chart(
        f"{what}: which rules decided, by {span.word}",
        f"{names[0]} to {names[-1]}. " + "; ".join(f"{part.name}: {part.whole}" for part in parts),
        height,
        (
            text(f"{columns.most:,}", "0", top - columns.above - ABOVE, soft=True),
            plane(columns.shapes, top),
            *days_below(names[0], names[-1], top + TALL),
            *legend,
        ),
        table((span.word, "decisions", "by rule"), map(_row, names, made.values()), numbers=("decisions",)),
        "What is less than a hundredth of the highest column is drawn as a thin line." if columns.thin else "",
    )


class _Span(NamedTuple):
    """How long a column is, on which day that begins which has a day in it, and how it is called."""

    word: str
    begin: Callable[[datetime.date], datetime.date]
    longest: datetime.timedelta
    """No column is longer."""
    name: Callable[[datetime.date], str]


_SPANS = (
    (31, _Span("day", lambda day: day, _DAY, str)),
    (182, _Span("week from Monday", lambda day: day - _DAY * day.weekday(), _DAY * 7, str)),
    (3 * 366, _Span("month", lambda day: day.replace(day=1), _DAY * 31, lambda day: f"{day:%Y-%m}")),
)
"""The most days for which there are columns of a length."""
_YEAR = _Span("year", lambda day: day.replace(month=1, day=1), _DAY * 366, lambda day: str(day.year))


def _span(first: datetime.date, last: datetime.date) -> _Span:
    days = (last - first).days + 1
    return next((span for most, span in _SPANS if days <= most), _YEAR)


def _periods(span: _Span, decisions: Iterable[Decision]) -> Iterator[datetime.date]:
    """Every one from the first decision to the last, also those in which nothing was decided."""
    days = {one.date for one in decisions}
    period, last = span.begin(min(days)), span.begin(max(days))
    yield period
    while period < last:
        period = span.begin(period + span.longest)
        yield period


class _Part(NamedTuple):
    """What a rule did in each column, or several rules together."""

    name: str
    counts: list[int]

    @property
    def whole(self) -> str:
        return f"{sum(self.counts):,}"


def _parts(columns: Sequence[Counter[str]]) -> list[_Part]:
    """What is drawn of each column, from the foot up: what the rules that decided most did, each and then the others
    together. Of rules that decided as often, that whose name comes first is lower."""
    every = sum(columns, Counter[str]())
    names = sorted(every, key=lambda name: (-every[name], name))
    own = names if len(names) <= TEXTURES else names[:MOST]  # a single other one goes by its own name
    parts = [_Part(name, [column[name] for column in columns]) for name in own]
    if others := names[len(own) :]:
        together = [sum(column[name] for name in others) for column in columns]
        parts.append(_Part(f"{len(others):,} others", together))
    return parts


class _Columns(NamedTuple):
    shapes: list[Html]
    most: int
    above: Decimal
    """How far the line of `most` is above the top of the plane, in letters: zero, or less where it is below."""
    thin: bool


def _columns(parts: Sequence[_Part], most: int) -> _Columns:
    """Columns that are as high as what they count, and the line of the highest."""
    thin = any(0 < count * HIGH < _THIN * most for part in parts for count in part.counts)
    # Thin lines are higher than what they stand for: room for all of them.
    room = HIGH - _THIN * len(parts) if thin else HIGH
    columns = len(parts[0].counts)
    slot = WIDE / columns
    width = min(slot * Decimal("0.8"), _WIDEST)
    # A single one stands above its day, which is told on the left.
    left = (slot - width) / 2 if slot < WIDE else Decimal(0)
    shapes = [level("grid", HIGH - room)]
    feet = [HIGH] * columns
    for number, part in enumerate(parts):
        areas = []
        for place, count in enumerate(part.counts):
            if count:
                height = max(room * count / most, _THIN)
                feet[place] -= height
                areas.append(Area(slot * place + left, feet[place], width, height))
        shapes.append(_filled(number, areas))
    return _Columns([*shapes, level("zero", HIGH)], most, (room - HIGH) * TALL / HIGH, thin)


_WIDEST = Decimal(60)
_LINES = 3
"""Of a name in the legend, at most."""


def _filled(number: int, areas: Iterable[Area]) -> Html:
    """Areas of a rule: its colour, and over it its texture."""
    areas = list(areas)
    frames = (
        el("rect", x=units(one.x), y=units(one.y), width=units(one.width), height=units(one.height)) for one in areas
    )
    lines = "".join(texture(number, one) for one in areas)
    return el("g", *frames, *([el("path", d=lines)] if lines else ()), class_=f"part part-{number + 1}")


def _legend(parts: Sequence[_Part], y: Decimal) -> tuple[Decimal, list[Html]]:
    """Which rule has which part, in the order in which these are seen, and how far down that goes."""
    shapes = []
    for number, part in reversed(list(enumerate(parts))):
        y += LINE
        key = _filled(number, [Area(Decimal(0), Decimal(0), Decimal(20), Decimal(13))])
        shapes.append(
            el("svg", key, x="0", y=em(y - Decimal("1.15")), width="1.4em", height="0.91em", viewBox="0 0 20 13")
        )
        shapes.append(text(part.whole, "100%", y - ABOVE, end=True))
        lines = broken(part.name, LEAST - 3 - wide(part.whole), _LINES)
        shapes += [text(line, "2em", y + LINE * at - ABOVE) for at, line in enumerate(lines)]
        y += LINE * (len(lines) - 1)
    return y, shapes


def _row(name: str, made: Counter[str]) -> tuple[str, str, str]:
    rules = sorted(made.items(), key=lambda one: (-one[1], one[0]))
    return name, f"{made.total():,}", joined((f"{rule}: {count:,}" for rule, count in rules), Html("<br>"))
