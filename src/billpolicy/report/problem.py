"""Why a request over HTTP was not answered: problem details (RFC 9457) that carry diagnostics."""

from __future__ import annotations

from billpolicy.report.results import Finding
from billpolicy.source.record import record


@record
class ProblemReport:
    """Why a request was not answered."""

    type: str
    """What kind of problem it is, as a name that stays: `urn:billpolicy:problem:refused`."""
    title: str
    status: int
    detail: str
    """What is wrong, in a sentence."""
    request: str
    """The id of the request, as the log has it."""
    diagnostics: tuple[Finding, ...] = ()
    """Every reason, each with a code, where it is, and what to do next."""
    to_confirm: tuple[str, ...] = ()
    """The digests that posting has to confirm, where nothing else is wrong."""
