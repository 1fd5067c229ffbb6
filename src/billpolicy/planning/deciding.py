"""Resolving the decisions of one document: facts and levels go in; what cannot be used is refused at its place."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from billpolicy.book.history import on_day
from billpolicy.book.model import Account, BillingDocument, Document, SourceDocument, Subscription
from billpolicy.deciding.approvals import awaited_of
from billpolicy.deciding.assumptions import broken_by, contradiction
from billpolicy.deciding.facts import facts_about, operation_facts
from billpolicy.deciding.levels import every_level, levels_of
from billpolicy.deciding.listed import unlisted_in, without_a_code
from billpolicy.deciding.objections import not_heard, not_known, not_permitted
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, refuse_errors
from billpolicy.money import Money
from billpolicy.planning.planning import Planning
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.operations import VOCABULARY


def resolve(
    planning: Planning,
    account: Account | None,
    *documents: BillingDocument | SourceDocument,
    subscriptions: Sequence[Subscription] = (),
    behind: Sequence[BillingDocument | SourceDocument] = (),
    amount: Money | None = None,
    reason: str | None = None,
    more: Mapping[str, Fact] | None = None,
    operation: str = "",
) -> Resolved:
    """All decisions for one document. Refuses what was found wrong, or where policy and book give no usable value.

    Conditions ask about the account, the subscriptions and the documents, and values are inherited from them: as they
    are on the day that the policy says (`values_of`). `account` is None where none is concerned. `behind`: documents
    that values can be inherited from, and from the subscriptions of their items, and that no condition asks about.
    `more`: facts that only this operation has. `operation`: by which one is decided, if it is not the one that is
    planned.
    """
    planning.stop_if_refused()
    request, policy = planning.request, planning.policy
    spec = VOCABULARY[operation or request.operation]
    said = operation_facts(spec, policy, date=planning.date, actor=request.actor, amount=amount, reason=reason)
    asked_for = request.asked_for() if spec.name == request.operation else {}
    for document in behind:
        planning.rely_on(document.number)
    items = (item for document in behind if isinstance(document, Document) for item in document.items)
    beside = planning.subscriptions_of(items)
    planning.rely_on_values([] if account is None else [account], [*subscriptions, *beside])
    objects = _Objects(account, documents, subscriptions, behind, beside)
    resolved = _decided(planning, spec.name, objects, said | dict(more or {}), asked_for)
    apart = planning.instruction.apart
    awaited = awaited_of(planning.resolver, resolved, request.approved_by) if apart else None
    if awaited is not None:
        planning.wait_for(awaited)
    for code, message, path, hint in (
        *not_permitted(planning.resolver, resolved, request.actor, request.approved_by, apart=apart),
        *not_heard(planning.resolver, resolved, asked_for),
        *not_known(policy, resolved, planning.book.contacts, [] if account is None else [account.id]),
    ):
        planning.problem(code, message, *path, hint=hint)
    planning.stop_if_refused()
    return resolved


def alone(planning: Planning, account: Account, *, amount: Money, more: Mapping[str, Fact]) -> Resolved:
    """What the policy decides for one document whatever levels hold: its settings. Nobody is asked whether they may."""
    planning.stop_if_refused()
    spec = VOCABULARY[planning.request.operation]
    actor = planning.request.actor
    said = operation_facts(spec, planning.policy, date=planning.date, actor=actor, amount=amount, reason=None)
    return _decided(planning, spec.name, _Objects(account), said | dict(more), {}, with_gaps=True)


def would_resolve(
    planning: Planning, operation: str, account: Account, subscription: Subscription, day: datetime.date
) -> Resolved | None:
    """What another operation would decide for a subscription by what is held on a day, as far as there are values; None
    where the policy cannot say. Nobody is asked whether they may do it."""
    said = {"date": planning.date.toordinal()}
    try:
        about = _Objects(account, subscriptions=[subscription])
        return _decided(planning, operation, about, said, {}, day, with_gaps=True)
    except Refused:
        return None


class _Objects(NamedTuple):
    """What is decided by: conditions ask about the first three, and values come from all of them."""

    account: Account | None
    documents: Sequence[BillingDocument | SourceDocument] = ()
    subscriptions: Sequence[Subscription] = ()
    behind: Sequence[BillingDocument | SourceDocument] = ()
    beside: Sequence[Subscription] = ()
    """The subscriptions of the documents behind."""


def _decided(
    planning: Planning,
    operation: str,
    about: _Objects,
    said: Mapping[str, Fact],
    asked_for: Mapping[str, str | None],
    day: datetime.date | None = None,
    *,
    with_gaps: bool = False,
) -> Resolved:
    """What the policy decides, of values as they are on a day, by default the one that it says. Raises `Refused`."""
    policy, at = planning.policy, planning.instruction.at()
    day = day or planning.day_of_values(operation)
    accounts = [] if about.account is None else [on_day(about.account, day)]
    subscriptions = [on_day(subscription, day) for subscription in about.subscriptions]
    objects: dict[str, list[Any]] = {"account": accounts, "subscription": subscriptions}
    for document in about.documents:
        objects.setdefault(document.kind, []).append(document)
    facts, wrong = facts_about(planning.book, objects, policy.fields, planning.date)
    if wrong:
        hint = "mend it under `custom` in the book"
        raise Refused(Diagnostic("custom-value-wrong", sentence, at, hint) for sentence in wrong)
    # What is just being mended is held until then, so it is not in the way.
    odd = (*(one for _, one in unlisted_in(policy, objects)), *without_a_code(policy, operation, accounts))
    found = (one for one in odd if not said.get(f"changes.{one.field}"))
    refuse_errors(Diagnostic("value-not-listed", one.message, at, one.hint) for one in found)
    for assumption in broken_by({**facts, **said}, policy):
        raise Refused([contradiction(assumption, "what this operation is about")._replace(position=at)])
    named = VOCABULARY[operation].levels
    holders = {one.number: one for one in about.documents if isinstance(one, Document) or one.kind in named}
    holders |= {one.number: one for one in about.behind}
    subscribed = {one.id: one for one in subscriptions}
    subscribed |= {one.id: on_day(one, day) for one in about.beside if one.id not in subscribed}
    levels = every_level(policy, levels_of(accounts, holders.values(), subscribed.values(), day=day), asked_for)
    try:
        return planning.resolver.resolve(operation, planning.date, {**facts, **said}, levels, with_gaps=with_gaps)
    except Refused as refused:
        raise Refused(problem._replace(position=problem.position or at) for problem in refused.diagnostics) from None
