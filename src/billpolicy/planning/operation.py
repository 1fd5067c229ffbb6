"""What an operation is: what policies can say about it, what is asked, what it needs, and how it is planned.

It may take steps of its own, and the policy may let others follow what it brings about.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.model import Numbered, Subscription
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.policy.condition import Fact
from billpolicy.source.record import value
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import OperationSpec


@value
class Event:
    """Something that an operation brought about, to be followed by what the policy says."""

    name: str
    operation: str
    """The operation that brought it about."""
    date: datetime.date
    """Its document date."""
    subject: Numbered | Subscription
    """What it is about, as it stood then; `planning.book` has it as it stands now."""
    request: Request


@value
class Step:
    """An operation that is to be planned after another one, as part of the same plan."""

    request: Request
    after: str
    """What happened, in words: `INV00000002 was posted`."""
    rule: str
    """The follow-up of the policy, or the decision of the operation before it, that asks for it."""
    position: Position
    because: str | None
    no_fault: Mapping[str, str] = field(default_factory=dict)
    """Code of a refusal that only means that there is nothing to do -> what is noted then."""


class About(NamedTuple):
    """What conditions can ask about a request that follows an event."""

    objects: Mapping[str, Sequence[Any]] = MappingProxyType({})
    """By what they are called there."""
    facts: Mapping[str, Fact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `needs`, `plan` and `follow` take and give the request as its own type."""

    name: str
    request: type[Request]
    needs: Callable[[Any], Needs]
    plan: Callable[[Planning, Any], Iterable[Step] | None]
    """What it gives back are the steps that it takes itself: each is asked for when those before it are planned."""
    follow: Callable[[Planning, Event], Iterable[Request]] | None = None
    """What there is to do after an event, as requests whose id is filled in by the chain; nothing if nothing is left
    to do. `planning` is that of the operation that brought the event about."""
    about: Callable[[Book, Any, datetime.date], About] | None = None
    """Of one that can follow: what conditions can ask about its request on the day of the event, beside the document
    that it is done to."""

    @property
    def spec(self) -> OperationSpec:
        """What policies can say about it."""
        return VOCABULARY[self.name]
