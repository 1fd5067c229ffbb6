"""Versions of a policy: the document date of an operation selects one, never today (docs/policy-language.md rule 7)."""

from __future__ import annotations

import copy
import datetime
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from billpolicy.deciding.matching.durable import broken, unavailable
from billpolicy.deciding.matching.engines import EngineName, default_engine
from billpolicy.deciding.proven import load_proven
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.tax_engine import TaxEngine
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.model import Policy
from billpolicy.source.collector import collector_paused
from billpolicy.source.files import Place, on_disk, place


class Versions:
    """One or more policies, each in force on days of its own."""

    def __init__(self, resolvers: Iterable[Resolver]) -> None:
        """Raises `Refused` when two of them are in force on the same day."""
        self.tax_engine: TaxEngine | None = None
        self._resolvers = sorted(resolvers, key=lambda resolver: resolver.policy.effective.from_)
        overlaps = [
            _overlap(before.policy, after.policy)
            for before, after in itertools.pairwise(self._resolvers)
            if before.policy.effective.includes(after.policy.effective.from_)
        ]
        if overlaps:
            raise Refused(overlaps)

    @property
    def policies(self) -> list[Policy]:
        """The policies, the oldest first."""
        return [resolver.policy for resolver in self._resolvers]

    @property
    def resolvers(self) -> list[Resolver]:
        """What decides by each of them, the oldest first."""
        return list(self._resolvers)

    @property
    def files(self) -> list[Path]:
        """Every file that they were made of, also those of their bases."""
        return [on_disk(file) for policy in self.policies for file in policy.files]

    @property
    def engine(self) -> str:
        """Who matches the rules: `both`, `durable` or `python`."""
        return self._resolvers[0].engine

    def without_engine(self) -> str | None:
        """Why the rules engine cannot be used here, and what that means, in a sentence; None where it can."""
        return unavailable()

    def broken_engine(self) -> str | None:
        """The same of an engine that is installed, so that somebody wanted it; None where it was left out."""
        return broken()

    def with_tax_engine(self, engine: TaxEngine) -> Versions:
        """The same policy, but the taxes of bill runs are told by an engine in place of its `tax_rates`."""
        if not callable(getattr(engine, "taxes", None)):
            found = type(engine).__name__
            raise TypeError(f"`engine` must have a method `taxes(lines, rounding)`, which `{found}` has not")
        asking = copy.copy(self)
        asking.tax_engine = engine
        return asking

    def on(self, day: datetime.date) -> Resolver:
        """The version in force on a day. Raises `Refused` where there is none, naming those there are."""
        for resolver in self._resolvers:
            if resolver.policy.effective.includes(day):
                return resolver
        raise Refused([_none_in_force(self.policies, day)])


def policy_near(policies: Iterable[Policy], day: datetime.date) -> Policy:
    """The version that counts on a day, where there must be one: that in force, else the last before it, else the
    first."""
    in_order = sorted(policies, key=lambda policy: policy.effective.from_)
    begun = [policy for policy in in_order if policy.effective.from_ <= day]
    return begun[-1] if begun else in_order[0]


def load_policy(*paths: str | Path | Place, engine: EngineName | None = None) -> Versions:
    """The policy at a path, a folder or a file, proven and ready to decide.

    Of several paths: versions of it, each in force on days of its own. `engine`: who matches the rules, `durable`,
    `python` or `both`, which must agree; by default both where the rules engine is installed. A `Place` is not on the
    disk, but in a revision of git or the like. Raises `Refused` with every mistake.
    """
    if not paths:
        raise TypeError("`load_policy` needs the path of at least one policy")
    chosen = engine or default_engine()
    if chosen not in get_args(EngineName):
        raise ValueError(f"there is no engine {chosen!r}; there is {', '.join(get_args(EngineName))}")
    places = map(place, paths)
    with collector_paused():
        return Versions(Resolver(load_proven(at.path, at.files), chosen) for at in places)


def _overlap(before: Policy, after: Policy) -> Diagnostic:
    message = f"`{after.name}` is in force {after.effective}, but `{before.name}` still is then ({before.position})"
    hint = f"end the older one: `effective: {{from: {before.effective.from_}, until: {after.effective.from_}}}`"
    return Diagnostic("versions-overlap", message, after.position, hint)


def _none_in_force(policies: list[Policy], day: datetime.date) -> Diagnostic:
    there_are = ", ".join(f"`{policy.name}` {policy.effective}" for policy in policies)
    message = f"no policy is in force on {day}; there is {there_are}"
    hint = "check the date of the operation, or name the policy version of that date with another --policy"
    return Diagnostic("policy-not-in-force", message, policies[0].position, hint)
