"""What `diff` answers: what a change of a policy changes, with proof, and what it does to real operations.

Every format is made of these records (docs/architecture.md rule 2); whoever reads the JSON gets all that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from typing import Any, Literal

from billpolicy.comparing import outcomes
from billpolicy.comparing.allow import Beyond
from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.declared import Declared, Effect, Section
from billpolicy.comparing.difference import PolicyDifference
from billpolicy.comparing.outcomes import Apart
from billpolicy.comparing.rules import How, RuleChange
from billpolicy.comparing.tally import Case, Impact
from billpolicy.comparing.witnesses import WitnessOfChange
from billpolicy.comparing.words import after_words, before_words, spoken, where
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import in_turn
from billpolicy.policy.model import Chain, ExceptionRule, Outcome, Policy
from billpolicy.posting import posting
from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation import Explanation, Rule, rule_at
from billpolicy.report.results import Finding, Period, Place, findings, known_place, period_of, told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level

Plain = tuple[Level, ...] | str | int | bool
"""An outcome: the levels of a chain, or the value of a setting."""


@record
class Side:
    """One of the two policies."""

    path: str
    """As it was named."""
    policy: str
    digest: str
    in_force: Period


@record
class ApartTold:
    """One thing that comes out otherwise of an operation."""

    kind: outcomes.Kind
    operation: str
    key: str | None = None
    old: str | None = None
    new: str | None = None
    old_rule: Rule | None = None
    """Of what was recorded: the rule behind it; what is planned is explained."""
    new_rule: Rule | None = None


@record
class WitnessTold:
    """A book and operations, the last of which comes out otherwise; planned under both policies to see that it does."""

    file: str | None = None
    """Where it was written to."""
    today: Date
    book: dict[str, Any]
    operations: tuple[dict[str, Any], ...]
    apart: tuple[ApartTold, ...]
    """What comes out otherwise."""


@record
class RuleTold:
    """A rule that is another one than before."""

    kind: Literal["base_rule", "exception", "follow_up"]
    how: How
    """`renamed` and `reworded` decide nothing."""
    id: str
    was: str | None = None
    """Its id before, where that was another one."""
    old: Place | None = None
    new: Place | None = None


@record
class DeclaredTold:
    """Something that is declared otherwise: an attribute, a default, a code, a set, a term, a rate, a limit."""

    section: Section
    name: str
    how: Literal["added", "removed", "changed"]
    effect: Effect
    before: str | None = None
    after: str | None = None
    old: Place | None = None
    new: Place | None = None


@record
class ChangedTold:
    """A decision that is another one somewhere, or a step that follows or no longer does."""

    operations: tuple[str, ...]
    key: str
    """The attribute or setting; of a step the event that it follows."""
    follows: bool = False
    """Whether it is about a step that follows an event."""
    name: str
    """What is decided, as it is said: `bill-to contact`."""
    before: str
    """The outcome in words."""
    after: str
    old: Plain | None = None
    """The outcome; without it, nothing is decided there, or nothing follows."""
    new: Plain | None = None
    where: tuple[str, ...] = ()
    """The regions in which it differs, in words; without them, everywhere."""
    old_rules: tuple[Rule, ...]
    new_rules: tuple[Rule, ...]
    witness: WitnessTold | None = None
    """Where one was asked for and found."""


@record
class BeyondTold:
    """Something that is changed and not allowed."""

    finding: Finding
    witness: WitnessTold | None = None
    """Of a decision."""


@record
class Unlike:
    """An operation that comes out otherwise, and how it was decided under either policy."""

    sample: str
    id: str
    operation: str
    date: Date
    accounts: tuple[str, ...]
    old_amounts: dict[str, Amount] = field(default_factory=dict)
    new_amounts: dict[str, Amount] = field(default_factory=dict)
    apart: tuple[ApartTold, ...]
    old: tuple[Explanation, ...] = ()
    """How that was decided which differs; where it is refused, why."""
    new: tuple[Explanation, ...] = ()
    old_refused: tuple[Finding, ...] = ()
    new_refused: tuple[Finding, ...] = ()


@record
class GroupTold:
    """One kind of difference of one decision of one operation, and how often it is met."""

    operation: str
    key: str | None = None
    kind: outcomes.Kind
    count: int


@record
class ImpactTold:
    """What comes out otherwise of real operations."""

    operations: int
    differing: int
    groups: tuple[GroupTold, ...]
    accounts: tuple[str, ...]
    old_amounts: dict[str, Amount]
    """Currency -> what the operations that come out otherwise are about under the old policy, whatever the signs."""
    new_amounts: dict[str, Amount]
    examples: tuple[Unlike, ...]
    untold: dict[str, int] = field(default_factory=dict)
    """Why it cannot be told of recorded operations whether they come out otherwise -> of how many."""


@record
class DiffReport:
    """What `diff` answers."""

    old: Side
    new: Side
    equivalent: bool
    """Whether it is proven that every operation comes out the same."""
    decisions: int
    """How many were compared."""
    unproven: tuple[str, ...]
    """Decisions of which it could not be proven, `operation.key`."""
    as_if: bool
    """Whether the two are never in force on the same day, so that they were compared as if they always were."""
    rules: tuple[RuleTold, ...]
    declared: tuple[DeclaredTold, ...]
    only: str | None = None
    """With it, `declared`, `changed` and `impact` have only what is about this name."""
    differing: int
    """How many of the decisions come out otherwise somewhere, with those that `only` leaves out."""
    changed: tuple[ChangedTold, ...]
    impact: ImpactTold | None = None
    beyond: tuple[BeyondTold, ...] = ()
    """With `--allow`: what is changed beyond it."""
    diagnostics: tuple[Finding, ...] = ()
    """What is wrong: with the policies, or beyond what the change was allowed to do."""


WitnessOf = Callable[[Changed, Beyond | None], WitnessTold | None]
BEHIND = {"due_date": "payment_term", "series": "sequence_set"}
"""What follows from a decision -> the attribute that decides it."""
_DECIDED = ("value", "level", *BEHIND)
Only = Callable[[Iterable[str], str | None], bool]
"""Whether something about these operations and this key is asked for."""


def only(name: str | None) -> Only:
    """What is about an operation or a key of this name; everything without one."""
    return lambda operations, key: name is None or name == key or name in operations


def diff_report(
    difference: PolicyDifference,
    paths: tuple[str, str],
    impact: Impact | None = None,
    versions: tuple[Versions, Versions] | None = None,
    name: str | None = None,
    diagnostics: Iterable[Diagnostic] = (),
    beyond: Iterable[Beyond] = (),
    witness_of: WitnessOf = lambda change, beyond: None,
) -> DiffReport:
    """The whole of it. `versions`: the policies that the impact was planned under; `name`: only what is about it.

    `witness_of`: gives a witness of a change, or of what of it is beyond what is allowed.
    """
    decisions, wanted = difference.decisions, only(name)
    return DiffReport(
        old=_side(paths[0], difference.old),
        new=_side(paths[1], difference.new),
        equivalent=difference.equivalent,
        decisions=decisions.count,
        unproven=tuple(".".join(one) for one in decisions.unproven),
        as_if=decisions.as_if,
        rules=tuple(_rule(one) for one in difference.rules),
        declared=tuple(_declared(one) for one in difference.declared if wanted((), one.name) or name == one.section),
        only=name,
        differing=len({(name, one.key, one.event) for one in decisions.changed for name in one.operations}),
        changed=tuple(
            replace(_changed(one, difference), witness=witness_of(one, None))
            for one in decisions.changed
            if wanted(one.operations, one.key)
        ),
        impact=None if impact is None or versions is None else impact_told(impact, versions),
        beyond=tuple(
            BeyondTold(
                finding=findings([one.finding])[0],
                witness=None if one.change is None else witness_of(one.change, one),
            )
            for one in beyond
        ),
        diagnostics=findings(diagnostics),
    )


def witness_told(found: WitnessOfChange, file: str | None = None) -> WitnessTold:
    """A witness as it is told."""
    made = found.witness
    apart = tuple(told(ApartTold, one, old_rule=None, new_rule=None) for one in found.apart)
    return WitnessTold(file=file, today=made.today, book=made.book, operations=tuple(made.operations), apart=apart)


def _side(path: str, policy: Policy) -> Side:
    in_force = period_of(policy.effective)
    return Side(path=path, policy=policy.name, digest=policy.digest, in_force=in_force)


def _rule(one: RuleChange) -> RuleTold:
    return told(RuleTold, one, old=known_place(one.old), new=known_place(one.new))


def _declared(one: Declared) -> DeclaredTold:
    return told(DeclaredTold, one, old=known_place(one.old), new=known_place(one.new))


def _changed(one: Changed, difference: PolicyDifference) -> ChangedTold:
    old, new = difference.old, difference.new
    return ChangedTold(
        operations=one.operations,
        key=one.key,
        follows=one.event,
        name=spoken(one.key),
        before=before_words(one, old),
        after=after_words(one, new),
        old=_plain(one.old),
        new=_plain(one.new),
        where=where(one, old, new),
        old_rules=tuple(_rules(old, one.old_rules)),
        new_rules=tuple(_rules(new, one.new_rules)),
    )


def _plain(outcome: Outcome | None) -> Plain | None:
    return outcome.levels if isinstance(outcome, Chain) else None if outcome is None else outcome.value


def _rules(policy: Policy, ids: Iterable[str]) -> Iterator[Rule]:
    """The rules of these ids, where they stand; a base rule that is for many operations once."""
    rules = policy.rules
    seen = set()
    for id in ids:
        found = rules.get(id)
        if found is not None and (isinstance(found, ExceptionRule) or found.position not in seen):
            seen.add(found.position)
            yield rule_at(id, found.position, found.because)


# -- what it does to real operations -------------------------------------------------------------------------------


def impact_told(impact: Impact, versions: tuple[Versions, Versions]) -> ImpactTold:
    """What comes out otherwise. `versions`: the policies that it was decided under."""
    groups = sorted(impact.groups.items(), key=lambda one: (one[0].operation, -one[1], one[0].key or "", one[0].kind))
    return ImpactTold(
        operations=impact.operations,
        differing=impact.differing,
        groups=tuple(told(GroupTold, group, count=count) for group, count in groups),
        accounts=tuple(sorted(impact.accounts)),
        old_amounts=dict(sorted(impact.old_amounts.items())),
        new_amounts=dict(sorted(impact.new_amounts.items())),
        examples=tuple(_unlike(one, versions) for one in impact.examples),
        untold=dict(sorted(impact.untold.items())),
    )


def _unlike(case: Case, versions: tuple[Versions, Versions]) -> Unlike:
    return told(
        Unlike,
        case,
        apart=tuple(_apart(one, case, versions) for one in case.apart),
        old=tuple(_explained(case, case.old, versions[0])),
        new=tuple(_explained(case, case.new, versions[1])),
        old_refused=() if case.old is None else findings(case.old.problems),
        new_refused=() if case.new is None else findings(case.new.problems),
    )


def _apart(one: Apart, case: Case, versions: tuple[Versions, Versions]) -> ApartTold:
    reason = case.reasons.get(one)
    if reason is None:
        return told(ApartTold, one, old_rule=None, new_rule=None)
    old, new = (
        next((found for policy in side.policies for found in _rules(policy, (id,) if id else ())), None)
        for side, id in zip(versions, reason, strict=True)
    )
    return told(ApartTold, one, old_rule=old, new_rule=new)


def _explained(case: Case, outcome: posting.Outcome | None, versions: Versions) -> Iterator[Explanation]:
    """The explanation of what differs: the decisions that do, and the steps that follow under one policy only."""
    if outcome is None or outcome.plan is None:
        return
    keys = {(one.operation, BEHIND.get(one.kind, one.key)) for one in case.apart if one.kind in _DECIDED}
    follow = {one.operation for one in case.apart if one.kind == "follows"}
    steps = {step.id: step.operation for step in in_turn(outcome.plan)}
    for one in explain_plan(versions, VOCABULARY, outcome.plan):
        decisions = tuple(each for each in one.decisions if (one.operation, each.key) in keys)
        if decisions or (one.step is not None and steps.get(one.step) in follow):
            yield replace(one, decisions=decisions, follow_ups=(), warnings=())
