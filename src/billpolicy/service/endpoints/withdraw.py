"""What waits for approvals does so no more."""

from __future__ import annotations

import billpolicy
from billpolicy.report.served import WaitingNamed
from billpolicy.report.waiting import waitings_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.operations import actor_of, ledger_of
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    ledger, who = ledger_of(asked), actor_of(asked)
    named = record_in(asked.body, WaitingNamed)
    found = billpolicy.withdraw(ledger, named.id, who=who, why=named.comment, request=asked.id)
    asked.tell_decided(named.id, found.operation, "withdrawn")
    return Answer(waitings_report([found]))


ENDPOINT = Endpoint(
    "POST",
    "/withdraw",
    "Let an operation that waits for approvals do so no more; that it did stays on record.",
    "post",
    _answer,
    gives="waiting",
    takes=("waiting-named",),
    or_scope="approve",
    problems=("no-actor", "no-ledger"),
)
