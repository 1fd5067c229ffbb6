"""Who calls, and what they may ask for. Nobody chooses their own actor: it stands in the file of callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers

from billpolicy.exchange.callers_file import ACTING, SCOPES, Scope
from billpolicy.service.problems import Problem

__all__ = ["SCOPES", "Caller", "Callers", "OnThisMachine", "Scope"]


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    name: str
    """As logs and metrics have it."""
    scopes: frozenset[Scope]
    actor: str | None = None
    """Who they are to the policy; without one they neither post nor approve."""
    rate: float | None = None
    """How often in a second they may ask; None: as often as they like."""

    def may(self, *needed: Scope) -> bool:
        """Whether they may do what takes one of these scopes."""
        return not self.scopes.isdisjoint(needed) or ("metrics" in needed and "read" in self.scopes)

    def expect(self, *needed: Scope) -> None:
        """Raises `Problem` where they have none of these scopes."""
        if not self.may(*needed):
            scopes = " or ".join(f"`{one}`" for one in needed)
            raise Problem("scope-missing", f"`{self.name}` may not do this: it takes the scope {scopes}")


NOBODY = Caller("", frozenset())
"""Whoever sends a request of which it is not known, or not yet."""


class Callers(Protocol):
    """Knows who sends a request."""

    @property
    def only_here(self) -> bool:
        """Whether nobody says who they are, so that only what this machine itself asks for may be answered."""

    def caller(self, client: str, headers: Headers) -> Caller | None:
        """Who sends it, from an address and with these headers; None for nobody known. Raises `Problem` for headers
        that are not what they seem."""

    def begin_session(self, token: str) -> str | None:
        """The `set-cookie` of a login with a token; None where it is nobody's."""

    def end_session(self) -> str:
        """The `set-cookie` that takes one back."""


@dataclass(frozen=True)
class OnThisMachine:
    """Whoever can reach a service that listens on this machine alone: the person who began it."""

    actor: str | None = None
    only_here = True

    def caller(self, client: str, headers: Headers) -> Caller | None:
        """That person."""
        scopes = frozenset(SCOPES) if self.actor is not None else frozenset(SCOPES) - ACTING
        return Caller(self.actor or "this machine", scopes, self.actor)

    def begin_session(self, token: str) -> str | None:
        """Nobody has a token."""
        return None

    def end_session(self) -> str:
        """There is none to take back."""
        return ""
