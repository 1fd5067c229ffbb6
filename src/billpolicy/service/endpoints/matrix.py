"""From which levels each operation inherits each attribute."""

from __future__ import annotations

from billpolicy.report.matrix import matrix_of
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.parameters import ON
from billpolicy.service.versions import version_on


def _answer(asked: Asked) -> Answer:
    return Answer(matrix_of(version_on(asked)))


ENDPOINT = Endpoint(
    "GET",
    "/matrix",
    "The table of operations and attributes, with every rule that can change it.",
    "read",
    _answer,
    gives="matrix",
    parameters=(ON,),
)
