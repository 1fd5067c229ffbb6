"""What a ledger tells of one document, account or operation. Plain data; reports word it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.model import (
    Account,
    Application,
    ChargePeriod,
    Contact,
    CreditAdjustment,
    Numbered,
    Refund,
    Subscription,
)
from billpolicy.deciding.resolver import Resolved
from billpolicy.planning.plan import Plan
from billpolicy.posting.history import History
from billpolicy.posting.store import Audit, Cause, PolicyText


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """An operation that was posted: its plan as it was, and who posted it when and why."""

    plan: Plan
    """With all that followed it."""
    audit: Audit
    caused_by: Cause | None
    """What it is a step of; None if it was asked for itself."""


@dataclass(frozen=True, slots=True)
class ShownDecisions:
    """How an operation that was posted, or one document of it, was decided, and by which policies."""

    plan: Plan
    """Of the operation that was asked for, with all that followed it."""
    operation: str
    """The id of the one that is asked about: it, or a step of it."""
    number: str | None
    """The document that is asked about; None for all that it decides."""
    policies: Mapping[str, PolicyText]
    """Those of its policies whose text is kept, by their digests."""


@dataclass(frozen=True, slots=True)
class RunTotal:
    """What a bill run made of one kind, in one currency, and what became of it."""

    kind: str
    status: str
    """Of a draft that was posted, only the posted document counts."""
    currency: str
    amount: Decimal
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A bill run that was done in parts, each an operation of its own: all documents that name it."""

    id: str
    totals: tuple[RunTotal, ...]


class OpenPlace(NamedTuple):
    """What is open on an item (`tax` is None), or on one tax of it."""

    item: str
    tax: str | None
    open: Decimal


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """One document and all that hangs on it."""

    document: Numbered
    account: Account
    """Its own, as it is now: what the document holds itself may be bound live (docs/domain.md 1.4)."""
    revision: int
    balance: Decimal
    open_places: tuple[OpenPlace, ...]
    """What is open on each item and each tax; empty for what has no items."""
    applications_from: tuple[Application, ...]
    """What of it was put on others, and below zero what was taken back, in the order of posting."""
    applications_to: tuple[Application, ...]
    """What was put on it: the same from the other side."""
    kinds: Mapping[str, str]
    """The kinds of it and of the documents on the other side of its applications, by number."""
    refunds: tuple[Refund, ...]
    created: tuple[Numbered, ...]
    """The memos that were created from it."""
    operation: ShownOperation | None
    """The operation that made it; None if it was imported."""
    changed_by: tuple[Audit, ...]
    """The later operations that applied, refunded, reversed or created something from it, oldest first."""
    resolved: Resolved | None
    """How its attributes were resolved; None if it was imported."""
    history: History | None
    """Of its lines, where a bill run has given something of them back or a correction has dealt with them; what else
    became of them, its memos show."""


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One account with everything that is its own; `balances` by the number of the document."""

    account: Account
    revision: int
    contacts: tuple[Contact, ...]
    subscriptions: tuple[Subscription, ...]
    documents: tuple[Numbered, ...]
    balances: Mapping[str, Decimal]
    open: Mapping[str, Decimal]
    """Currency -> what is open of its invoices and debit memos in it; every currency that it has a document in."""
    unapplied: Mapping[str, Decimal]
    """Currency -> what is unapplied of its payments and credit memos in it."""
    credit: Mapping[str, Decimal]
    """Currency -> the credit balance, with every change of it that is known; nothing where it never changed."""
    adjustments: tuple[CreditAdjustment, ...]
    """The changes of the credit balance, by date."""
    charge_periods: tuple[ChargePeriod, ...]
    """The charge periods of its subscriptions that are on record, by subscription, charge, status and first day."""
