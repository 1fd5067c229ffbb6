"""One document and all that hangs on it."""

from __future__ import annotations

import billpolicy
from billpolicy.report.ledger import ledger_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    with found():
        return Answer(ledger_report(billpolicy.document(asked.serving.on, asked.path["number"])))


ENDPOINT = Endpoint(
    "GET",
    "/documents/{number}",
    "A document: what is open of it, what was put where, what was made from it, and how it was decided.",
    "read",
    _answer,
    gives="ledger-show",
    parameters=(Parameter("number", "Its number.", "path", example="KI-INV00000001"),),
    problems=("not-found",),
)
