"""From which levels each operation inherits each attribute."""

from __future__ import annotations

from billpolicy.report.matrix import matrix_of
from billpolicy.service.conditions import OR_KNOWN, unless_known
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.parameters import IF_NONE_MATCH, ON
from billpolicy.service.versions import version_on


def _answer(asked: Asked) -> Answer:
    return unless_known(asked) or Answer(matrix_of(version_on(asked)))


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
