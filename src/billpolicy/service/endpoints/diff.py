"""What a policy that is sent changes, proven over all facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import billpolicy
from billpolicy import Side
from billpolicy.comparing.side import load_side
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.report.diff import WitnessTold, diff_report, witness_told
from billpolicy.report.served import PoliciesCompared
from billpolicy.service.answers.impact import has_operations, impact_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.parameters import IF_MATCH, ON, TODAY, TRUTH, Parameter, is_said
from billpolicy.service.asked.texts import sent
from billpolicy.service.asked.versions import version_on
from billpolicy.service.endpoint import Answer, Endpoint

if TYPE_CHECKING:
    from billpolicy.comparing.allow import Beyond
    from billpolicy.comparing.decisions import Changed

ONLY = Parameter("only", "Only what is about this attribute, setting or operation.", example="bill_to_contact")
IMPACT = Parameter(
    "impact",
    "With what comes out otherwise of the operations that are loaded, or of the last that the ledger has posted.",
    pattern=TRUTH,
)
WITNESSES = Parameter("witnesses", "With a book and operations for each difference.", pattern=TRUTH)


def _answer(asked: Asked) -> Answer:
    compared, in_force = record_in(asked.body, PoliciesCompared), version_on(asked)
    if compared.old is None:
        old = Side("in force", in_force)
    else:
        old = load_side(sent(compared.old, in_force))
    new = load_side(sent(compared.new, in_force))
    difference = billpolicy.diff(old.policy, new.policy)
    only = asked.query.get("only")
    names = billpolicy.names_in(difference)
    if only is not None and only not in names:
        message = f"nothing here is called `{only[:80]}`"
        raise Refused([Diagnostic("value-wrong", message, Position("?only"), did_you_mean(only, names))])

    def witness(change: Changed, beyond: Beyond | None) -> WitnessTold | None:
        found = billpolicy.witness_of_change(change, difference) if is_said(asked, "witnesses") else None
        return None if found is None else witness_told(found)

    impact = versions = None
    if is_said(asked, "impact"):
        if not has_operations(asked):
            message, hint = "there are no operations here", "start the service with `--operations`, or on a ledger"
            raise Refused([Diagnostic("value-wrong", message, Position("?impact"), hint)])
        versions = old.versions("python"), new.versions("python")
        impact = impact_of(asked, *versions, only=only)
    found = [*old.problems, *new.problems]
    return Answer(diff_report(difference, (old.name, new.name), impact, versions, only, found, (), witness))


ENDPOINT = Endpoint(
    "POST",
    "/diff",
    "What a policy that is sent changes of the one in force, or of another one that is sent: what comes out "
    "differently, for which operations.",
    "plan",
    _answer,
    gives="diff",
    takes=("policies-compared",),
    parameters=(ON, ONLY, IMPACT, TODAY, WITNESSES, IF_MATCH),
)
