"""What a plan is: everything one operation would change, and why. Only posting a plan changes a ledger.

A plan is pure data made from `(policy, book, operation, today)`; same input, same bytes (design section 3).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billpolicy.book.model import Application, Document, Invoice, Numbered, Refund
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.condition import Facts


@dataclass(frozen=True, slots=True)
class NumberDraw:
    """A number taken from the counter of one prefix: `number` is `prefix` and the padded `counter` (domain 8)."""

    kind: str
    prefix: str
    start: int
    """The series' start number: the counter is never below it."""
    counter: int
    number: str


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A document to come, already carrying the number it will get, and how its attributes were resolved."""

    document: Numbered
    draw: NumberDraw
    resolved: Resolved


@dataclass(frozen=True, slots=True)
class ChargedThrough:
    """A subscribed charge whose charged-through date moves: on as it is billed, back as that is undone (domain 3.3)."""

    subscription: str
    charge: str
    before: datetime.date | None
    """None: it had never been billed."""
    after: datetime.date


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A subscription that is canceled; `on` is the first day without service."""

    subscription: str
    on: datetime.date


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """The balance of one document before and after; `before` is None for a document that is new.

    Of a credit balance: `kind` is `credit_balance` and `number` the id of its account.
    """

    kind: str
    number: str
    currency: str
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True, slots=True)
class FollowedBy:
    """A step that an operation takes after it: an operation of its own, with the rule that asked for it."""

    after: str
    """What happened, in words: `INV00000002 was posted`."""
    rule: str
    """The follow-up of the policy, or the decision of the operation before it: `cancel_subscription.final_bill`."""
    position: Position
    because: str | None
    plan: Plan


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A follow-up that did not run after something it comes after."""

    rule: str
    after: str
    on: str
    """What it would have been done to: the number of a document, or a subscription."""
    date: datetime.date
    facts: Facts
    """What its condition was asked about."""
    why: str | None = None
    """If it was not the condition: there was nothing to do, it was left out, or another one did the same."""


@dataclass(frozen=True, slots=True)
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
    documents: tuple[PlannedDocument, ...]
    decisions: tuple[Resolved, ...] = ()
    """How an operation that makes no document was decided; of the others, each document carries it."""
    applications: tuple[Application, ...] = ()
    reversed_: tuple[str, ...] = ()
    """Numbers of documents, old or new, that are reversed by this plan."""
    posted_drafts: Mapping[str, str] = field(default_factory=dict)
    """Number of a draft -> the number of the planned document that it becomes."""
    canceled_drafts: tuple[str, ...] = ()
    """Numbers of drafts that are canceled: their status changes, nothing else."""
    cancellations: tuple[Cancellation, ...] = ()
    charged_through: tuple[ChargedThrough, ...] = ()
    balances: tuple[BalanceChange, ...] = ()
    notes: tuple[str, ...] = ()
    """What its reader would ask about, like which of three dates won; one sentence each."""
    warnings: tuple[Diagnostic, ...] = ()
    follow_ups: tuple[FollowedBy, ...] = ()
    """What follows in the same transaction, in this order, each planned on what the ones before it leave."""
    passed_over: tuple[PassedOver, ...] = field(default=(), compare=False)
    """For the explanation of a dry run; a ledger does not keep it."""
    actor: str | None = None
    approved_by: str | None = None
    comment: str | None = None


def in_turn(plan: Plan) -> Iterator[Plan]:
    """A plan and all that follow it, in the order in which they happen."""
    yield plan
    for followed in plan.follow_ups:
        yield from in_turn(followed.plan)


def changed(plan: Plan) -> frozenset[str]:
    """What this plan (not what follows it) changes of what was there before: its revision rises by one.

    Numbers of documents and `subscription:ID`, named as in `Plan.basis`. A new document begins at revision 0.
    """
    documents = [planned.document for planned in plan.documents]
    names = {name for document in documents for name in _related(document)}
    for application in plan.applications:
        names.update((application.from_, application.to))
    names.update(plan.reversed_)
    names.update(plan.posted_drafts)
    names.update(plan.canceled_drafts)
    names.difference_update(document.number for document in documents)
    # Whoever relied on having seen the newest invoice of a subscription must look again.
    billed = (name for document in documents if isinstance(document, Invoice) for name in document.subscriptions)
    moved = (move.subscription for move in plan.charged_through)
    canceled = (cancellation.subscription for cancellation in plan.cancellations)
    return frozenset(names.union(f"subscription:{name}" for name in (*billed, *moved, *canceled)))


def _related(document: Numbered) -> Iterator[str]:
    """The document that another one is made from, or changes."""
    other = document.of if isinstance(document, Refund) else getattr(document, "source", None)
    if other is None and not isinstance(document, Document):
        other = getattr(document, "document", None)
    if other is not None:
        yield other
