"""The operation x attribute table of a policy: from which level each operation inherits each attribute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, TypeVar

from billpolicy.comparing.declared import Section, declared_changes
from billpolicy.policy.load import policy_below
from billpolicy.policy.model import BaseRule, Chain, ExceptionRule, FollowUp, Outcome, Policy, Setting
from billpolicy.report.explanation import Rule, rule_at
from billpolicy.report.results import Period, Place, known_place, period, period_of
from billpolicy.source.record import record
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import DocumentKind, Level, Vocabulary

Differs = Literal["added", "changed"]
"""Whether the policy that it extends has no such thing, or another one of that name."""


@record
class Inherited:
    """The levels that an attribute is taken from, and the ids of the exceptions that can change it."""

    chain: tuple[Level, ...]
    exceptions: tuple[str, ...]
    rule: Rule
    """The base rule."""
    before: tuple[Level, ...] = ()
    """What the policy that it extends says, where that is another chain."""


@record
class Settled:
    """The value of a setting, and the ids of the exceptions that can change it."""

    value: str | int | bool
    exceptions: tuple[str, ...]
    rule: Rule
    """The base rule."""
    before: str | int | bool | None = None
    """What the policy that it extends says, where that is another value."""


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
    differs: Differs | None = None


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
    differs: Differs | None = None


@record
class Said:
    """What a policy declares beside its rules: a sequence set, a term, a role, a limit, a field."""

    section: Section
    name: str
    says: str | None = None
    """In words, where there is more to say than its name."""
    position: Place | None = None
    differs: Differs | None = None


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
    base: str | None = None
    """The name of the policy that it extends."""
    declared: tuple[Said, ...] = ()


def matrix_of(policy: Policy, vocabulary: Vocabulary = VOCABULARY) -> Matrix:
    """The table of a policy, operations in their own order, and for each cell the exceptions that can change it."""
    below = policy_below(policy, vocabulary)
    rows = []
    for spec in vocabulary.values():
        exceptions = policy.exceptions_for(spec.name)
        changing = {
            key: tuple(one.id for one in exceptions if key in one.then)
            for key in (*policy.attributes, *(setting.name for setting in spec.settings))
        }
        base = {key: policy.base[spec.name, key] for key in changing if (spec.name, key) in policy.base}
        rows.append(
            Row(
                operation=spec.name,
                makes=spec.produces,
                attributes={
                    key: _inherited(rule, rule.outcome, changing[key], below)
                    for key, rule in base.items()
                    if isinstance(rule.outcome, Chain)
                },
                settings={
                    key: _settled(rule, rule.outcome, changing[key], below)
                    for key, rule in base.items()
                    if isinstance(rule.outcome, Setting)
                },
            )
        )
    return Matrix(
        policy=policy.name,
        in_force=period_of(policy.effective),
        digest=policy.digest,
        attributes=tuple(policy.attributes),
        operations=tuple(rows),
        exceptions=_beside(
            map(_exceptional, policy.exceptions), None if below is None else map(_exceptional, below.exceptions)
        ),
        follow_ups=_beside(
            map(_following, policy.follow_ups), None if below is None else map(_following, below.follow_ups)
        ),
        base=None if below is None else below.name,
        declared=tuple(_declared(policy, below)),
    )


def _inherited(rule: BaseRule, chain: Chain, exceptions: tuple[str, ...], below: Policy | None) -> Inherited:
    before = _before(rule, below)
    levels = before.levels if isinstance(before, Chain) and before != chain else ()
    return Inherited(chain=chain.levels, exceptions=exceptions, rule=_at(rule), before=levels)


def _settled(rule: BaseRule, setting: Setting, exceptions: tuple[str, ...], below: Policy | None) -> Settled:
    before = _before(rule, below)
    value = before.value if isinstance(before, Setting) and before != setting else None
    return Settled(value=setting.value, exceptions=exceptions, rule=_at(rule), before=value)


def _before(rule: BaseRule, below: Policy | None) -> Outcome | None:
    found = None if below is None else below.base.get((rule.operation, rule.key))
    return None if found is None else found.outcome


def _at(rule: BaseRule) -> Rule:
    return rule_at(rule.id, rule.position, rule.because)


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


_T = TypeVar("_T", Exceptional, Following)


def _beside(told: Iterable[_T], before: Iterable[_T] | None) -> tuple[_T, ...]:
    """Rules, and how each differs from that of its name in the policy that is extended, if one is."""
    if before is None:
        return tuple(told)
    known = {one.rule.id: one for one in before}
    return tuple(replace(one, differs=_differs(one, known.get(one.rule.id))) for one in told)


def _differs(told: Exceptional | Following, before: Exceptional | Following | None) -> Differs | None:
    """Where a rule stands does not count: in a revision of git, the files of what is extended have other names."""
    if before is None:
        return "added"
    there = replace(told.rule, file=before.rule.file, line=before.rule.line)
    return "changed" if replace(told, rule=there) != before else None


def _declared(policy: Policy, below: Policy | None) -> Iterator[Said]:
    """All that is declared: what is declared otherwise than in a policy that declares nothing."""
    nothing = Policy(name="", effective=policy.effective, position=policy.position, digest="")
    changes = () if below is None else declared_changes(below, policy)
    differing: dict[tuple[str, str], Differs] = {
        (one.section, one.name): "added" if one.how == "added" else "changed" for one in changes
    }
    for one in declared_changes(nothing, policy):
        yield Said(
            section=one.section,
            name=one.name,
            says=one.after,
            position=known_place(one.new),
            differs=differing.get((one.section, one.name)),
        )


def _plain(outcome: Outcome) -> tuple[Level, ...] | str | int | bool:
    return outcome.levels if isinstance(outcome, Chain) else outcome.value
