"""Resolving the decisions of one document: facts and levels go in; what cannot be used is refused at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billpolicy.book.model import Account, BillingDocument, Document, SourceDocument, Subscription
from billpolicy.deciding.facts import facts_about, operation_facts
from billpolicy.deciding.levels import every_level, levels_of
from billpolicy.deciding.objections import not_heard, not_known, not_permitted
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import Money
from billpolicy.planning.planning import Planning
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.operations import VOCABULARY


def resolve(
    planning: Planning,
    account: Account,
    *documents: BillingDocument | SourceDocument,
    subscriptions: Sequence[Subscription] = (),
    amount: Money | None = None,
    reason: str | None = None,
    more: Mapping[str, Fact] | None = None,
    operation: str = "",
) -> Resolved:
    """All decisions for one document. Refuses what was found wrong, or where policy and book give no usable value.

    Conditions ask about the account, the subscriptions and the documents, and values are inherited from them. `more`:
    facts that only this operation has. `operation`: by which one is decided, if it is not the one that is planned.
    """
    planning.stop_if_refused()
    request, policy = planning.request, planning.policy
    spec = VOCABULARY[operation or request.operation]
    objects: dict[str, Sequence[Any]] = {"account": [account], "subscription": subscriptions}
    objects |= {document.kind: [document] for document in documents}
    facts, wrong = facts_about(planning.book, objects, policy.fields)
    for sentence in wrong:
        planning.problem("custom-value-wrong", sentence, hint="mend it under `custom` in the book")
    facts |= operation_facts(spec, policy, date=planning.date, actor=request.actor, amount=amount, reason=reason)
    facts |= more or {}
    planning.stop_if_refused()
    holders = [document for document in documents if isinstance(document, Document)]
    asked_for = request.attributes if spec.name == request.operation else {}
    levels = every_level(policy, levels_of(account, holders, subscriptions), asked_for)
    try:
        resolved = planning.resolver.resolve(spec.name, planning.date, facts, levels)
    except Refused as refused:
        raise Refused(
            problem._replace(position=problem.position or planning.instruction.at()) for problem in refused.diagnostics
        ) from None
    for code, message, path, hint in (
        *not_permitted(planning.resolver, resolved, request.actor, request.approved_by),
        *not_heard(planning.resolver, resolved, asked_for),
        *not_known(policy, resolved, planning.book.contacts, [account.id]),
    ):
        planning.problem(code, message, *path, hint=hint)
    planning.stop_if_refused()
    return resolved
