"""What became of a line and what it came of: drawn, and step by step with who did it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import billpolicy
from billpolicy import History
from billpolicy.report.history_text import WORDS, name_of
from billpolicy.report.html.charts.trail import trail_graph
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, section, table
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.accounts import document_path
from billpolicy.service.pages.frame import framed
from billpolicy.service.pages.written import Written


def history_path(name: str) -> str:
    """Where the history of a line, or of the lines of a document, is shown."""
    return f"/pages/history/{quote(name, safe='')}"


def _show(asked: Asked) -> Answer:
    name = asked.path["name"]
    with asked.serving.documents() as on:
        history = billpolicy.history(on, name)
    body = joined(
        (
            section(2, _title(history, at), [*_trail(history, at, Written(asked))], f"trail-{at}")
            for at, _ in enumerate(history.trails)
        ),
        LINE,
    )
    return framed(asked, f"History of {name}", body, styles=["charts.css"], wide=True)


def _title(history: History, at: int) -> str:
    lines = history.trails[at].lines
    return name_of(lines[0].line) if lines else history.asked


def _trail(history: History, at: int, written: Written) -> Iterator[Html]:
    trail = history.trails[at]
    yield trail_graph(trail, _title(history, at), document_path)
    lines = {one.line: one for one in trail.lines}
    done = history.done or {}
    rows = []
    for step in trail.steps:
        by = None if step.by is None else lines.get(step.by)
        known = None if step.operation is None else done.get(step.operation)
        audit = None if known is None else known.audit
        rows.append(
            (
                written.day(step.date),
                WORDS[step.what],
                name_of(step.of) if step.of is not None else "",
                el("a", el("bdi", name_of(by.line)), href=document_path(by.document.number)) if by is not None else "",
                written.amount(by.item.amount, by.document.currency) if by is not None else "",
                "imported" if step.operation is None else el("code", step.operation),
                "" if audit is None else joined((el("bdi", audit.who), ", ", written.moment(audit.at))),
            )
        )
    yield table(("date", "what", "of", "by", "amount", "operation", "who"), rows, numbers=("amount",))


PAGE = Endpoint("GET", "/pages/history/{name}", "What became of a line, and what it came of.", "read", _show)
