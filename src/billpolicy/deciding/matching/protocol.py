"""What a matcher is: the one thing a rules engine is trusted with here."""

from __future__ import annotations

from typing import Protocol

from billpolicy.policy.condition import Facts


class EngineError(Exception):
    """The rules engine failed or disagreed; nothing may be posted on its word. The message is for the user."""


class Matcher(Protocol):
    """The exceptions of one operation, compiled."""

    def match(self, facts: Facts) -> tuple[str, ...]:
        """Ids of the exceptions whose condition holds, sorted. Raises `EngineError`."""
