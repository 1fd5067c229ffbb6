"""What becomes of operations one after the other: counted, and told as they come, or all together in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import billpolicy
from billpolicy.report.batch_text import Tally
from billpolicy.report.ledger import PostedReport
from billpolicy.report.outcome import placed
from billpolicy.report.plan import plan_report
from billpolicy.report.results import findings, refusals, told
from billpolicy.report.served import BatchEnd, Progress, ResultLine
from billpolicy.report.waiting import waiting_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import LINES, Operations
from billpolicy.service.asked.operations import LET_WAIT
from billpolicy.service.endpoint import GoingOn

if TYPE_CHECKING:
    from billpolicy import Diagnostic, Instruction, Outcome, Versions, Waiting

_TELL_SECONDS = 1.0
"""How often it is told how far a batch is."""


class Result(NamedTuple):
    """What became of one operation."""

    outcome: Outcome
    waiting: Waiting | None = None
    """What waits now for approvals, which is all that it lacks."""


@dataclass
class Batch:
    """Operations that are done one after the other."""

    asked: Asked
    operations: Operations
    posting: bool = False
    tally: Tally = field(default_factory=Tally)
    waiting: int = 0
    count: int = 0
    """How many outcomes there will be, as far as is known."""

    def watch(self, outcomes: Iterable[Outcome], count: Callable[[], int], label: str) -> Iterator[Outcome]:
        """The outcomes as they come."""
        self.count = count()
        for outcome in outcomes:
            self.count = count()
            yield outcome
        self.count = count()

    def results(
        self, outcomes: Iterable[Outcome], settle: Callable[[Instruction, Outcome], Result] | None = None
    ) -> Iterator[Result]:
        """The outcomes, counted, each with the place of what is wrong; `settle` may let one wait."""
        for one, outcome in placed(self.operations.each, outcomes):
            outcome = _as_asked_here(outcome)
            result = Result(outcome) if settle is None else settle(one, outcome)
            self.asked.tell(result.outcome, posting=self.posting, waits=result.waiting is not None)
            if result.waiting is None:
                self.tally.add(one, result.outcome)
            else:
                self.waiting += 1
            yield result

    def lines(
        self,
        results: Iterable[Result],
        tell: Callable[[Outcome], ResultLine],
        end: Callable[[], tuple[Iterable[Diagnostic], str | None]],
    ) -> Iterator[ResultLine]:
        """A line for each, how far it is from time to time, and in the end what it adds up to. `end` gives, when all is
        done, what the batch is beyond and the head of the ledger."""
        done, last = 0, time.monotonic()
        for done, result in enumerate(results, 1):
            if result.waiting is not None:
                yield ResultLine(waiting=waiting_report(result.waiting))
            elif result.outcome.problems:
                yield ResultLine(refused=refusals([result.outcome])[0])
            else:
                yield tell(result.outcome)
            now = time.monotonic()
            if now - last >= _TELL_SECONDS:
                last = now
                yield ResultLine(progress=Progress(done=done, of=max(done, self.count)))
        beyond, head = end()
        tally = self.tally
        yield ResultLine(
            end=BatchEnd(
                done=tally.accepted,
                before=tally.repeated.total(),
                refused=len(tally.refused),
                waiting=self.waiting,
                not_posted=tally.given_up,
                not_tried=max(0, self.count - done),
                totals=tally.totals(0) if done else (),
                batch_limits=findings(beyond),
                head=head,
            )
        )


def _as_asked_here(outcome: Outcome) -> Outcome:
    """With what a program does next where commands would say which option to write."""
    hints = {"approval-missing": LET_WAIT}  # where `approved_by`, which a command would take, is refused here
    for closure in outcome.to_confirm:
        confirm = f"look at what it takes with it in the plan, then post it with `?confirm={closure.short_digest}`"
        hints |= dict.fromkeys(("closure-unconfirmed", "closure-changed"), confirm)
    problems = (one._replace(hint=hints.get(one.code, one.hint)) for one in outcome.problems)
    return replace(outcome, problems=tuple(problems))


def planned(asked: Asked, batch: Batch, going_on: GoingOn, *, instead: bool = False) -> Iterator[Outcome]:
    """What the operations would do, one after the other, as long as somebody wants to know."""
    outcomes = billpolicy.plan_all(
        asked.versions, asked.serving.on, batch.operations.each, today=asked.today, watch=batch.watch, instead=instead
    )
    for outcome in outcomes:
        yield outcome
        if not going_on():
            return


def planned_line(outcome: Outcome, versions: Versions) -> ResultLine:
    """What an operation would do."""
    if outcome.posted is not None:
        return ResultLine(posted_before=outcome.job.id)
    if outcome.plan is None:
        return ResultLine(not_posted=outcome.job.id)
    return ResultLine(planned=plan_report(outcome.plan, versions))


def posted_line(outcome: Outcome, versions: Versions) -> ResultLine:
    """What an operation did."""
    posted = outcome.posted
    if posted is None:
        return ResultLine(not_posted=outcome.job.id)
    plan = plan_report(posted.plan, None if posted.repeated else versions)
    return ResultLine(posted=told(PostedReport, posted, plan=plan))


def wants_lines(asked: Asked) -> bool:
    """Whether whoever asks takes the answer line by line."""
    return LINES in asked.headers.get("accept", "")
