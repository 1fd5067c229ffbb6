"""The operation x attribute table of a policy: from which level each operation inherits each attribute."""

from __future__ import annotations

from typing import Literal

from billpolicy.policy.model import Chain, ExceptionRule, FollowUp, Outcome, Policy
from billpolicy.report.explanation import Rule, rule_at
from billpolicy.report.results import Period, period, period_of
from billpolicy.source.record import record
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import DocumentKind, Level, Vocabulary


@record
class Inherited:
    """The levels that an attribute is taken from, and the ids of the exceptions that can change it."""

    chain: tuple[Level, ...]
    exceptions: tuple[str, ...]


@record
class Settled:
    """The value of a setting, and the ids of the exceptions that can change it."""

    value: str | int | bool
    exceptions: tuple[str, ...]


@record
class Row:
    """One operation: what it makes, the chain of each attribute that its documents have, and its settings."""

    operation: str
    makes: tuple[DocumentKind, ...]
    attributes: dict[str, Inherited]
    settings: dict[str, Settled]


@record
class Exceptional:
    """An exception of the policy."""

    rule: Rule
    operations: tuple[str, ...]
    when: tuple[str, ...] = ()
    """What must hold, all of it; without it, always."""
    then: dict[str, tuple[Level, ...] | str | int | bool]
    """Attribute -> its levels, or setting -> its value."""
    in_force: Period | None = None
    """Without it, as long as the policy."""
    overrides: tuple[str, ...] = ()


@record
class Following:
    """A follow-up: what it comes after, and the operation that is run then."""

    rule: Rule
    after: str
    when: tuple[str, ...] = ()
    then: str
    if_refused: Literal["refuse", "leave_out"]
    """`refuse` what it follows, too, or leave it out."""
    in_force: Period | None = None


@record
class Matrix:
    """The whole table."""

    policy: str
    in_force: Period
    digest: str
    attributes: tuple[str, ...]
    operations: tuple[Row, ...]
    exceptions: tuple[Exceptional, ...]
    follow_ups: tuple[Following, ...]


def matrix_of(policy: Policy, vocabulary: Vocabulary = VOCABULARY) -> Matrix:
    """The table of a policy, operations in their own order, and for each cell the exceptions that can change it."""
    rows = []
    for spec in vocabulary.values():
        exceptions = policy.exceptions_for(spec.name)
        changing = {
            key: tuple(one.id for one in exceptions if key in one.then)
            for key in (*policy.attributes, *(setting.name for setting in spec.settings))
        }
        base = {key: policy.base[spec.name, key].outcome for key in changing if (spec.name, key) in policy.base}
        rows.append(
            Row(
                operation=spec.name,
                makes=spec.produces,
                attributes={
                    key: Inherited(chain=outcome.levels, exceptions=changing[key])
                    for key, outcome in base.items()
                    if isinstance(outcome, Chain)
                },
                settings={
                    key: Settled(value=outcome.value, exceptions=changing[key])
                    for key, outcome in base.items()
                    if not isinstance(outcome, Chain)
                },
            )
        )
    return Matrix(
        policy=policy.name,
        in_force=period_of(policy.effective),
        digest=policy.digest,
        attributes=tuple(policy.attributes),
        operations=tuple(rows),
        exceptions=tuple(map(_exceptional, policy.exceptions)),
        follow_ups=tuple(map(_following, policy.follow_ups)),
    )


def _exceptional(exception: ExceptionRule) -> Exceptional:
    return Exceptional(
        rule=rule_at(exception.id, exception.position, exception.because),
        operations=exception.operations,
        when=tuple(clause.text for clause in exception.clauses),
        then={key: _plain(outcome) for key, outcome in sorted(exception.then.items())},
        in_force=period(exception.effective),
        overrides=exception.overrides,
    )


def _following(follow_up: FollowUp) -> Following:
    rule = follow_up.rule
    return Following(
        rule=rule_at(rule.id, rule.position, rule.because),
        after=follow_up.after,
        when=tuple(clause.text for clause in rule.clauses),
        then=follow_up.operation,
        if_refused=follow_up.if_refused,
        in_force=period(rule.effective),
    )


def _plain(outcome: Outcome) -> tuple[Level, ...] | str | int | bool:
    return outcome.levels if isinstance(outcome, Chain) else outcome.value
