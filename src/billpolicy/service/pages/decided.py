"""Which rules decided a cell of the matrix, over time: of what a ledger has posted."""

from __future__ import annotations

from urllib.parse import urlencode

from billpolicy.report.html.charts.decided import decisions_chart, decisions_of
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, section
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.frame import framed

_PATH = "/pages/matrix/decided"


def decided_link(asked: Asked, operation: str, key: str) -> Html:
    """A way there, where there is a ledger."""
    if asked.serving.ledger is None:
        return Html("")
    address = f"{_PATH}?{urlencode({'operation': operation, 'key': key})}"
    return el("p", el("a", "Which rules have decided it, over time", href=address))


def _show(asked: Asked) -> Answer:
    operation, key = asked.query.get("operation", ""), asked.query.get("key", "")
    what = f"{key} of {operation}"
    if asked.serving.ledger is None:
        told: Html = el("p", "A book has no record of what was decided: serve a ledger.", class_="note")
    else:
        with asked.serving.ledger.reading() as reader:
            told = decisions_chart(decisions_of(reader.recorded(), key, operation), what)
    back = el(
        "p", el("a", "Its rule now", href=f"/pages/matrix/rule?{urlencode({'operation': operation, 'key': key})}")
    )
    body = joined((section(2, "Rules over time", [told], "decided"), back), LINE)
    return framed(asked, f"Who decided {what}", body, styles=["charts.css"], wide=True)


PAGE = Endpoint("GET", _PATH, "Which rules decided it, over time.", "read", _show)
