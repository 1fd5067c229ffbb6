"""The matrix: filters, what differs from the base, and from each cell the rule that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.matrix import before_text, matrix_body, outcome_text, value_text
from billpolicy.report.html.pieces import LINE, listed, place, section, terms
from billpolicy.report.matrix import Exceptional, Inherited, Matrix, Settled, matrix_of
from billpolicy.report.results import days_text
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.chosen_version import chosen_version, version_choice
from billpolicy.service.pages.decided import decided_link
from billpolicy.service.pages.frame import framed, is_for_part, part
from billpolicy.service.pages.policy_text import quoted
from billpolicy.service.problems import Problem

if TYPE_CHECKING:
    from billpolicy import Policy

_MOST_SHOWN = 20
"""Exceptions of a cell that are told whole; of more, the others are told in a line each."""


def _show(asked: Asked) -> Answer:
    policy = chosen_version(asked)

    def opens(operation: str, key: str) -> dict[str, str]:
        query = urlencode({"operation": operation, "key": key, "on": policy.effective.from_.isoformat()})
        address = f"/pages/matrix/rule?{query}"
        return {"href": address, "hx_get": address, "hx_target": "#rule", "aria_haspopup": "dialog"}

    matrix = matrix_of(policy)
    dialog = el("dialog", id="rule", class_="side", aria_label="The rule of a cell")
    body = joined((version_choice(asked, policy), matrix_body(matrix, opens), dialog), LINE)
    return framed(
        asked,
        f"Policy {matrix.policy}",
        body,
        styles=["matrix.css", "charts.css", "explain.css"],
        scripts=["matrix.js"],
        wide=True,
    )


def _rule(asked: Asked) -> Answer:
    policy = chosen_version(asked)
    matrix = matrix_of(policy)
    operation, key = asked.query.get("operation", ""), asked.query.get("key", "")
    cell = _cell(matrix, operation, key)
    if cell is None:
        raise Problem("not-found", f"no operation `{operation}` has `{key}` in this policy: choose one in the matrix")
    title, level = f"{key} of {operation}", 3 if is_for_part(asked) else 2
    body = joined((_told(policy, matrix, key, cell, level), decided_link(asked, operation, key)), LINE)
    if is_for_part(asked):
        close = el("form", el("button", "Close"), method="dialog", class_="close")
        return part(joined((close, el("h2", title, tabindex="-1", data_focus=True), body), LINE))
    back = el("p", el("a", "All of the matrix", href="/pages/matrix?" + urlencode({"on": asked.query.get("on", "")})))
    return framed(asked, title, joined((body, back), LINE), styles=["explain.css"])


def _cell(matrix: Matrix, operation: str, key: str) -> Inherited | Settled | None:
    row = next((one for one in matrix.operations if one.operation == operation), None)
    return None if row is None else row.attributes.get(key) or row.settings.get(key)


def _told(policy: Policy, matrix: Matrix, key: str, cell: Inherited | Settled, level: int) -> Html:
    """What is decided where no exception says otherwise, by which rule, and which exceptions can, below a heading of
    the level above `level`."""
    before = before_text(cell)
    told = {
        "value": value_text(cell) if isinstance(cell, Settled) else "",
        f"in {matrix.base}": before or "",
        "because": said(cell.rule.because or ""),
        "where": place(cell.rule),
    }
    exceptions = [one for one in matrix.exceptions if one.rule.id in cell.exceptions]
    return joined(
        (
            _levels(cell),
            terms(told),
            quoted(policy, cell.rule.file, cell.rule.line),
            *_can_change(policy, key, exceptions, level),
        ),
        LINE,
    )


def _levels(cell: Inherited | Settled) -> Html:
    """The chain as a row of boxes, as in an explanation: the first level that has a value wins."""
    if isinstance(cell, Settled):
        return Html("")
    steps = (el("li", level) for level in cell.chain)
    return joined(
        (
            el("p", "The first of these that has a value:", class_="soft"),
            el("ol", *steps, class_="chain plain", aria_label="Levels"),
        )
    )


def _can_change(policy: Policy, key: str, exceptions: list[Exceptional], level: int) -> Iterator[Html]:
    if not exceptions:
        yield el("p", "No exception can change it.", class_="note")
        return
    told = [_exception(policy, key, one, level + 1) for one in exceptions[:_MOST_SHOWN]]
    more = exceptions[_MOST_SHOWN:]
    if more:
        brief = (said(f"{one.rule.id}: {_when(one)}: {outcome_text(one.then[key])}") for one in more)
        told.append(el("details", el("summary", f"and {len(more)} more"), listed(brief)))
    count = len(exceptions)
    yield section(level, f"{count} exceptions can change it" if count > 1 else "One exception can change it", told)


def _when(one: Exceptional) -> str:
    return " and ".join(one.when) or "always"


def _exception(policy: Policy, key: str, one: Exceptional, level: int) -> Html:
    told = {
        "when": said(_when(one)),
        "then": outcome_text(one.then[key]),
        "in force": days_text(one.in_force),
        "beats": ", ".join(one.overrides),
        "because": said(one.rule.because or ""),
        "where": place(one.rule),
    }
    lines = el("details", el("summary", "Its lines"), quoted(policy, one.rule.file, one.rule.line))
    return el("article", el(f"h{level}", one.rule.id), terms(told), lines, class_="card")


PAGE = Endpoint("GET", "/pages/matrix", "The matrix of the policy.", "read", _show)
RULE = Endpoint(
    "GET",
    "/pages/matrix/rule",
    "The rule of a cell of the matrix, and the exceptions that can change it.",
    "read",
    _rule,
)
