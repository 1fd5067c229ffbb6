"""Follow-ups as a drawn graph: events, the rules that follow them, and what these run, from left to right.

A layered layout in the way of Sugiyama: each node stands one layer behind whatever leads to it, where a line that would
lead back is left aside; within its layer it stands near the middle of what leads to it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from unicodedata import east_asian_width

from billpolicy.report.html.markup import Html, el, joined

_WIDTH, _GAP_X, _GAP_Y, _LINE = 210, 46, 18, 18
_LETTER = 16
"""As wide as this is what the page has as the size of its letters."""
_LETTERS = 23
"""Of a line in a box, all as wide as one another; those of some scripts, and pictures, are twice as wide."""


class Node(NamedTuple):
    """A box. What it says is broken into lines; `kind` is its class."""

    id: str
    kind: str
    text: str
    href: str | None = None
    more: tuple[str, ...] = ()
    """What else it says, each on lines of its own."""


class _Box(NamedTuple):
    node: Node
    lines: list[str]
    x: int
    y: int
    height: int


def graph(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], label: str) -> Html:
    """A picture of the nodes and the edges between their ids, called `label` for whoever does not see it. It grows with
    the size of the reader's letters."""
    boxes = _placed(nodes, edges)
    width = max(box.x + _WIDTH for box in boxes.values()) + 2
    height = max(box.y + box.height for box in boxes.values()) + 2
    lines = (_line(boxes[of], boxes[to]) for of, to in edges)
    return el(
        "svg",
        *lines,
        *map(_drawn, boxes.values()),
        role="group",
        aria_label=label,
        viewBox=f"0 0 {width} {height}",
        width=f"{width / _LETTER:.3f}em",
        height=f"{height / _LETTER:.3f}em",
        class_="graph",
    )


def picture(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], name: str, label: str) -> Html:
    """The same where it may be wider than the page, and so is scrolled, with the keyboard too."""
    drawn = graph(nodes, edges, label)
    return el("div", drawn, class_="picture", tabindex="0", role="region", aria_label=name)


def _placed(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> dict[str, _Box]:
    layer = _layers([node.id for node in nodes], edges)
    boxes: dict[str, _Box] = {}
    for depth in range(max(layer.values()) + 1):
        here = [node for node in nodes if layer[node.id] == depth]
        above = {node.id: [boxes[of] for of, to in edges if to == node.id and of in boxes] for node in here}
        here.sort(key=lambda node: _middle(above[node.id]))
        bottom = 1
        for node in here:
            lines = [line for said in (node.text, *node.more) for line in _lines(said)]
            height = _LINE * len(lines) + 16
            y = max(bottom, _middle(above[node.id]) - height // 2)
            boxes[node.id] = _Box(node, lines, 1 + depth * (_WIDTH + _GAP_X), y, height)
            bottom = y + height + _GAP_Y
    return boxes


def _lines(text: str) -> list[str]:
    wide = any(east_asian_width(letter) in "WF" for letter in text)
    return textwrap.wrap(text, _LETTERS // 2 if wide else _LETTERS)


def _middle(boxes: Sequence[_Box]) -> int:
    return sum(box.y + box.height // 2 for box in boxes) // len(boxes) if boxes else 0


def _layers(ids: Sequence[str], edges: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Node -> how many steps it is behind a beginning, at most; of a circle, its first node begins."""
    after = {id: [to for of, to in edges if of == id] for id in ids}
    back: set[tuple[str, str]] = set()
    done: dict[str, None] = {}

    def follow(id: str, on_the_way: tuple[str, ...]) -> None:
        for to in after[id]:
            if to in on_the_way:
                back.add((id, to))
            elif to not in done:
                follow(to, (*on_the_way, to))
        done[id] = None

    led_to = {to for _, to in edges}
    for id in sorted(ids, key=lambda id: id in led_to):
        if id not in done:
            follow(id, (id,))
    layer = dict.fromkeys(ids, 0)
    for id in reversed(done):
        for to in after[id]:
            if (id, to) not in back:
                layer[to] = max(layer[to], layer[id] + 1)
    return layer


def _line(of: _Box, to: _Box) -> Html:
    x, y, end_x, end_y = of.x + _WIDTH, of.y + of.height // 2, to.x, to.y + to.height // 2
    bend = max((end_x - x) // 2, _GAP_X)
    line = el("path", d=f"M{x} {y}C{x + bend} {y} {end_x - bend} {end_y} {end_x} {end_y}", class_="edge")
    arrow = el("path", d=f"M{end_x - 8} {end_y - 4}l8 4l-8 4z", class_="arrow")
    return joined((line, arrow))


def _drawn(box: _Box) -> Html:
    texts = (
        el("text", line, x=box.x + 12, y=box.y + 8 + _LINE * (place + 1) - 5) for place, line in enumerate(box.lines)
    )
    frame = el("rect", x=box.x, y=box.y, width=_WIDTH, height=box.height, rx=7, class_=box.node.kind)
    drawn = joined((frame, *texts))
    return el("a", drawn, href=box.node.href) if box.node.href else el("g", drawn)
