"""The history of a line as a picture: boxes for lines and charge periods, arrows for what happened. Mermaid and DOT."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal, NamedTuple

from billpolicy.book.kinds import KINDS
from billpolicy.diagnostics.visible import visible
from billpolicy.periods.trail import Node, Step, TracedLine
from billpolicy.posting.history import History
from billpolicy.report.changes import STATUS, charge_text
from billpolicy.report.history_text import WORDS, name_of, state_of

_DAY = datetime.timedelta(days=1)
_PLAIN = frozenset(" ./,-")
"""What means nothing to Mermaid, beside letters and digits."""
_WIDE = '%%{init: {"flowchart": {"wrappingWidth": 400}}}%%'
"""Mermaid would break a line between two days."""


_Kind = Literal["invoice", "memo", "period"]


class _Box(NamedTuple):
    id: str
    kind: _Kind
    lines: list[str]


class _Arrow(NamedTuple):
    of: str
    to: str
    lines: list[str]


def history_mermaid(history: History) -> str:
    """As a flowchart of Mermaid, for a page in Markdown or HTML."""
    shapes = {"invoice": ("[", "]"), "memo": ("(", ")"), "period": ("{{", "}}")}
    told = [_WIDE, "flowchart TD"]
    for one in _picture(history):
        text = f'"{"<br/>".join(map(_in_mermaid, one.lines))}"'
        if isinstance(one, _Box):
            before, behind = shapes[one.kind]
            told.append(f"    {one.id}{before}{text}{behind}")
        else:
            told.append(f"    {one.of} -->|{text}| {one.to}")
    return "\n".join(told) + "\n"


def history_dot(history: History) -> str:
    """As a graph of Graphviz, in the DOT language."""
    shapes = {"invoice": "box", "memo": "note", "period": "hexagon"}
    told = ["digraph history {", '    node [fontname="sans-serif"];', '    edge [fontname="sans-serif"];']
    for one in _picture(history):
        text = '"' + "\\n".join(map(_in_dot, one.lines)) + '"'
        if isinstance(one, _Box):
            told.append(f"    {one.id} [shape={shapes[one.kind]}, label={text}];")
        else:
            told.append(f"    {one.of} -> {one.to} [label={text}];")
    return "\n".join([*told, "}"]) + "\n"


def _in_mermaid(text: str) -> str:
    """A text in which nothing is markup: each letter that could be is written as its number."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in visible(text))


def _in_dot(text: str) -> str:
    """A text in quotes, in which a backslash begins an escape and an ampersand an entity."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _picture(history: History) -> Iterator[_Box | _Arrow]:
    """Every box before the arrows to it, in the order in which they came."""
    names: dict[Node, str] = {}
    for trail in history.trails:
        lines = {one.line: one for one in trail.lines}
        for step in trail.steps:
            before = _before(step)
            if step.node not in names:
                names[step.node] = f"n{len(names) + 1}"
                told = [] if before is not None else [f"{WORDS[step.what]} {_when(step)}"]
                traced = None if step.by is None else lines[step.by]
                yield _Box(names[step.node], *(_line(traced, told) if traced is not None else _period(step, told)))
            if before is not None:
                yield _Arrow(names[before], names[step.node], [WORDS[step.what], _when(step)])


def _before(step: Step) -> Node | None:
    """What a step leads from; None where it begins."""
    if step.of is not None:
        return step.of
    return step.period.id if step.period is not None and step.by is not None else None


def _when(step: Step) -> str:
    """The day, and the operation: `2026-03-10, CR-1`."""
    return f"{step.date}, {step.operation}" if step.operation else f"{step.date}"


def _line(traced: TracedLine, told: list[str]) -> tuple[_Kind, list[str]]:
    document, item = traced.document, traced.item
    money = f"{item.amount} {document.currency}"
    lines = [f"{KINDS[document.kind].words} line {name_of(traced.line)}"]
    lines.append(f"{item.name}, {money}" if item.name else money)
    if item.service_start is not None:
        lines.append(f"{item.service_start} to {item.service_end or '?'}")
    state = [*state_of(traced), *([] if traced.left is None else [f"{traced.left} left"])]
    lines += [*told, *([", ".join(state)] if state else [])]
    return "invoice" if document.kind == "invoice" else "memo", lines


def _period(step: Step, told: list[str]) -> tuple[_Kind, list[str]]:
    assert step.period is not None
    days = f"{step.period.from_} to {step.period.until - _DAY}"
    return "period", [f"charge period of {charge_text(step.period)}", days, *told, STATUS[step.period.status]]
