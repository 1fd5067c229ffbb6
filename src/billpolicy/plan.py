"""What a plan is: everything one operation would change, and why. Only posting a plan changes a ledger.

A plan is pure data made from `(policy, book, operation, today)`; same input, same bytes (design section 3).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billpolicy.book.model import Application, Numbered
from billpolicy.policy.vocabulary import DocumentKind
from billpolicy.resolve import Resolved
from billpolicy.source.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class NumberDraw:
    """A number taken from the counter of one prefix: `number` is `prefix` and the padded `counter` (domain 8)."""

    kind: DocumentKind
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
    """A subscribed charge whose charged-through date goes back (domain sections 3.3 and 4.1)."""

    subscription: str
    charge: str
    before: datetime.date
    after: datetime.date


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """The balance of one document before and after; `before` is None for a document that is new."""

    kind: str
    number: str
    currency: str
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one operation does, in one transaction or not at all."""

    id: str
    """The operation's id: the idempotency key."""
    operation: str
    date: datetime.date
    request: Mapping[str, Any]
    """The operation as it was asked for, as plain JSON data without its id and actor."""
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
    charged_through: tuple[ChargedThrough, ...] = ()
    balances: tuple[BalanceChange, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    actor: str | None = None
    approved_by: str | None = None
    comment: str | None = None
