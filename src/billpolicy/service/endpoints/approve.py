"""What waits for approvals is approved, as whoever calls."""

from __future__ import annotations

import billpolicy
from billpolicy.report.served import WaitingNamed
from billpolicy.report.waiting import approvals_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.operations import actor_of, ledger_of
from billpolicy.service.asked.parameters import IF_MATCH, TODAY
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    ledger, actor = ledger_of(asked), actor_of(asked)
    named = record_in(asked.body, WaitingNamed)
    found = billpolicy.approve(
        asked.versions,
        ledger,
        named.id,
        actor=actor,
        comment=named.comment,
        request=asked.id,
        today=asked.today,
    )
    asked.tell_decided(named.id, found.plan.operation, "approved")
    return Answer(approvals_report([found], ()))


ENDPOINT = Endpoint(
    "POST",
    "/approve",
    "Approve an operation that waits. If something else would be done by now, nothing is approved.",
    "approve",
    _answer,
    gives="approvals",
    takes=("waiting-named",),
    parameters=(TODAY, IF_MATCH),
    problems=("no-actor", "no-ledger"),
)
