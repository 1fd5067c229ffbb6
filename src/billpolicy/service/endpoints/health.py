"""Whether the service is alive, and whether it can answer: for what starts it, and what sends it requests."""

from __future__ import annotations

from billpolicy.report.health import HealthReport
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.problems import Problem


def _alive(asked: Asked) -> Answer:
    return Answer(HealthReport(status="alive"))


def _ready(asked: Asked) -> Answer:
    serving = asked.serving
    if serving.is_stopping:
        raise Problem("stopping", "this is about to stop", headers={"retry-after": "1"})
    if serving.ledger is not None:
        with serving.ledger.reading() as reader:
            reader.known([""])  # raises where the ledger cannot be read
    ready = HealthReport(status="ready", policy=asked.in_force.digest, change_refused=serving.not_taken is not None)
    return Answer(ready)


ALIVE = Endpoint("GET", "/health", "That the process is alive.", None, _alive, gives="health", quick=True)
READY = Endpoint(
    "GET",
    "/ready",
    "That it can answer: a policy is in force, the ledger answers, and it is not about to stop; else why not.",
    None,
    _ready,
    gives="health",
)
