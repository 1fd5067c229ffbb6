"""How much is taken of whoever asks: docs/limits.md has them all."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Of one process. No honest caller comes near those that have no option."""

    body_bytes: int = 8 * MEGABYTE
    open_body_bytes: int = 64 * 1024
    """Of what anybody may send, such as the form of a login: nobody need say who they are to have it kept."""
    body_seconds: float = 20.0
    """From when the body is waited for until all of it is there."""
    head_bytes: int = 32 * 1024
    """Of the request line and all headers together."""
    head_seconds: float = 10.0
    """From when a connection is made until the head of its first request is there."""
    connections: int = 1000
    """Open at once; one more is closed."""
    at_once: int = 16
    """Requests that are answered at once, each in a thread."""
    waiting: int = 128
    """Requests that wait for one of these threads; one more is sent away."""
    waiting_seconds: float = 5.0
    taking_seconds: float = 30.0
    """How long whoever asked may take no more of an answer before it is given up."""
