"""One account with everything that is its own."""

from __future__ import annotations

import billpolicy
from billpolicy.report.ledger import ledger_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    with found():
        return Answer(ledger_report(billpolicy.account(asked.serving.on, asked.path["id"])))


ENDPOINT = Endpoint(
    "GET",
    "/accounts/{id}",
    "An account: its contacts, subscriptions and documents, and its balances.",
    "read",
    _answer,
    gives="ledger-show",
    parameters=(Parameter("id", "Its id.", "path", example="brandt"),),
    problems=("not-found",),
)
