"""The matcher in plain Python. It defines what a condition means; the rules engine is held against it.

It is made for millions of records: the exceptions are looked up by the one fact that most of them ask for by name
(a country, a reason), and what is left of each condition is a row of small closures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from billpolicy.policy.boxes import hold
from billpolicy.policy.condition import Box, Fact, Facts, Numbers, Values, Words
from billpolicy.policy.model import Clause, ExceptionRule

Check = Callable[[Facts], bool]


class ReferenceMatcher:
    """The exceptions of one operation as closures."""

    def __init__(self, exceptions: Iterable[ExceptionRule]) -> None:
        ordered = [(one.id, box) for one in sorted(exceptions, key=lambda one: one.id) for box in one.boxes]
        self._fact = _most_telling([box for _, box in ordered])
        named = frozenset(name for _, box in ordered for name in _names(box.get(self._fact)))
        self._by_value: dict[Fact | None, tuple[_Compiled, ...]] = {
            value: _compiled(ordered, self._fact, value) for value in (None, *named)
        }
        unnamed = Words(named, complement=True).sample()
        self._by_any_other = _compiled(ordered, self._fact, unnamed)

    def match(self, facts: Facts) -> tuple[str, ...]:
        found = []  # of the boxes of one exception at most one holds
        for id, checks in self._by_value.get(facts.get(self._fact), self._by_any_other):
            for check in checks:
                if not check(facts):
                    break
            else:
                found.append(id)
        return tuple(found)


def unmet(exception: ExceptionRule, facts: Facts) -> tuple[Clause, ...]:
    """The clauses that do not hold: why an exception does not match."""
    return tuple(clause for clause in exception.clauses if not hold(clause.boxes, facts))


class _Compiled(NamedTuple):
    id: str
    checks: tuple[Check, ...]


def _compiled(boxes: Iterable[tuple[str, Box]], telling: str, value: Fact | None) -> tuple[_Compiled, ...]:
    """The exceptions that remain possible once the telling fact is known, and what is left to check of each."""
    return tuple(
        _Compiled(id, tuple(_check(fact, values) for fact, values in box.items() if fact != telling))
        for id, box in boxes
        if telling not in box or box[telling].allows(value)
    )


def _most_telling(boxes: Sequence[Box]) -> str:
    """The fact whose value leaves the fewest conditions on average; if none is asked for by name, a name that none has.

    A currency is asked for often and tells little, because all ask for the same one.
    """
    asking: Counter[str] = Counter()
    named: dict[str, Counter[str | bool]] = defaultdict(Counter)
    for box in boxes:
        for fact, values in box.items():
            if isinstance(values.members, Words) and not values.members.complement:
                asking[fact] += 1
                named[fact].update(values.members.names)

    def left(fact: str) -> float:
        return len(boxes) - asking[fact] + named[fact].total() / max(len(named[fact]), 1)

    return min(asking, key=lambda fact: (left(fact), fact), default="")


def _names(values: Values | None) -> frozenset[str | bool]:
    return values.members.names if values is not None and isinstance(values.members, Words) else frozenset()


def _check(fact: str, values: Values) -> Check:
    """The cheapest test of one fact. Without `unset` a missing fact fails every one of them."""
    members = values.members
    if members.empty:
        return lambda facts: facts.get(fact) is None
    if values.unset:
        return lambda facts: values.allows(facts.get(fact))
    if isinstance(members, Words):
        return _check_words(fact, members)
    return _check_numbers(fact, members)


def _check_words(fact: str, words: Words) -> Check:
    if words.complement:
        unwanted = words.names | {None}
        return lambda facts: facts.get(fact) not in unwanted
    if len(words.names) == 1:
        (only,) = words.names
        return lambda facts: facts.get(fact) == only
    wanted = words.names
    return lambda facts: facts.get(fact) in wanted


def _check_numbers(fact: str, numbers: Numbers) -> Check:
    (low, high), *more = numbers.ranges
    if more:
        return lambda facts: (number := facts.get(fact)) is not None and number in numbers
    if low is None and high is None:
        return lambda facts: facts.get(fact) is not None
    if low == high:
        return lambda facts: facts.get(fact) == low
    # An amount or a date is a number; the types of facts are settled before they come here.
    if high is None:
        return lambda facts: (number := facts.get(fact)) is not None and number >= low  # type: ignore[operator]
    if low is None:
        return lambda facts: (number := facts.get(fact)) is not None and number <= high  # type: ignore[operator]
    return lambda facts: (number := facts.get(fact)) is not None and low <= number <= high  # type: ignore[operator]
