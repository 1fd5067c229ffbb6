"""What decides one key of one operation, for each set of exceptions that hold, and what comes of it.

The order among exceptions is that of `policy/precedence.py`, which is asked for every pair once; sets of exceptions are
the bits of an int here, so that thousands of sets can be decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from billpolicy.analysis.domain import Domain
from billpolicy.analysis.meeting import Meeting
from billpolicy.policy.boxes import Boxes
from billpolicy.policy.condition import Box, Numbers, Values
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import BaseRule, Chain, Effective, ExceptionRule, Outcome, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import OperationSpec

DATE = "date"
"""The fact that is the document date."""
Comes = tuple[str, ...]
"""What comes of an outcome: the value of a setting, or the levels that can give one, the default with its value."""


class Decider(NamedTuple):
    """What decides: the id of an exception or `operation.key` of a base rule, and what it says."""

    rule: str
    outcome: Outcome | None
    """None where the policy has no such decision, and where exceptions conflict."""
    against: str | None = None
    """In a conflict, an exception that says something else."""


class Decision:
    """One key of one operation of a policy."""

    def __init__(self, policy: Policy, spec: OperationSpec, key: str, precedence: Precedence, domain: Domain) -> None:
        """`domain`: the facts of the operation as this policy knows them."""
        self.policy, self.spec, self.key = policy, spec, key
        self.base: BaseRule | None = policy.base.get((spec.name, key))
        self._precedence = precedence
        self.rules: list[ExceptionRule] = []
        """The exceptions that can take part: those that speak of the key and are in force on some day of the policy.
        One that has several boxes has a place for each of them, of which at most one holds."""
        self.boxes: list[Box] = []
        """Of each place the facts on which it holds, canonical, and the days if it is not in force all the time."""
        for rule in policy.exceptions:
            if key in rule.then and spec.name in rule.operations:
                for box in domain.all_canonical(in_force(rule, policy.effective)):
                    always = box[DATE] == domain.universe(DATE)
                    self.rules.append(rule)
                    self.boxes.append({fact: box[fact] for fact in box if fact != DATE} if always else box)
        self.comes = [what_comes(policy, spec, key, rule.then[key]) for rule in self.rules]

    @cached_property
    def base_comes(self) -> Comes:
        """What comes of the base rule; nothing where there is none."""
        return () if self.base is None else what_comes(self.policy, self.spec, self.key, self.base.outcome)

    @cached_property
    def _places(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, rule in enumerate(self.rules):
            found[rule.id] = found.get(rule.id, 0) | 1 << number
        return found

    @cached_property
    def overriders(self) -> list[int]:
        """Of each rule those that override it, also through others."""
        return [self.places(self._precedence.overriders(rule.id)) for rule in self.rules]

    def places_of(self, rule: str) -> int:
        """The places of a rule among those that can take part, as bits."""
        return self._places.get(rule, 0)

    def near(self, box: Box) -> int:
        """All rules that can hold somewhere in a box, and some that cannot."""
        return self._meeting.of(box)

    @cached_property
    def _meeting(self) -> Meeting:
        return Meeting(self.boxes)

    @cached_property
    def _narrower(self) -> list[int]:
        """Of each rule those whose condition is strictly within its own."""
        return self._precedence.narrower_than([rule.id for rule in self.rules])

    @cached_property
    def _overridden(self) -> int:
        """The rules that some other rule overrides."""
        return sum(1 << number for number, above in enumerate(self.overriders) if above)

    def places(self, ids: Iterable[str]) -> int:
        """The places of these rules, of those that can take part, as bits."""
        return sum(map(self.places_of, ids))

    def survivors(self, holding: int, overriders: Sequence[int] | None = None) -> int:
        """What precedence leaves of the rules that hold, `docs/policy-language.md` rule 5."""
        if not holding & (holding - 1):
            return holding
        above = self.overriders if overriders is None else overriders
        left = holding
        for number in bits(holding & self._overridden):
            if above[number] & holding:
                left &= ~(1 << number)
        narrower, survivors = self._narrower, left
        for number in bits(left):
            if narrower[number] & left:
                survivors &= ~(1 << number)
        return survivors

    def outcomes(self, survivors: int) -> frozenset[Comes]:
        """What comes of them: of none what the base rule says; of several more than one thing is a conflict."""
        if not survivors:
            return frozenset((self.base_comes,))
        return frozenset(self.comes[number] for number in bits(survivors))

    def decider(self, survivors: int) -> Decider:
        """The rule to name, of several the first by id."""
        if survivors:
            first, *others = bits(survivors)
            rule = self.rules[first]
            against = next((self.rules[other].id for other in others if self.comes[other] != self.comes[first]), None)
            return Decider(rule.id, None if against else rule.then[self.key], against)
        return Decider(f"{self.spec.name}.{self.key}", None if self.base is None else self.base.outcome)

    def rule_of(self, holding: int) -> str:
        """The id of the rule that decides where these hold."""
        return self.decider(self.survivors(holding)).rule


def in_force(rule: ExceptionRule, policy: Effective) -> Boxes:
    """The condition of a rule, and the days on which it and its policy are in force."""
    days = Values(Numbers((_days(rule.effective),)) & Numbers((_days(policy),)))
    asked = rule.boxes[0].get(DATE)
    on = days if asked is None else asked & days
    return tuple({**box, DATE: on} for box in rule.boxes)


def _days(effective: Effective) -> tuple[int | None, int | None]:
    return effective.from_.toordinal(), None if effective.until is None else effective.until.toordinal() - 1


def what_comes(policy: Policy, spec: OperationSpec, key: str, outcome: Outcome) -> Comes:
    """What an outcome comes to, without what has no effect: levels that hold no such attribute, a default that is not
    there, and all that stands after one that is; levels of which there is one at a time in the order of their names."""
    if not isinstance(outcome, Chain):
        return (str(outcome),)
    attribute = policy.attributes.get(key)
    found = []
    for level in outcome.levels:
        if level == "default":
            words = policy.default_words(key)
            if key in policy.defaults:
                found.append(f"default={words}")
                break
            found += [] if words is None else [f"default {words}"]
        elif attribute is None or attribute.is_held_by(level):
            found.append(level)
    comes: list[str] = []
    for one_at_a_time, levels in groupby(found, key=spec.either.__contains__):
        beside = list(levels)
        comes += sorted(beside) if one_at_a_time else beside
    return tuple(comes)


def always_comes(comes: Comes) -> bool:
    """Of a chain whether it always finds a value: it ends with a default that there is."""
    return any(level.startswith("default=") for level in comes)
