"""Approvals that nobody can give: all who might are refused the same thing, need approval for it, or ask themselves.

Whoever approves must be another person in the policy's roles than who asks, not be refused the same, nor need approval
for it (docs/policy-language.md, who approves). Only refusals that hold for a role whatever else is asked are counted,
and only where no other exception contradicts them.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.approval import Approval, approval_of
from billpolicy.policy.authority import asks_who
from billpolicy.policy.boxes import hold, meet
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import BaseRule, ExceptionRule, Setting

_KEY, _ROLE, _PERSON = "permission", "actor.role", "actor.id"
_REFUSED = Setting("refused")


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    people = subject.policy.roles
    told = set()
    for operation in subject.vocabulary if people else ():
        rules = [rule for rule in subject.policy.exceptions_for(operation) if _KEY in rule.then]
        may = {person for person, role in people.items() if not _refused(subject, rules, role)}
        for rule, at, approval, asking in _approvals(subject, operation, rules):
            givers = {person for person in may if not approval.by or people[person] in approval.by}
            if not approval.by and isinstance(rule, ExceptionRule) and asks_who(rule):
                givers -= set(asking)
            alone = sorted(person for person in asking if len(givers - {person}) < approval.count)
            if alone and at not in told and at.file in subject.own:
                told.add(at)
                who = f"of what `{alone[0]}` asks for " if givers else ""
                message = (
                    f"nobody can give the approval {who}that `{rule.id}` wants: too few others may do `{operation}`"
                )
                yield Finding(message, at, "let one more person do it, or do not ask for an approval here")


def _refused(subject: Subject, rules: list[ExceptionRule], role: str | None) -> bool:
    """Whether whoever has this role, or none, is refused whatever they ask for, and always."""
    begins = subject.policy.effective.from_
    refusals = [
        rule
        for rule in rules
        if rule.then[_KEY] == _REFUSED
        and rule.facts <= {_ROLE}
        and rule.effective.from_ <= begins
        and rule.effective.until is None
    ]
    return any(
        (_ROLE not in rule.facts or rule.boxes[0][_ROLE].allows(role))
        and not any(other.then[_KEY] != _REFUSED and meet(other.boxes, rule.boxes) for other in rules)
        for rule in refusals
    )


def _approvals(
    subject: Subject, operation: str, rules: list[ExceptionRule]
) -> Iterator[tuple[BaseRule | ExceptionRule, Position, Approval, list[str]]]:
    """Each rule that wants an approval, its place, which, and the people whom it is about and no other exception."""
    people = subject.policy.roles
    alone: dict[str | None, list[str]] = {}
    for person, role in people.items():
        met = [rule.id for rule in rules if _meets(rule, person, role)]
        if len(met) < 2:
            alone.setdefault(met[0] if met else None, []).append(person)
    base = subject.policy.base.get((operation, _KEY))
    wanted = None if base is None else approval_of(base.outcome)
    if base is not None and wanted is not None:
        yield base, base.position, wanted, alone.get(None, [])
    for rule in rules:
        wanted = approval_of(rule.then[_KEY])
        if wanted is not None:
            yield rule, rule.then_at[_KEY], wanted, alone.get(rule.id, [])


def _meets(rule: ExceptionRule, person: str, role: str) -> bool:
    """Whether a rule can be about what this person asks for."""
    facts: dict[str, Fact] = {_PERSON: person, _ROLE: role}
    return hold(rule.boxes, facts, but=rule.facts - facts.keys())


LINT = Lint("approval-by-nobody", "warning", "authority", _check)
