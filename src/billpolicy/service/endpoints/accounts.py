"""Accounts by their ids, with what they owe and have."""

from __future__ import annotations

import billpolicy
from billpolicy.report.served import accounts_report
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.endpoint import Answer, Endpoint

USUAL, MOST = 50, 500
AFTER = Parameter("after", "The id behind which to go on: `next` of the answer before.", example="brandt")
LIMIT = Parameter(
    "limit",
    f"How many at most, up to {MOST}; by default {USUAL}.",
    pattern=r"[1-9]\d?|[1-4]\d\d|500",
    example="50",
)
CALLED = Parameter(
    "called", "Only those in whose id or name this stands, or in that of one of their contacts.", example="hayes"
)


def _answer(asked: Asked) -> Answer:
    most = int(asked.query.get("limit", USUAL))
    shown = billpolicy.accounts(
        asked.serving.on, after=asked.query.get("after", ""), most=most + 1, called=asked.query.get("called", "")
    )
    return Answer(accounts_report(shown, most))


ENDPOINT = Endpoint(
    "GET",
    "/accounts",
    "Accounts in the order of their ids, each with what is open, unapplied and credit in each currency.",
    "read",
    _answer,
    gives="accounts",
    parameters=(AFTER, LIMIT, CALLED),
)
