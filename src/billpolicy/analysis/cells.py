"""Which of some conditions hold together, over all facts there can be: a decision diagram, built fact by fact.

For each fact the values that no condition tells apart are one class. What is left to ask below a class depends only on
the conditions that are still open there, so it is built once for each set of them; conditions that never meet are never
compared. At the end of each way stands a label of the conditions that hold, and equal ways are one: two policies decide
the same exactly where all labels say so. Nothing is sampled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from billpolicy.analysis.domain import Domain, Relation
from billpolicy.policy.condition import Box, Numbers, Values, Words
from billpolicy.policy.inclusion import bits

MOST_CLASSES = 100_000
"""How many classes of values are looked at, some seconds; beyond, nothing is proven of the conditions."""

Label = Hashable
Labelled = Callable[[int], Label]
"""From the conditions that hold, as the bits of an int, to what is told apart."""


class NotProven(Exception):
    """The conditions overlap in too many ways to look at all of them."""


class Leaf(NamedTuple):
    label: Label


class Node:
    """What is asked of one fact; each class of its values leads on."""

    __slots__ = ("branches", "fact", "labels")

    def __init__(self, fact: str, branches: tuple[tuple[Values, Node | Leaf], ...]) -> None:
        self.fact, self.branches = fact, branches
        self.labels: frozenset[Label] = frozenset().union(*(_labels(below) for _, below in branches))


def _labels(below: Node | Leaf) -> frozenset[Label]:
    return below.labels if isinstance(below, Node) else frozenset((below.label,))


class Diagram:
    """Boxes of one domain, and what is told apart of those that hold."""

    def __init__(
        self,
        domain: Domain,
        boxes: Sequence[Box],
        label: Labelled,
        settled: Callable[[int], Label | None] = lambda open_: None,
        within: Box | None = None,
        among: int = -1,
        most_classes: int = MOST_CLASSES,
    ) -> None:
        """`boxes` are canonical. `settled`: the label where the conditions that are still open cannot change it.
        `within`: only facts of this canonical box are looked at. `among`: only these of the boxes, as bits.

        Raises `NotProven`.
        """
        self._domain = domain
        self._label, self._settled = label, settled
        self._within = within or {}
        self._left = most_classes
        everyone = (1 << len(boxes)) - 1
        self._own = everyone & among
        self._boxes = [*boxes, *domain.impossible]
        self._excluded = ((1 << len(self._boxes)) - 1) & ~everyone
        self._constrained: dict[str, int] = defaultdict(int)
        for number in bits(self._own | self._excluded):
            for fact in self._boxes[number]:
                self._constrained[fact] |= 1 << number
        self._facts, self._relation_of = self._order()
        self._built: dict[tuple[int, int, tuple[Values, ...]], Node | Leaf | None] = {}
        self._alike: dict[tuple[str, tuple[tuple[Values, int], ...]], Node] = {}
        self._leaves: dict[Label, Leaf] = {}
        self.root = self._build(0, self._own | self._excluded, ())

    # -- what came out ---------------------------------------------------------------------------------------------

    def regions(self, wanted: Callable[[Label], bool]) -> Iterator[tuple[Label, Box]]:
        """All facts whose labels are wanted, as boxes that do not overlap but where there can be no facts."""
        if self.root is not None:
            chosen = frozenset(label for label in _labels(self.root) if wanted(label))
            yield from self._ways(self.root, self._within, chosen)

    def examples(self) -> dict[Label, Box]:
        """For every label one box of facts that have it, within the box that was looked at."""
        found: dict[Label, Box] = {}
        seen: set[int] = set()
        ahead: list[tuple[Node | Leaf, Box]] = [] if self.root is None else [(self.root, self._within)]
        while ahead:
            here, box = ahead.pop()
            if isinstance(here, Leaf):
                found.setdefault(here.label, box)
            elif id(here) not in seen:
                seen.add(id(here))
                ahead += [(below, {**box, here.fact: values}) for values, below in reversed(here.branches)]
        return found

    def _ways(self, here: Node | Leaf, box: Box, chosen: frozenset[Label]) -> Iterator[tuple[Label, Box]]:
        if isinstance(here, Leaf):
            if here.label in chosen:
                yield here.label, box
        elif not chosen.isdisjoint(here.labels):
            for values, below in here.branches:
                yield from self._ways(below, {**box, here.fact: values}, chosen)

    # -- how it is built -------------------------------------------------------------------------------------------

    def _order(self) -> tuple[list[str], dict[str, Relation]]:
        """Facts that are asked for by name first, dates last; those that depend on each other stand together."""
        relation_of: dict[str, Relation] = {}
        for relation in self._domain.relations:
            facts = [fact for fact in relation.facts if fact in self._constrained]
            if len(facts) > 1:
                relation_of |= dict.fromkeys(facts, relation)

        def telling(fact: str) -> tuple[bool, int, str]:
            words = isinstance(self._domain.universe(fact).members, Words)
            return not words, -self._constrained[fact].bit_count(), fact

        order: list[str] = []
        for fact in sorted(self._constrained, key=lambda one: (one == "date", telling(one))):
            if fact not in order:
                together = relation_of[fact].facts if fact in relation_of else (fact,)
                order += [one for one in together if one in self._constrained]
        return order, relation_of

    def _build(self, position: int, alive: int, known: tuple[Values, ...]) -> Node | Leaf | None:
        """What is left to ask when these conditions are still open; `known`: what was said of an open relation."""
        while position < len(self._facts):
            fact = self._facts[position]
            if self._constrained[fact] & alive or fact in self._relation_of:
                break
            position += 1
        else:
            return None if alive & self._excluded else self._leaf(self._label(alive))
        settled = self._settled(alive & self._own)
        if settled is not None:
            return self._leaf(settled)
        key = position, alive, known
        if key not in self._built:
            self._built[key] = self._ask(fact, position, alive, known)
        return self._built[key]

    def _ask(self, fact: str, position: int, alive: int, known: tuple[Values, ...]) -> Node | Leaf | None:
        relation = self._relation_of.get(fact)
        last = position + 1 == len(self._facts) or self._relation_of.get(self._facts[position + 1]) is not relation
        # Where the fewest conditions are left open comes first: what is looked for is soon found there.
        merged: dict[int, tuple[Values, Node | Leaf]] = {}
        classes = self._classes(fact, alive)
        self._left -= len(classes)
        if self._left < 0:
            raise NotProven
        for values, open_ in sorted(classes, key=lambda one: one[1].bit_count()):
            told = known if relation is None else (*known, values)
            if relation is not None and last:
                if not self._go_together(relation, position, told):
                    continue
                told = ()
            below = self._build(position + 1, open_, told)
            if below is not None:  # where there can be no facts, nothing is told apart
                before = merged.get(id(below))
                merged[id(below)] = (values if before is None else before[0] | values, below)
        if len(merged) < 2:
            return next((below for _, below in merged.values()), None)
        branches = tuple(merged.values())
        alike = fact, tuple((values, id(below)) for values, below in branches)
        return self._alike.setdefault(alike, Node(fact, branches))

    def _go_together(self, relation: Relation, position: int, told: tuple[Values, ...]) -> bool:
        said = dict(zip(self._facts[position + 1 - len(told) : position + 1], told, strict=True))
        return relation.point(0, *(said.get(fact, self._universe(fact)) for fact in relation.facts)) is not None

    def _universe(self, fact: str) -> Values:
        universe = self._domain.universe(fact)
        return universe & self._within[fact] if fact in self._within else universe

    def _leaf(self, label: Label) -> Leaf:
        return self._leaves.setdefault(label, Leaf(label))

    def _classes(self, fact: str, alive: int) -> list[tuple[Values, int]]:
        """The values of a fact that the open conditions do not tell apart, each with the conditions left open."""
        asking = self._constrained[fact] & alive
        free = alive & ~asking
        universe = self._universe(fact)
        boxes = [(1 << number, self._boxes[number][fact]) for number in bits(asking)]
        if isinstance(universe.members, Words):
            found = _classes_of_words(universe.members, boxes, free)
        else:
            found = _classes_of_numbers(universe.members, boxes, free)
        if universe.unset:
            open_ = free | sum(bit for bit, values in boxes if values.unset)
            nothing = universe.members & universe.members.inverse()  # type: ignore[operator]
            found[open_] = Values(found[open_].members if open_ in found else nothing, unset=True)
        return [(values, open_) for open_, values in found.items()]


def _classes_of_words(universe: Words, boxes: Sequence[tuple[int, Values]], free: int) -> dict[int, Values]:
    others, excluding, including = free, defaultdict[str | bool, int](int), defaultdict[str | bool, int](int)
    for bit, values in boxes:
        words = values.members
        assert isinstance(words, Words)
        telling = excluding if words.complement else including
        others |= bit if words.complement else 0
        for name in words.names:
            telling[name] |= bit
    named: dict[int, set[str | bool]] = defaultdict(set)
    for name in sorted({*excluding, *including}, key=str):
        if name in universe:
            named[others & ~excluding[name] | including[name]].add(name)
    told = frozenset(name for names in named.values() for name in names)
    rest = universe & Words(told).inverse() if universe.universe is None else Words(universe.names - told)
    found = {open_: Values(Words(frozenset(names))) for open_, names in named.items()}
    if not rest.empty:
        found[others] = Values(Words(found[others].members.names) | rest if others in found else rest)  # type: ignore[union-attr]
    return found


def _classes_of_numbers(universe: Numbers, boxes: Sequence[tuple[int, Values]], free: int) -> dict[int, Values]:
    always, changes = free, defaultdict[int, int](int)
    for bit, values in boxes:
        assert isinstance(values.members, Numbers)
        for low, high in values.members.ranges:
            if low is None:
                always ^= bit
            else:
                changes[low] ^= bit
            if high is not None:
                changes[high + 1] ^= bit
    ranges: dict[int, list[tuple[int | None, int | None]]] = defaultdict(list)
    start, open_ = None, always
    for cut in sorted(changes):
        ranges[open_].append((start, cut - 1))
        start, open_ = cut, open_ ^ changes[cut]
    ranges[open_].append((start, None))
    found = {open_: Values(Numbers(tuple(pieces)) & universe) for open_, pieces in ranges.items()}
    return {open_: values for open_, values in found.items() if not values.empty}
