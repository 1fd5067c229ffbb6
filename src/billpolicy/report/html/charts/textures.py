"""Textures, by which areas are told apart without their colours: lines that are drawn within them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from billpolicy.report.html.charts.plane import units

_APART = Decimal(7)
"""From one line to the next."""


class Area(NamedTuple):
    """A rectangle: its left upper corner, and how wide and high it is."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal


def texture(number: int, area: Area) -> str:
    """The lines of a texture within an area, as the path of SVG; empty for the first one, which is plain, and in areas
    that are too low for any line. There are `TEXTURES` of them."""
    return "".join(line for draw in _DRAWN[number] for line in draw(area))


def _flat(area: Area) -> Iterator[str]:
    y = area.y + _APART / 2
    while y < area.y + area.height:
        yield f"M{units(area.x)} {units(y)}h{units(area.width)}"
        y += _APART


def _upright(area: Area) -> Iterator[str]:
    for part in (1, 2, 3):
        yield f"M{units(area.x + area.width * part / 4)} {units(area.y)}v{units(area.height)}"


def _middle(area: Area) -> Iterator[str]:
    yield f"M{units(area.x + area.width / 2)} {units(area.y)}v{units(area.height)}"


def _rising(area: Area) -> Iterator[str]:
    for left, right, start, end in _slanted(area):
        yield f"M{units(left)} {units(start)}L{units(right)} {units(end)}"


def _falling(area: Area) -> Iterator[str]:
    mirrored = 2 * area.x + area.width
    for left, right, start, end in _slanted(area):
        yield f"M{units(mirrored - left)} {units(start)}L{units(mirrored - right)} {units(end)}"


def _slanted(area: Area) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal]]:
    """Lines that rise from the left edge by `_RISE` to the right one, as far as they lie within the area."""
    bottom = area.y + area.height
    foot = area.y + _APART
    while foot < bottom + _RISE:
        # How far along it enters from below, and leaves at the top.
        enters, leaves = max(Decimal(0), (foot - bottom) / _RISE), min(Decimal(1), (foot - area.y) / _RISE)
        if enters < leaves:
            left, right = area.x + area.width * enters, area.x + area.width * leaves
            yield left, right, foot - _RISE * enters, foot - _RISE * leaves
        foot += _APART


_RISE = Decimal(14)
_DRAWN: tuple[tuple[Callable[[Area], Iterator[str]], ...], ...] = (
    (),
    (_rising,),
    (_flat,),
    (_upright,),
    (_falling,),
    (_flat, _middle),
    (_rising, _falling),
    (_middle,),
)
TEXTURES = len(_DRAWN)
