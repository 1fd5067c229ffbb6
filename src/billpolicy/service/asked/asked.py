"""One request, by somebody who may make it, and what it is answered under."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from billpolicy.report.outcome import became, made_by
from billpolicy.service.asked.bodies import Body, day_in
from billpolicy.service.callers.caller import Caller
from billpolicy.service.serving import InForce, Serving
from billpolicy.service.telling.noted import Noted

if TYPE_CHECKING:
    from billpolicy import Outcome, Posted, Versions
    from billpolicy.report.log import LogOutcome


@dataclass(frozen=True)
class Asked:
    """One request, by somebody who may make it."""

    serving: Serving
    in_force: InForce
    """What it is answered under, also if the policy changes meanwhile."""
    caller: Caller
    id: str
    """The id of the request, which its log line, its answer and what it posts have."""
    url_path: str = "/"
    path: Mapping[str, str] = field(default_factory=dict)
    """The parts of the address that have names."""
    query: QueryParams = field(default_factory=QueryParams)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Their names in small letters."""
    body: Body | None = None
    client: str = ""
    """The address that it was sent from."""
    noted: Noted = field(default_factory=lambda: Noted(""))
    """What log and metrics are told of it."""

    def tell(self, outcome: Outcome, *, posting: bool = False, waits: bool = False) -> None:
        """Count what became of an operation, and where it was to be posted, log it. `waits`: for approvals."""
        word, kind = became(outcome, waits=waits), str(outcome.job.request["operation"])
        codes = [] if waits else [one.code for one in outcome.problems]
        self.noted.codes += codes
        self.serving.metrics.decided(kind, word)
        if posting:
            self.serving.log.operation(self.noted, outcome.job.id, kind, word, outcome.numbers, codes)

    def tell_posted(self, posted: Posted) -> None:
        """The same of an operation that was posted alone, by its plan."""
        plan = posted.plan
        word: LogOutcome = "posted_before" if posted.repeated else "posted"
        self.serving.metrics.decided(plan.operation, word)
        self.serving.log.operation(self.noted, plan.id, plan.operation, word, made_by(plan))

    def tell_decided(self, id: str, kind: str, word: LogOutcome) -> None:
        """What a person said of an operation that waits."""
        self.serving.metrics.decided(kind, word)
        self.serving.log.operation(self.noted, id, kind, word)

    @property
    def versions(self) -> Versions:
        """The policy."""
        return self.in_force.versions

    @property
    def today(self) -> datetime.date | None:
        """The day of planning, where the address names one. Raises `Refused` for what is no day."""
        return day_in(self.query, "today")
