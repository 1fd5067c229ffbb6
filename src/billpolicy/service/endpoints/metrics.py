"""The numbers of the service, for Prometheus."""

from __future__ import annotations

from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.telling.metrics import TYPE


def _answer(asked: Asked) -> Answer:
    in_force = asked.in_force
    told = asked.serving.metrics.told(lambda: (in_force.digest, in_force.since))
    return Answer(told, headers={"content-type": TYPE})


ENDPOINT = Endpoint(
    "GET",
    "/metrics",
    "Requests, decisions, refusals and waits, counted and measured, in the text format of Prometheus.",
    "metrics",
    _answer,
    type=TYPE.partition(";")[0],
)
