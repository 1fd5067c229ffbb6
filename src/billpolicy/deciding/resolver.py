"""Precedence and chains: from the exceptions that match to one value for every decision, or a refusal that says why.

docs/policy-language.md rules 4 to 7. A `Resolver` is one policy made ready to run: per operation and stretch of time a
matcher over the exceptions in force, and per set of matching exceptions the rule that decides each key, kept; and the
same matchers over the follow-ups.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from billpolicy.deciding.decisions import Deciding, Decisions, Resolution
from billpolicy.deciding.matching.engines import EngineName, engine_matcher
from billpolicy.deciding.matching.protocol import Matcher
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import BaseRule, Chain, ExceptionRule, FollowUp, Outcome, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import Level


@dataclass(frozen=True, slots=True)
class Several:
    """What a level holds when it is several objects of which not all hold the same: a single value can be taken from it
    only where those that hold none come to that value, too."""

    values: tuple[tuple[str, str | None], ...]
    """(Name of the object, its value), sorted by name."""

    def __str__(self) -> str:
        return ", ".join(f"{name}: {value or 'none'}" for name, value in self.values)


class Since(NamedTuple):
    """Since when a value holds, and what gave it; None where it came with the record, or holds from the beginning."""

    day: datetime.date | None
    operation: str | None


class LevelValues(NamedTuple):
    """One level as it stands for one document: what it is (`invoice INV-1`) and the attribute values it holds."""

    label: str
    held: Mapping[str, str | Several | None]
    since: Mapping[str, Since] = {}
    """Of values that an operation gave, or that have changed."""
    chosen: Mapping[str, str] = {}
    """Of values that a field chose: the field and what it was, `account.company germany`."""

    def label_of(self, key: str) -> str:
        """What it is, and by which field the value was chosen, if by any."""
        return f"{self.label} for {self.chosen[key]}" if key in self.chosen else self.label


_new = tuple.__new__
"""Makes a `Resolution` or `Resolved` in a third of the time: without it, resolving takes a quarter longer."""


class Resolved(NamedTuple):
    """All decisions of one document, and everything needed to explain them later: nothing is worded until asked."""

    operation: str
    date: datetime.date
    facts: Facts
    levels: Mapping[Level, LevelValues]
    matched: tuple[str, ...]
    resolutions: Mapping[str, Resolution]

    def text(self, key: str) -> str:
        """The value of a decision that is a text, a choice or an inherited name."""
        return str(self.resolutions[key].value)

    def integer(self, key: str) -> int:
        """The value of a decision that is a whole number."""
        return int(self.resolutions[key].value)


class Resolver:
    """One policy, ready to resolve. Safe to share: everything it keeps is derived from the policy."""

    def __init__(self, policy: Policy, engine: EngineName) -> None:
        self.policy = policy
        self.engine = engine
        self._precedence: dict[str, Precedence] = {}
        self._rules = {exception.id: exception for exception in policy.exceptions}
        self._by_operation: dict[str, _Operation] = {}
        self._by_event: dict[tuple[str, str], _Matchers] = {}

    def deciding(
        self, operation: str, date: datetime.date, facts: Facts, *, without: Collection[str] = ()
    ) -> tuple[tuple[str, ...], Deciding]:
        """The exceptions that match, and what decides each key then, whatever any level holds. Raises `Refused`."""
        running = self._by_operation.get(operation)
        if running is None:
            running = self._by_operation[operation] = _Operation(self, operation)
        matcher = running.on_day.get(date) or running.begin(date)
        matched = matcher.match(facts)
        if without:
            matched = tuple(id for id in matched if id not in without)
        return matched, running.decisions.kept.get(matched) or running.decisions.of(matched)

    def resolve(
        self,
        operation: str,
        date: datetime.date,
        facts: Facts,
        levels: Mapping[Level, LevelValues],
        *,
        with_gaps: bool = False,
        without: Collection[str] = (),
    ) -> Resolved:
        """Every decision of one operation. Raises `Refused` when a chain has no value or a level has several; those are
        left out `with_gaps`. `without`: exceptions that take no part, as nobody knows whether they match."""
        matched, deciding = self.deciding(operation, date, facts, without=without)
        if self.policy.defaults_by and "default" in levels:
            levels = {**levels, "default": self.defaults(facts)}
        resolutions = deciding.settings.copy()
        problems = []
        level_values = levels.get
        for key, chain, rule in deciding.chains:
            for level in chain:
                source = level_values(level)
                if source is not None:
                    value = source.held.get(key)
                    if value is not None:
                        if type(value) is Several:
                            several, value = value, _in_effect(key, value, chain[chain.index(level) + 1 :], levels)
                            if value is None:
                                problems.append(_ambiguous(key, level, several, rule))
                                break
                        resolutions[key] = _new(Resolution, (key, value, level, rule))
                        break
            else:
                tried = self._outcome(operation, key, rule)
                problems.append(_exhausted(key, tried.levels if isinstance(tried, Chain) else chain, levels, rule))
        if problems and not with_gaps:
            raise Refused(problems)
        return _new(Resolved, (operation, date, facts, levels, matched, resolutions))

    def defaults(self, facts: Facts) -> LevelValues:
        """The policy's defaults, where fields of the account choose some of them."""
        held: dict[str, str | Several | None] = dict(self.policy.defaults)
        chosen = {}
        for name, default in self.policy.defaults_by.items():
            value = facts.get(default.by)
            held[name] = held.get(name) if value is None else default.values.get(str(value), held.get(name))
            chosen[name] = f"accounts without {default.by}" if value is None else f"{default.by} {value}"
        return LevelValues("the policy's defaults", held, chosen=chosen)

    def follow_ups(self, after: str, operation: str, date: datetime.date, facts: Facts) -> tuple[FollowUp, ...]:
        """The follow-ups that run `operation` after the event and hold, by id. `facts`: `OperationSpec.fields_after`.

        `date` is that of the event. Raises `Refused` when the policy is not in force on it.
        """
        matchers = self._by_event.get((after, operation))
        if matchers is None:
            all_of_it = (one for one in self.policy.follow_ups if (one.after, one.operation) == (after, operation))
            matchers = _Matchers(self.policy, self.engine, after, [one.rule for one in all_of_it])
            self._by_event[after, operation] = matchers
        matcher = matchers.on_day.get(date) or matchers.begin(date)
        matched = matcher.match(facts)
        return tuple(one for one in self.policy.follow_ups if one.id in matched)

    def precedence_of(self, operation: str) -> Precedence:
        """The order among the exceptions of an operation."""
        if operation not in self._precedence:
            self._precedence[operation] = Precedence.of(self.policy, operation)
        return self._precedence[operation]

    def rule(self, operation: str, key: str, rule: str) -> BaseRule | ExceptionRule:
        """The rule that a resolution names."""
        return self._rules.get(rule) or self.policy.base[operation, key]

    def _outcome(self, operation: str, key: str, rule: str) -> Outcome:
        """What a rule that a resolution names says of a key."""
        deciding = self.rule(operation, key, rule)
        return deciding.then[key] if isinstance(deciding, ExceptionRule) else deciding.outcome


