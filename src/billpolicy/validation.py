"""All that must hold before a policy may run: its own proofs, and the limits of the rules engine."""

from __future__ import annotations

from pathlib import Path

from billpolicy.policy.load import load_policy
from billpolicy.policy.model import Policy
from billpolicy.source.diagnostic import Position, refuse_errors
from billpolicy.source.limit import first_of
from billpolicy.vocabulary.operations import VOCABULARY


def prove(path: Path) -> Policy:
    """The policy at `path`, every check passed. Raises `Refused` with every mistake, sorted."""
    policy = load_policy(path, VOCABULARY)
    if policy.conditional:
        from billpolicy.matching.guard import guard

        refuse_errors(first_of(guard(policy, VOCABULARY), Position(policy.position.file)))
    return policy
