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
from billpolicy.book.changes import (
    ChargeAdded,
    ChargedThrough,
    Given,
    PeriodsRecorded,
    Reversed,
    SubscriptionCanceled,
    UsageBilled,
)
from billpolicy.book.history import on_day
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import CreditAdjustment, Document, Numbered, Payment, Subscription
from billpolicy.book.needs import Needs
from billpolicy.deciding.assumptions import broken_by, contradiction
from billpolicy.deciding.due_dates import with_due_dates
from billpolicy.deciding.facts import actor_facts, facts_about
from billpolicy.deciding.listed import unlisted_in
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, refuse_errors
from billpolicy.money import AmountError
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.operation import About, Event, Step
from billpolicy.planning.plan import Asked, FollowedBy, PassedOver, Plan
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Instruction, Request
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import FollowUp, Policy
from billpolicy.source.collector import collector_paused


def plan_operation(versions: Versions, book: Book, instruction: Instruction, today: datetime.date) -> tuple[Plan, Book]:
    """The plan of one operation with all that follows it, and the book that it leaves. Raises `Refused`.

    Pure: same policy, book, request and day, same plan.
    """
    with collector_paused():
        planning = Planning(versions, with_due_dates(book, versions.policies), instruction, today)
        for event in _plan(planning):
            _follow(planning, event)
        return planning.plan(), planning.book


def needs_of(policies: Iterable[Policy], request: Request) -> Needs:
    """What an operation and all that may follow it need of a ledger."""
    policies = tuple(policies)
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
        following = _following(policies, causes)
        if "bill_run" in following:
            needs |= Needs(unbilled_usage=True, ended_time=True)
        if following & {"bill_run", "write_off_invoice", "create_refund"}:
            needs |= Needs(billed_time=True)  # what gives time or money back looks at all that was given back
    return needs


def _following(policies: Iterable[Policy], causes: Iterable[str]) -> set[str]:
    """The operations that may follow these events, and those that may follow these in turn."""
    follow_ups = [follow_up for policy in policies for follow_up in policy.follow_ups]
    found: set[str] = set()
    events = set(causes)
    while new := {one.operation for one in follow_ups if one.after in events} - found:
        found |= new
        events |= {event for name in new for event in OPERATIONS[name].spec.causes}
    return found


def _plan(planning: Planning) -> list[Event]:
    """Plan what was asked for, with the steps that it takes itself; all that it brought about. Raises `Refused`."""
    request = planning.request
    try:
        steps = OPERATIONS[request.operation].plan(planning, request) or ()
    except AmountError as error:
        # Each amount was found exact when it was read, so here a sum of them is meant.
        planning.refuse("amount-too-large", f"the amounts together are too large: {error}", hint="check the amounts")
    events = []
    for step in steps:
        events += _own_step(planning, step)
    causes = OPERATIONS[request.operation].spec.causes
    if any(follow_up.after in causes for policy in planning.versions.policies for follow_up in policy.follow_ups):
        events += _events(planning, planning.finish())
    return events


# -- steps ---------------------------------------------------------------------------------------------------------


def _own_step(planning: Planning, step: Step) -> list[Event]:
    """Plan a step that an operation takes itself; what that brought about is followed after all of them."""
    try:
        return _step(planning, step, None)
    except Refused as refused:
        codes = [problem.code for problem in refused.diagnostics]
        if len(codes) > 1 or codes[0] not in step.no_fault:
            raise _in_step(refused, step) from None
        planning.note(step.no_fault[codes[0]])
        return []


def _step(planning: Planning, step: Step, asked: Asked | None) -> list[Event]:
    """Plan a step on what was planned before it. What that brought about is given back; of a follow-up, whose condition
    was `asked`, it is followed at once."""
    planning.finish()
    own = planning.request
    request = replace(step.request, actor=own.actor, approved_by=own.approved_by)
    instruction = replace(planning.instruction, request=request)
    taken = Planning(planning.versions, planning.book, instruction, planning.today)
    events = _plan(taken)
    for event in events if asked is not None else ():
        _follow(taken, event)
    plan = taken.plan()
    planning.follow_ups.append(FollowedBy(step.after, step.rule, step.position, step.because, plan, asked))
    planning.book = taken.book
    return events


