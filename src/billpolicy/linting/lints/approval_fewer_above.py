"""Exceptions by which more money needs the approval of fewer people: mostly a bound with a slipped zero.

Of two that hold for the same but a bound, the narrower one decides where both hold. If it begins higher and asks for
fewer, then fewer approve the larger amounts. Only approvals of the same roles are compared: one of a greater role may
well stand for two.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.approval import Approval, approval_of
from billpolicy.policy.condition import Box, Numbers
from billpolicy.policy.model import ExceptionRule

_KEY = "permission"


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    asking = [(rule, wanted) for rule in subject.exceptions if (wanted := approval_of(rule.then.get(_KEY))) is not None]
    for (above, fewer), (below, more) in permutations(asking, 2):
        if fewer.by != more.by or fewer.count >= more.count or above.id in below.overrides:
            continue
        field = _narrowed(above, below) if _meet(above, below) else None
        if field is not None:
            message = (
                f"`{above.id}` begins at a larger `{field}` than `{below.id}` and asks for fewer approvals: "
                f"{_counted(fewer)} instead of {_counted(more)}"
            )
            hint = f"check the bounds of `{field}` in both; does one of them have a zero too few or too many?"
            yield Finding(message, above.then_at[_KEY], hint)


def _meet(one: ExceptionRule, other: ExceptionRule) -> bool:
    """Whether they are of the same operation, on the same day."""
    first = max(one.effective.from_, other.effective.from_)
    ends = [until for until in (one.effective.until, other.effective.until) if until is not None]
    return not set(one.operations).isdisjoint(other.operations) and all(first < until for until in ends)


def _narrowed(above: ExceptionRule, below: ExceptionRule) -> str | None:
    """The only field in which the two differ, where it begins higher in the first and lies within the second."""
    fields = {_higher(one, other) for one, other in product(above.boxes, below.boxes)} - {None}
    return fields.pop() if len(fields) == 1 else None


def _higher(above: Box, below: Box) -> str | None:
    differing = [fact for fact in above.keys() | below.keys() if above.get(fact) != below.get(fact)]
    if len(differing) != 1 or differing[0] not in above or differing[0] not in below:
        return None
    (field,) = differing
    high, low = above[field], below[field]
    if not isinstance(high.members, Numbers) or not isinstance(low.members, Numbers):
        return None
    begins, before = high.members.ranges[0][0], low.members.ranges[0][0]
    is_higher = begins is not None and before is not None and begins > before
    return field if is_higher and high.within(low) else None


def _counted(approval: Approval) -> str:
    return "1 person" if approval.count == 1 else f"{approval.count} people"


LINT = Lint("approval-fewer-above", "warning", "authority", _check)
