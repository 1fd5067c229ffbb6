"""A policy for a command: proven, guarded for the engine, and kept in a cache so that the next start is faster."""

from __future__ import annotations

from pathlib import Path

from billpolicy.cli.output import say
from billpolicy.matching.both import Engine, default_engine, why_no_engine
from billpolicy.policy.model import Policy
from billpolicy.resolve import Resolver


def load_resolver(path: Path, engine: Engine | None) -> Resolver:
    """The policy at `path`, ready to resolve. Raises `Refused` with every mistake in it."""
    policy = load_proven(path)
    chosen = engine or default_engine()
    if engine is None and chosen == "python":
        say(f"note: the rules engine is not installed here ({why_no_engine()}); plain Python matches alone")
    return Resolver(policy, chosen)


def load_proven(path: Path) -> Policy:
    """The policy at `path`, every check passed. Raises `Refused`."""
    from billpolicy import cache

    policy = cache.read(path)
    if policy is None:
        from billpolicy.validation import prove

        policy = prove(path)
        cache.write(path, policy)
    return policy
