"""Resolving the decisions of one document: facts and levels go in; what cannot be used is refused at its place."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from billpolicy.book.history import on_day
from billpolicy.book.model import Account, BillingDocument, Document, SourceDocument, Subscription
from billpolicy.deciding.assumptions import broken_by, contradiction
from billpolicy.deciding.facts import facts_about, operation_facts
from billpolicy.deciding.levels import every_level, levels_of
from billpolicy.deciding.objections import not_heard, not_known, not_permitted
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.money import Money
from billpolicy.planning.planning import Planning
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.operations import VOCABULARY


def resolve(
    planning: Planning,
    account: Account | None,
    *documents: BillingDocument | SourceDocument,
    subscriptions: Sequence[Subscription] = (),
    amount: Money | None = None,
    reason: str | None = None,
    more: Mapping[str, Fact] | None = None,
    operation: str = "",
) -> Resolved:
    """All decisions for one document. Refuses what was found wrong, or where policy and book give no usable value.

    Conditions ask about the account, the subscriptions and the documents, and values are inherited from them: as they
    are on the day that the policy says (`values_of`). `account` is None where none is concerned. `more`: facts that
    only this operation has. `operation`: by which one is decided, if it is not the one that is planned.
    """
    planning.stop_if_refused()
    request, policy = planning.request, planning.policy
    spec = VOCABULARY[operation or request.operation]
    said = operation_facts(spec, policy, date=planning.date, actor=request.actor, amount=amount, reason=reason)
    asked_for = request.asked_for() if spec.name == request.operation else {}
    planning.rely_on_values([] if account is None else [account], subscriptions)
    resolved = _decided(planning, spec.name, account, documents, subscriptions, said | dict(more or {}), asked_for)
    for code, message, path, hint in (
        *not_permitted(planning.resolver, resolved, request.actor, request.approved_by),
        *not_heard(planning.resolver, resolved, asked_for),
        *not_known(policy, resolved, planning.book.contacts, [] if account is None else [account.id]),
    ):
        planning.problem(code, message, *path, hint=hint)
    planning.stop_if_refused()
    return resolved


def would_resolve(
    planning: Planning, operation: str, account: Account, subscription: Subscription, day: datetime.date
) -> Resolved | None:
    """What another operation would decide for a subscription by what is held on a day, as far as there are values; None
    where the policy cannot say. Nobody is asked whether they may do it."""
    said = {"date": planning.date.toordinal()}
    try:
        return _decided(planning, operation, account, (), [subscription], said, {}, day, with_gaps=True)
    except Refused:
        return None


def _decided(
    planning: Planning,
    operation: str,
    account: Account | None,
    documents: Sequence[BillingDocument | SourceDocument],
    subscriptions: Sequence[Subscription],
    said: Mapping[str, Fact],
    asked_for: Mapping[str, str | None],
    day: datetime.date | None = None,
    *,
    with_gaps: bool = False,
) -> Resolved:
    """What the policy decides, of values as they are on a day, by default the one that it says. Raises `Refused`."""
    policy, at = planning.policy, planning.instruction.at()
    day = day or planning.day_of_values(operation)
    accounts = [] if account is None else [on_day(account, day)]
    subscriptions = [on_day(subscription, day) for subscription in subscriptions]
    objects: dict[str, Sequence[Any]] = {"account": accounts, "subscription": subscriptions}
    objects |= {document.kind: [document] for document in documents}
    facts, wrong = facts_about(planning.book, objects, policy.fields)
    if wrong:
        hint = "mend it under `custom` in the book"
        raise Refused(Diagnostic("custom-value-wrong", sentence, at, hint) for sentence in wrong)
    for assumption in broken_by({**facts, **said}, policy):
        raise Refused([contradiction(assumption, "what this operation is about")._replace(position=at)])
    holders = [document for document in documents if isinstance(document, Document)]
    levels = every_level(policy, levels_of(accounts, holders, subscriptions, day=day), asked_for)
    try:
        return planning.resolver.resolve(operation, planning.date, {**facts, **said}, levels, with_gaps=with_gaps)
    except Refused as refused:
        raise Refused(problem._replace(position=problem.position or at) for problem in refused.diagnostics) from None
