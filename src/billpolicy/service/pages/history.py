"""What became of a line and what it came of: drawn, and step by step with who did it, when and why."""

from __future__ import annotations

from collections.abc import Iterator

import billpolicy
from billpolicy import History
from billpolicy.report.changes import charge_text
from billpolicy.report.history_text import WORDS, name_of, state_of
from billpolicy.report.html.charts.trail import trail_graph
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import section, table
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.links import document_address, named
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.written import Written, written_for


def _show(asked: Asked) -> Answer:
    name, written = asked.path["name"], written_for(asked)
    with found():
        history = billpolicy.history(asked.serving.on, name)
    trails = (
        section(2, _title(history, at), [*_trail(history, at, written)], f"trail-{at}")
        for at, _ in enumerate(history.trails)
    )
    return money_page(asked, f"History of {name}", *trails, styles=["charts.css"], wide=True)


def _title(history: History, at: int) -> str:
    lines = history.trails[at].lines
    return name_of(lines[0].line) if lines else history.asked


def _trail(history: History, at: int, written: Written) -> Iterator[Html]:
    trail = history.trails[at]
    yield trail_graph(trail, _title(history, at), document_address, written)
    lines = {one.line: one for one in trail.lines}
    rows = []
    for step in trail.steps:
        by = None if step.by is None else lines.get(step.by)
        link = Html("") if by is None else el("a", named(name_of(by.line)), href=document_address(by.document.number))
        if step.period is not None:
            about = named(charge_text(step.period))
        else:
            about = link if step.of is None else named(name_of(step.of))
        rows.append(
            (
                written.day(step.date),
                about,
                WORDS[step.what],
                "" if about == link else link,
                written.amount(by.item.amount, by.document.currency) if by is not None else "",
                _done(history, step.operation, written),
            )
        )
    columns = ("date", "line or charge", "what happened", "by line", "amount", "done")
    yield section(3, "Step by step", [table(columns, rows, numbers=("amount",))], class_="trail figures")
    yield section(3, "How its lines stand now", [_now(history, at, written)], class_="figures")


def _done(history: History, operation: str | None, written: Written) -> Html:
    """The operation, who posted it, when and why; of a book nobody knows."""
    if operation is None:
        return Html("imported" if history.done is not None else "")
    done = (history.done or {}).get(operation)
    if done is None:
        return el("code", operation)
    audit = done.audit
    approved = (", approved by ", joined(map(named, audit.approved_by), " and ")) if audit.approved_by else ()
    why = (": ", named(audit.why)) if audit.why else ()
    who = el("div", "by ", named(audit.who), *approved, ", ", written.moment(audit.at), *why)
    return joined((el("code", operation), who))


def _now(history: History, at: int, written: Written) -> Html:
    rows = (
        (
            el("a", named(name_of(one.line)), href=document_address(one.document.number)),
            named(one.item.name or ""),
            written.days(one.item.service_start, one.item.service_end),
            written.amount(one.item.amount, one.document.currency),
            "" if one.left is None else written.amount(one.left, one.document.currency),
            ", ".join(state_of(one)),
        )
        for one in history.trails[at].lines
    )
    columns = ("line", "what", "days", "amount", "left", "state")
    return table(columns, rows, numbers=("amount", "left"))


PAGE = Endpoint("GET", "/pages/history/{name}", "What became of a line, and what it came of.", "read", _show)
