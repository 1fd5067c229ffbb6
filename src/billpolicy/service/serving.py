"""What a service serves: a policy that can change under it, and a book or a ledger."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from billpolicy import Book
from billpolicy.service.callers.caller import Callers, OnThisMachine
from billpolicy.service.gate.limits import Limits
from billpolicy.service.gate.rates import Rates
from billpolicy.service.gate.turns import Turns
from billpolicy.service.problems import Problem, problem_in
from billpolicy.service.telling.log import Log
from billpolicy.service.telling.metrics import Metrics
from billpolicy.service.telling.noted import Noted

if TYPE_CHECKING:
    from billpolicy import Diagnostic, Instruction, Ledger, Recorded, Versions
    from billpolicy.service.running.changing import Source


@dataclass(frozen=True)
class InForce:
    """The policy that requests are answered under, from their beginning to their end."""

    versions: Versions
    since: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    ready: dict[tuple[str, ...], Any] = field(default_factory=dict, compare=False)
    """What decides facts of these names by an operation (`answers/deciders.py`), made when it is first asked for."""
    recorded: dict[datetime.date, list[Recorded]] = field(default_factory=dict, compare=False)
    """The loaded operations as it decides them on a day, once somebody has asked what a change would do."""

    @cached_property
    def digest(self) -> str:
        """What stands for it: the digest of the policy, or of those of its versions together."""
        digests = [policy.digest for policy in self.versions.policies]
        return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()


@dataclass(frozen=True)
class NotTaken:
    """A changed policy that was not put in force, since it is not sound."""

    at: datetime.datetime
    diagnostics: tuple[Diagnostic, ...]


@dataclass
class Serving:
    """What is served."""

    in_force: InForce
    """The one thing of it that changes: replaced as a whole, so that a request keeps what it began with."""
    on: Book | Ledger
    """Where the documents are."""
    callers: Callers = field(default_factory=OnThisMachine)
    source: Source | None = None
    """Where the policy is read from; None: it stays as it is."""
    not_taken: NotTaken | None = None
    """The newest version of it, where that is not in force."""
    operations: tuple[Instruction, ...] = ()
    """Operations on the book or the ledger that pages explain, and try changes of the policy on; never posted."""
    limits: Limits = field(default_factory=Limits)
    log: Log = field(default_factory=Log)
    metrics: Metrics = field(default_factory=Metrics)
    rates: Rates = field(default_factory=Rates)
    turns: Turns = field(init=False)
    posted: list[Recorded] = field(default_factory=list)
    """What the ledger has posted last, as far as somebody has tried a change on it."""
    in_flight: int = 0
    """Requests that are being answered."""
    is_stopping: bool = False
    """Whether nothing more is to be begun."""

    def __post_init__(self) -> None:
        self.turns = Turns(self.limits)
        if self.ledger is not None:
            self.ledger.on_turn = self.metrics.waited

    def problem(self, error: Exception, noted: Noted) -> Problem:
        """Why there is no answer, which log and metrics have from here: of a bug of ours, all there is to it."""
        problem = problem_in(error)
        if problem.name == "failed":
            self.log.failed(noted, error)
        noted.not_answered(problem.name, (one.code for one in problem.diagnostics))
        return problem

    def go_on(self) -> bool:
        """Whether the next group of a batch may begin: what posts is finished, and nothing more is begun."""
        return not self.is_stopping

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, if that is where the documents are."""
        return None if isinstance(self.on, Book) else self.on
