"""How each attribute of each document of an operation is resolved, and why."""

from __future__ import annotations

import billpolicy
from billpolicy.report.explanation import ExplanationReport
from billpolicy.report.results import posted_before, refusals
from billpolicy.service.asking import operations_asked
from billpolicy.service.bodies import Operations
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.parameters import IF_MATCH, KEY, TODAY
from billpolicy.service.problems import refuse_alone


def _answer(asked: Asked) -> Answer:
    return Answer(explained(asked, operations_asked(asked)))


def explained(asked: Asked, operations: Operations) -> ExplanationReport:
    """What is told of these operations. Raises `Refused` where one was asked for alone, and is."""
    with asked.serving.documents() as on:
        outcomes = list(billpolicy.plan_all(asked.versions, on, operations.each, today=asked.today, instead=True))
    for one in outcomes:
        asked.tell(one)
    if operations.alone:
        refuse_alone(outcomes)
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
    problems=("actor-chosen", "key-differs", "operation-differs"),
)
