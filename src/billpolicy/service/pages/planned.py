"""What an operation would do, as pages show it before it is posted or approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.report.batch_text import MANY, Tally
from billpolicy.report.html.markup import Html, joined
from billpolicy.report.html.pieces import LINE, section
from billpolicy.report.html.plan import plan_parts
from billpolicy.report.outcome import is_told, placed
from billpolicy.report.plan import PlanningReport, planning_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.pages.written import written_for

if TYPE_CHECKING:
    import datetime

    from billpolicy import Instruction, Outcome


def planned(asked: Asked, one: Instruction, day: datetime.date) -> list[Outcome]:
    """What would become of an operation on what there is now; of a bill run over every account, of each part of it."""
    outcomes = list(billpolicy.plan_all(asked.versions, asked.serving.on, [one], today=day))
    return [outcome for _, outcome in placed([one], outcomes)]


def reported(asked: Asked, one: Instruction, outcomes: Sequence[Outcome]) -> PlanningReport:
    """The same for people; of very many parts what they come to together, and those that are refused."""
    tally = Tally()
    for placed_one, outcome in placed([one], outcomes):
        tally.add(placed_one, outcome)
    told = [each for each in outcomes if len(outcomes) <= MANY or is_told(each)]
    return planning_report(told, asked.versions, tally.beyond(asked.versions), tally.totals(len(told)))


def shown(asked: Asked, report: PlanningReport, level: int = 2, name: str = "plan") -> Html:
    """All of it, each operation below a heading. `name` begins the ids of what is led to."""
    parts = plan_parts(report, written_for(asked), level + 1, name)
    return joined(
        (section(level, one.title, [one.content], f"{name}-{at}", "figures") for at, one in enumerate(parts, 1)), LINE
    )
