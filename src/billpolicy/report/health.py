"""How a service is, as it tells those who look after it."""

from __future__ import annotations

from typing import Literal

from billpolicy.source.record import record


@record
class HealthReport:
    """That it is alive, and where more was asked, that it can answer."""

    status: Literal["alive", "ready"]
    policy: str | None = None
    """The digest of the policy in force; told to whoever asks whether it is ready."""
    change_refused: bool | None = None
    """Whether a newer version of the policy was refused: `GET /policies` tells why."""