def _in_step(refused: Refused, step: Step) -> Refused:
    """The same refusal, saying in which step of a chain it is."""
    where = f"in the step `{step.request.operation}`, by `{step.rule}`, {step.position.file}:{step.position.line}"
    return Refused(problem._replace(message=f"{problem.message} ({where})") for problem in refused.diagnostics)


# -- what was brought about ----------------------------------------------------------------------------------------


def _events(planning: Planning, plan: Plan) -> Iterator[Event]:
    """What an operation has brought about, as it leaves the book."""
    book, causes = planning.book, OPERATIONS[plan.operation].spec.causes

    def event(name: str | None, subject: Numbered | Subscription) -> Iterator[Event]:
        if name in causes:
            yield Event(name, plan.operation, plan.date, subject, planning.request)

    prolonged = set()
    for canceled in plan.of(SubscriptionCanceled):
        if canceled.day is not None:
            yield from event("subscription_canceled", book.subscriptions[canceled.subscription])
        if canceled.before is not None and (canceled.day is None or canceled.day > canceled.before):
            prolonged.add(canceled.subscription)
    back = {m.subscription for m in plan.of(ChargedThrough) if m.before is not None and m.after < m.before}
    back |= {billed.subscription for billed in plan.of(UsageBilled) if billed.after is None}
    recorded = [one for change in plan.of(PeriodsRecorded) for one in change.periods]
    back |= {one.subscription for one in recorded if one.status == "reopened"}
    for name in sorted(back | prolonged):
        yield from event("charges_reopened", book.subscriptions[name])
    given = [one.id for one in plan.of(Given) if one.scope == "subscription"]
    for name in dict.fromkeys((*given, *(one.subscription for one in plan.of(ChargeAdded)))):
        yield from event("subscription_changed", book.subscriptions[name])
    new = [planned.document.number for planned in plan.documents]
    for number in new:
        document = book.numbered[number]
        if document.status == "posted" and _something_left(book, document):
            yield from event(kind_of(document).event, document)
    for payment in (book.numbered[one.number] for one in plan.of(Reversed)):
        # What was transferred of it goes with it, and is not followed: that is about other accounts.
        if isinstance(payment, Payment) and payment.source is None:
            yield from event("payment_reversed", payment)
    if not any(one.after == "invoice_left_open" for policy in planning.versions.policies for one in policy.follow_ups):
        return  # a payment can settle many, each of which would be looked at
    issued = set(new)
    for number in dict.fromkeys(made.to for made in plan.applications if made.amount > 0):
        document = book.numbered[number]
        if document.kind == "invoice" and number not in issued and book.balance(document) > 0:
            yield from event("invoice_left_open", document)


def _something_left(book: Book, document: Numbered) -> bool:
    if isinstance(document, CreditAdjustment):
        return document.type == "increase"
    return document.kind == "invoice" or book.balance(document) > 0


def _in_words(event: Event) -> str:
    subject = event.subject
    if isinstance(subject, Subscription):
        if event.name == "subscription_canceled":
            return f"subscription {subject.id} was canceled"
        if event.name == "subscription_changed":
            return f"subscription {subject.id} was changed"
        return f"time of subscription {subject.id} was to be billed again"
    if event.name == "credit_increased":
        return f"{subject.number} raised the credit balance of {subject.account}"
    became = {"invoice_left_open": "left open", "payment_reversed": "reversed"}
    return f"{subject.number} was {became.get(event.name, 'posted')}"


# -- what the policy lets follow -----------------------------------------------------------------------------------


def _follow(planning: Planning, event: Event) -> None:
    """Everything that the policy says follows an event; operations in the order of the registry."""
    resolver = planning.versions.on(event.date)  # of a step that is followed later, not always the version of the root
    rules = [follow_up for follow_up in resolver.policy.follow_ups if follow_up.after == event.name]
    wanted = {follow_up.operation for follow_up in rules}
    for name in OPERATIONS:
        if name not in wanted:
            continue
        operation = OPERATIONS[name]
        assert operation.follow is not None  # validation lets only those follow that can
        those = [follow_up for follow_up in rules if follow_up.operation == name]
        requests = tuple(operation.follow(planning, event))
        if not requests:
            nothing = Asked(event.name, name, event.date, {})
            _pass_over(planning, event, those, _named(event.subject), nothing, "there was nothing to do")
        for request in requests:
            target = _done_to(planning.book, request)
            try:
                facts = _facts(planning, event, request, target)
            except Refused as refused:
                in_force = [one for one in those if one.rule.effective.includes(event.date)]
                if any(one.if_refused == "refuse" for one in in_force):
                    raise
                for problem in refused.diagnostics if in_force else ():
                    planning.warn("follow-up-left-out", f"`{in_force[0].id}` was left out: {problem.message}")
                continue
            asked = Asked(event.name, name, event.date, facts)
            holding = resolver.follow_ups(event.name, name, event.date, facts)
            on = _named(target or event.subject)
            _pass_over(planning, event, [one for one in those if one not in holding], on, asked, None)
            if holding:
                # Of several the strictest counts: one that refuses what it follows.
                first = min(holding, key=lambda one: one.if_refused != "refuse")
                others = [one for one in holding if one is not first]
                _pass_over(planning, event, others, on, asked, f"it holds too; `{first.id}` did it")
                _take(planning, event, request, first, on, asked)


