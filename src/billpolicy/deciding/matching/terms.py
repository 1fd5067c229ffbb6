"""What the rules engine is told: values that it cannot misread, and conditions as plain conjunctions.

The engine compares the raw JSON of a value and converts between types; it holds integers in 64 bits; a rule with `or`
in it fires once for each true branch (docs/rules-engine.md 3 and 4). So a condition is expanded here into
conjunctions of the simplest terms, and every value is written in a form in which equal means equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Literal, NamedTuple

from billpolicy.policy.condition import Box, Fact, Values, Words

LONGEST_TEXT = 255
LARGEST_NUMBER = 2**63 - 2
"""The longest text and the largest number of a condition. Facts are cut just beyond, where no term can see it."""


class Term(NamedTuple):
    """One comparison of one fact, in the engine's operators."""

    fact: str
    operator: Literal["$eq", "$neq", "$gte", "$lte", "$ex", "$nex"]
    value: str | int = 1


Conjunction = tuple[Term, ...]


def encoded(value: Fact) -> str | int:
    """A value as the engine gets it, in facts and in terms alike: different values stay different."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return max(-LARGEST_NUMBER - 1, min(value, LARGEST_NUMBER + 1))
    text = value[: LONGEST_TEXT + 1]
    # One character per byte of UTF-8: JSON writes the halves of a surrogate pair and the whole character alike.
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def conjunctions(box: Box) -> Iterator[Conjunction]:
    """The condition as alternatives of which at most one holds, each with its terms in the order of their facts."""
    for chosen in product(*(_alternatives(fact, values) for fact, values in sorted(box.items()))):
        yield tuple(term for terms in chosen for term in terms)


def width(box: Box) -> int:
    """How many conjunctions a condition needs."""
    return prod(len(_alternatives(fact, values)) for fact, values in box.items())


def length(box: Box) -> int:
    """How many terms the longest of its conjunctions has."""
    return sum(max(map(len, _alternatives(fact, values)), default=0) for fact, values in box.items())


def _alternatives(fact: str, values: Values) -> list[Conjunction]:
    members = values.members
    found: list[Conjunction] = [(Term(fact, "$nex"),)] if values.unset else []
    if isinstance(members, Words):
        names = sorted(str(encoded(name)) for name in members.names)
        if not members.complement:
            found += [(Term(fact, "$eq", name),) for name in names]
        else:
            found.append(tuple(Term(fact, "$neq", name) for name in names) or (Term(fact, "$ex"),))
        return found
    for low, high in members.ranges:
        if low is not None and low == high:
            found.append((Term(fact, "$eq", low),))
            continue
        above = () if low is None else (Term(fact, "$gte", low),)
        below = () if high is None else (Term(fact, "$lte", high),)
        found.append(above + below or (Term(fact, "$ex"),))
    return found
