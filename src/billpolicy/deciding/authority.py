"""Who may do what: the policy decides `permission` and `actor` of an operation, and this says whether that is kept.

The actor and their role are facts like any other, so limits of authority are exceptions of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Policy


class Objection(NamedTuple):
    """Why somebody may not do this; the message names the rule. `field`: the field of the request it is about."""

    code: str
    message: str
    field: str | None
    hint: str


def actor_facts(policy: Policy, person: str | None) -> dict[str, Fact]:
    """Who asks, and the role that the policy gives them; nothing of nobody."""
    if person is None:
        return {}
    role = policy.roles.get(person)
    return {"actor.id": person, **({} if role is None else {"actor.role": role})}


def objections(resolver: Resolver, resolved: Resolved, actor: str | None, approver: str | None) -> Iterator[Objection]:
    """What the policy has against this being done: asked for by `actor`, approved by `approver`."""
    if actor is None and resolved.text("actor") == "required":
        message = f"nobody is named as the actor of this operation ({_by(resolver, resolved, 'actor')})"
        yield Objection("actor-missing", message, None, "add `actor: NAME`, or say --actor NAME")
    permission = resolved.text("permission")
    by = _by(resolver, resolved, "permission")
    who = f"`{actor}`" if actor else "somebody without a name"
    if permission == "refused":
        yield Objection("not-permitted", f"{who} may not do this ({by})", "actor", "ask somebody who may")
    elif permission == "approval" and approver is None:
        message = f"this needs the approval of a second person ({by})"
        yield Objection("approval-missing", message, "actor", "add `approved_by: NAME`")
    elif permission == "approval" and actor is None:
        # Whoever leaves their own name out could approve what they ask for.
        message = f"nobody is named whom `{approver}` would approve ({by})"
        yield Objection("actor-missing", message, "approved_by", "add `actor: NAME`, or say --actor NAME")
    elif permission == "approval" and _same_person(approver, actor):
        message = f"{who} cannot approve an operation of their own ({by})"
        yield Objection("approval-own", message, "approved_by", "a second person approves")
    elif permission == "approval":
        theirs = _as_asked_by(resolver, resolved, approver)
        if theirs.text("permission") == "refused":
            message = f"`{approver}` may not do this, so cannot approve it ({_by(resolver, theirs, 'permission')})"
            yield Objection("approver-not-permitted", message, "approved_by", "ask somebody who may")


def _same_person(one: str | None, other: str | None) -> bool:
    """`Ines` and `ines` are one person. Nobody is authenticated here: names are as they were written."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def _as_asked_by(resolver: Resolver, resolved: Resolved, person: str | None) -> Resolved:
    others = {fact: value for fact, value in resolved.facts.items() if not fact.startswith("actor.")}
    facts = {**others, **actor_facts(resolver.policy, person)}
    return resolver.resolve(resolved.operation, resolved.date, facts, resolved.levels)


def _by(resolver: Resolver, resolved: Resolved, key: str) -> str:
    rule = resolver.rule(resolved.operation, key, resolved.resolutions[key].rule)
    because = f": {rule.because}" if rule.because else ""
    return f"rule `{rule.id}`, {rule.position}{because}"
