"""Resolving the decisions of one document: facts and levels go in; what cannot be used is refused at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billpolicy.deciding.facts import facts_about, operation_facts
from billpolicy.deciding.levels import every_level
from billpolicy.deciding.objections import not_heard, not_known, not_permitted
from billpolicy.deciding.resolver import LevelValues, Resolved
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import Money
from billpolicy.planning.grounds import Grounds
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.spec import Level, OperationSpec


class Deciding(Grounds):
    """Decisions, as policy and book make them."""

    def resolve(
        self,
        spec: OperationSpec,
        *,
        objects: Mapping[str, Iterable[Any]],
        amount: Decimal | None = None,
        currency: str = "",
        reason: str | None = None,
        more: Mapping[str, Fact] | None = None,
        levels: Mapping[Level, LevelValues],
    ) -> Resolved:
        """All decisions for one document of this operation. Refuses where policy and book give no usable value.

        `more`: facts that only this operation has.
        """
        request = self.instruction.request
        facts, wrong = facts_about(self.book, objects, self.policy.fields)
        for sentence in wrong:
            self.problem("custom-value-wrong", sentence, hint="mend it under `custom` in the book")
        money = None if amount is None else Money(amount, currency)
        facts |= operation_facts(spec, self.policy, date=self.date, actor=request.actor, amount=money, reason=reason)
        facts |= more or {}
        self.stop_if_refused()
        asked_for = request.attributes if spec.name == request.operation else {}
        try:
            resolved = self.resolver.resolve(spec.name, self.date, facts, every_level(self.policy, levels, asked_for))
        except Refused as refused:
            raise Refused(
                problem._replace(position=problem.position or self.instruction.at()) for problem in refused.diagnostics
            ) from None
        accounts = [account.id for account in objects["account"]]
        for code, message, path, hint in (
            *not_permitted(self.resolver, resolved, request.actor, request.approved_by),
            *not_heard(self.resolver, resolved, asked_for),
            *not_known(self.policy, resolved, self.book.contacts, accounts),
        ):
            self.problem(code, message, *path, hint=hint)
        self.stop_if_refused()
        return resolved
