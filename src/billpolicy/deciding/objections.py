"""What stands against an operation once its decisions are resolved: it is not permitted, not heard, or not known.

Who may do what is decided by the policy (`permission` and `actor` of an operation), and this says whether that is kept.
The actor and their role are facts like any other, so limits of authority are exceptions of the policy. Objections are
values: whoever plans the operation says where in the request they stand, and refuses.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from billpolicy.book.history import on_day
from billpolicy.book.model import Contact
from billpolicy.deciding.facts import actor_facts
from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.policy.approval import Approval, approval_of
from billpolicy.policy.authority import asks_who
from billpolicy.policy.model import Attribute, Policy
from billpolicy.policy.people import listed


class Objection(NamedTuple):
    """Why this cannot be done as it is asked for. `path`: the field of the request that it is about, if it is one."""

    code: Code
    message: str
    path: tuple[str | int, ...]
    hint: str | None


# -- who may do it -------------------------------------------------------------------------------------------------


def not_permitted(
    resolver: Resolver, resolved: Resolved, actor: str | None, approvers: Sequence[str]
) -> Iterator[Objection]:
    """What the policy has against this being done: asked for by `actor`, approved by `approvers`."""
    policy = resolver.policy
    required, permission = resolved.text("actor") == "required", resolved.text("permission")
    approval = approval_of(permission)
    if actor is None and required:
        message = f"nobody is named as the actor of this operation ({_by(resolver, resolved, 'actor')})"
        yield Objection("actor-missing", message, (), _NAME_ACTOR)
    if actor is not None and (required or approval) and _is_stranger(policy, actor):
        wanted = _by(resolver, resolved, "actor" if required else "permission")
        message = f"`{actor}`, the actor, is in none of the policy's roles ({wanted})"
        yield Objection("actor-unknown", message, ("actor",), _known(policy, actor))
    by = _by(resolver, resolved, "permission")
    if permission == "refused":
        who = f"`{actor}`" if actor else "somebody without a name"
        yield Objection("not-permitted", f"{who} may not do this ({by})", ("actor",), "ask somebody who may")
    if approval is None:
        return
    if actor is None and approvers:
        # Whoever leaves their own name out could approve what they ask for.
        message = f"nobody is named whom {listed(approvers)} would approve ({by})"
        yield Objection("actor-missing", message, ("approved_by",), _NAME_ACTOR)
        return
    found = False
    for place in range(len(approvers)):
        for objection in _not_approved(resolver, resolved, approval, actor or "", approvers, place):
            found = True
            yield objection
    if not found and len(approvers) < approval.count:
        given = f", not of {listed(approvers)} alone" if approvers else ""
        message = f"this needs the approval of {approval.people}{given} ({by})"
        names = "NAME" if approval.count == 1 else f"[{', '.join(['NAME'] * approval.count)}]"
        yield Objection("approval-missing", message, ("actor",), f"add `approved_by: {names}`")


_NAME_ACTOR = "add `actor: NAME`, or say --actor NAME"


def _not_approved(
    resolver: Resolver, resolved: Resolved, approval: Approval, actor: str, approvers: Sequence[str], place: int
) -> Iterator[Objection]:
    """Why the approval of one of these people does not count, after those of the ones before."""
    policy, by, approver = resolver.policy, _by(resolver, resolved, "permission"), approvers[place]
    person, before = policy.person(approver), map(policy.person, approvers[:place])
    path: tuple[str | int, ...] = ("approved_by", place)
    if person == policy.person(actor):
        message = f"`{actor}` cannot approve an operation of their own ({by})"
        yield Objection("approval-own", message, path, "a second person approves")
    elif person in before:
        message = f"`{approver}` approves this twice: nobody counts as two people ({by})"
        yield Objection("approval-twice", message, path, "name each person once; other names of one are not others")
    elif _is_stranger(policy, approver):
        message = f"`{approver}`, who approves this, is in none of the policy's roles ({by})"
        yield Objection("approver-unknown", message, path, _known(policy, approver))
    elif approval.by and policy.roles[person] not in approval.by:
        message = f"`{approver}` is a {policy.roles[person]}; this needs the approval of {approval.people} ({by})"
        yield Objection("approver-not-permitted", message, path, "ask somebody who may")
    else:
        theirs = _as_asked_by(resolver, resolved, approver)
        their_rule = _by(resolver, theirs, "permission")
        if theirs.text("permission") == "refused":
            message = f"`{approver}` may not do this, so cannot approve it ({their_rule})"
            yield Objection("approver-not-permitted", message, path, "ask somebody who may")
        elif approval_of(theirs.text("permission")) and not approval.by and _asked_of_them(resolver, theirs):
            message = f"`{approver}` would need approval for this, too, so cannot approve it ({their_rule})"
            yield Objection("approver-not-permitted", message, path, "ask somebody who may do it alone")


def _is_stranger(policy: Policy, name: str) -> bool:
    """Whether there are roles, and somebody has none of them."""
    return bool(policy.roles) and policy.person(name) not in policy.roles


def _known(policy: Policy, name: str) -> str:
    names = (*policy.roles, *(other for others in policy.aliases.values() for other in others))
    return did_you_mean(name, names) or "add them to one of `roles`, or name somebody who is"


def _asked_of_them(resolver: Resolver, theirs: Resolved) -> bool:
    """Whether what asks for approval asks who it is. Where it does not, two people see it, whoever they are."""
    operation = theirs.operation
    deciding = resolver.precedence_of(operation).decide(theirs.matched, "permission").survivors
    return any(asks_who(resolver.rule(operation, "permission", id)) for id in deciding)


def _as_asked_by(resolver: Resolver, resolved: Resolved, person: str | None) -> Resolved:
    others = {fact: value for fact, value in resolved.facts.items() if not fact.startswith("actor.")}
    facts = {**others, **actor_facts(resolver.policy, person)}
    return resolver.resolve(resolved.operation, resolved.date, facts, resolved.levels)


def _by(resolver: Resolver, resolved: Resolved, key: str) -> str:
    rule = resolver.rule(resolved.operation, key, resolved.resolutions[key].rule)
    because = f": {rule.because}" if rule.because else ""
    return f"rule `{rule.id}`, {rule.position}{because}"


# -- what is asked for and inherited -------------------------------------------------------------------------------


def not_heard(resolver: Resolver, resolved: Resolved, asked_for: Mapping[str, str | None]) -> Iterator[Objection]:
    """The attributes that the request names, and the policy does not take from there."""
    attributes = resolver.policy.attributes
    for key, value in asked_for.items():
        resolution = resolved.resolutions.get(key)
        if resolution is None or key not in attributes:
            hint = did_you_mean(key, [k for k in resolved.resolutions if k in attributes])
            message = f"this operation has no attribute `{key}`"
            yield Objection("attribute-not-here", message, ("attributes", key), hint)
        elif value is not None and resolution.level != "request":
            rule = resolver.rule(resolved.operation, key, resolution.rule)
            message = f"the policy does not take `{key}` from the request (rule `{rule.id}`, {rule.position})"
            hint = "remove it, or change the policy"
            yield Objection("request-not-heard", message, ("attributes", key), hint)


def not_known(
    policy: Policy, resolved: Resolved, contacts: Mapping[str, Contact], accounts: Collection[str]
) -> Iterator[Objection]:
    """The values that name nothing: no contact of the accounts, no declared payment term, no declared sequence set."""
    for attribute in policy.attributes.values():
        resolution = resolved.resolutions.get(attribute.name)
        if resolution is None or resolution.level is None:
            continue
        value = str(resolution.value)
        found = unknown_value(policy, attribute, value, contacts, accounts, resolved.date)
        if found is not None:
            label = resolved.levels[resolution.level].label
            message = f"`{attribute.name}` is `{value}` (from {label}), {found.what}"
            path = ("attributes", attribute.name) if resolution.level == "request" else ()
            yield Objection(found.code, message, path, found.hint)


class Unknown(NamedTuple):
    """Why the value of an attribute cannot be used: `what` goes on from `bill_to_contact is ann, ...`."""

    code: Code
    what: str
    hint: str


def unknown_value(
    policy: Policy,
    attribute: Attribute,
    value: str,
    contacts: Mapping[str, Contact],
    accounts: Collection[str],
    day: datetime.date,
) -> Unknown | None:
    """Why a document of that day cannot have this value; None if it can. `accounts`: those whose contacts it may be."""
    declared: dict[str, tuple[Code, Mapping[str, object]]] = {
        "payment_term": ("payment-term-unknown", policy.payment_terms),
        "sequence_set": ("sequence-set-unknown", policy.sequence_sets),
    }
    if attribute.type == "contact":
        contact = contacts.get(value)
        contact = contact and on_day(contact, day)
        whose = f"a contact of account `{next(iter(accounts))}`"
        theirs = {one.id: one for one in contacts.values() if one.account in accounts}
        if contact is None or contact.account not in accounts:
            return Unknown("contact-unknown", f"which is not {whose}", did_you_mean(value, theirs) or f"name {whose}")
        if contact.retired_on is not None and contact.retired_on <= day:
            what = f"a contact that is retired since {contact.retired_on}"
            return Unknown("contact-retired", what, f"name {whose} that is not retired")
    elif attribute.type in declared:
        code, known = declared[attribute.type]
        kind = attribute.type.replace("_", " ")
        if value not in known:
            hint = did_you_mean(value, known) or f"declare it in the policy, or name another {kind}"
            return Unknown(code, f"but the policy declares no such {kind}", hint)
    return None
