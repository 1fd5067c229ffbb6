"""What goes wrong, as problem details (RFC 9457) that carry our diagnostics. No trace, no path and no secret is in any.

Types are names and no addresses: what each means stands in `docs/service.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from starlette.responses import Response

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.report.problem import ProblemReport
from billpolicy.report.results import findings
from billpolicy.service.writing import json_line

if TYPE_CHECKING:
    from billpolicy import Outcome

TYPE = "application/problem+json"
PREFIX = "urn:billpolicy:problem:"
ProblemName = Literal[
    "actor-chosen",
    "body-type",
    "body-too-large",
    "body-too-slow",
    "busy",
    "failed",
    "head-too-large",
    "head-wrong",
    "ledger-fails",
    "key-differs",
    "no-actor",
    "no-ledger",
    "operation-differs",
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
    "actor-chosen": 403,
    "body-type": 415,
    "body-too-large": 413,
    "body-too-slow": 408,
    "busy": 503,
    "failed": 500,
    "head-too-large": 431,
    "head-wrong": 400,
    "ledger-fails": 503,
    "key-differs": 422,
    "no-actor": 403,
    "no-ledger": 409,
    "operation-differs": 409,
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


class Problem(Exception):
    """Why a request cannot be answered, raised where that is found."""

    def __init__(
        self,
        name: ProblemName,
        detail: str,
        diagnostics: Iterable[Diagnostic] = (),
        *,
        to_confirm: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.diagnostics = tuple(in_order(diagnostics))
        self.status = STATUS[name]
        self.to_confirm = tuple(to_confirm)
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
            to_confirm=self.to_confirm,
        )


def problem_in(error: Exception) -> Problem:
    """What is answered for something that was raised: of what is a bug of ours no more than that it is one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused) and _is_of_the_ledger(error):
        detail = f"the ledger cannot be used now: {error.diagnostics[0].message}"
        told = [one._replace(position=None, hint=None) for one in error.diagnostics]  # which name the files of it
        return Problem("ledger-fails", detail, told, headers={"retry-after": "5"})
    if isinstance(error, Refused):
        count = len(error.diagnostics)
        detail = error.diagnostics[0].message if count == 1 else f"there are {count} reasons why this cannot be done"
        return Problem("refused", detail, error.diagnostics)
    return Problem("failed", "this failed by a mistake in the program; its log has more under the id of the request")


def _is_of_the_ledger(error: Refused) -> bool:
    """Whether the ledger, or the way to it, is what fails, and nothing that was asked is to blame."""
    return all(one.code.startswith("ledger-") and one.code != "ledger-changed" for one in error.diagnostics)


NAMES: dict[int, ProblemName] = {404: "not-found", 405: "wrong-method"}
"""What a router answers by itself."""


def answer_of(problem: Problem, request: str) -> Response:
    """The answer that tells it. `request`: the id of the request."""
    return Response(json_line(problem.report(request)), problem.status, problem.headers, TYPE)


def refuse_alone(outcomes: Iterable[Outcome]) -> None:
    """Raise with every reason, of what was asked for alone: `Problem` where its id was posted before with other content
    or something is to be confirmed, else `Refused`."""
    outcomes = list(outcomes)
    problems = [problem for one in outcomes for problem in one.problems]
    if not problems:
        return
    to_confirm = [closure.digest for one in outcomes for closure in one.to_confirm]
    if all(problem.code == "operation-differs" for problem in problems):
        what = "1 field differs" if len(problems) == 1 else f"{len(problems)} fields differ"
        raise Problem("operation-differs", f"this id was posted before with other content: {what}", problems)
    if to_confirm:
        raise Problem("refused", problems[0].message, problems, to_confirm=to_confirm)
    raise Refused(problems)
