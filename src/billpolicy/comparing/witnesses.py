"""Witnesses of a difference: a book and operations that come out otherwise under the two policies, found by planning.

Of a chain the levels hold values so that the first level on which the two disagree is the one that is asked: those
before it hold none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

from billpolicy.analysis.decisions import DATE
from billpolicy.analysis.together import USUAL_DAY
from billpolicy.book.load import book_from
from billpolicy.comparing.decisions import MOST_POINTS, Changed, Point, point
from billpolicy.comparing.difference import A_DIFFERENCE, PolicyDifference
from billpolicy.comparing.outcomes import Apart, apart, kinds
from billpolicy.comparing.regions import Region
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.condition import Box, Numbers, Values, Words
from billpolicy.policy.model import Chain, Outcome, Policy
from billpolicy.vocabulary.spec import Level
from billpolicy.witness.running import run
from billpolicy.witness.witness import OWN, Witness, witness


class WitnessOfChange(NamedTuple):
    """A witness, and what comes out otherwise of its last operation."""

    witness: Witness
    apart: tuple[Apart, ...]


def witness_of_change(
    change: Changed, difference: PolicyDifference, operation: str | None = None, region: Region | None = None
) -> WitnessOfChange | None:
    """A witness of a change, by default of the first of its operations and of all its region; None if none is found."""
    expect(change, Changed, "`change` must be one of those of a difference")
    expect(difference, PolicyDifference, A_DIFFERENCE)
    points = chain(
        change.points if region is None else (), _points(change, change.region if region is None else region)
    )
    # What only one of the policies knows, such as a field of its own, is a fact under that one alone.
    sides = ((difference.old, difference.new), (difference.new,), (difference.old,))
    for facts, policies in product(chain.from_iterable((one, _larger(one, change)) for one in points), sides):
        if facts is not None:
            found = _shown(change, difference, policies, operation or change.operations[0], facts)
            if found is not None:
                return found
    return None


def _larger(facts: Point, change: Changed) -> Point | None:
    """The same, and what the operation is done to is as large as its amount: so much can be done to it."""
    amount, currency = facts.get("amount"), facts.get("amount.currency")
    names = [name for name in change.domain.fields if name.endswith((".amount", ".balance")) and name not in facts]
    if amount is None or currency is None or not names:
        return None
    return {**facts, **dict.fromkeys(names, amount), **{f"{name}.currency": currency for name in names}}


def _points(change: Changed, region: Region) -> Iterator[Point]:
    """Cases of a region, also with each word of a short list: what there can be is not always what can be done."""
    domain = change.domain
    for box in region[:MOST_POINTS]:
        boxes: list[Box] = [box]
        for fact, values in box.items():
            members = values.members
            if isinstance(members, Words) and not members.complement and 1 < len(members.names) <= MOST_POINTS:
                names = sorted(members.names, key=str)
                boxes += [{**box, fact: Values(Words(frozenset((name,)), universe=members.universe))} for name in names]
        for one in boxes:
            facts = domain.possible(one)
            if facts is not None:
                yield point(one, facts, domain)


def _shown(
    change: Changed, difference: PolicyDifference, policies: Sequence[Policy], operation: str, facts: Point
) -> WitnessOfChange | None:
    days = change.domain.universe(DATE).members
    assert isinstance(days, Numbers)
    day = facts.get(DATE)
    date = datetime.date.fromordinal(day if isinstance(day, int) else days.near(USUAL_DAY.toordinal()))
    is_chain = isinstance(change.old or change.new, Chain)
    found = witness(
        policies,
        operation,
        facts,
        date=date,
        levels=_levels(change) if is_chain else None,
        attribute=change.key if is_chain else None,
        event=change.key if change.event else None,
    )
    if found is None:
        return None
    try:
        before, after = (
            run(one, book_from(found.book), found.operations, found.today) for one in (difference.old, difference.new)
        )
    except Refused:
        return None
    differing = apart(str(found.operations[-1]["operation"]), before, after, kinds(difference.old, difference.new))
    return WitnessOfChange(found, differing) if differing else None


def _levels(change: Changed) -> dict[Level, str | None]:
    """What the levels hold, so that the two sides come to different ones: the first that is not the same on both, and
    on either side none before it."""
    before, after = _chain(change.old), _chain(change.new)
    same = next(
        (place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other),
        min(len(before), len(after)),
    )
    held: dict[Level, str | None] = dict.fromkeys(before[:same])
    held |= dict.fromkeys((*before[same : same + 1], *after[same : same + 1]), OWN)
    return {level: value for level, value in held.items() if level != "default"}


def _chain(outcome: Outcome | None) -> tuple[Level, ...]:
    return outcome.levels if isinstance(outcome, Chain) else ()
