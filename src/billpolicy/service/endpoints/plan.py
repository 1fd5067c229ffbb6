"""What operations would do, with everything that follows them."""

from __future__ import annotations

from billpolicy.report.outcome import is_told
from billpolicy.report.plan import planning_report
from billpolicy.service.answers.batches import Batch, planned, planned_line, wants_lines
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import operations_asked
from billpolicy.service.asked.parameters import IF_MATCH, KEY, TODAY
from billpolicy.service.endpoint import Answer, Endpoint, GoingOn, Lines
from billpolicy.service.problems import refuse_alone


def _answer(asked: Asked) -> Answer:
    batch = Batch(asked, operations_asked(asked))
    if wants_lines(asked):
        going_on = GoingOn()
        results = batch.results(planned(asked, batch, going_on))
        beyond = lambda: (batch.tally.beyond(asked.versions), None)  # noqa: E731
        return Answer(Lines(batch.lines(results, lambda one: planned_line(one, asked.versions), beyond), going_on))
    outcomes = [result.outcome for result in batch.results(planned(asked, batch, GoingOn()))]
    if batch.operations.alone:
        refuse_alone(outcomes)
    many = [one for one in outcomes if is_told(one)]
    stops = batch.tally.beyond(asked.versions)
    return Answer(planning_report(many, asked.versions, stops, batch.tally.totals(len(many))))


ENDPOINT = Endpoint(
    "POST",
    "/plan",
    "What these operations would do, each on what the ones before it leave, with all that follows. Changes nothing.",
    "plan",
    _answer,
    gives="plan",
    takes=("operation", "operations"),
    parameters=(TODAY, KEY, IF_MATCH),
    gives_lines=True,
    problems=("actor-chosen", "key-differs", "operation-differs"),
)
