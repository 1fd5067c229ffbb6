"""Whether a policy that is sent is right, or everything that is wrong with it."""

from __future__ import annotations

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.report.results import Validations, findings, validation
from billpolicy.report.served import PolicyTexts
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.parameters import IF_MATCH, ON
from billpolicy.service.asked.texts import sent
from billpolicy.service.asked.versions import version_on
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    at = sent(record_in(asked.body, PolicyTexts), version_on(asked))
    try:
        policy = billpolicy.validate(at)
    except Refused as refused:
        return Answer(Validations(policies=(), diagnostics=findings(refused.diagnostics)))
    return Answer(Validations(policies=(validation(policy),), diagnostics=()))


ENDPOINT = Endpoint(
    "POST",
    "/validate",
    "Whether a policy that is sent is right, with its warnings; else everything that is wrong with it.",
    "plan",
    _answer,
    gives="validate-several",
    takes=("policy-texts",),
    parameters=(ON, IF_MATCH),
)
