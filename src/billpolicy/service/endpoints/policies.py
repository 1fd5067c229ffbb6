"""The policy in force, and what of it was refused since."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.report.results import findings, validation
from billpolicy.report.served import PoliciesReport, PolicyRefused
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.texts import names_of_files
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    in_force, refused = asked.in_force, asked.serving.not_taken
    report = PoliciesReport(
        digest=in_force.digest,
        since=in_force.since,
        policies=tuple(replace(validation(one), files=names_of_files(one)) for one in asked.versions.policies),
        refused=None if refused is None else PolicyRefused(at=refused.at, diagnostics=findings(refused.diagnostics)),
    )
    return Answer(report)


ENDPOINT = Endpoint(
    "GET",
    "/policies",
    "The versions of the policy, each with its days, its digest and its files by name; and what is wrong with a newer "
    "one that was refused.",
    "read",
    _answer,
    gives="policies",
)
