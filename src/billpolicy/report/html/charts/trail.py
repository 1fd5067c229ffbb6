"""What became of a line and what it came of, drawn: from what was billed first to what stands now."""

from __future__ import annotations

from collections.abc import Callable

from billpolicy.book.kinds import KINDS
from billpolicy.periods.trail import Node as Traced
from billpolicy.periods.trail import Step, TracedLine, Trail
from billpolicy.report.changes import STATUS, charge_text
from billpolicy.report.history_text import WORDS, name_of, state_of
from billpolicy.report.html.graph import Node, picture
from billpolicy.report.html.markup import Html
from billpolicy.report.html.writing import AS_DATA, Writing

Link = Callable[[str], str]
"""The number of a document -> where it is shown."""


def trail_graph(trail: Trail, asked: str, link: Link | None = None, writing: Writing = AS_DATA) -> Html:
    """A box for each line and each charge period, with what happened to it, and a line from what it happened to."""
    lines = {one.line: one for one in trail.lines}
    nodes: dict[Traced, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    for step in trail.steps:
        if step.node not in nodes:
            traced = None if step.by is None else lines.get(step.by)
            nodes[step.node] = _box(f"{len(nodes)}", step, traced, link, writing)
    for step in trail.steps:
        before = _before(step)
        if before is not None and before in nodes and nodes[before].id != nodes[step.node].id:
            edges[nodes[before].id, nodes[step.node].id] = None
    label = "; ".join(" ".join((node.text, *node.more)) for node in nodes.values())
    return picture(list(nodes.values()), list(edges), f"The trail of {asked}, as a graph", label)


def _before(step: Step) -> Traced | None:
    """What a step leads from; None where it begins."""
    if step.of is not None:
        return step.of
    return step.period.id if step.period is not None and step.by is not None else None


def _box(id: str, step: Step, traced: TracedLine | None, link: Link | None, writing: Writing) -> Node:
    happened = f"{WORDS[step.what]} {step.date}"
    if traced is None:
        assert step.period is not None
        status = STATUS[step.period.status]
        return Node(id, "rule", f"charge period of {charge_text(step.period)}", more=(happened, status))
    document = traced.document
    state = [*state_of(traced), *([] if traced.left is None else [f"{writing.plain(traced.left)} left"])]
    said = (happened, writing.plain(traced.item.amount, document.currency), *([", ".join(state)] if state else []))
    href = None if link is None else link(document.number)
    kind = "operation" if document.kind == "invoice" else "step"
    return Node(id, kind, f"{KINDS[document.kind].words} {name_of(traced.line)}", href, said)
