"""Whatever an operation of a random walk was decided by can be shown: the same facts, all of them, by a small book.

What a walk comes upon is possible, so no witness may be missing. Each is run again from its JSON, as commands do it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import billpolicy
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.policy.condition import Fact, Facts
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldSpec
from billpolicy.witness.witness import Witness, witness
from tests.helpers.scenes import policy, versions
from tests.helpers.walks import Walk, hold, walk


class Found(NamedTuple):
    """Facts of an operation, or of a follow-up after an event, all that conditions can ask about; None is unset."""

    operation: str
    event: str | None
    facts: dict[str, Fact | None]


def named(fields: tuple[FieldSpec, ...], facts: Facts) -> dict[str, Fact | None]:
    found = {field.name: facts.get(field.name) for field in fields}
    money = (f"{field.name}.currency" for field in fields if field.type == "money")
    return found | {name: facts.get(name) for name in money}


def decided(plan: Plan) -> Iterator[tuple[str, Facts]]:
    """What was decided in a plan and all that follows it."""
    return ((one.operation, one.facts) for step in in_turn(plan) for one in step.resolved)


def passed_over(plan: Plan, of: str) -> Iterator[tuple[str, str, Facts]]:
    """The follow-ups that were asked about and did not run, by their condition or since others did the same."""
    follow_ups = {one.id: one for one in policy(of).follow_ups}
    for step in in_turn(plan):
        for passed in step.passed_over:
            if passed.asked.facts:
                one = follow_ups[passed.rule]
                yield one.operation, one.after, passed.asked.facts


def all_of(found: Walk) -> Iterator[Found]:
    for plan in (step.plan for step in found.steps if step.plan is not None):
        for operation, facts in decided(plan):
            yield Found(operation, None, named(VOCABULARY[operation].fields, facts))
        for operation, event, facts in passed_over(plan, found.policy):
            yield Found(operation, event, named(VOCABULARY[operation].fields_after(event), facts))


def shown(one: Found, of: str) -> Witness:
    date = datetime.date.fromordinal(int(one.facts["date"] or 0))
    found = witness([policy(of)], one.operation, one.facts, date=date, event=one.event)
    assert found is not None, one
    return found


def test_every_decision_of_a_walk(tmp_path: Path) -> None:
    file = tmp_path / "witness.json"

    def holds(found: Walk) -> None:
        for one in all_of(found):
            made = shown(one, found.policy)
            file.write_text(made.json(), encoding="utf-8")
            read = billpolicy.load_with_book(file)
            assert read.book is not None
            assert read.today == made.today
            *_, last = billpolicy.plan_all(versions(found.policy), read.book, read.operations, today=read.today)
            if last.plan is not None and one.event is None:  # else it is refused after it was decided
                fields = VOCABULARY[one.operation].fields
                again = (named(fields, facts) for operation, facts in decided(last.plan) if operation == one.operation)
                assert one.facts in list(again)

    hold(holds, (walk(seed) for seed in range(80)))
