"""From which levels each operation inherits each attribute."""

from __future__ import annotations

from billpolicy.report.matrix import matrix_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.conditions import OR_KNOWN, is_known
from billpolicy.service.asked.parameters import IF_NONE_MATCH, ON
from billpolicy.service.asked.versions import version_on
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    return Answer(b"", 304) if is_known(asked) else Answer(matrix_of(version_on(asked)))


ENDPOINT = Endpoint(
    "GET",
    "/matrix",
    "The table of operations and attributes, with every rule that can change it.",
    "read",
    _answer,
    gives="matrix",
    parameters=(ON, IF_NONE_MATCH),
    statuses=OR_KNOWN,
)
