"""Operations posted to the ledger: one, or many in groups that are one transaction each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import billpolicy
from billpolicy import Instruction, Ledger, Outcome
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.batch_text import MANY
from billpolicy.report.ledger import posting_report
from billpolicy.report.outcome import is_told
from billpolicy.service.answers.batches import Batch, Result, posted_line, wants_lines
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import actor_of, ledger_of, operations_asked
from billpolicy.service.asked.parameters import CONFIRM, IF_MATCH, KEY, TODAY, TRUTH, Parameter, is_said
from billpolicy.service.endpoint import Answer, Endpoint, GoingOn, Lines
from billpolicy.service.problems import Problem, refuse_alone

WAIT = Parameter("wait", "Let what lacks nothing but approvals wait for them in the ledger.", pattern=TRUTH)
ATOMIC = Parameter("atomic", "Post all of them or none: if one is refused, nothing is posted.", pattern=TRUTH)


def _answer(asked: Asked) -> Answer:
    ledger, who = ledger_of(asked), actor_of(asked)
    batch = Batch(asked, operations_asked(asked), posting=True)
    if is_said(asked, "wait") and is_said(asked, "atomic"):
        hint = "leave one of them out"
        message = "what is posted all or nothing cannot wait in part"
        raise Refused([Diagnostic("value-wrong", message, Position("?wait"), hint)])
    going_on = GoingOn()
    results = _posted(asked, ledger, who, batch, going_on)
    if wants_lines(asked):
        end = lambda: ((), _head(ledger))  # noqa: E731
        return Answer(Lines(batch.lines(results, lambda one: posted_line(one, asked.versions), end), going_on))
    every = list(results)
    waiting = [one.waiting for one in every if one.waiting is not None]
    outcomes = [one.outcome for one in every if one.waiting is None]
    if batch.operations.alone and len(every) <= 1:
        refuse_alone(outcomes)
        if not waiting and not any(one.posted for one in outcomes):
            detail = "the service stops, and this was not posted: send it again"
            raise Problem("stopping", detail, headers={"retry-after": "1"})
    told = [one for one in outcomes if is_told(one)]
    totals = batch.tally.totals(len(told))
    status = _status(every[0]) if batch.operations.alone and every else 200
    return Answer(posting_report(told, asked.versions, totals, waiting, _head(ledger)), status)


def _status(one: Result) -> int:
    if one.waiting is not None:
        return 202
    return 200 if one.outcome.posted is None or one.outcome.posted.repeated else 201


def _posted(asked: Asked, ledger: Ledger, who: str, batch: Batch, going_on: GoingOn) -> Iterator[Result]:
    """What became of each. Whatever can be refused before anything is posted, is when this is called."""
    each = batch.operations.each
    few = len(each) <= MANY and not any(one.request.is_divided() for one in each)
    how: dict[str, Any] = {"group": 1} if few and not is_said(asked, "atomic") else {}
    outcomes = billpolicy.post_all(
        asked.versions,
        ledger,
        each,
        who=who,
        request=asked.id,
        today=asked.today,
        atomic=is_said(asked, "atomic"),
        confirm=asked.query.getlist("confirm"),
        go_on=lambda: going_on() and asked.serving.go_on(),
        watch=batch.watch,
        **how,
    )

    def settle(one: Instruction, outcome: Outcome) -> Result:
        if not is_said(asked, "wait") or not outcome.lacks_approvals:
            return Result(outcome)
        try:
            found = billpolicy.wait(asked.versions, ledger, one, who=who, request=asked.id, today=asked.today)
        except Refused as refused:
            return Result(replace(outcome, problems=tuple(refused.diagnostics)))
        return Result(outcome, found.waiting)

    def results() -> Iterator[Result]:
        with closing(outcomes):
            yield from batch.results(outcomes, settle)

    return results()


def _head(ledger: Ledger) -> str:
    with ledger.reading() as reader:
        return reader.head().digest


ENDPOINT = Endpoint(
    "POST",
    "/post",
    "Post these operations: documents, numbers, applications, audit, and all that follows by the policy. The same "
    "again is answered with what was posted.",
    "post",
    _answer,
    gives="post",
    takes=("operation", "operations"),
    parameters=(TODAY, CONFIRM, WAIT, ATOMIC, KEY, IF_MATCH),
    gives_lines=True,
    statuses={
        200: "Several operations, each with its own result; or one that was posted before.",
        201: "One operation, which is posted now.",
        202: "One operation, which waits now for approvals.",
    },
    problems=("actor-chosen", "key-differs", "no-actor", "no-ledger", "operation-differs"),
)
