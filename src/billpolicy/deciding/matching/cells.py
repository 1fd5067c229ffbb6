"""The matcher in plain Python: conditions by the few classes of values that they tell apart.

Of each fact, conditions tell only so many values apart: the words that they name and all others, the numbers between
two bounds, unset. For each such class the conditions that allow it are the bits of an int, made once; what holds is
what every fact allows, so a match is one look into a table and one `&` for each fact, however many rules there are.
What a condition means stands in `policy/condition.py`: the tests hold this against it, and the rules engine against
this.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from billpolicy.policy.condition import Box, Fact, Facts, Numbers, Values, Words
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import ExceptionRule

MOST_KEPT = 50_000
"""How many answers are kept before they are forgotten and begun anew: some megabytes, however long a service runs."""


class WordCells(NamedTuple):
    """The classes of a fact that is a word or true/false."""

    fact: str
    number_of: Mapping[Fact | None, int]
    """Each word that some condition names -> the number of its class. Unset (None) is class 1, all others class 0."""
    allowing: tuple[int, ...]
    """Of each class the boxes that allow it, as bits."""


class NumberCells(NamedTuple):
    """The classes of a fact that is a number: unset is the last one."""

    fact: str
    bounds: tuple[int, ...]
    """Where classes begin: class n is of the numbers from `bounds[n - 1]` on and below `bounds[n]`."""
    allowing: tuple[int, ...]
    """As in `WordCells`."""


class Cells:
    """Boxes, and the classes of values of every fact that they ask for."""

    def __init__(self, boxes: Sequence[Box], *, apart: bool = False) -> None:
        """`apart`: answers differ, too, where the same boxes hold of other classes of facts."""
        self.every = (1 << len(boxes)) - 1
        asking: dict[str, list[tuple[int, Values]]] = defaultdict(list)
        for place, box in enumerate(boxes):
            for fact, values in box.items():
                asking[fact].append((1 << place, values))
        self.words: list[WordCells] = []
        self.numbers: list[NumberCells] = []
        for fact, asked in sorted(asking.items()):
            silent = self.every & ~sum(bit for bit, _ in asked)
            if isinstance(asked[0][1].members, Words):
                self.words.append(_words(fact, asked, silent))
            else:
                self.numbers.append(_numbers(fact, asked, silent))
        answers = _told_apart(
            [allowing for _, _, allowing in (*self.words, *self.numbers)], len(boxes) if apart else None
        )
        by_words, by_numbers = answers[: len(self.words)], answers[len(self.words) :]
        self.by_word = [
            (fact, {word: bits_of[number] for word, number in number_of.items()}, bits_of[0])
            for (fact, number_of, _), bits_of in zip(self.words, by_words, strict=True)
        ]
        """Fact, the answer of each word that is named and of None, and that of all others."""
        self.by_number = [
            (fact, bounds, bits_of, bits_of[-1])
            for (fact, bounds, _), bits_of in zip(self.numbers, by_numbers, strict=True)
        ]
        """Fact, where classes begin, the answer of each, and that of unset."""

    def answer(self, facts: Facts) -> int:
        """What conditions can tell of these facts, and no more: its lowest bits are the boxes that hold."""
        get = facts.get
        found = -1
        for fact, by_word, others in self.by_word:
            found &= by_word.get(get(fact), others)
        for fact, bounds, each, unset in self.by_number:
            value = get(fact)
            found &= unset if value is None else each[bisect_right(bounds, value)]
        return found

    def holding(self, classes: Iterable[int]) -> int:
        """The boxes that hold where facts are of these classes, as bits."""
        found = self.every
        for (_, _, allowing), number in zip((*self.words, *self.numbers), classes, strict=True):
            found &= allowing[number]
        return found


def _told_apart(allowing: Sequence[Sequence[int]], above: int | None) -> list[list[int]]:
    """The answers of all classes of each fact. To tell them apart, each fact has some bits of its own above the boxes,
    for the number of the class, which are all set in the answers of the others: so `&` keeps every number."""
    if above is None:
        return [list(each) for each in allowing]
    edges = list(accumulate((len(each).bit_length() for each in allowing), initial=above))
    all_numbers = (1 << edges[-1]) - (1 << above)
    return [
        [allowed | all_numbers & ~((1 << end) - (1 << start)) | number << start for number, allowed in enumerate(each)]
        for each, (start, end) in zip(allowing, pairwise(edges), strict=True)
    ]


class CellMatcher:
    """The exceptions of one operation by their cells."""

    def __init__(self, exceptions: Iterable[ExceptionRule]) -> None:
        pairs = placed(exceptions)
        self._ids = [id for id, _ in pairs]
        self.boxes = [box for _, box in pairs]
        self._cells = Cells(self.boxes)
        self._kept: dict[int, tuple[str, ...]] = {}

    def match(self, facts: Facts) -> tuple[str, ...]:
        """Ids of the exceptions whose condition holds, sorted."""
        holding = self._cells.answer(facts)
        found = self._kept.get(holding)
        return self.named(holding) if found is None else found

    def named(self, holding: int) -> tuple[str, ...]:
        """Ids of the exceptions of boxes that hold, sorted: of the boxes of one at most one holds."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        found = self._kept[holding] = tuple([self._ids[place] for place in bits(holding & self._cells.every)])
        return found


def placed(exceptions: Iterable[ExceptionRule]) -> list[tuple[str, Box]]:
    """All boxes of some exceptions, each with the id of its exception, by ids."""
    return [(one.id, box) for one in sorted(exceptions, key=lambda one: one.id) for box in one.boxes]


def _words(fact: str, asked: Sequence[tuple[int, Values]], silent: int) -> WordCells:
    others = unset = silent
    naming: dict[Fact, int] = defaultdict(int)
    leaving_out: dict[Fact, int] = defaultdict(int)
    for bit, values in asked:
        assert isinstance(values.members, Words)
        unset |= bit if values.unset else 0
        others |= bit if values.members.complement else 0
        name: Fact
        for name in values.members.names:
            (leaving_out if values.members.complement else naming)[name] |= bit
    allowing = [others, unset]
    number_of: dict[Fact | None, int] = {None: 1}
    known = {others: 0}
    for name in sorted({*naming, *leaving_out}, key=str):
        allowed = others & ~leaving_out.get(name, 0) | naming.get(name, 0)
        if allowed not in known:
            known[allowed] = len(allowing)
            allowing.append(allowed)
        number_of[name] = known[allowed]
    return WordCells(fact, number_of, tuple(allowing))


def _numbers(fact: str, asked: Sequence[tuple[int, Values]], silent: int) -> NumberCells:
    allowed, unset = silent, silent
    changing: dict[int, int] = defaultdict(int)
    for bit, values in asked:
        assert isinstance(values.members, Numbers)
        unset |= bit if values.unset else 0
        for low, high in values.members.ranges:
            if low is None:
                allowed |= bit
            else:
                changing[low] ^= bit
            if high is not None:
                changing[high + 1] ^= bit
    bounds = sorted(changing)
    allowing = [allowed]
    for bound in bounds:
        allowing.append(allowing[-1] ^ changing[bound])
    return NumberCells(fact, tuple(bounds), (*allowing, unset))
