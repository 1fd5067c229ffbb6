"""What became of a line, and what it came of."""

from __future__ import annotations

import billpolicy
from billpolicy.report.history import history_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    with found():
        return Answer(history_report(billpolicy.history(asked.serving.on, asked.path["name"])))


ENDPOINT = Endpoint(
    "GET",
    "/history/{name}",
    "What became of a line, step by step, and what it came of; of a ledger with who did it, when and why.",
    "read",
    _answer,
    gives="ledger-history",
    parameters=(
        Parameter(
            "name",
            "A line, the number of a document for each of its lines, or the id of a charge period; a slash in it is "
            "written as it is.",
            "path",
            example="KI-INV00000001/nights",
        ),
    ),
    problems=("not-found",),
)
