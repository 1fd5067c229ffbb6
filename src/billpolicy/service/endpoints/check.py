"""Whether a policy that is sent could be put in force, and what that would change: what a merge bot asks."""

from __future__ import annotations

import billpolicy
from billpolicy import Settings, Side
from billpolicy.comparing.side import load_side
from billpolicy.diagnostics.diagnostic import Refused, in_order
from billpolicy.report.diff import diff_report
from billpolicy.report.results import findings, validation
from billpolicy.report.served import PolicyCheck, PolicyTexts
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.parameters import IF_MATCH, ON
from billpolicy.service.asked.texts import sent
from billpolicy.service.asked.versions import version_on
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.source.today import today


def _answer(asked: Asked) -> Answer:
    in_force = version_on(asked)
    at = sent(record_in(asked.body, PolicyTexts), in_force)
    try:
        new = load_side(at)
    except Refused as refused:
        return Answer(PolicyCheck(sound=False, diagnostics=findings(in_order(refused.diagnostics))))
    old = Side("in force", in_force)
    difference = diff_report(billpolicy.diff(old.policy, new.policy), (old.name, new.name))
    if new.problems:
        return Answer(PolicyCheck(sound=False, diagnostics=findings(in_order(new.problems)), difference=difference))
    # What is odd about it, as a sound policy tells it; the settings of this machine are not those of whoever sends it.
    policy = billpolicy.validate(at)
    better = billpolicy.lint(at, today=today(), settings=Settings()).found
    found = dict.fromkeys((*policy.warnings, *better))
    report = PolicyCheck(
        sound=True, policy=validation(policy), diagnostics=findings(in_order(found)), difference=difference
    )
    return Answer(report)


ENDPOINT = Endpoint(
    "POST",
    "/policies/check",
    "Whether a policy that is sent could be put in force: what is wrong or could be better, and what it changes of the "
    "one in force. Changes nothing.",
    "plan",
    _answer,
    gives="policy-check",
    takes=("policy-texts",),
    parameters=(ON, IF_MATCH),
)
