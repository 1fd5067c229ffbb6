"""From the exceptions that match to the rule that decides each key (docs/policy-language.md rule 5).

Whatever is matched with, one by one or by the million, ends here; and what the same exceptions come to is found once.
"""

from __future__ import annotations

from typing import NamedTuple

from billpolicy.deciding.matching.cells import MOST_KEPT
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import Chain, Outcome, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import Level


class Resolution(NamedTuple):
    """The value of one decision and where it came from. Small: one is made per attribute of every document."""

    key: str
    value: str | int | bool
    level: Level | None
    """The level of the chain that had the value; None for a setting."""
    rule: str
    """Id of the exception or base rule that decided."""


class Walk(NamedTuple):
    """The levels where an attribute is looked for, without those that cannot have it, and the rule that says so."""

    key: str
    levels: tuple[Level, ...]
    rule: str


class Deciding(NamedTuple):
    """What decides each key for one set of matching exceptions: found once, used for every document."""

    settings: dict[str, Resolution]
    """Settings need no document: they are resolved already."""
    chains: tuple[Walk, ...]


class Decisions:
    """The decisions of one operation under one policy."""

    def __init__(self, policy: Policy, operation: str, precedence: Precedence) -> None:
        self._operation = operation
        self._attributes = policy.attributes
        self._precedence = precedence
        self.kept: dict[tuple[str, ...], Deciding] = {}
        """Ids of the exceptions that match, sorted -> what decides each key then."""
        base = [one for one in policy.base.values() if one.operation == operation]
        self._base = {one.key: self._rule(one.key, one.outcome, one.id) for one in base}
        self._speaking: dict[int, list[str]] = {}
        """Exceptions that speak of the same keys -> these keys: of all of them the same ones are left."""
        for key in self._base:
            if precedence.speaking_of(key):
                self._speaking.setdefault(precedence.speaking_of(key), []).append(key)

    def of(self, matched: tuple[str, ...]) -> Deciding:
        """What decides each key where these exceptions match. Raises `Refused` where they contradict each other."""
        deciding = self._base.copy()
        places = self._precedence.places(matched)
        for speaking, keys in self._speaking.items():
            left = self._precedence.survivors(places & speaking)
            if left:
                for key in keys:
                    deciding[key] = self._left(key, left)
        settings = {key: one for key, one in deciding.items() if type(one) is Resolution}
        found = Deciding(settings, tuple([one for one in deciding.values() if type(one) is Walk]))
        if len(self.kept) >= MOST_KEPT:
            self.kept.clear()
        self.kept[matched] = found
        return found

    def _left(self, key: str, left: int) -> Resolution | Walk:
        first, *others = bits(left)
        outcome = self._precedence.outcome(first, key)
        if any(self._precedence.outcome(other, key) != outcome for other in others):
            # Validation proves that this cannot be; a policy that was not validated is still never guessed about.
            rules = tuple(self._precedence.ids[place] for place in (first, *others))
            raise Refused([_conflict(self._operation, key, rules)])
        return self._rule(key, outcome, self._precedence.ids[first])

    def _rule(self, key: str, outcome: Outcome, rule: str) -> Resolution | Walk:
        if not isinstance(outcome, Chain):
            return Resolution(key, outcome.value, None, rule)
        attribute = self._attributes.get(key)
        held = tuple(level for level in outcome.levels if attribute is None or attribute.is_held_by(level))
        return Walk(key, held, rule)


def _conflict(operation: str, key: str, rules: tuple[str, ...]) -> Diagnostic:
    named = " and ".join(f"`{rule}`" for rule in rules)
    message = f"{named} both apply and say different things about `{key}` of `{operation}`"
    return Diagnostic("exceptions-conflict", message, hint="run `billpolicy validate` on the policy")
