"""How each attribute of each document of an operation is resolved, and why."""

from __future__ import annotations

from collections.abc import Sequence

import billpolicy
from billpolicy import Outcome
from billpolicy.report.explanation import ExplanationReport
from billpolicy.report.results import posted_before, refusals
from billpolicy.report.served import ResultLine
from billpolicy.service.answers.batches import Batch, planned, wants_lines
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import operations_asked
from billpolicy.service.asked.parameters import IF_MATCH, KEY, TODAY
from billpolicy.service.endpoint import Answer, Endpoint, GoingOn, Lines
from billpolicy.service.problems import refuse_alone


def _answer(asked: Asked) -> Answer:
    batch, going_on = Batch(asked, operations_asked(asked)), GoingOn()
    results = batch.results(planned(asked, batch, going_on, instead=True))
    if wants_lines(asked):

        def tell(outcome: Outcome) -> ResultLine:
            return ResultLine(explained=explained(asked, [outcome]))

        return Answer(Lines(batch.lines(results, tell, lambda: ((), None)), going_on))
    outcomes = [result.outcome for result in results]
    if batch.operations.alone:
        refuse_alone(outcomes)
    return Answer(explained(asked, outcomes))


def explained(asked: Asked, outcomes: Sequence[Outcome]) -> ExplanationReport:
    """What is told of what was planned."""
    effects = (billpolicy.effect(one) for one in outcomes)
    plans = (one.plan for one in outcomes if one.posted is None)
    return ExplanationReport(
        explanations=tuple(
            each for plan in plans if plan is not None for each in billpolicy.explain(asked.versions, plan)
        ),
        effects=tuple(one for one in effects if one is not None),
        posted_before=posted_before(outcomes),
        refused=refusals(outcomes),
    )


ENDPOINT = Endpoint(
    "POST",
    "/explain",
    "How each attribute of each document of these operations is resolved, and why. Changes nothing.",
    "plan",
    _answer,
    gives="explain",
    takes=("operation", "operations"),
    parameters=(TODAY, KEY, IF_MATCH),
    gives_lines=True,
    problems=("actor-chosen", "key-differs", "operation-differs"),
)
