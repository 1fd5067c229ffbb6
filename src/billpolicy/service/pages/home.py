"""Where somebody begins who typed no more than the name of the service."""

from __future__ import annotations

from billpolicy.report.html.markup import Html
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.login import FIRST


def _lead(asked: Asked) -> Answer:
    return Answer(Html(""), 303, {"location": FIRST})


PAGE = Endpoint("GET", "/", "To the first page.", None, _lead, quick=True)
