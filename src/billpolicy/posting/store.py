"""What posting wants of a ledger: a protocol, so that nothing above it knows how a ledger is kept.

A store reads and writes; what a plan does, what refuses it and which numbers it draws is decided above it, on the books
that it hands out. `tests/posting/test_store_contract.py` is the contract that every store must keep.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from billpolicy.book.book import Book
from billpolicy.book.model import ChargePeriod, Subscription, UsageRecord
from billpolicy.book.needs import Needs
from billpolicy.deciding.approvals import Awaited
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.planning.plan import Asked, Plan
from billpolicy.policy.model import LayerText
from billpolicy.source.record import value


@value
class Audit:
    """Who posted an operation, when and why, and who approved it."""

    operation: str
    """The operation's id."""
    who: str
    at: datetime.datetime
    """In UTC."""
    why: str | None = None
    approved_by: tuple[str, ...] = ()
    """Those who did, where the policy asked for that."""
    request: str | None = None
    """The id of the request by which a program posted it, if that gave one: what its logs have, too."""


@value
class Cause:
    """Why an operation followed another one, as `FollowedBy` says it."""

    operation: str
    """The id of that other one."""
    step: int
    """Its place among all that directly follow that one, from 0."""
    after: str
    rule: str
    position: Position
    because: str | None
    asked: Asked | None = None


class Entry(NamedTuple):
    """An operation as it is written: a chain is several of these, each with what it is a step of."""

    plan: Plan
    audit: Audit
    cause: Cause | None
    """None for what was asked for itself."""


@value
class Posted:
    """An operation that is in the ledger. On a repeat: the plan and the audit entry of the first time."""

    plan: Plan
    """With all that followed it."""
    audit: Audit
    repeated: bool


@value
class Approved:
    """One approval: whose, and when it was given."""

    person: str
    at: datetime.datetime
    """In UTC."""
    comment: str | None = None
    request: str | None = None
    """The id of the request by which a program gave it."""


@value
class Waiting:
    """An operation that lacks nothing but approvals, as it was when it began to wait."""

    id: str
    operation: str
    date: datetime.date
    """The document date: that of the day on which it began to wait, where none was asked for."""
    request: Mapping[str, Any]
    actor: str
    who: str
    """Who put it there."""
    at: datetime.datetime
    """In UTC."""
    policy: str
    policy_digest: str
    content: str
    """What is approved, as `posting/waiting.py`, `content_of`, has it."""
    awaited: tuple[Awaited, ...]
    """What it lacked when it began to wait."""
    approvals: tuple[Approved, ...] = ()
    """In the order in which they were given."""
    request_id: str | None = None
    """Of the request by which a program put it there; `request` is what was asked for."""

    @property
    def digest(self) -> str:
        """What an approval is given to."""
        return content_digest(self.content)


def content_digest(content: str) -> str:
    """What stands for what is approved."""
    return hashlib.sha256(content.encode()).hexdigest()


class PolicyText(NamedTuple):
    """A policy as it was when something was posted under it: what it was read from, the base first."""

    digest: str
    name: str
    layers: tuple[LayerText, ...]


class Moved(NamedTuple):
    """What one posted operation counts for against limits over time."""

    operation: str
    """Its name, not its id."""
    actor: str | None
    amounts: Mapping[str, Mapping[str, Decimal]]
    """Account -> currency -> how much, whatever the signs; an account of which nothing was moved has no currency."""


class Reader(Protocol):
    """A ledger as of one moment."""

    def book(self, needs: Needs) -> Book:
        """The part that an operation needs, with true balances and revisions. What is not known is passed over."""

    def subscriptions(self) -> Iterator[Subscription]:
        """Every subscription, one by one: for what asks of each of them only whether it is to be read further."""

    def first_unbilled(self) -> Collection[UsageRecord]:
        """Of each usage charge the first record that is not billed: for what asks only whether anything may be due."""

    def reopened(self) -> Collection[ChargePeriod]:
        """The charge periods that are to be billed again."""

    def known(self, numbers: Collection[str]) -> set[str]:
        """Those of these numbers that a document has."""

    def given_elsewhere(self, kind: str, begins: str) -> Collection[str]:
        """The numbers of imported documents of a kind that begin with a text and a digit."""

    def requests(self, ids: Collection[str]) -> dict[str, str]:
        """The requests of those of these operations that were posted, as canonical JSON.

        Raises `Refused` where that cannot be read any more.
        """

    def parts(self, runs: Collection[str]) -> dict[str, str]:
        """Of those of these bill runs that were posted account by account, the request of one part each, as canonical
        JSON.

        Raises `Refused` where that cannot be read any more.
        """

    def in_use(self, numbers: Collection[str], runs: Collection[str]) -> tuple[set[str], dict[str, str]]:
        """As `known` and as `parts`, both asked at once."""

    def posted(self, ids: Collection[str]) -> dict[str, Posted]:
        """What came of these operations, which were posted. Raises `Refused` where that cannot be read any more."""

    def policies(self, digests: Collection[str]) -> dict[str, PolicyText]:
        """Those of these policies that are kept. Raises `Refused` where one cannot be read any more."""

    def moved(self, first: datetime.date, until: datetime.date, operations: Collection[str]) -> Iterator[Moved]:
        """What was posted by operations of these names on the days `[first, until)`, in UTC, steps of others included.

        Raises `Refused` where that cannot be read any more.
        """

    def waiting(self, ids: Collection[str] | None = None) -> dict[str, Waiting]:
        """Those of these operations that wait for approvals, by default all, in the order in which they began to: what
        was withdrawn or posted waits no more. Raises `Refused` where that cannot be read any more."""


class Writer(Reader, Protocol):
    """A ledger inside the one transaction that may change it; it sees what it has written."""

    def write(self, entries: Sequence[Entry], before: Book, after: Book, policies: Collection[PolicyText] = ()) -> None:
        """Write operations. `before`: what was read of the ledger; `after`: the same with all their changes.

        Everything that the entries change stands in `after`, and nothing there is older than the ledger. `policies`:
        what theirs were read from, to be kept; of one that is kept already, nothing.
        """

    def wait(self, one: Waiting) -> None:
        """An operation begins to wait. It does not wait yet."""

    def approve(self, one: Waiting, approved: Approved) -> None:
        """Somebody approves an operation that waits."""

    def withdraw(self, id: str, who: str, at: datetime.datetime, why: str | None, request: str | None = None) -> None:
        """An operation that waits does so no more; what it was stays on record."""

    def part(self) -> AbstractContextManager[None]:
        """A part of the transaction, which is undone alone where something is raised in it."""


class Store(Protocol):
    """Where a ledger is kept. Everything raises `Refused` where the place of it fails."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Read it as of one moment, beside whoever writes."""

    def writing(self) -> AbstractContextManager[Writer]:
        """Change it: all of what is written is kept at the end, or nothing. One at a time."""
