"""The policy in force."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.report.results import validation
from billpolicy.report.served import PoliciesReport
from billpolicy.service.conditions import OR_KNOWN, unless_known
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.parameters import IF_NONE_MATCH
from billpolicy.service.texts import names_of_files


def _answer(asked: Asked) -> Answer:
    policies = tuple(replace(validation(one), files=names_of_files(one)) for one in asked.versions.policies)
    return unless_known(asked, by_day=False) or Answer(PoliciesReport(digest=asked.in_force.digest, policies=policies))


ENDPOINT = Endpoint(
    "GET",
    "/policies",
    "The versions of the policy, each with its days, its digest and its files by name.",
    "read",
    _answer,
    gives="policies",
    parameters=(IF_NONE_MATCH,),
    statuses=OR_KNOWN,
)
