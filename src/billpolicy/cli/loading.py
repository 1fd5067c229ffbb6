"""A proven policy for a command, kept in a cache so that the next start is faster."""

from __future__ import annotations

from pathlib import Path

from billpolicy.deciding import cache
from billpolicy.policy.model import Policy


def load_proven(path: Path) -> Policy:
    """The policy at `path`, every check passed. Raises `Refused`."""
    policy = cache.read(path)
    if policy is None:
        from billpolicy.deciding.validation import prove

        policy = prove(path)
        cache.write(path, policy)
    return policy
