"""A policy for a command: proven, guarded for the engine, and kept in a cache so that the next start is faster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from billpolicy.cli.output import say
from billpolicy.matching.durable import unavailable
from billpolicy.matching.engines import EngineName, default_engine
from billpolicy.policy.model import Policy
from billpolicy.resolve import Resolver
from billpolicy.versions import Versions


def load_versions(paths: Sequence[Path], engine: EngineName | None) -> Versions:
    """The policies at `paths`, ready to resolve. Raises `Refused` with every mistake in them."""
    policies = [load_proven(path) for path in paths]
    chosen = engine or default_engine()
    if engine is None and chosen == "python":
        say(f"note: {unavailable()}")
    return Versions(Resolver(policy, chosen) for policy in policies)


def load_proven(path: Path) -> Policy:
    """The policy at `path`, every check passed. Raises `Refused`."""
    from billpolicy import cache

    policy = cache.read(path)
    if policy is None:
        from billpolicy.validation import prove

        policy = prove(path)
        cache.write(path, policy)
    return policy
