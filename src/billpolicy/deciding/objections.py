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
from billpolicy.deciding.approvals import known_people, not_approved, rule_in_words
from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.diagnostics.sentences import all_of, quoted
from billpolicy.policy.approval import approval_of
from billpolicy.policy.model import Attribute, BaseRule, Chain, Policy


class Objection(NamedTuple):
    """Why this cannot be done as it is asked for. `path`: the field of the request that it is about, if it is one."""

    code: Code
    message: str
    path: tuple[str | int, ...]
    hint: str | None


# -- who may do it -------------------------------------------------------------------------------------------------


def not_permitted(
    resolver: Resolver, resolved: Resolved, actor: str | None, approvers: Sequence[str], *, apart: bool = False
) -> Iterator[Objection]:
    """What the policy has against this being done: asked for by `actor`, approved by `approvers`. `apart`: further
    approvals may come later."""
    policy = resolver.policy
    required, permission = resolved.text("actor") == "required", resolved.text("permission")
    approval = approval_of(permission)
    if actor is None and (required or (approval and apart)):
        wanted = rule_in_words(resolver, resolved, "actor" if required else "permission")
        message = f"nobody is named as the actor of this operation ({wanted})"
        yield Objection("actor-missing", message, (), NAME_ACTOR)
    if actor is not None and (required or approval) and policy.knows_not(actor):
        wanted = rule_in_words(resolver, resolved, "actor" if required else "permission")
        message = f"`{actor}`, the actor, is in none of the policy's roles ({wanted})"
        yield Objection("actor-unknown", message, ("actor",), known_people(policy, actor))
    if permission != "refused" and approval is None:
        return
    by = rule_in_words(resolver, resolved, "permission")
    if permission == "refused":
        who = f"`{actor}`" if actor else "somebody without a name"
        yield Objection("not-permitted", f"{who} may not do this ({by})", ("actor",), "ask somebody who may")
    elif approval is not None and actor is None and approvers:
        # Whoever leaves their own name out could approve what they ask for.
        message = f"nobody is named whom {all_of(quoted(approvers))} would approve ({by})"
        yield Objection("actor-missing", message, ("approved_by",), NAME_ACTOR)
    elif approval is not None:
        for code, message, path, hint in not_approved(resolver, resolved, approval, actor, approvers, apart=apart):
            yield Objection(code, message, path, hint)


NAME_ACTOR = "add `actor: NAME`, or say --actor NAME"
"""What to do where somebody must be named."""


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
            by = f"rule `{rule.id}`, {rule.position}"
            message = f"the policy does not take `{key}` from the request ({by})"
            hint = "remove it, or change the policy"
            outcome = rule.outcome if isinstance(rule, BaseRule) else rule.then[key]
            if resolution.level is not None and isinstance(outcome, Chain) and "request" in outcome.levels:
                held = resolved.levels[resolution.level].label
                message = f"the `{key}` of {held} comes before that of the request ({by})"
                hint = "remove it, or let the policy name `request` before the others"
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
            label = resolved.levels[resolution.level].label_of(attribute.name)
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
