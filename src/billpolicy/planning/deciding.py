"""Resolving the decisions of one document: facts and levels go in; what cannot be used is refused at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billpolicy.book.model import Account
from billpolicy.deciding.authority import actor_facts, objections
from billpolicy.deciding.facts import facts_about
from billpolicy.deciding.resolver import LevelValues, Resolved
from billpolicy.diagnostics.diagnostic import Refused, did_you_mean
from billpolicy.money import Money
from billpolicy.planning.grounds import Grounds
from billpolicy.policy.condition import Fact
from billpolicy.policy.typed import facts_of
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec


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
        facts, wrong = facts_about(self.book, objects, self.policy.fields)
        for sentence in wrong:
            self.problem("custom-value-wrong", sentence, hint="mend it under `custom` in the book")
        names = {field.name for field in spec.fields}
        facts["date"] = self.date.toordinal()
        facts.update(actor_facts(self.policy, self.asked.request.actor))
        if "amount" in names and amount is not None:
            facts.update(_money_facts(amount, currency))
        if "reason" in names and reason is not None:
            facts["reason"] = reason
        facts.update(more or {})
        self.stop_if_refused()
        asked_for = {} if spec.name != self.asked.request.operation else self.asked.request.attributes
        every: dict[Level, LevelValues] = {
            "request": LevelValues("the request", asked_for),
            **levels,
            "default": LevelValues("the policy's defaults", self.policy.defaults),
        }
        try:
            resolved = self.resolver.resolve(spec.name, self.date, facts, every)
        except Refused as refused:
            raise Refused(
                problem._replace(position=problem.position or self.asked.at()) for problem in refused.diagnostics
            ) from None
        request = self.asked.request
        for objection in objections(self.resolver, resolved, request.actor, request.approved_by):
            path = (objection.field,) if objection.field else ()
            self.problem(objection.code, objection.message, *path, hint=objection.hint)
        self._check_request_is_heard(resolved, asked_for)
        self._check_named_values(resolved, objects["account"])
        self.stop_if_refused()
        return resolved

    def _check_request_is_heard(self, resolved: Resolved, asked_for: Mapping[str, str | None]) -> None:
        for key, value in asked_for.items():
            path = ("attributes", key)
            resolution = resolved.resolutions.get(key)
            if resolution is None or key not in self.policy.attributes:
                hint = did_you_mean(key, [k for k in resolved.resolutions if k in self.policy.attributes])
                self.problem("attribute-not-here", f"this operation has no attribute `{key}`", *path, hint=hint)
            elif value is not None and resolution.level != "request":
                rule = self.resolver.rule(resolved.operation, key, resolution.rule)
                message = f"the policy does not take `{key}` from the request (rule `{rule.id}`, {rule.position})"
                self.problem("request-not-heard", message, *path, hint="remove it, or change the policy")

    def _check_named_values(self, resolved: Resolved, accounts: Iterable[Account]) -> None:
        """An inherited value names something that exists: a contact of the account, a declared term or set."""
        owners = [account.id for account in accounts]
        for attribute in self.policy.attributes.values():
            resolution = resolved.resolutions.get(attribute.name)
            if resolution is None or resolution.level is None:
                continue
            value = str(resolution.value)
            source = f"from {resolved.levels[resolution.level].label}"
            here = ("attributes", attribute.name) if resolution.level == "request" else ()
            if attribute.type == "contact":
                contact = self.book.contacts.get(value)
                if contact is None or contact.account not in owners:
                    whose = f"a contact of account `{owners[0]}`"
                    message = f"`{attribute.name}` is `{value}` ({source}), which is not {whose}"
                    known = [c.id for c in self.book.contacts.values() if c.account in owners]
                    hint = did_you_mean(value, known) or f"name {whose}"
                    self.problem("contact-unknown", message, *here, hint=hint)
            known_names = {
                "payment_term": self.policy.payment_terms,
                "sequence_set": self.policy.sequence_sets,
            }.get(attribute.type)
            if known_names is not None and value not in known_names:
                what = attribute.type.replace("_", " ")
                message = f"`{attribute.name}` is `{value}` ({source}), but the policy declares no such {what}"
                hint = did_you_mean(value, known_names) or f"declare it in the policy, or name another {what}"
                self.problem(f"{attribute.type.replace('_', '-')}-unknown", message, *here, hint=hint)


def _money_facts(amount: Decimal, currency: str) -> dict[str, str | int | bool]:
    return facts_of(FieldSpec("amount", "money"), Money(amount, currency))
