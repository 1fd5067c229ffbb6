"""What goes wrong, as problem details (RFC 9457) that carry our diagnostics. No trace, no path and no secret is in any.

Types are names and no addresses: what each means stands in `docs/service.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from starlette.responses import Response

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.report.results import Finding, findings
from billpolicy.source.record import record
from billpolicy.source.write import plain_data

if TYPE_CHECKING:
    from billpolicy import Outcome

TYPE = "application/problem+json"
PREFIX = "urn:billpolicy:problem:"
ProblemName = Literal[
    "body-type",
    "body-too-large",
    "body-too-slow",
    "busy",
    "failed",
    "head-too-large",
    "head-wrong",
    "ledger-fails",
    "scope-missing",
    "not-found",
    "unauthenticated",
    "other-origin",
    "policy-changed",
    "refused",
    "stopping",
    "too-many",
    "wrong-method",
]
STATUS: Mapping[ProblemName, int] = {
    "body-type": 415,
    "body-too-large": 413,
    "body-too-slow": 408,
    "busy": 503,
    "failed": 500,
    "head-too-large": 431,
    "head-wrong": 400,
    "ledger-fails": 503,
    "scope-missing": 403,
    "not-found": 404,
    "unauthenticated": 401,
    "other-origin": 403,
    "policy-changed": 412,
    "refused": 422,
    "stopping": 503,
    "too-many": 429,
    "wrong-method": 405,
}


@record
class ProblemReport:
    """Why a request was not answered."""

    type: str
    title: str
    status: int
    detail: str
    """What is wrong, in a sentence."""
    request: str
    """The id of the request, as the log has it."""
    diagnostics: tuple[Finding, ...] = ()
    """Every reason, each with a code, where it is, and what to do next."""


class Problem(Exception):
    """Why a request cannot be answered, raised where that is found."""

    def __init__(
        self,
        name: ProblemName,
        detail: str,
        diagnostics: Iterable[Diagnostic] = (),
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.diagnostics = tuple(in_order(diagnostics))
        self.status = STATUS[name] if status is None else status
        self.headers = dict(headers or {})

    def report(self, request: str) -> ProblemReport:
        """What is answered."""
        return ProblemReport(
            type=PREFIX + self.name,
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            request=request,
            diagnostics=findings(self.diagnostics),
        )


def answer_of(problem: Problem, request: str) -> Response:
    """The answer that tells it. `request`: the id of the request."""
    text = json.dumps(plain_data(problem.report(request)), ensure_ascii=False)
    return Response(text + "\n", problem.status, problem.headers, TYPE)


def refuse_alone(outcomes: Iterable[Outcome]) -> None:
    """Raise `Refused` with every reason, of what was asked for alone."""
    problems = [problem for one in outcomes for problem in one.problems]
    if problems:
        raise Refused(problems)