def _take(planning: Planning, event: Event, request: Request, follow_up: FollowUp, on: str, asked: Asked) -> None:
    """Plan what a follow-up asks for; the policy says what becomes of it where that is refused."""
    rule = follow_up.rule
    request = replace(request, id=f"{planning.request.id}/{rule.id}/{on}")
    step = Step(request, _in_words(event), rule.id, rule.position, rule.because)
    try:
        _step(planning, step, asked)
    except Refused as refused:
        if follow_up.if_refused == "refuse":
            raise _in_step(refused, step) from None
        for problem in refused.diagnostics:
            where = f"{rule.position.file}:{rule.position.line}"
            planning.warn("follow-up-left-out", f"`{rule.id}` ({where}) was left out: {problem.message}")
            _pass_over(planning, event, [follow_up], on, asked, f"it was left out: {problem.message}")


def _pass_over(
    planning: Planning, event: Event, rules: Iterable[FollowUp], on: str, asked: Asked, why: str | None
) -> None:
    for rule in rules:
        planning.passed_over.append(PassedOver(rule.id, _in_words(event), on, asked, why))


def _named(subject: Numbered | Subscription) -> str:
    return subject.id if isinstance(subject, Subscription) else subject.number


def _done_to(book: Book, request: Request) -> Numbered | None:
    """The document that a step is done to, if it names one."""
    number = request.done_to()
    return None if number is None else book.numbered[number]


def _facts(planning: Planning, event: Event, request: Request, target: Numbered | None) -> dict[str, Fact]:
    """What a follow-up can ask about: the event, what it is about, and what the step would be done to. Accounts and
    subscriptions have the values that they hold for the operation that would follow."""
    operation = OPERATIONS[request.operation]
    book, day = planning.book, planning.day_of_values(operation.name)
    objects = _objects(book, event.subject)
    about = About() if operation.about is None else operation.about(book, request, event.date)
    for more in (about.objects, _objects(book, target) if target is not None else {}):
        for scope, members in more.items():
            objects.setdefault(scope, [*members])
    for scope in ("account", "subscription"):
        if scope in objects:
            objects[scope] = [on_day(record, day) for record in objects[scope]]
    facts, wrong = facts_about(book, objects, planning.policy.fields, event.date)
    if wrong:
        hint = "mend it under `custom` in the book"
        raise Refused(Diagnostic("custom-value-wrong", text, planning.instruction.at(), hint) for text in wrong)
    here = planning.instruction.at()
    found = unlisted_in(planning.policy, objects)
    refuse_errors(Diagnostic("value-not-listed", one.message, here, one.hint) for _, one in found)
    for assumption in broken_by(facts, planning.policy):
        broken = contradiction(assumption, f"what `{operation.name}` would be done to")
        raise Refused([broken._replace(position=planning.instruction.at())])
    facts |= {**about.facts, "date": event.date.toordinal(), "operation": event.operation}
    return facts | actor_facts(planning.policy, planning.request.actor) | event.request.told()


def _objects(book: Book, subject: Numbered | Subscription) -> dict[str, list[Any]]:
    """What it is and belongs to: what conditions can ask about, by what it is called there."""
    objects: dict[str, list[Any]] = {"account": [book.accounts[subject.account]]}
    if isinstance(subject, Subscription):
        return {**objects, "subscription": [book.subscriptions[subject.id]]}
    if isinstance(subject, Document):
        objects["subscription"] = [book.subscriptions[name] for name in subject.subscriptions]
    if kind_of(subject).open_word is not None:
        objects[subject.kind] = [book.numbered[subject.number]]
    return objects
