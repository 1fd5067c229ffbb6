"""How much a ledger holds, counted and not read. Plain data; reports word it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Counted:
    """Documents of one kind and status."""

    kind: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class PolicyUsed:
    """A policy that operations were posted by."""

    name: str
    digest: str
    operations: int


@dataclass(frozen=True, slots=True)
class PostedAt:
    """An operation, who posted it, and when, in UTC."""

    id: str
    who: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Head:
    """What stands for all that was ever written into a ledger, to be kept elsewhere."""

    digest: str
    """Of the last link of its chain: 64 hexadecimal digits."""
    links: int
    last: PostedAt | None
    """The operation that was posted last; None where none was."""
    numbers: tuple[str, ...]
    """The last number that the ledger gave by each counter, by the name of the counter."""


class KeptHead(NamedTuple):
    """A head as it was kept elsewhere."""

    digest: str
    numbers: tuple[str, ...] = ()
    """The last numbers that were given by then, where they were kept, too."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What there is in a ledger as of one moment."""

    revision: str
    """That of its tables."""
    records: dict[str, int]
    """Accounts, contacts, subscriptions and the like, by the name of their section in a book."""
    documents: tuple[Counted, ...]
    operations: int
    waiting: int
    """Operations that wait for approvals."""
    first: PostedAt | None
    """The operation that was posted first; None where none was."""
    last: PostedAt | None
    policies: tuple[PolicyUsed, ...]
    numbers: tuple[str, ...]
    """The last number that the ledger gave by each counter, by the name of the counter."""

    @property
    def count(self) -> int:
        """How many documents there are, of whatever kind and status."""
        return sum(one.count for one in self.documents)
