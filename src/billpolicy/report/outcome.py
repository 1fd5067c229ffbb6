"""What was found about an operation: why it was refused, or what its plan warns of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.planning.request import Instruction
from billpolicy.posting.posting import Outcome
from billpolicy.report.log import LogOutcome


def found_about(outcome: Outcome) -> Iterator[Diagnostic]:
    """Of the operation and of all that follows it; nothing of one that was posted before."""
    yield from outcome.problems
    if outcome.plan is not None and (outcome.posted is None or not outcome.posted.repeated):
        for step in in_turn(outcome.plan):
            yield from step.warnings


def became(outcome: Outcome, *, waits: bool = False) -> LogOutcome:
    """What became of it, in a word; `waits`: for the approvals that it lacks."""
    if waits:
        return "waiting"
    if outcome.posted is not None:
        return "posted_before" if outcome.posted.repeated else "posted"
    return "refused" if outcome.problems else "planned" if outcome.plan is not None else "not_posted"


def placed(asked: Iterable[Instruction], outcomes: Iterable[Outcome]) -> Iterator[tuple[Instruction, Outcome]]:
    """What came of each operation or of each part of it, and what was asked for, of a part under the id of the part.

    Problems have a place: those of a ledger are at the operation that they are about.
    """
    by_id = {one.request.id: one for one in asked}
    for outcome in outcomes:
        one = by_id[outcome.job.asked.id]
        if outcome.job.part_of is not None:
            one = replace(one, request=replace(one.request, id=outcome.job.id))
        problems = tuple(problem._replace(position=problem.position or one.at()) for problem in outcome.problems)
        yield one, replace(outcome, problems=problems)


def is_told(outcome: Outcome) -> bool:
    """Whether programs are told of it also among very many: a part of a bill run only counts, unless it is refused."""
    return outcome.job.part_of is None or bool(outcome.problems)


def made_by(plan: Plan) -> list[str]:
    """The numbers of all documents that it makes, with what follows it."""
    return [one.document.number for step in in_turn(plan) for one in step.documents]
