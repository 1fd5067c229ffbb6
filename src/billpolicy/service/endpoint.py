"""What can be asked: an address, who may ask for it, and a function from what was asked to the answer.

`registry.py` lists them all. From that list come the routes, the OpenAPI document, and the test that asks each.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from starlette.datastructures import QueryParams

from billpolicy.report.outcome import became, made_by
from billpolicy.service.answers.problems import ProblemName
from billpolicy.service.asked.bodies import Body
from billpolicy.service.callers.caller import Caller, Scope
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
        from billpolicy.service.asked.bodies import day_in

        return day_in(self.query, "today")


class Answer(NamedTuple):
    """What is answered."""

    content: Any
    """A record, which is written as JSON; JSON that is written already, as bytes; a page; or `Lines`."""
    status: int = 200
    headers: Mapping[str, str] = {}


@dataclass
class GoingOn:
    """Whether whoever asked still wants more."""

    wanted: bool = True

    def __call__(self) -> bool:
        return self.wanted


class Lines(NamedTuple):
    """Records, each of them a line of the answer, sent as it comes."""

    each: Iterator[Any]
    going_on: GoingOn
    """Is told where nobody listens any more: then no further group is begun."""


class Parameter(NamedTuple):
    """A part of a request that has a name."""

    name: str
    says: str
    within: Literal["path", "query", "header"] = "query"
    pattern: str | None = None
    """What the whole of its value looks like."""
    example: str | None = None
    several: bool = False
    """Whether it may be said more than once."""


@dataclass(frozen=True)
class Endpoint:
    """One thing that can be asked."""

    method: Literal["GET", "POST"]
    path: str
    says: str
    """What it answers, in a sentence."""
    scope: Scope | None
    """What a caller needs for it; None: anybody may ask."""
    answer: Callable[[Asked], Answer]
    gives: str | None = None
    """The published schema of the answer."""
    type: str = "application/json"
    """Of an answer that no schema is published of."""
    takes: tuple[str, ...] = ()
    """The published schemas of the body, any of them."""
    parameters: tuple[Parameter, ...] = ()
    """What it knows, and refuses to be asked with anything beside; a page takes what its own forms and links say."""
    gives_lines: bool = False
    """Whether it can answer line by line, as NDJSON, and takes operations so."""
    statuses: Mapping[int, str] = field(default_factory=lambda: {200: "Answered."})
    """What it answers where it can, and what that means."""
    problems: tuple[ProblemName, ...] = ()
    """Why it may not be answered, beside what every endpoint has."""
    quick: bool = False
    """Whether it is answered in less time than it takes to hand it to a thread."""
    at_once: Callable[[Asked], Answer | None] | None = None
    """Gives the answer where that is so this time, and nothing is wrong; otherwise None, and `answer` is asked."""
