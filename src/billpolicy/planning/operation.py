"""What an operation is: what policies can say about it, what is asked, what it needs, how it is planned and follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from billpolicy.book.needs import Needs
from billpolicy.planning.event import Event
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.vocabulary.spec import OperationSpec


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `needs`, `plan` and `follow` take and give the request as its own type."""

    spec: OperationSpec
    request: type[Request]
    needs: Callable[[Any], Needs]
    plan: Callable[[Planning, Any], None]
    follow: Callable[[Planning, Event], Iterable[Request]] | None = None
    """What there is to do after an event, as requests whose id is filled in by the chain; nothing if nothing is left
    to do. `planning` is that of the operation that brought the event about."""
