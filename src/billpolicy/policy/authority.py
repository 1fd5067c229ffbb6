"""What must be true of a policy's people, and of the approvals that it asks for."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.policy.approval import Approval, approval_of
from billpolicy.policy.boxes import hold
from billpolicy.policy.condition import Words
from billpolicy.policy.model import BaseRule, ExceptionRule, Policy
from billpolicy.vocabulary.fields import ACTOR
from billpolicy.vocabulary.settings import PERMISSION, WHO
from billpolicy.vocabulary.spec import Vocabulary

_Found = Iterator[Diagnostic]
_ID, _ROLE = (field.name for field in ACTOR)


def _one_person_a_name(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """A name is that of one person, in whatever spelling."""
    whose = {person: person for person in (*policy.roles, *policy.aliases)}
    for person, others in policy.aliases.items():
        at = policy.aliases_at[person]
        if policy.roles and person not in policy.roles:
            message = f"`{person}` has other names here, and is in none of the roles"
            hint = did_you_mean(person, policy.roles) or "add them to one of `roles`"
            yield Diagnostic("person-unknown", message, at, hint)
        for name in others:
            other = whose.setdefault(name, person)
            if other != person:
                message = f"`{name}` is named as another name of `{person}`, and is a name of `{other}`"
                yield Diagnostic("alias-taken", message, at, "leave each name to one person")


def _conditions_name_people(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """A condition on somebody names them as they are told apart, or it would never hold."""
    for rule in policy.conditional:
        for clause in rule.clauses:
            asked = [box[_ID].members for box in clause.boxes] if clause.field == _ID else []
            for name in sorted(str(name) for each in asked if isinstance(each, Words) for name in each.names):
                if policy.person(name) != name:
                    message = f"`{rule.id}` asks for `{name}`, which is another name of `{policy.person(name)}`"
                    yield Diagnostic("alias-in-condition", message, rule.position, f"write `{policy.person(name)}`")


def _approvals_can_be_given(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """Beside whoever asks there are as many as must approve, at least for somebody. One other person is asked for by
    policies that know nobody, such as the standard one: that there is none is told by a lint (approval-by-nobody)."""
    if not policy.roles:
        return
    told: set[Position] = set()
    for rule, at, approval in _asking(policy):
        givers = {person for person, role in policy.roles.items() if not approval.by or role in approval.by}
        askers = [person for person, role in policy.roles.items() if _is_about(rule, person, role)]
        most = max((len(givers - {asker}) for asker in askers), default=len(givers))
        if most < approval.count and (approval.by or approval.count > 1) and at not in told:
            told.add(at)
            message = f"`{rule.id}` wants the approval of {approval.people}; beside whoever asks there {_are(most)}"
            yield Diagnostic(
                "approval-impossible", message, at, "give more people one of these roles, or ask for fewer"
            )


def _are(count: int) -> str:
    return "is nobody" if count == 0 else "is one" if count == 1 else f"are {count}"


def _asking(policy: Policy) -> Iterator[tuple[BaseRule | ExceptionRule, Position, Approval]]:
    """Every rule that asks for approval, where it says so, and for which."""
    for base in policy.base.values():
        approval = approval_of(base.outcome) if base.key == PERMISSION.name else None
        if approval is not None:
            yield base, base.position, approval
    for rule in policy.exceptions:
        approval = approval_of(rule.then.get(PERMISSION.name))
        if approval is not None:
            yield rule, rule.then_at[PERMISSION.name], approval


def _is_about(rule: BaseRule | ExceptionRule, person: str, role: str) -> bool:
    """Whether it can be about what this person asks for."""
    if isinstance(rule, BaseRule):
        return True
    facts = {_ID: person, _ROLE: role}
    return hold(rule.boxes, facts, but=rule.facts - facts.keys())


def _nobody_escapes(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """Who says no name meets no rule on people: where such a rule stops somebody, somebody must be named."""
    if not policy.roles:
        return
    for rule in policy.exceptions:
        outcome = rule.then.get(PERMISSION.name)
        if outcome is None or str(outcome) == "allowed" or not asks_who(rule) or _holds_for_nobody(rule):
            continue
        escaped = [name for name in rule.operations if _allows_nobody(policy, name)]
        if escaped:
            more = f" and {len(escaped) - 1} more" if len(escaped) > 1 else ""
            who = "whoever leaves their name out, or is in no role, escapes it"
            message = f"`{rule.id}` stops people by their name or role; {who} (`{escaped[0]}`{more})"
            hint = "say `actor: required` of the operation, or under `every_operation`"
            yield Diagnostic("actor-optional", message, rule.then_at[PERMISSION.name], hint, "warning")


def _holds_for_nobody(rule: ExceptionRule) -> bool:
    return hold(rule.boxes, {}, but=rule.facts - {_ID, _ROLE})


def _allows_nobody(policy: Policy, operation: str) -> bool:
    """Whether the base rules let somebody without a name do it, and no exception that may hold then says otherwise."""
    who, permission = (policy.base.get((operation, setting.name)) for setting in (WHO, PERMISSION))
    if who is None or permission is None or str(who.outcome) != "optional" or str(permission.outcome) != "allowed":
        return False
    others = [one for one in policy.exceptions_for(operation) if _holds_for_nobody(one)]
    return not any(
        str(one.then.get(WHO.name)) == "required" or str(one.then.get(PERMISSION.name)) == "refused" for one in others
    )


def asks_who(rule: BaseRule | ExceptionRule) -> bool:
    """Whether a rule asks who it is that asks."""
    return isinstance(rule, ExceptionRule) and any(clause.field in (_ID, _ROLE) for clause in rule.clauses)


def _limits_know_whom_they_hold(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """Where no roles say who there is, every name that somebody thinks of has an allowance of its own."""
    if policy.roles:
        return
    for limit in policy.limits.values():
        if limit.by == "actor":
            message = f"`{limit.id}` holds each actor, and no `roles` say who these are: any other name has it all anew"
            hint = "declare them, like `roles: {clerk: [ines]}`: all who are in none share one then; or say `by: all`"
            yield Diagnostic("limit-by-anybody", message, limit.position, hint, "warning")


AUTHORITY = (
    _one_person_a_name,
    _conditions_name_people,
    _approvals_can_be_given,
    _nobody_escapes,
    _limits_know_whom_they_hold,
)
