"""Proof that follow-ups come to an end: no chain of them leads back to where it began, or the whole circle is shown.

One follow-up leads to another if its operation can bring about what the other comes after, unless the `when` of the
other asks for another `operation`, or there is no day on which both are in force. Other conditions are not weighed
against each other, so what is proven to end does end, and some of what is refused would have ended, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.model import Effective, FollowUp, Policy
from billpolicy.vocabulary.spec import Vocabulary

MOST_FINDINGS = 100
"""How many circles are worded: nobody reads more."""


def circles(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Every step of a follow-up to the next that lies on a circle, in the shortest circle that it is part of."""
    follow_ups = {follow_up.id: follow_up for follow_up in policy.follow_ups}
    found = find_circles(_leads(policy, vocabulary))
    for circle in islice(found, MOST_FINDINGS):
        yield _diagnostic([follow_ups[id] for id in circle])
    if next(found, None) is not None:
        message = f"there are more circles of follow-ups than the first {MOST_FINDINGS}, which are listed"
        yield Diagnostic("follow-up-cycle-more", message, policy.position, "mend those first")


def _leads(policy: Policy, vocabulary: Vocabulary) -> dict[str, Sequence[str]]:
    """Id of each follow-up -> the ids of those that it leads to."""
    after: dict[str, list[FollowUp]] = defaultdict(list)
    for follow_up in policy.follow_ups:
        after[follow_up.after].append(follow_up)
    known: dict[tuple[str, Effective], Sequence[str]] = {}
    for operation, effective in {(one.operation, one.rule.effective) for one in policy.follow_ups}:
        later = (one for event in vocabulary[operation].causes for one in after[event])
        known[operation, effective] = [
            one.id for one in later if _after_operation(one, operation) and one.rule.effective.meets(effective)
        ]
    return {one.id: known[one.operation, one.rule.effective] for one in policy.follow_ups}


def _after_operation(follow_up: FollowUp, operation: str) -> bool:
    asked = follow_up.rule.boxes[0].get("operation")
    return asked is None or asked.allows(operation)


def find_circles(leads: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Circles, each once and beginning with its first name: of every step on a circle the shortest that has it."""
    while ends := {name for name, later in leads.items() if not later}:
        leads = {name: [one for one in later if one not in ends] for name, later in leads.items() if name not in ends}
    seen = set()
    for start in leads:
        came_from: dict[str, str] = {}
        ahead = [start]
        for name in ahead:
            for later in leads[name]:
                if later == start:
                    circle = _beginning_with_first(_way(came_from, start, name))
                    if circle not in seen:
                        seen.add(circle)
                        yield circle
                elif later not in came_from:
                    came_from[later] = name
                    ahead.append(later)


def _way(came_from: Mapping[str, str], start: str, end: str) -> list[str]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def _beginning_with_first(circle: list[str]) -> tuple[str, ...]:
    first = circle.index(min(circle))
    return (*circle[first:], *circle[:first])


def _diagnostic(circle: Sequence[FollowUp]) -> Diagnostic:
    steps = ", ".join(f"`{one.id}` ({one.rule.position.place}) runs {one.operation}" for one in circle)
    message = f"these follow-ups would run without end: {steps}, and then `{circle[0].id}` runs again"
    hint = "remove one of them, or let one ask in its `when` for an `operation` that is not in the circle"
    return Diagnostic("follow-up-cycle", message, circle[0].rule.position, hint)
