"""Planning one operation: look things up, refuse with a reason, resolve, draw numbers, and collect the plan.

A `Planning` is the one mutable thing of a planner, alive for one operation. It never touches the book it was given:
it works on a book that grows with what it plans, so that every check sees what was planned so far.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from billpolicy.book.book import Book, in_item_order
from billpolicy.book.model import (
    Account,
    Application,
    BillingDocument,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Numbered,
    Part,
    Payment,
    Refund,
    Subscription,
)
from billpolicy.money import Money
from billpolicy.operations.authority import actor_facts, objections
from billpolicy.operations.facts import facts_about
from billpolicy.operations.numbering import MAX_COUNTER, next_number, series_of
from billpolicy.operations.request import Asked, request_data
from billpolicy.plan import BalanceChange, ChargedThrough, Plan, PlannedDocument
from billpolicy.policy.typed import facts_of
from billpolicy.policy.vocabulary import FieldSpec, Level, OperationSpec
from billpolicy.resolve import LevelValues, Resolved, Resolver
from billpolicy.source.diagnostic import Diagnostic, Refused, did_you_mean

_D = TypeVar("_D", bound=Numbered)
_E = TypeVar("_E", bound=Numbered)
_N = TypeVar("_N", Invoice, CreditMemo, DebitMemo, Payment, Refund)
_STATUS = {"draft": "a draft", "canceled": "canceled"}
_ARTICLE = {
    "invoice": "an invoice",
    "credit_memo": "a credit memo",
    "debit_memo": "a debit memo",
    "payment": "a payment",
    "refund": "a refund",
}


class Planning:
    """One operation being planned on one book."""

    def __init__(self, resolver: Resolver, book: Book, asked: Asked, today: datetime.date) -> None:
        self.resolver = resolver
        self.policy = resolver.policy
        self.asked = asked
        self.today = today
        self.date = asked.request.date or today
        self.book = book
        self._before = book
        self._documents: list[PlannedDocument] = []
        self._decisions: list[Resolved] = []
        self._applications: list[Application] = []
        self._reversed: list[str] = []
        self._charged_through: list[ChargedThrough] = []
        self._touched: list[str] = []
        self._basis: dict[str, int] = {}
        self._warnings: list[Diagnostic] = []
        self._problems: list[Diagnostic] = []

    # -- refusing ----------------------------------------------------------------------------------------------

    def problem(self, code: str, message: str, *path: str | int, hint: str | None = None) -> None:
        """Note a reason to refuse; planning goes on to find the others."""
        self._problems.append(Diagnostic(code, message, self.asked.at(*path), hint))

    def refuse(self, code: str, message: str, *path: str | int, hint: str | None = None) -> NoReturn:
        """Refuse now: without this, nothing more can be said."""
        self.problem(code, message, *path, hint=hint)
        raise Refused(self._problems)

    def stop_if_refused(self) -> None:
        """Raise `Refused` with every reason found so far, if there is one."""
        if self._problems:
            raise Refused(self._problems)

    def warn(self, code: str, message: str) -> None:
        """Say something that the plan does and its reader may not expect."""
        self._warnings.append(Diagnostic(code, message, self.asked.at(), severity="warning"))

    # -- looking up --------------------------------------------------------------------------------------------

    def account(self, name: str, *path: str | int) -> Account:
        """The account, or refuse."""
        account = self.book.accounts.get(name)
        if account is None:
            hint = did_you_mean(name, self.book.accounts)
            self.refuse("account-unknown", f"there is no account `{name}`", *path, hint=hint)
        self.rely_on(f"account:{name}")
        return account

    def posted(self, kind: type[_D], number: str, *path: str | int) -> _D:
        """The posted, not reversed document of this kind, or refuse."""
        return self.posted_either(kind, kind, number, *path)

    def posted_either(self, kind: type[_D], other: type[_E], number: str, *path: str | int) -> _D | _E:
        """The posted, not reversed document of one of two kinds, or refuse (domain sections 3.1, 4.1, 9.3)."""
        found = self.book.numbered.get(number)
        kinds = (kind, other)
        if not isinstance(found, kinds):
            names = list(dict.fromkeys(k.kind for k in kinds))
            if found is None:
                same = [n for n, document in self.book.numbered.items() if isinstance(document, kinds)]
                message = f"there is no {' or '.join(name.replace('_', ' ') for name in names)} `{number}`"
                hint = did_you_mean(number, same) or "check its number"
            else:
                wanted = " or ".join(_ARTICLE[name] for name in names)
                message = f"`{number}` is {_ARTICLE[found.kind]}, not {wanted}"
                hint = f"name {wanted}"
            self.refuse("document-unknown", message, *path, hint=hint)
        if found.status != "posted":
            message = f"{number} is {_STATUS[found.status]}; this is done to posted documents only"
            hint = "post it first, or change the draft itself" if found.status == "draft" else "name a posted document"
            self.refuse("not-posted", message, *path, hint=hint)
        if isinstance(found, Document) and found.reversed_:
            message = f"{number} has been reversed; it cannot change any more"
            self.refuse("reversed", message, *path, hint="name a document that has not been reversed")
        self.rely_on(number)
        return found

    def subscriptions_of(self, items: Iterable[Item]) -> list[Subscription]:
        """The subscriptions that these items name, by id."""
        names = sorted({item.subscription for item in items if item.subscription})
        return [self.book.subscriptions[name] for name in names if name in self.book.subscriptions]

    def rely_on(self, name: str) -> None:
        """The plan holds only as long as this has not changed: a number, `account:ID` or `subscription:ID`."""
        self._basis[name] = self._before.revisions.get(name, 0)

    # -- dates -------------------------------------------------------------------------------------------------

    def check_document_date(self, day: datetime.date, earliest: datetime.date | None, of: str, *path: str) -> None:
        """A date lies in an open accounting period (domain 9.4) and not before the document it is about (2.7)."""
        if earliest is not None and day < earliest:
            message = f"the date {day} is before {of} ({earliest})"
            self.problem("date-too-early", message, *path, hint=f"use {earliest} or later")
        period = self.book.period_of(day)
        if period is not None and period.status == "closed":
            opens = self.book.next_open_day(day)
            message = f"{day} lies in a closed accounting period ({period.from_} until {period.until})"
            self.problem("period-closed", message, *path, hint=f"the next open day is {opens}")

    # -- resolving ---------------------------------------------------------------------------------------------

    def resolve(
        self,
        spec: OperationSpec,
        *,
        objects: Mapping[str, Iterable[Any]],
        amount: Decimal,
        currency: str,
        reason: str | None = None,
        levels: Mapping[Level, LevelValues],
    ) -> Resolved:
        """All decisions for one document of this operation. Refuses where policy and book give no usable value."""
        facts, wrong = facts_about(self.book, objects, self.policy.fields)
        for sentence in wrong:
            self.problem("custom-value-wrong", sentence, hint="mend it under `custom` in the book")
        names = {field.name for field in spec.fields}
        facts["date"] = self.date.toordinal()
        facts.update(actor_facts(self.policy, self.asked.request.actor))
        if "amount" in names:
            facts.update(_money_facts(amount, currency))
        if "reason" in names and reason is not None:
            facts["reason"] = reason
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
        for objection in objections(self.resolver, self.asked.request, resolved):
            path = (objection.field,) if objection.field else ()
            self.problem(objection.code, objection.message, *path, hint=objection.hint)
        self._check_request_is_heard(resolved, asked_for)
        self._check_named_values(resolved)
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

    def _check_named_values(self, resolved: Resolved) -> None:
        """An inherited value names something that exists: a contact of the account, a declared term or set."""
        for attribute in self.policy.attributes.values():
            resolution = resolved.resolutions.get(attribute.name)
            if resolution is None or resolution.level is None:
                continue
            value = str(resolution.value)
            source = f"from {resolved.levels[resolution.level].label}"
            here = ("attributes", attribute.name) if resolution.level == "request" else ()
            if attribute.type == "contact":
                account = resolved.levels["account"].label.partition(" ")[2]
                contact = self.book.contacts.get(value)
                if contact is None or contact.account != account:
                    whose = f"a contact of account `{account}`"
                    message = f"`{attribute.name}` is `{value}` ({source}), which is not {whose}"
                    known = [c.id for c in self.book.contacts.values() if c.account == account]
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

    # -- planning ----------------------------------------------------------------------------------------------

    def issue(self, draft: _N, resolved: Resolved) -> _N:
        """Number a document and put it in the plan, with the attributes that it stores."""
        kind = draft.kind
        series = series_of(self.policy, resolved.text("sequence_set"), kind)  # type: ignore[arg-type]
        draw = next_number(self.book, series, kind)  # type: ignore[arg-type]
        if draw.counter > MAX_COUNTER:
            message = f"the numbers of prefix `{draw.prefix}` are used up: the book has one as high as {MAX_COUNTER}"
            self.refuse("numbers-used-up", message, hint="give the series another prefix")
        if draw.number in self.book.numbered:
            message = f"the next number of prefix `{draw.prefix}` is {draw.number}, which is already in use"
            self.refuse("number-taken", message, hint="give the series another prefix or a higher start")
        live = resolved.resolutions.get("attribute_binding")
        kept_live = live is not None and live.value == "live"
        # A set numbers payments and refunds, but they do not store it (domain section 1.1).
        left_out = {"sequence_set"} if kind in ("payment", "refund") else set()
        if kept_live:
            # What was asked for is no value of the account's, so nobody would find it there later.
            inherited = (name for name, found in resolved.resolutions.items() if found.level in ("account", "default"))
            left_out.update(name for name in inherited if name != "sequence_set")
        stored: dict[str, str | None] = {
            name: str(resolution.value)
            for name, resolution in resolved.resolutions.items()
            if name in self.policy.attributes and name not in left_out
        }
        document = replace(draft, number=draw.number, attributes=stored)
        self._documents.append(PlannedDocument(document, draw, resolved))
        self.book = self.book.with_posted([document], counters={draw.prefix: draw.counter})
        self.touch(document.number)
        return document

    def apply(self, source: Numbered, target: Numbered, day: datetime.date, parts: tuple[Part, ...]) -> None:
        """Put money of a source on a target, of the same currency (domain section 9.5)."""
        if source.currency != target.currency:
            message = f"{source.number} is in {source.currency} and {target.number} in {target.currency}"
            self.refuse("currency-mismatch", message, hint="money is never applied across currencies")
        amount = sum((part.amount for part in parts), Decimal(0))
        application = Application(from_=source.number, to=target.number, date=day, amount=amount, parts=parts)
        self._applications.append(application)
        self.book = self.book.with_posted(applications=[application])
        self.touch(source.number)
        self.touch(target.number)

    def reverse(self, document: BillingDocument) -> None:
        """Flag a document, old or planned, as reversed; it stays posted (domain section 4.1)."""
        self._reversed.append(document.number)
        self.book = self.book.with_posted([replace(document, reversed_=True)])
        self.touch(document.number)

    def revert_charged_through(self, document: Document) -> None:
        """Move the charged-through date of each charge that a document billed back to where that billing began."""
        for item in in_item_order(document.items):
            subscription = self.book.subscriptions.get(item.subscription or "")
            if subscription is None or item.service_start is None:
                continue
            for charge in subscription.charges:
                through = charge.charged_through
                if charge.id != item.subscribed_charge or through is None or through <= item.service_start:
                    continue
                moved = ChargedThrough(subscription.id, charge.id, through, item.service_start)
                self._charged_through.append(moved)
                self.rely_on(f"subscription:{subscription.id}")
                charges = tuple(
                    replace(c, charged_through=item.service_start) if c.id == charge.id else c
                    for c in subscription.charges
                )
                subscription = replace(subscription, charges=charges)
                self.book = self.book.with_posted(subscriptions=[subscription])
                message = (
                    f"charge `{charge.id}` of subscription `{subscription.id}` is charged through {moved.after} again: "
                    "the next bill run bills this time once more"
                )
                self.warn("charged-through-reverted", message)

    def decide(self, resolved: Resolved) -> None:
        """Keep how an operation that makes no document was decided."""
        self._decisions.append(resolved)

    def numbered(self, number: str) -> Numbered:
        """A document that the book is known to have, as it stands now; the plan relies on it."""
        self.rely_on(number)
        return self.book.numbered[number]

    def touched_places(self) -> int:
        """How many items and taxes the applications planned so far touch (domain section 2.3)."""
        return len({(a.to, part.item, part.tax) for a in self._applications for part in a.parts})

    def touched_targets(self) -> set[str]:
        """The documents that the applications planned so far put money on."""
        return {application.to for application in self._applications}

    def touch(self, number: str) -> None:
        """Show the balance of this document in the plan, and rely on it as it is."""
        if number not in self._touched:
            self._touched.append(number)
        if number in self._before.numbered:
            self.rely_on(number)

    def plan(self) -> Plan:
        """The finished plan. Raises `Refused` if anything was found wrong on the way."""
        self.stop_if_refused()
        request = self.asked.request
        return Plan(
            id=request.id,
            operation=request.operation,
            date=self.date,
            request=request_data(request),
            policy=self.policy.name,
            policy_digest=self.policy.digest,
            engine=self.resolver.engine,
            basis=dict(sorted(self._basis.items())),
            documents=tuple(self._documents),
            decisions=tuple(self._decisions),
            applications=tuple(self._applications),
            reversed_=tuple(self._reversed),
            charged_through=tuple(self._charged_through),
            balances=tuple(self._balance(number) for number in self._touched),
            warnings=tuple(self._warnings),
            actor=request.actor,
            approved_by=request.approved_by,
            comment=request.comment,
        )

    def _balance(self, number: str) -> BalanceChange:
        before, after = self._before.numbered.get(number), self.book.numbered[number]
        return BalanceChange(
            after.kind,
            number,
            after.currency,
            None if before is None else self._before.balance(before),
            self.book.balance(after),
        )


def _money_facts(amount: Decimal, currency: str) -> dict[str, str | int | bool]:
    return facts_of(FieldSpec("amount", "money"), Money(amount, currency))
