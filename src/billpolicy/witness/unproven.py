"""A policy that does not validate for what is proven against it, made ready all the same: for a witness alone.

Nothing is posted by such a policy. Where two exceptions conflict, the operation is refused; `ways_to_settle` tells what
each of them would have decided, as if it said `overrides` of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from billpolicy.analysis.proofs import PROOFS
from billpolicy.deciding.matching.reference import unmet
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.deciding.watching import Question, Watching
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, refuse_errors
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import judged
from billpolicy.policy.model import Policy
from billpolicy.policy.precedence import Verdict
from billpolicy.source.files import Place, place
from billpolicy.vocabulary.operations import VOCABULARY

PROVEN: frozenset[Code] = frozenset(("exceptions-conflict", "exceptions-conflict-unproven", "exceptions-conflict-more"))
"""What is proven of facts, and does not keep an operation with others from being planned."""


def load_unproven(*paths: str | Path | Place) -> tuple[Versions, list[Diagnostic]]:
    """The policy at a path, or several versions of it, matched by plain Python; and what is proven against it.

    Raises `Refused` with every other mistake.
    """
    if not paths:
        raise TypeError("`load_unproven` needs the path of at least one policy")
    policies, proven = [], []
    for path in paths:
        policy, found = _load(place(path))
        policies.append(policy)
        proven += found
    return Versions(Watching(policy) for policy in policies), proven


def _load(at: Place) -> tuple[Policy, list[Diagnostic]]:
    policy, found = judged(read_layers(at.path, at.files), VOCABULARY, PROOFS)
    refuse_errors(one for one in found if one.code not in PROVEN)
    return policy, [one for one in found if one.code in PROVEN]


class Settlement(NamedTuple):
    """A conflict that was met, as if one of its rules won."""

    operation: str
    key: str
    rule: str
    over: tuple[str, ...]
    """The rules that it would override."""
    versions: Versions


def ways_to_settle(versions: Versions) -> Iterator[Settlement]:
    """Each conflict that operations have met by these policies of `load_unproven`, as each of its rules would settle
    it; in the order in which they were met."""
    expect(versions, Versions, "`versions` must be what `load_unproven` gives")
    told = set()
    for policy in versions.policies:
        watching = versions.on(policy.effective.from_)
        if not isinstance(watching, Watching):
            raise TypeError("`versions` must be what `load_unproven` gives")
        for asked in (one for one in watching.asked if one.event is None and not one.with_gaps):
            for key, verdict in _conflicts(watching, asked):
                if (asked.operation, key, verdict.survivors) not in told:
                    told.add((asked.operation, key, verdict.survivors))
                    yield from _each_way(versions, policy, asked.operation, key, verdict)


def _conflicts(watching: Resolver, asked: Question) -> Iterator[tuple[str, Verdict]]:
    """The decisions about which the exceptions that match conflict."""
    policy = watching.policy
    in_force = (one for one in policy.exceptions_for(asked.operation) if one.effective.includes(asked.date))
    matched = [one.id for one in in_force if not unmet(one, asked.facts)]
    for operation, key in policy.base:
        verdict = watching.precedence_of(asked.operation).decide(matched, key)
        if operation == asked.operation and verdict.conflict:
            yield key, verdict


def _each_way(versions: Versions, policy: Policy, operation: str, key: str, verdict: Verdict) -> Iterator[Settlement]:
    rules = {one.id: one for one in policy.exceptions}
    for outcome in verdict.outcomes:
        id = next(one for one in verdict.survivors if rules[one].then[key] == outcome)
        over = tuple(one for one in verdict.survivors if one != id)
        won = replace(rules[id], overrides=(*rules[id].overrides, *over))
        instead = replace(policy, exceptions=tuple(won if one.id == id else one for one in policy.exceptions))
        every = (instead if one is policy else one for one in versions.policies)
        yield Settlement(operation, key, id, over, Versions(Watching(one) for one in every))
