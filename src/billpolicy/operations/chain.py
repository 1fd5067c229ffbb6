"""One operation and all that follows it: what the policy's follow-ups ask for after what it brought about.

Each step is planned on the book that the ones before it leave, and its own follow-ups come right after it. Validation
refuses follow-ups that can run in a circle, so a chain is never deeper than there are follow-ups.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough, SubscriptionCanceled
from billpolicy.book.model import (
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Numbered,
    Payment,
    Subscription,
)
from billpolicy.book.needs import Needs
from billpolicy.deciding.facts import actor_facts, facts_about
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.money import AmountError
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.event import Event
from billpolicy.planning.plan import PassedOver, Plan
from billpolicy.planning.planning import Planning, in_step
from billpolicy.planning.request import Instruction, Request
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import FollowUp, Policy


def run(planning: Planning, *, follow: bool = True) -> tuple[Event, ...]:
    """Plan what was asked for, then what follows it. Raises `Refused`.

    Without `follow`, what was brought about is given back, to be followed later.
    """
    request = planning.instruction.request
    try:
        OPERATIONS[request.operation].plan(planning, request)
    except AmountError as error:
        # Each amount was found exact when it was read, so here a sum of them is meant.
        planning.refuse("amount-too-large", f"the amounts together are too large: {error}", hint="check the amounts")
    if not any(policy.follow_ups for policy in planning.versions.policies):
        return ()
    events = (*planning.postponed, *_events(planning, planning.finish()))
    if not follow:
        return events
    for event in events:
        _follow(planning, event)
    return ()


def plan_operation(versions: Versions, book: Book, instruction: Instruction, today: datetime.date) -> tuple[Plan, Book]:
    """The plan of one operation with all that follows it, and the book that it leaves. Raises `Refused`.

    Pure: same policy, book, request and day, same plan.
    """
    planning = Planning(versions, book, instruction, today, run)
    run(planning)
    return planning.plan(), planning.book


def needs_of(policies: Iterable[Policy], request: Request) -> Needs:
    """What an operation and all that may follow it need of a ledger."""
    operation = OPERATIONS[request.operation]
    needs: Needs = operation.needs(request)
    causes = set(operation.spec.causes)
    if any(follow_up.after in causes for policy in policies for follow_up in policy.follow_ups):
        # What follows is about the same accounts: their open documents, credit balances and subscriptions.
        needs |= Needs(
            open_of=needs.accounts | needs.subscriptions_of,
            open_of_owner=needs.numbers,
            open_of_subscriber=needs.subscriptions,
            open_of_every_subscriber=needs.every_subscription,
        )
    return needs


def _events(planning: Planning, plan: Plan) -> Iterator[Event]:
    """What an operation has brought about, as it leaves the book."""
    book, causes = planning.book, OPERATIONS[plan.operation].spec.causes

    def event(name: str, subject: Numbered | Subscription) -> Iterator[Event]:
        if name in causes:
            yield Event(name, plan.operation, plan.date, subject, planning.instruction.request)

    for canceled in plan.of(SubscriptionCanceled):
        yield from event("subscription_canceled", book.subscriptions[canceled.subscription])
    back = {m.subscription for m in plan.of(ChargedThrough) if m.before is not None and m.after < m.before}
    for name in sorted(back):
        yield from event("charges_reopened", book.subscriptions[name])
    new = [planned.document.number for planned in plan.documents]
    for number in new:
        document = book.numbered[number]
        if document.status == "posted" and _something_left(book, document):
            yield from event(_POSTED.get(document.kind, ""), document)
    for number in dict.fromkeys(made.to for made in plan.applications if made.amount > 0):
        document = book.numbered[number]
        if isinstance(document, Invoice) and number not in new and book.balance(document) > 0:
            yield from event("invoice_left_open", document)


_POSTED = {
    "invoice": "invoice_posted",
    "credit_memo": "credit_memo_posted",
    "debit_memo": "debit_memo_posted",
    "payment": "payment_posted",
    "credit_adjustment": "credit_increased",
}


def _something_left(book: Book, document: Numbered) -> bool:
    if isinstance(document, CreditAdjustment):
        return document.type == "increase"
    if isinstance(document, CreditMemo | DebitMemo | Payment):
        return book.balance(document) > 0
    return isinstance(document, Invoice)


def _follow(planning: Planning, event: Event) -> None:
    """Everything that the policy says follows an event; operations in the order of the registry."""
    resolver = planning.versions.on(event.date)  # of a step that is followed later, not always the version of the root
    rules = [follow_up for follow_up in resolver.policy.follow_ups if follow_up.after == event.name]
    wanted = {follow_up.operation for follow_up in rules}
    for name, operation in OPERATIONS.items():
        if name not in wanted:
            continue
        assert operation.follow is not None  # validation lets only those follow that can
        those = [follow_up for follow_up in rules if follow_up.operation == name]
        requests = tuple(operation.follow(planning, event))
        if not requests:
            _pass_over(planning, event, those, _named(event.subject), {}, "there was nothing to do")
        for request in requests:
            try:
                facts = _facts(planning, event, request)
            except Refused as refused:
                if any(one.if_refused == "refuse" for one in those):
                    raise
                for problem in refused.diagnostics:
                    planning.warn("follow-up-left-out", f"`{those[0].id}` was left out: {problem.message}")
                continue
            holding = resolver.follow_ups(event.name, name, event.date, facts)
            on = _named(_target(planning.book, request) or event.subject)
            _pass_over(planning, event, [one for one in those if one not in holding], on, facts, None)
            if holding:
                # Of several the strictest counts: one that refuses what it follows.
                first = min(holding, key=lambda one: one.if_refused != "refuse")
                others = [one for one in holding if one is not first]
                _pass_over(planning, event, others, on, facts, f"it holds too; `{first.id}` did it")
                _step(planning, event, request, first, on, facts)


def _pass_over(
    planning: Planning, event: Event, rules: Iterable[FollowUp], on: str, facts: dict[str, Fact], why: str | None
) -> None:
    for rule in rules:
        planning.passed_over.append(PassedOver(rule.id, _in_words(event), on, event.date, facts, why))


def _step(
    planning: Planning, event: Event, request: Request, follow_up: FollowUp, on: str, facts: dict[str, Fact]
) -> None:
    rule = follow_up.rule
    step = replace(request, id=f"{planning.instruction.request.id}/{rule.id}/{on}")
    try:
        planning.then(step, after=_in_words(event), rule=rule.id, position=rule.position, because=rule.because)
    except Refused as refused:
        if follow_up.if_refused == "refuse":
            raise in_step(refused, step, rule.id, rule.position) from None
        for problem in refused.diagnostics:
            where = f"{rule.position.file}:{rule.position.line}"
            planning.warn("follow-up-left-out", f"`{rule.id}` ({where}) was left out: {problem.message}")
            _pass_over(planning, event, [follow_up], on, facts, f"it was left out: {problem.message}")


def _named(subject: Numbered | Subscription) -> str:
    return subject.id if isinstance(subject, Subscription) else subject.number


def _facts(planning: Planning, event: Event, request: Request) -> dict[str, Fact]:
    """What a follow-up can ask about: the event, what it is about, and what the step would be done to."""
    book = planning.book
    objects = _objects(book, event.subject)
    target = _target(book, request)
    if target is not None:
        for scope, members in _objects(book, target).items():
            objects.setdefault(scope, members)
    facts, wrong = facts_about(book, objects, planning.policy.fields)
    if wrong:
        hint = "mend it under `custom` in the book"
        raise Refused(Diagnostic("custom-value-wrong", text, planning.instruction.at(), hint) for text in wrong)
    facts |= {"date": event.date.toordinal(), "operation": event.operation}
    facts |= actor_facts(planning.policy, planning.instruction.request.actor)
    for name in ("reason", "write_off"):
        value = getattr(event.request, name, None)
        if value is not None:
            facts[name] = value
    return facts


def _target(book: Book, request: Request) -> Numbered | None:
    """The document that a step is done to, if it names one."""
    number = getattr(request, "invoice", None)
    return None if number is None else book.numbered[number]


def _objects(book: Book, subject: Numbered | Subscription) -> dict[str, list[Any]]:
    objects: dict[str, list[Any]] = {"account": [book.accounts[subject.account]]}
    if isinstance(subject, Subscription):
        return {**objects, "subscription": [book.subscriptions[subject.id]]}
    if isinstance(subject, Document):
        objects["subscription"] = [book.subscriptions[name] for name in subject.subscriptions]
    if subject.kind in ("invoice", "credit_memo", "debit_memo", "payment"):
        objects[subject.kind] = [book.numbered[subject.number]]
    return objects


def _in_words(event: Event) -> str:
    subject = event.subject
    if isinstance(subject, Subscription):
        if event.name == "subscription_canceled":
            return f"subscription {subject.id} was canceled"
        return f"time of subscription {subject.id} was to be billed again"
    if isinstance(subject, CreditAdjustment):
        return f"{subject.number} raised the credit balance of {subject.account}"
    return f"{subject.number} was {'left open' if event.name == 'invoice_left_open' else 'posted'}"
