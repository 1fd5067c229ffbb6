"""A witness: a book and operations that show what is claimed of a policy, found from facts and proven by running it.

`witness` builds plain files in which an operation has just these facts, and levels that hold these values, plans them
under each policy that is given, and looks at what the policy was asked. What does not show exactly that is no witness.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from billpolicy.book.load import book_from
from billpolicy.deciding.watching import Question
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Level
from billpolicy.witness.of_events import builders
from billpolicy.witness.running import run
from billpolicy.witness.scene import Scene
from billpolicy.witness.scenes import SCENES
from billpolicy.witness.wanted import OWN, Impossible, Wanted

__all__ = ["OWN", "Witness", "witness"]


class Witness(NamedTuple):
    """A book and operations, as files have them. The last operation is the one that shows what is claimed, or brings
    about the event that a follow-up comes after."""

    book: dict[str, Any]
    operations: list[dict[str, Any]]
    today: datetime.date
    """The day of planning on which it shows that."""

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"today": self.today.isoformat(), "book": self.book, "operations": self.operations}

    def json(self) -> str:
        """One file that every command takes in the place of OPERATIONS, without --book."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False) + "\n"


def witness(
    policies: Sequence[Policy],
    operation: str,
    facts: Mapping[str, Fact | None],
    *,
    date: datetime.date,
    levels: Mapping[Level, str | None] | None = None,
    attribute: str | None = None,
    event: str | None = None,
) -> Witness | None:
    """A book and operations in which this operation is decided on `date` by exactly these facts; None if none is found.

    `facts`: flat, as conditions have them; None is unset, and what is not named is free. `levels`: the value that a
    level holds of the `attribute` under test, `OWN` for one of its own, None for none; without an attribute, of every
    one, and then `OWN` and None only. Levels that are not named are free; of the attribute under test each holds a
    value of its own, but the request. `event`: the operation is a follow-up, and this is what it comes after.

    A witness shows it under each of the policies, whatever they make of it: it may be refused then.
    """
    if attribute is None and any(value not in (None, OWN) for value in (levels or {}).values()):
        raise ValueError("say of which `attribute` these are values")
    if facts.get("date", date.toordinal()) != date.toordinal():
        return None
    wanted = Wanted(tuple(policies), operation, facts, date, levels or {}, attribute, event)
    for build in [partial(SCENES[operation], wanted)] if event is None else builders(wanted):
        try:
            scene = build()
            if _shows(wanted, scene):
                return Witness(scene.book, scene.operations, scene.today)
        except (Impossible, Refused):
            continue
    return None


def _shows(wanted: Wanted, scene: Scene) -> bool:
    """Whether each policy is asked what is wanted. Raises `Refused` where the book or the operations cannot be read."""
    book = book_from(scene.book)
    asked = [
        any(_is_it(wanted, policy, one) for one in run(policy, book, scene.operations, scene.today).asked)
        for policy in wanted.policies
        if wanted.event is None or _has_follow_up(policy, wanted)
    ]
    return all(asked) and bool(asked)


def _has_follow_up(policy: Policy, wanted: Wanted) -> bool:
    """Whether the policy is asked at all whether the operation follows."""
    return any((one.after, one.operation) == (wanted.event, wanted.operation) for one in policy.follow_ups)


def _is_it(wanted: Wanted, policy: Policy, asked: Question) -> bool:
    """Whether a policy was asked just that, as far as it knows the fields: it may lack some that another declares."""
    if (asked.operation, asked.event, asked.date) != (wanted.operation, wanted.event, wanted.date):
        return False
    unknown = wanted.fields.keys() - policy.fields.keys()
    facts = ((fact, value) for fact, value in wanted.facts.items() if fact.removesuffix(".currency") not in unknown)
    return all(asked.facts.get(fact) == value for fact, value in facts) and _held(wanted, asked)


def _held(wanted: Wanted, asked: Question) -> bool:
    """Whether the levels hold what they shall; what another level of the same kind holds is not looked at."""
    names = [wanted.attribute] if wanted.attribute else list(wanted.attributes)
    for level, value in wanted.levels.items():
        found = asked.levels.get(level)
        held = [None if found is None else found.held.get(name) for name in names]
        if value is None and any(one is not None for one in held):
            return False
        if value is not None and all(one is None for one in held):
            return False
        if value not in (None, OWN) and held != [value]:
            return False
    return True
