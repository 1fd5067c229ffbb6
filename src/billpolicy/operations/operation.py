"""What an operation is: what policies can say about it, what is asked, what it needs, and how it is planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billpolicy.book.needs import Needs
from billpolicy.operations.planning import Planning
from billpolicy.operations.request import Request
from billpolicy.policy.vocabulary import OperationSpec


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `needs` and `plan` take the request as its own type."""

    spec: OperationSpec
    request: type[Request]
    needs: Callable[[Any], Needs]
    plan: Callable[[Planning, Any], None]
