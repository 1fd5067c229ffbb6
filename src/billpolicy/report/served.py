"""What is asked and answered over HTTP alone, beside what commands answer as JSON, too."""

from __future__ import annotations

from billpolicy.report.explanation import ExplanationReport
from billpolicy.report.ledger import PostedReport
from billpolicy.report.plan import PlanReport
from billpolicy.report.problem import ProblemReport
from billpolicy.report.results import Finding, Refusal, Total
from billpolicy.report.waiting import WaitingReport
from billpolicy.source.record import record
from billpolicy.source.scalars import Prose, Text


@record
class WaitingNamed:
    """An operation that waits, and what is to be remembered of what becomes of it: what `/approve` and `/withdraw`
    take."""

    id: Text
    comment: Prose | None = None


@record
class Progress:
    """How far a batch is."""

    done: int
    of: int
    """How many there will be, as far as is known: a bill run over every account is divided on the way."""


@record
class BatchEnd:
    """How a batch ended."""

    done: int
    """How many are planned or posted."""
    before: int
    """How many had been posted before."""
    refused: int
    waiting: int
    """How many wait for approvals now."""
    not_posted: int
    """Those of an atomic batch with which nothing was wrong, but others were refused."""
    not_tried: int
    """How many were not begun any more: nobody listened, or the service was to stop."""
    totals: tuple[Total, ...]
    batch_limits: tuple[Finding, ...] = ()
    """Of what was planned: the limits of the policy that these operations together go beyond."""
    head: str | None = None
    """Of a ledger that was posted to: what stands for all that was ever written into it."""


@record
class ResultLine:
    """A line of an answer that is sent line by line: one of these. The last line is `end`, or a `problem` because of
    which nothing more comes; what was told before holds."""

    explained: ExplanationReport | None = None
    planned: PlanReport | None = None
    posted: PostedReport | None = None
    posted_before: str | None = None
    """The id of an operation that the ledger has already, where it was to be planned."""
    waiting: WaitingReport | None = None
    refused: Refusal | None = None
    not_posted: str | None = None
    """The id of an operation with which nothing was wrong, while others of an atomic batch were refused."""
    progress: Progress | None = None
    end: BatchEnd | None = None
    problem: ProblemReport | None = None
