"""Which rules a change touches: what they say is compared, not where it stands, what it is called, or why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.boxes import Boxes
from billpolicy.policy.condition import Words
from billpolicy.policy.model import BaseRule, ExceptionRule, FollowUp, Policy

How = Literal["added", "removed", "changed", "renamed", "reworded"]
"""`renamed`: the same under another id; `reworded`: another `because`. Neither decides anything."""


class RuleChange(NamedTuple):
    """A rule that is another one in the new policy than in the old one."""

    kind: Literal["base_rule", "exception", "follow_up"]
    how: How
    id: str
    """In the new policy, where it is there."""
    was: str | None
    """The id in the old policy, where that is another one."""
    old: Position | None
    new: Position | None

    @property
    def decides(self) -> bool:
        """Whether it says something else: a name or a reason decides nothing."""
        return self.how in ("added", "removed", "changed")


def rule_changes(old: Policy, new: Policy) -> tuple[RuleChange, ...]:
    """The rules that differ, base rules first, each kind by id."""
    return (
        *_base(old.base, new.base),
        *_conditional("exception", old.exceptions, new.exceptions),
        *_conditional("follow_up", old.follow_ups, new.follow_ups),
    )


def _base(old: Mapping[tuple[str, str], BaseRule], new: Mapping[tuple[str, str], BaseRule]) -> Iterator[RuleChange]:
    """A line that decides for every operation is one rule, however many operations it is for."""
    lines: dict[tuple[How, str, Position | None, Position | None], list[str]] = {}
    for operation, key in sorted(old.keys() | new.keys()):
        before, after = old.get((operation, key)), new.get((operation, key))
        if before is None or after is None:
            how: How = "removed" if after is None else "added"
        elif before.outcome != after.outcome:
            how = "changed"
        elif before.because != after.because:
            how = "reworded"
        else:
            continue
        line = how, key, before and before.position, after and after.position
        lines.setdefault(line, []).append(operation)
    for (how, key, was, now), operations in lines.items():
        name = operations[0] if len(operations) == 1 else "every_operation"
        yield RuleChange("base_rule", how, f"{name}.{key}", None, was, now)


def _conditional(
    kind: Literal["exception", "follow_up"], old: Sequence[Any], new: Sequence[Any]
) -> Iterator[RuleChange]:
    before = {one.id: one for one in old}
    after = {one.id: one for one in new}
    renamed = dict(_renamed(before, after))
    was = {id: id for id in before.keys() & after.keys()} | renamed
    found = []
    for id, one in after.items():
        if id not in was:
            found.append(RuleChange(kind, "added", id, None, None, _rule(one).position))
            continue
        other = before[was[id]]
        how: How | None = None
        if not _same(one, other, was):
            how = "changed"
        elif was[id] != id:
            how = "renamed"
        elif _rule(one).because != _rule(other).because:
            how = "reworded"
        if how is not None:
            old_id = was[id] if was[id] != id else None
            found.append(RuleChange(kind, how, id, old_id, _rule(other).position, _rule(one).position))
    gone = before.keys() - set(was.values())
    found += [RuleChange(kind, "removed", id, None, _rule(before[id]).position, None) for id in gone]
    yield from sorted(found, key=lambda one: one.id)


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """New id -> old id of each rule that says the same under another one."""
    gone: dict[Any, list[str]] = {}
    for id in sorted(before.keys() - after.keys()):
        gone.setdefault(_content(before[id]), []).append(id)
    for id in sorted(after.keys() - before.keys()):
        same = gone.get(_content(after[id]))
        if same:
            yield id, same.pop(0)


def _content(one: ExceptionRule | FollowUp) -> Any:
    """What a rule says by itself, whatever it overrides."""
    return _beside(one), _plain(_rule(one).boxes)


def _beside(one: ExceptionRule | FollowUp) -> Any:
    """What a rule says beside its condition and what it overrides."""
    rule = _rule(one)
    return (
        rule.operations,
        frozenset(rule.then.items()),
        rule.effective,
        (one.after, one.if_refused) if isinstance(one, FollowUp) else None,
    )


def _overrides(one: ExceptionRule | FollowUp, was: Mapping[str, str]) -> frozenset[str]:
    """What a rule overrides, by the ids that these had."""
    return frozenset(was.get(id, id) for id in _rule(one).overrides)


def _same(one: ExceptionRule | FollowUp, other: ExceptionRule | FollowUp, was: Mapping[str, str]) -> bool:
    """Whether two rules say the same. Of a line that is written the same nothing has changed, also where it is none of
    some words and the list has another one: what comes of that is told as the decisions that differ."""
    before, after = ({clause.field: clause for clause in _rule(each).clauses} for each in (other, one))
    return (
        (_beside(one), _overrides(one, was)) == (_beside(other), _overrides(other, {}))
        and before.keys() == after.keys()
        and all(
            clause.text == before[field].text or _plain(clause.boxes) == _plain(before[field].boxes)
            for field, clause in after.items()
        )
    )


def _plain(boxes: Boxes) -> Any:
    """A condition by its words alone: a list that got another choice changes no rule that does not name it."""
    return frozenset(
        frozenset(
            (fact, (values.members.names, values.members.complement, values.unset))
            if isinstance(values.members, Words)
            else (fact, values)
            for fact, values in box.items()
        )
        for box in boxes
    )


def _rule(one: ExceptionRule | FollowUp) -> ExceptionRule:
    return one.rule if isinstance(one, FollowUp) else one
