"""What waits for approvals, for whose, and who gave theirs."""

from __future__ import annotations

import billpolicy
from billpolicy.report.waiting import waitings_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import ledger_of
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    return Answer(waitings_report(billpolicy.waiting(ledger_of(asked))))


ENDPOINT = Endpoint(
    "GET",
    "/waiting",
    "The operations that wait for approvals, in the order in which they began to.",
    "read",
    _answer,
    gives="waiting",
    problems=("no-ledger",),
)
