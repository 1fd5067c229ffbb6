"""The matrix, with filters, what differs from the base, and from each cell a link to its rule."""

from __future__ import annotations

from billpolicy.report.html.matrix import matrix_body
from billpolicy.report.matrix import matrix_of
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.frame import framed
from billpolicy.service.versions import version_on


def _show(asked: Asked) -> Answer:
    matrix = matrix_of(version_on(asked))
    body = matrix_body(matrix)
    return framed(asked, f"Policy {matrix.policy}", body, styles=["matrix.css", "charts.css"], scripts=["matrix.js"])


PAGE = Endpoint("GET", "/pages/matrix", "The matrix of the policy.", "read", _show)
