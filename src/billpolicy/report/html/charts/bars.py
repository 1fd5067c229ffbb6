"""Bars that lie below one another, each below its name and its amount: readable on a phone, and with long names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.report.html.charts.frame import ABOVE, LEAST, LINE, SEEN, em, percent, short, text, wide
from billpolicy.report.html.markup import Html, el
from billpolicy.report.html.writing import Writing

_THICK, _APART = Decimal("0.7"), Decimal("0.65")
"""How thick a bar is, and how far the next one is below."""
_ZERO = Decimal(0)


class Piece(NamedTuple):
    """A part of a bar, which begins where the one before it ends. `kind` is its class."""

    kind: str
    amount: Decimal


class Bar(NamedTuple):
    """A bar from zero on, to the left of it below zero, with what stands above and below it: left, and right."""

    above: tuple[str, str]
    pieces: tuple[Piece, ...]
    below: tuple[str, str] = ("", "")


class Drawn(NamedTuple):
    """Bars as they are drawn."""

    shapes: tuple[Html, ...]
    height: Decimal
    whole: Decimal
    """The amount that a bar as wide as the chart has."""
    thin: tuple[str, ...]
    """The names of those of which a part would not be seen, and so is drawn wider than it is."""


class _Scale(NamedTuple):
    low: Decimal
    whole: Decimal

    def at(self, amount: Decimal) -> str:
        return percent(amount - self.low, self.whole)


def bars(every: Sequence[Bar]) -> Drawn:
    """All of them on one scale, which has zero in it."""
    ends = [_ZERO, *(end for bar in every for _, end, _ in _laid(bar))]
    scale = _Scale(min(ends), max(ends) - min(ends))
    shapes: list[Html] = []
    y = _ZERO
    for bar in every:
        for line in _lines(*bar.above):
            y += LINE
            shapes += _said(line, y - ABOVE, soft=False)
        shapes.append(el("g", *_pieces(bar, y, scale)))
        y += _THICK if bar.pieces else 0
        for line in _lines(*bar.below):
            y += LINE
            shapes += _said(line, y - ABOVE, soft=True)
        y += _APART
    if scale.low < 0:
        shapes.append(el("line", x1=scale.at(_ZERO), x2=scale.at(_ZERO), y1="0", y2=em(y - _APART), class_="zero"))
    thin = (bar.above[0] for bar in every if any(_thin(piece.amount, scale) for piece in bar.pieces))
    return Drawn(tuple(shapes), y, scale.whole, tuple(thin))


def _laid(bar: Bar) -> Iterator[tuple[Decimal, Decimal, Piece]]:
    """Where each piece begins and ends."""
    at = _ZERO
    for piece in bar.pieces:
        yield at, at + piece.amount, piece
        at += piece.amount


def _pieces(bar: Bar, y: Decimal, scale: _Scale) -> Iterator[Html]:
    for start, end, piece in _laid(bar):
        if _thin(piece.amount, scale):
            x = scale.at(start)
            yield el("line", x1=x, x2=x, y1=em(y), y2=em(y + _THICK), class_=f"thin {piece.kind}")
        elif piece.amount:
            yield el(
                "rect",
                x=scale.at(min(start, end)),
                y=em(y),
                width=percent(abs(piece.amount), scale.whole),
                height=em(_THICK),
                class_=piece.kind,
            )


def _thin(amount: Decimal, scale: _Scale) -> bool:
    return amount != 0 and abs(amount) < SEEN * scale.whole


def _lines(left: str, right: str) -> list[tuple[str, str]]:
    """Both on one line, where there is room for them on a phone; nothing of nothing."""
    if not left and not right:
        return []
    room = LEAST - wide(right) - 1 if right else LEAST
    if wide(left) <= room:
        return [(left, right)]
    return [(short(left, LEAST), ""), ("", right)] if right else [(short(left, LEAST), "")]


def _said(line: tuple[str, str], y: Decimal, *, soft: bool) -> Iterator[Html]:
    left, right = line
    if left:
        yield text(left, "0", y, soft=soft)
    if right:
        yield text(right, "100%", y, end=True, soft=soft)


def scale_note(drawn: Drawn, currency: str, writing: Writing) -> str:
    """What must be said of the scale, where something is drawn wider than it is."""
    if not drawn.thin:
        return ""
    few = [short(name, LEAST) for name in drawn.thin[:_FEW]]
    more = f" and {len(drawn.thin) - _FEW:,} more" if len(drawn.thin) > _FEW else ""
    whole = f"The whole width is {writing.plain(drawn.whole, currency)}"
    return f"{whole}. What is less than a two-hundredth of it is drawn as a thin line: {', '.join(few)}{more}."


_FEW = 3
