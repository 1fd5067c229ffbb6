"""What this installation decides by: which program, which rules engine, which standard policy."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from billpolicy import __version__
from billpolicy.deciding.matching.durable import available
from billpolicy.policy.layers import shipped_digest


class About(NamedTuple):
    """Two installations of which all three are the same decide the same."""

    version: str
    engine: str | None
    """The rules engine and its version; None where it cannot be used, and plain Python decides the same without it."""
    standard: str
    """The digest of the standard policy that comes with the program, as `validate` tells it."""


def about() -> About:
    """Raises `OSError` where the standard policy is not there: then the installation is not whole."""
    return About(__version__, _engine() if available() else None, shipped_digest())


def _engine() -> str:
    try:
        return f"durable_rules {version('durable_rules')}"
    except PackageNotFoundError:  # it loads, from a folder that no installer knows of
        return "durable_rules"
