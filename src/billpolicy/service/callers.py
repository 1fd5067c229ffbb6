"""Who calls, and what they may ask for. Nobody chooses their own actor: it stands in the file of callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Scope = Literal["read", "plan", "post", "approve"]
"""What a caller may do: see what there is; have operations explained and planned; post them; approve them."""
SCOPES: tuple[Scope, ...] = ("read", "plan", "post", "approve")


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    name: str
    """As logs and metrics have it."""
    scopes: frozenset[Scope]
    actor: str | None = None
    """Who they are to the policy; without one they neither post nor approve."""


class Callers(Protocol):
    """Knows who sends a request."""

    def caller(self, client: str, headers: Mapping[str, str]) -> Caller | None:
        """Who sends it, from an address and with these headers, their names in small letters; None for nobody known."""


@dataclass(frozen=True)
class OnThisMachine:
    """Whoever can reach a service that listens on this machine alone: the person who began it."""

    actor: str | None = None

    def caller(self, client: str, headers: Mapping[str, str]) -> Caller | None:
        """That person."""
        scopes: tuple[Scope, ...] = SCOPES if self.actor is not None else ("read", "plan")
        return Caller(self.actor or "this machine", frozenset(scopes), self.actor)
