"""What a plan is: everything one operation would change, and why. Only posting a plan changes a ledger.

A plan is pure data made from `(policy, book, operation, today)`; same input, same bytes (docs/architecture.md rule 1).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Change, Issued, after, touched
from billpolicy.book.model import Application, Numbered
from billpolicy.book.numbers import NumberDraw
from billpolicy.deciding.approvals import Apart, Awaited
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.planning.closure import Closure
from billpolicy.policy.condition import Facts
from billpolicy.source.record import value

_C = TypeVar("_C")


class PlannedDocument(NamedTuple):
    """A document of a plan, already carrying the number it will get, and how its attributes were resolved."""

    document: Numbered
    draw: NumberDraw
    resolved: Resolved


@value
class BalanceChange:
    """The balance of one document before and after; `before` is None for a document that is new.

    Of a credit balance: `kind` is `credit_balance` and `number` the id of its account.
    """

    kind: str
    number: str
    currency: str
    before: Decimal | None
    after: Decimal


@value
class Taken:
    """The value of an attribute, and the level that it is taken from; without a value nothing can be made."""

    value: str | None = None
    label: str | None = None


@value
class Inheriting:
    """Who takes another value of an attribute after a change of master data, or takes it from somewhere else."""

    attribute: str
    who: Literal["subscription", "document"]
    """Subscriptions take it when they are billed, open documents that do not store it as long as they are read."""
    count: int
    examples: tuple[str, ...]
    since: datetime.date
    """The first day on which they do."""
    before: Taken
    after: Taken


class Asked(NamedTuple):
    """What the conditions of the follow-ups that run one operation after an event were asked about."""

    event: str
    operation: str
    date: datetime.date
    facts: Facts


@value
class FollowedBy:
    """A step that an operation takes after it: an operation of its own, with the rule that asked for it."""

    after: str
    """What happened, in words: `INV00000002 was posted`."""
    rule: str
    """The follow-up of the policy, or the decision of the operation before it: `cancel_subscription.final_bill`."""
    position: Position
    because: str | None
    plan: Plan
    asked: Asked | None = None
    """What the condition of the follow-up was asked about; None of a step that the operation takes itself."""


@value
class PassedOver:
    """A follow-up that did not run after something it comes after."""

    rule: str
    after: str
    on: str
    """What it would have been done to: the number of a document, or a subscription."""
    asked: Asked
    """Without facts where there was nothing to do, so that its condition was asked nothing."""
    why: str | None = None
    """If it was not the condition: there was nothing to do, it was left out, or another one did the same."""


@dataclass(frozen=True)
class Plan:
    """All that one operation does, in one transaction or not at all."""

    id: str
    """The operation's id: the idempotency key."""
    operation: str
    date: datetime.date
    request: Mapping[str, Any]
    """The operation as it was asked for, as plain JSON data without its id and people."""
    policy: str
    policy_digest: str
    engine: str
    """`both`, `durable` or `python`."""
    basis: Mapping[str, int]
    """What the plan relied on: document number, `account:ID` or `subscription:ID` -> its revision then."""
    changes: tuple[Change, ...] = ()
    """What it does, in the order in which it is done."""
    resolved: tuple[Resolved, ...] = ()
    """How everything was decided, each once."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Number of a document that is issued -> which of `resolved` decided about it."""
    balances: tuple[BalanceChange, ...] = ()
    inheriting: tuple[Inheriting, ...] = ()
    """What a change of master data changes for others."""
    closure: Closure | None = None
    """What a correction takes with the lines that were selected."""
    notes: tuple[str, ...] = ()
    """What its reader would ask about, like which of three dates won; one sentence each."""
    warnings: tuple[Diagnostic, ...] = ()
    follow_ups: tuple[FollowedBy, ...] = ()
    """What follows in the same transaction, in this order, each planned on what the ones before it leave."""
    passed_over: tuple[PassedOver, ...] = field(default=(), compare=False)
    """Follow-ups that could have come after it and did not: told by an explanation, and no part of what it does."""
    actor: str | None = None
    approved_by: tuple[str, ...] = ()
    comment: str | None = None
    awaited: tuple[Awaited, ...] = ()
    """Approvals that it (not what follows it) still waits for: it cannot be posted as it is."""
    apart: Apart | None = field(default=None, compare=False)
    """Of its approvals those that were given apart from it: it is posted only as long as they stand."""

    def of(self, kind: type[_C]) -> tuple[_C, ...]:
        """The changes of one kind, in their order."""
        found: tuple[_C, ...] = self._by_kind.get(kind, ())
        return found

    @cached_property
    def _by_kind(self) -> dict[type, tuple[Any, ...]]:
        """The changes by their type: posting asks for nearly every one, several times."""
        kinds = dict.fromkeys(map(type, self.changes))
        return {kind: tuple(change for change in self.changes if type(change) is kind) for kind in kinds}

    @cached_property
    def documents(self) -> tuple[PlannedDocument, ...]:
        """The documents that it makes."""
        return tuple(
            PlannedDocument(one.document, one.draw, self.resolved[self.reasons[one.document.number]])
            for one in self.of(Issued)
        )

    @cached_property
    def applications(self) -> tuple[Application, ...]:
        """The money that it puts somewhere or takes back."""
        return tuple(one.application for one in self.of(Applied))

    @cached_property
    def decisions(self) -> tuple[Resolved, ...]:
        """How everything was decided that is not about a document that it makes."""
        about_documents = set(self.reasons.values())
        return tuple(one for place, one in enumerate(self.resolved) if place not in about_documents)

    def currency_of(self, application: Application) -> str:
        """The currency of money that it moves, which is that of both documents (docs/domain.md 9.5)."""
        # The balance of a change of a credit balance is that of its account, but its other side has one of its own.
        return self._currencies.get(application.from_) or self._currencies[application.to]

    @cached_property
    def _currencies(self) -> dict[str, str]:
        return {one.number: one.currency for one in self.balances if one.kind != "credit_balance"}

    @property
    def currency_by_currency(self) -> bool:
        """Whether it decides about money in several currencies, each by itself."""
        return len({one.facts["amount.currency"] for one in self.decisions if "amount.currency" in one.facts}) > 1

    @cached_property
    def touched(self) -> frozenset[str]:
        """What it (not what follows it) changes of what was there before, as `Plan.basis` names it."""
        return touched(self.changes)


def in_turn(plan: Plan) -> Iterator[Plan]:
    """A plan and all that follow it, in the order in which they happen."""
    yield plan
    for followed in plan.follow_ups:
        yield from in_turn(followed.plan)


def left_by(plan: Plan, book: Book) -> Book:
    """The book that a plan and all that follows it leave."""
    expect(plan, Plan, "`plan` must be a Plan, as `plan` gives it")
    expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    for step in in_turn(plan):
        book = after(book, step.changes).with_changed(step.touched)
    return book
