"""Whether two policies decide the same, over all facts and days: a proof, or the facts for which they do not.

What decides is no outcome: rules may be renamed, moved, split or put together as long as the same comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.cells import Diagram, Label, NotProven
from billpolicy.analysis.decisions import DATE, Decider, Decision, in_force
from billpolicy.analysis.domain import Domain
from billpolicy.policy.boxes import closed, content
from billpolicy.policy.condition import Box, Facts, Values
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import FollowUp, Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Vocabulary

MOST_BOXES = 1_000
"""How many boxes of difference are told of one decision."""


class Difference(NamedTuple):
    """Facts for which two policies decide otherwise."""

    box: Box
    """Said of the facts that tell others (`analysis/domain.py`), like the balance in the place of its sign."""
    facts: Facts
    """Some of them."""
    old: Decider
    new: Decider


class Comparison(NamedTuple):
    """What two policies decide about one key of one operation, on the days on which both are in force."""

    operation: str
    key: str
    """Of a follow-up the event that it comes after."""
    domain: Domain
    """The facts of both."""
    equal: bool
    """Whether the same comes out, whatever the facts."""
    proven: bool = True
    """False where the conditions overlap in too many ways to look at all of them; then `equal` is False, too."""
    differences: tuple[Difference, ...] = ()
    more: bool = False
    """Whether there are further boxes."""


class Comparer:
    """Two policies, made ready to be compared decision by decision."""

    def __init__(self, old: Policy, new: Policy, vocabulary: Vocabulary = VOCABULARY) -> None:
        self._old, self._new = Analysed(old, vocabulary), Analysed(new, vocabulary)
        self._vocabulary = vocabulary
        self._both: dict[str, Both] = {}

    def compare(self, operation: str, key: str, allowed: Sequence[Box] = ()) -> Comparison:
        """How one decision compares. `allowed`: differences within these facts are passed over."""
        if operation not in self._both:
            ours, theirs = self._old.domain(operation), self._new.domain(operation)
            self._both[operation] = Both(ours, theirs, self._new.policy)
        both = self._both[operation]
        old, new = self._old.decision(operation, key), self._new.decision(operation, key)
        return _compared(old, new, both, _passed(both, allowed))

    def compare_follow_ups(self, event: str, operation: str, allowed: Sequence[Box] = ()) -> Comparison:
        """Whether an operation follows an event in the same cases, and what becomes of one that is refused."""
        spec = self._vocabulary[operation]
        policies = self._old.policy, self._new.policy
        ours, theirs = (Domain.of_follow_up(policy, spec, event) for policy in policies)
        both = Both(ours, theirs, policies[1])
        old, boxes = _following(policies[0], event, operation, ours)
        new, more = _following(policies[1], event, operation, theirs)
        passed = _passed(both, allowed)

        def follows(rules: Sequence[FollowUp], holding: int) -> tuple[str, Decider]:
            running = [rules[number] for number in bits(holding)]
            # Of several the strictest counts: one that refuses what it follows.
            first = min(running, key=lambda one: one.if_refused != "refuse", default=None)
            return (first.if_refused, Decider(first.id, None)) if first else ("nothing", Decider("nothing", None))

        def label(holding: int) -> Label:
            mine, who = follows(old, holding & ((1 << len(old)) - 1))
            their, whom = follows(new, holding >> len(old) & ((1 << len(new)) - 1))
            return SAME if mine == their or holding >> (len(old) + len(new)) else (who, whom)

        return _differing(operation, event, both, [*boxes, *more, *passed], label)


class Both(Domain):
    """The facts of two policies: what either knows of, on the days on which both are in force."""

    def __init__(self, ours: Domain, theirs: Domain, new: Policy) -> None:
        super().__init__(new, [*{**ours.fields, **theirs.fields}.values()], theirs.uncertain)
        self._of = ours, theirs

    def _universe(self, fact: str) -> Values:
        mine, *their = [domain.universe(fact) for domain in self._of if domain.knows(fact)] or [super()._universe(fact)]
        for values in their:
            mine = mine & values if fact == DATE else mine | values
        return mine


SAME = "same"
"""The label of facts for which the same comes out."""


def _compared(old: Decision, new: Decision, both: Domain, passed: Sequence[Box]) -> Comparison:
    """By the diagram of the rules of both, told apart by what decides in either where that is not the same."""
    count = len(old.rules), len(new.rules)
    mine, their = (1 << count[0]) - 1, (1 << count[1]) - 1
    # Where no rule is open that is another one in the other policy, both decide the same.
    changed = _changed(old, new) if old.base_comes == new.base_comes else -1

    def label(holding: int) -> Label:
        before, after = old.survivors(holding & mine), new.survivors(holding >> count[0] & their)
        if old.outcomes(before) == new.outcomes(after) or holding >> sum(count):
            return SAME
        return old.decider(before), new.decider(after)

    def settled(open_: int) -> Label | None:
        return None if open_ & changed or changed == -1 else SAME

    return _differing(old.spec.name, old.key, both, [*old.boxes, *new.boxes, *passed], label, settled)


def _changed(old: Decision, new: Decision) -> int:
    """The rules of either that the other has not just so: with the same condition, outcome, and overriding rules."""
    before, after = _said(old), _said(new)
    there = set(after), set(before)
    found = sum(1 << number for number, one in enumerate(before) if one not in there[0])
    return found | sum(1 << len(before) + number for number, one in enumerate(after) if one not in there[1])


def _said(decision: Decision) -> list[tuple[Any, ...]]:
    """Of each rule all that its part in the decision depends on, whatever it is called and wherever it stands."""
    lists = decision.policy.lists.get(decision.spec.name, {})
    what = [
        (frozenset(box.items()), content(closed(rule.boxes, lists)), comes)
        for box, rule, comes in zip(decision.boxes, decision.rules, decision.comes, strict=True)
    ]
    return [
        (*one, frozenset(what[other] for other in bits(above)))
        for one, above in zip(what, decision.overriders, strict=True)
    ]


def _differing(
    operation: str,
    key: str,
    both: Domain,
    boxes: Sequence[Box],
    label: Callable[[int], Label],
    settled: Callable[[int], Label | None] = lambda open_: None,
) -> Comparison:
    try:
        regions = Diagram(both, boxes, label, settled).regions(lambda one: one != SAME)
        found = list(islice(regions, MOST_BOXES + 1))
    except NotProven:
        return Comparison(operation, key, both, equal=False, proven=False)
    differences = []
    for who, box in found[:MOST_BOXES]:
        facts = both.possible(box)
        if facts is not None:
            differences.append(Difference(both.said(box), facts, *cast("tuple[Decider, Decider]", who)))
    return Comparison(operation, key, both, not differences, True, tuple(differences), len(found) > MOST_BOXES)


def _passed(both: Domain, allowed: Sequence[Box]) -> list[Box]:
    """What is allowed, said of facts of the operation; what it does not have is unset there."""
    found = []
    for box in allowed:
        known = both.canonical({fact: values for fact, values in box.items() if both.knows(fact)})
        if known is not None and all(values.unset for fact, values in box.items() if not both.knows(fact)):
            found.append(known)
    return found


def _following(policy: Policy, event: str, operation: str, domain: Domain) -> tuple[list[FollowUp], list[Box]]:
    """The follow-ups that can run an operation after an event, and when they do: one once for each of its boxes."""
    found, boxes = [], []
    for follow_up in policy.follow_ups:
        if (follow_up.after, follow_up.operation) == (event, operation):
            for box in domain.all_canonical(in_force(follow_up.rule, policy.effective)):
                found.append(follow_up)
                boxes.append(box)
    return found, boxes
