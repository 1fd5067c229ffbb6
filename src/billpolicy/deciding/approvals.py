"""Whose approval counts for what somebody else asks, and what is missing of it (docs/policy-language.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from billpolicy.deciding.facts import actor_facts
from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.diagnostics.sentences import all_of, quoted
from billpolicy.policy.approval import Approval, approval_of
from billpolicy.policy.authority import asks_who
from billpolicy.policy.model import Policy

LET_WAIT = "let it wait in the ledger until it is approved, with `post --wait`"
"""What to do with an operation that lacks nothing but approvals."""


class Awaited(NamedTuple):
    """An approval that is still missing: of which operation, which one, by which rule, and who gave theirs."""

    operation: str
    approval: str
    """As the decision says it: `approval by 2 of cfo, lead`."""
    rule: str
    because: str | None
    given: tuple[str, ...] = ()


class Apart(NamedTuple):
    """Approvals that were given apart from an operation, while it waited for them."""

    digest: str
    """Of what was approved."""
    people: tuple[str, ...]


class Against(NamedTuple):
    """Why approvals do not suffice, with the field of the request that it is about."""

    code: Code
    message: str
    path: tuple[str | int, ...]
    hint: str


def awaited_of(resolver: Resolver, resolved: Resolved, approvers: Sequence[str]) -> Awaited | None:
    """The approval that is missing of what was decided; None if there is enough, or none is asked for."""
    approval = approval_of(resolved.text("permission"))
    if approval is None:
        return None
    counted = tuple(one for one in approvers if _counts(resolver.policy, approval, one))
    if len(counted) >= approval.count:
        return None
    rule = resolver.rule(resolved.operation, "permission", resolved.resolutions["permission"].rule)
    return Awaited(resolved.operation, str(approval), rule.id, rule.because, counted)


def not_approved(
    resolver: Resolver,
    resolved: Resolved,
    approval: Approval,
    actor: str | None,
    approvers: Sequence[str],
    *,
    apart: bool,
) -> Iterator[Against]:
    """Why these approvals do not suffice for what `actor` asks. `apart`: whatever is missing may come later."""
    policy, by = resolver.policy, rule_in_words(resolver, resolved, "permission")
    found = [
        against
        for place in range(len(approvers))
        for against in _against(resolver, resolved, approval, actor or "", approvers, place)
    ]
    yield from found
    others = [place for place, one in enumerate(approvers) if not _counts(policy, approval, one)]
    if found or apart or len(approvers) - len(others) >= approval.count:
        return
    for place in others:
        role = policy.roles[policy.person(approvers[place])]
        message = f"`{approvers[place]}` is a {role}; this needs the approval of {approval.people} ({by})"
        yield Against("approver-not-permitted", message, ("approved_by", place), "ask somebody who may")
    if not others:
        given = f", not of {all_of(quoted(approvers))} alone" if approvers else ""
        message = f"this needs the approval of {approval.people}{given} ({by})"
        names = "NAME" if approval.count == 1 else f"[{', '.join(['NAME'] * approval.count)}]"
        yield Against("approval-missing", message, ("actor",), f"add `approved_by: {names}`, or {LET_WAIT}")


def _counts(policy: Policy, approval: Approval, approver: str) -> bool:
    """Whether the rule asks for somebody of their role. Others may be there for a step that another rule is about."""
    return not approval.by or policy.roles.get(policy.person(approver)) in approval.by


def _against(
    resolver: Resolver, resolved: Resolved, approval: Approval, actor: str, approvers: Sequence[str], place: int
) -> Iterator[Against]:
    """Why one of these people cannot approve it, whatever is asked for."""
    policy, by, approver = resolver.policy, rule_in_words(resolver, resolved, "permission"), approvers[place]
    path = ("approved_by", place)
    nobody_else = not_somebody_else(policy, actor, approver, path, by)
    if nobody_else is not None:
        yield nobody_else
    elif policy.person(approver) in map(policy.person, approvers[:place]):
        message = f"`{approver}` approves this twice: nobody counts as two people ({by})"
        yield Against("approval-twice", message, path, "name each person once; other names of one are not others")
    else:
        theirs = as_asked_by(resolver, resolved, approver)
        their_rule = rule_in_words(resolver, theirs, "permission")
        if theirs.text("permission") == "refused":
            message = f"`{approver}` may not do this, so cannot approve it ({their_rule})"
            yield Against("approver-not-permitted", message, path, "ask somebody who may")
        elif approval_of(theirs.text("permission")) and not approval.by and asked_of_them(resolver, theirs):
            message = f"`{approver}` would need approval for this, too, so cannot approve it ({their_rule})"
            yield Against("approver-not-permitted", message, path, "ask somebody who may do it alone")


def not_somebody_else(
    policy: Policy, actor: str, approver: str, path: tuple[str | int, ...], by: str
) -> Against | None:
    """Why somebody is no second person beside who asks: it is them, or nobody whom the policy knows. `by`: what asks
    for one, in words."""
    if policy.person(approver) == policy.person(actor):
        message = f"`{actor}` cannot approve an operation of their own ({by})"
        return Against("approval-own", message, path, "a second person approves")
    if policy.knows_not(approver):
        message = f"`{approver}`, who approves this, is in none of the policy's roles ({by})"
        return Against("approver-unknown", message, path, known_people(policy, approver))
    return None


def known_people(policy: Policy, name: str) -> str:
    """A hint for whoever wrote a name that is in no role."""
    if "," in name:
        return f"write several people as a list: `[{name}]`"
    names = (*policy.roles, *(other for others in policy.aliases.values() for other in others))
    return did_you_mean(name, names) or "add them to one of `roles`, or name somebody who is"


def rule_in_words(resolver: Resolver, resolved: Resolved, key: str) -> str:
    """The rule that decided, with its place and its reason."""
    rule = resolver.rule(resolved.operation, key, resolved.resolutions[key].rule)
    because = f": {rule.because}" if rule.because else ""
    return f"rule `{rule.id}`, {rule.position}{because}"


def as_asked_by(resolver: Resolver, resolved: Resolved, person: str, *, with_gaps: bool = False) -> Resolved:
    """What would be decided if this person asked for the same. `with_gaps`: as `Resolver.resolve` has it."""
    others = {fact: value for fact, value in resolved.facts.items() if not fact.startswith("actor.")}
    facts = {**others, **actor_facts(resolver.policy, person)}
    return resolver.resolve(resolved.operation, resolved.date, facts, resolved.levels, with_gaps=with_gaps)


def asked_of_them(resolver: Resolver, theirs: Resolved) -> bool:
    """Whether what asks for approval asks who it is. Where it does not, two people see it, whoever they are."""
    operation = theirs.operation
    deciding = resolver.precedence_of(operation).decide(theirs.matched, "permission").survivors
    return any(asks_who(resolver.rule(operation, "permission", id)) for id in deciding)
