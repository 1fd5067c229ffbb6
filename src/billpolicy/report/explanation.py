"""The explanation of one document's decisions, and what `explain` answers."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.report.effect import Effect
from billpolicy.report.results import Finding, Refusal
from billpolicy.source.record import record
from billpolicy.source.scalars import Date

CandidateOutcome = Literal[
    "decides", "agrees", "not_matched", "not_in_force", "overridden", "less_specific", "nothing_to_do"
]


@record
class Rule:
    """A rule of a policy and where it stands."""

    id: str
    file: str
    line: int
    because: str | None = None


def rule_at(id: str, position: Position, because: str | None) -> Rule:
    """A rule at the place where it is written."""
    return Rule(id=id, file=position.file, line=position.line, because=because)


@record
class Tried:
    """One level of the chain: what it is here, and the value it holds, if any: of several subscriptions that hold not
    all the same, what each holds and what is in effect."""

    level: str
    label: str
    value: str | None = None
    since: Date | None = None
    """The first day on which it holds that value; without it, from the beginning, or nobody knows."""
    operation: str | None = None
    """The id of the operation that gave it that value."""


@record
class Candidate:
    """An exception that could have decided: what became of it, and why in one sentence."""

    rule: Rule
    outcome: CandidateOutcome
    reason: str


@record
class Decision:
    """One decision: its value, the rule that decided, the levels tried up to the value, every other candidate."""

    key: str
    kind: Literal["attribute", "setting"]
    value: str
    """What counts: what the rule says, or what the request itself says of it."""
    instead_of: str | None = None
    """What the rule says, where the request itself says what counts."""
    except_on: tuple[str, ...] = ()
    """The documents of which the request names the amounts or the items: there it decides, and the rule elsewhere."""
    rule: Rule
    exception: bool
    """Whether an exception decided, and not the base rule."""
    routine: bool = False
    """A setting that text leaves out as long as the base rule decides it."""
    level: str | None = None
    chain: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@record
class Explanation:
    """All decisions of one document to come."""

    operation_id: str
    operation: str
    date: Date
    document: str | None = None
    """Kind of the document; None for an operation that makes none."""
    number: str | None = None
    about: str | None = None
    """Of what makes no document: the subscription that it is about, if there is one; where money in several currencies
    is decided, how much of which."""
    step: str | None = None
    """Of a step that follows another operation: its own id; `operation_id` is that of the operation asked for."""
    after: str | None = None
    """What the step follows, in words."""
    step_rule: Rule | None = None
    """The rule that asked for the step."""
    policy: str
    policy_digest: str
    engine: str
    facts: dict[str, str] = field(default_factory=dict)
    """What conditions were asked about, in the words of the policy language; unset facts are absent."""
    decisions: tuple[Decision, ...] = ()
    follow_ups: tuple[Candidate, ...] = ()
    """Follow-ups of the policy that had something to do after this, and why they were passed over."""
    warnings: tuple[Finding, ...] = ()
    """What the operation does and its reader may not expect, like another allocation rule than the one decided, each
    with its code in brackets."""


@record
class ExplanationReport:
    """What `explain` answers."""

    explanations: tuple[Explanation, ...]
    effects: tuple[Effect, ...]
    """Of each `credit_only` and `credit_rebill`: what either of the two would do to charges and their periods."""
    posted_before: tuple[str, ...]
    """The ids of operations that the ledger has already."""
    refused: tuple[Refusal, ...]