def _in_effect(key: str, several: Several, after: Sequence[Level], levels: Mapping[Level, LevelValues]) -> str | None:
    """The one value that each of several objects would give by itself: its own, or else that of the levels `after`.

    None where these differ, or one of the objects would find none (docs/domain.md 1.5).
    """
    values: set[str | Several | None] = {value for _, value in several.values}
    if None in values:
        held = (levels[level].held.get(key) for level in after if level in levels)
        values = values - {None} | {next((value for value in held if value is not None), None)}
    (first, *others) = values
    return first if not others and isinstance(first, str) else None


class _Matchers:
    """Rules that are matched together: a matcher for each stretch of time with the same ones in force."""

    def __init__(self, policy: Policy, engine: EngineName, name: str, rules: Sequence[ExceptionRule]) -> None:
        self._policy = policy
        self._engine = engine
        self._name = name
        self._rules = rules
        edges = {day for rule in rules for day in (rule.effective.from_, rule.effective.until) if day is not None}
        self._edges = sorted(edges)
        self._by_stretch: dict[int, Matcher] = {}
        self.on_day: dict[datetime.date, Matcher] = {}
        """The matcher of each day that was asked for."""

    def begin(self, date: datetime.date) -> Matcher:
        """The matcher of a day that was not asked for before. Raises `Refused` when the policy is not in force."""
        if not self._policy.effective.includes(date):
            raise Refused([_not_in_force(self._policy, date)])
        stretch = bisect_right(self._edges, date)
        matcher = self._by_stretch.get(stretch)
        if matcher is None:
            in_force = [rule for rule in self._rules if rule.effective.includes(date)]
            matcher = self._by_stretch[stretch] = engine_matcher(self._engine, self._name, in_force)
        self.on_day[date] = matcher
        return matcher


class _Operation(_Matchers):
    """What one operation is resolved with: its matchers, and what its decisions come to."""

    def __init__(self, resolver: Resolver, name: str) -> None:
        policy = resolver.policy
        super().__init__(policy, resolver.engine, name, policy.exceptions_for(name))
        self.decisions = Decisions(policy, name, resolver.precedence_of(name))


def _not_in_force(policy: Policy, date: datetime.date) -> Diagnostic:
    message = f"the policy `{policy.name}` is not in force on {date}, only {policy.effective}"
    hint = "check the date of the operation, or use the policy version of that date"
    return Diagnostic("policy-not-in-force", message, policy.position, hint)


def _exhausted(key: str, chain: tuple[Level, ...], levels: Mapping[Level, LevelValues], rule: str) -> Diagnostic:
    tried = ", ".join(
        f"{level} ({levels[level].label_of(key)} has none)" if level in levels else f"{level} (there is none here)"
        for level in chain
    )
    message = f"no level has a value for `{key}`; tried {tried} by rule `{rule}`"
    return Diagnostic("chain-exhausted", message, hint="give one of them a value, or lengthen the chain")


def _ambiguous(key: str, level: Level, several: Several, rule: str) -> Diagnostic:
    those = level.replace("_", " ")
    message = f"the {those}s do not agree on `{key}` ({several}), so level `{level}` has no one value (rule `{rule}`)"
    hint = "let the policy take it from another level first, such as `request`, or split the operation"
    return Diagnostic("level-ambiguous", message, hint=hint)
