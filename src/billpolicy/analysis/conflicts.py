"""Proof over all facts and all dates that no two exceptions conflict, or a concrete operation in which they do.

A conflict is a point (facts and a date) where two exceptions with different outcomes both survive precedence. For each
pair the box in which both hold is split by every exception that could beat one of the two, until in each piece the
same exceptions match everywhere; there the real `Precedence` is asked. So the proof cannot mean something else than
what is decided later. The document date is one more dimension of the box.

A piece counts only where there can be facts in it: see `analysis/domain.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from billpolicy.analysis.decisions import DATE, in_force
from billpolicy.analysis.domain import Case, Domain
from billpolicy.analysis.meeting import Meeting
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.diagnostics.sentences import all_of, quoted
from billpolicy.policy.condition import Box, Fact, Numbers, Values, difference, intersection
from billpolicy.policy.example import day, example
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import ExceptionRule, Outcome, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import FieldType, Vocabulary

MOST_PIECES = 2_000
"""How many pieces of the box of one pair are looked at, tenths of a second at worst; beyond, it is not proven."""

MOST_FINDINGS = 100
"""How many are worded: nobody reads more, and a policy that is quite wrong must not take long to say so."""


class Conflict(NamedTuple):
    """Two exceptions, by id, that can both survive for one decision of one operation."""

    first: str
    second: str
    operation: str
    key: str
    where: Box | None
    """The facts and dates for which they do; None if it could be neither found nor ruled out in `MOST_PIECES`."""
    facts: Case | None
    """Some of them that there can be together."""


def find_conflicts(policy: Policy, vocabulary: Vocabulary) -> Iterator[Conflict]:
    """Every pair of exceptions, for every decision, that is not proven to be free of conflict."""
    # Many operations have the very same exceptions about the same facts: what is proven of one holds of the others.
    alike: dict[tuple[Any, ...], list[tuple[str, Domain, list[tuple[str, Box]]]]] = defaultdict(list)
    for operation in sorted({name for exception in policy.exceptions for name in exception.operations}):
        spec = vocabulary.get(operation)
        domain = Domain(policy, ()) if spec is None else Domain.of_operation(policy, spec)
        boxes = [
            (exception.id, box)
            for exception in policy.exceptions_for(operation)
            for box in domain.all_canonical(in_force(exception, policy.effective))
            if not box[DATE].empty
        ]
        asked = sorted({fact for _, box in boxes for fact in box})
        known = tuple((fact, domain.universe(fact)) for fact in asked if domain.knows(fact))
        excluded = tuple(tuple(sorted(box.items())) for box in domain.impossible)
        key = tuple(id for id, _ in boxes), known, excluded
        alike[key].append((operation, domain, boxes))
    exceptions = {exception.id: exception for exception in policy.exceptions}
    for each in alike.values():
        operation, domain, boxes = each[0]
        precedence = Precedence.of(policy, operation)
        contest = _Contest([exceptions[id] for id, _ in boxes], [box for _, box in boxes], precedence, domain)
        for first, second, key_, where, facts in contest.conflicts():
            for alike_, _, _ in each:
                yield Conflict(first, second, alike_, key_, where, facts)


class _NotProven(Exception):
    """The pieces of a pair are too many to look at."""


class _Contest:
    """The exceptions of one operation, by number, once for each of their boxes; sets of them are the bits of an int."""

    def __init__(
        self, exceptions: Sequence[ExceptionRule], boxes: Sequence[Box], precedence: Precedence, domain: Domain
    ) -> None:
        self._domain = domain
        self._exceptions = exceptions
        self._ids = [exception.id for exception in exceptions]
        self._boxes = boxes
        meeting = Meeting(boxes)
        self._neighbours = [meeting.of(box) for box in boxes]
        places: dict[str, int] = {}
        for number, id in enumerate(self._ids):
            places[id] = places.get(id, 0) | 1 << number
        self._overriders = [sum(places.get(other, 0) for other in precedence.overriders(id)) for id in self._ids]
        narrower = precedence.narrower_than(self._ids)
        self._beaters = [above | inside for above, inside in zip(self._overriders, narrower, strict=True)]
        """Of each exception those that it never survives beside: they override it, or are narrower."""
        self._precedence = precedence

    def conflicts(self) -> Iterator[tuple[str, str, str, Box | None, Case | None]]:
        """Two ids, the key they disagree about, and where; nowhere in particular if it is not proven either way."""
        for key in sorted({key for exception in self._exceptions for key in exception.then}):
            told: set[tuple[str, str]] = set()
            for first, second, taking_part in self._disagreeing(key):
                ids = self._ids[first], self._ids[second]
                overlap = intersection(self._boxes[first], self._boxes[second])
                if overlap is None or ids in told:
                    continue
                try:
                    rivals = self._rivals(first, second, taking_part)
                    where = self._both_survive((first, second), key, overlap, rivals)
                except _NotProven:
                    told.add(ids)
                    yield *ids, key, None, None
                else:
                    if where is not None:
                        told.add(ids)
                        yield *ids, key, *where

    def _disagreeing(self, key: str) -> Iterator[tuple[int, int, int]]:
        """The pairs with different outcomes that may meet and neither beats the other, and all that take part."""
        taking_part = 0
        agreeing: dict[Outcome, int] = defaultdict(int)
        for number, exception in enumerate(self._exceptions):
            if key in exception.then:
                taking_part |= 1 << number
                agreeing[exception.then[key]] |= 1 << number
        for first in bits(taking_part):
            others = taking_part & ~agreeing[self._exceptions[first].then[key]]
            later = -(2 << first)
            for second in bits(self._neighbours[first] & others & later & ~self._beaters[first]):
                if not self._beaters[second] >> first & 1:
                    yield first, second, taking_part

    def _rivals(self, first: int, second: int, taking_part: int) -> list[int]:
        """The exceptions that can beat one of the two, and those that can stop them: no other changes their fate.

        What overrides comes before what it overrides, so one that is beaten in a piece stays beaten in all of it.
        """
        near = self._neighbours[first] & self._neighbours[second] & taking_part & ~(1 << first | 1 << second)
        rivals = (self._beaters[first] | self._beaters[second]) & near
        for number in bits(rivals):
            rivals |= self._overriders[number] & near
        return sorted(bits(rivals), key=lambda number: (self._overriders[number].bit_count(), number))

    def _both_survive(
        self, pair: tuple[int, int], key: str, overlap: Box, rivals: Sequence[int]
    ) -> tuple[Box, Case] | None:
        """A piece of the overlap in which both survive, with facts in it; None is the proof that there is none."""
        pieces: list[tuple[Box, tuple[int, ...], int]] = [(overlap, pair, 0)]
        for _ in range(MOST_PIECES):
            if not pieces:
                return None
            piece, matching, decided = pieces.pop()
            inside = None
            while inside is None and decided < len(rivals):
                inside = intersection(piece, self._boxes[rivals[decided]])
                decided += 1
            if inside is None:
                facts = self._domain.case(piece)
                if facts is not None:
                    return self._domain.said(piece), facts
                continue
            rival = rivals[decided - 1]
            if self._survive(pair, (*matching, rival), key):
                pieces.append((inside, (*matching, rival), decided))
            pieces += [(outside, matching, decided) for outside in difference(piece, self._boxes[rival])]
        raise _NotProven

    def _survive(self, pair: tuple[int, int], matching: Iterable[int], key: str) -> bool:
        survivors = self._precedence.decide([self._ids[number] for number in matching], key).survivors
        return all(self._ids[number] in survivors for number in pair)


# -- in words ------------------------------------------------------------------------------------------------------


def conflicts(policy: Policy, vocabulary: Vocabulary) -> list[Diagnostic]:
    """Every pair of exceptions that can conflict, once for all the decisions that one example shows."""
    return in_order(diagnostic for diagnostic, _ in shown_conflicts(policy, vocabulary))


def shown_conflicts(policy: Policy, vocabulary: Vocabulary) -> list[tuple[Diagnostic, Conflict | None]]:
    """The same, each with a conflict that shows it, where there is one."""
    said: dict[tuple[str, str, str | None], dict[str, list[Conflict]]] = {}
    found = find_conflicts(policy, vocabulary)
    for conflict in islice(found, MOST_FINDINGS):
        shown = None if conflict.where is None else _shown(conflict, policy, vocabulary)
        decisions = said.setdefault((conflict.first, conflict.second, shown), {})
        decisions.setdefault(conflict.operation, []).append(conflict)
    exceptions = {exception.id: exception for exception in policy.exceptions}
    told: list[tuple[Diagnostic, Conflict | None]] = [
        (_diagnostic(exceptions[first], exceptions[second], what, shown), one if one.facts is not None else None)
        for (first, second, shown), decisions in said.items()
        for what, one in _what(decisions)
    ]
    if next(found, None) is not None:
        message = f"there are more conflicts than the first {MOST_FINDINGS}, which are listed"
        told.append((Diagnostic("exceptions-conflict-more", message, policy.position, "mend those first"), None))
    return told


def _what(decisions: Mapping[str, Sequence[Conflict]]) -> Iterator[tuple[str, Conflict]]:
    """The decisions in words, with one of the conflicts; operations with the same keys are one phrase."""
    operations: dict[tuple[str, ...], list[str]] = {}
    for operation, conflicts in decisions.items():
        operations.setdefault(tuple(conflict.key for conflict in conflicts), []).append(operation)
    for keys, names in operations.items():
        yield f"{all_of(quoted(keys))} of {all_of(quoted(names))}", decisions[names[0]][0]


def _shown(conflict: Conflict, policy: Policy, vocabulary: Vocabulary) -> str:
    types: dict[str, FieldType] = {field.name: field.type for field in policy.fields.values()}
    if conflict.operation in vocabulary:
        types |= {field.name: field.type for field in vocabulary[conflict.operation].fields}
    where = dict(conflict.where or {})
    if any(types.get(field) == "days" for field in where):  # which hang on dates: those are shown that go together
        ages = {field for field in where if field == DATE or types.get(field) in ("days", "date")}
        where |= {field: _only(fact) for field, fact in (conflict.facts or {}).items() if field in ages}
    date = day(where.pop(DATE).sample())
    fields = example(where, types)
    return f"on {date} with {all_of(quoted(fields))}" if fields else f"on {date}, whatever the fields are"


def _only(fact: Fact | None) -> Values:
    return Values(Numbers.only(fact) if isinstance(fact, int) else Numbers(()), unset=fact is None)


def _diagnostic(first: ExceptionRule, second: ExceptionRule, what: str, shown: str | None) -> Diagnostic:
    first, second = sorted((first, second), key=lambda exception: (exception.position, exception.id))
    other = f"`{first.id}` ({first.position.place})"
    hint = f"say which one wins with `overrides: [{first.id}]`, or make one `when` narrower than the other"
    if shown is None:
        message = (
            f"it could not be proven that `{second.id}` and {other} never disagree about {what}: "
            "too many exceptions overlap with both"
        )
        return Diagnostic("exceptions-conflict-unproven", message, second.position, hint)
    message = f"`{second.id}` and {other} disagree about {what}, and neither wins: for example {shown}"
    return Diagnostic("exceptions-conflict", message, second.position, hint)
