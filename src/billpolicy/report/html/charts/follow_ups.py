"""What followed what in a plan, as a graph: an operation, and behind it each step with the rule that asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from billpolicy.report.explanation_text import place_text
from billpolicy.report.html.graph import Node, picture
from billpolicy.report.html.markup import Html, el
from billpolicy.report.html.pieces import table
from billpolicy.report.plan import PlanReport, Step

MOST = 3
"""Steps in a row with one operation and rule that are drawn one by one; those after them are one box."""


class Numbered(NamedTuple):
    """A step, and its number: `1.2` of the second one that follows the first."""

    number: str
    step: Step


def steps_of(plan: PlanReport, above: str = "") -> Iterator[Numbered]:
    """All steps of a plan, each before those that follow it. `above`: what their numbers begin with."""
    for count, step in enumerate(plan.steps, start=1):
        yield Numbered(f"{above}{count}", step)
        yield from steps_of(step.plan, f"{above}{count}.")


def follow_ups_graph(plan: PlanReport, anchor: str | None = None) -> Html:
    """All steps of a plan as a graph; nothing where nothing follows it.

    `anchor`: the page has a section for each step, to which its box leads: `{anchor}-1.2`.
    """
    every = list(steps_of(plan))
    if not every:
        return Html("")
    first = Node("", "operation", _words(plan.operation), more=(str(plan.date),))
    nodes, edges = [first], []
    for of, node in _boxes(plan, "", anchor):
        nodes.append(node)
        edges.append((of, node.id))
    label = "; ".join(" ".join((node.text, *node.more)) for node in nodes)
    rows = (
        (number, f"{one.plan.operation} on {one.plan.date}", one.after, one.rule.id, place_text(one.rule))
        for number, one in every
    )
    data = table(("step", "operation", "after", "by", "where"), rows)
    return el(
        "figure",
        el("figcaption", f"What follows {plan.id}"),
        picture(nodes, edges, f"What follows {plan.id}, as a graph", label),
        el("details", el("summary", "As a table"), data),
        class_="chart",
    )


def _boxes(plan: PlanReport, above: str, anchor: str | None) -> Iterator[tuple[str, Node]]:
    """Boxes for what follows an operation, each with the id of the box that leads to it; `above` begins their ids."""
    numbered = list(enumerate(plan.steps, start=1))
    for (operation, rule), alike in groupby(numbered, lambda one: (one[1].plan.operation, one[1].rule.id)):
        steps = list(alike)
        shown = steps if len(steps) <= MOST + 1 else steps[:MOST]
        for count, step in shown:
            number = f"{above}{count}"
            href = None if anchor is None else f"#{anchor}-{number}"
            yield above, Node(f"{number}.", "step", f"{number}. {_words(operation)}", href, (f"by {rule}",))
            yield from _boxes(step.plan, f"{number}.", anchor)
        if shown != steps:
            rest = f"and {len(steps) - MOST:,} more {_words(operation)}"
            yield above, Node(f"{above}{steps[MOST][0]} and more", "step", rest, more=(f"by {rule}",))


def _words(operation: str) -> str:
    """Its name as it is broken into lines."""
    return operation.replace("_", " ")
