"""Mutants of a policy: the same policy with one small mistake in it, as people make them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from billpolicy.policy.approval import APPROVAL, approval_of
from billpolicy.policy.boxes import Boxes, meet
from billpolicy.policy.condition import ALL_NUMBERS, Members, Numbers, Values, Words
from billpolicy.policy.model import (
    ALWAYS,
    Chain,
    Clause,
    Effective,
    ExceptionRule,
    FollowUp,
    Outcome,
    Policy,
    Setting,
)
from billpolicy.policy.precedence import Precedence
from billpolicy.testing.coverage import Line, is_own, line_of, lines_of
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import SettingSpec, Vocabulary

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Mutant:
    """A policy with one mistake in it."""

    policy: Policy
    rules: frozenset[str]
    """The ids of the rules that it is about: of a line under `every_operation` the base rules of all of them."""
    line: Line
    what: str
    """The mistake in words."""
    operations: frozenset[str]
    """Those of which it may decide something else."""
    keys: frozenset[str]
    """What it may decide of them; nothing of a follow-up."""
    follow_up: tuple[str, str] | None = None
    """Of a follow-up: the event, and the operation that is run."""
    about: tuple[ExceptionRule, ...] = ()
    """Of an exception: it as it is and as it would be, and those that hang together with it by `overrides`. Where none
    of them holds, nothing can come out otherwise."""
    near: frozenset[str] = frozenset()
    """The ids of all exceptions that take part where one of those holds."""


def mutants(
    policy: Policy,
    *,
    with_base: bool = False,
    operation: str | None = None,
    rule: str | None = None,
    vocabulary: Vocabulary = VOCABULARY,
) -> Iterator[Mutant]:
    """Every mutant, in the order of their places. Without `with_base`, what the policy extends is left as it is.

    `operation`, `rule`: only mutants that this operation, or this rule, has a part in.
    """
    made = [*_of_base(policy, vocabulary), *_of_exceptions(policy, vocabulary), *_of_follow_ups(policy)]
    own = [one for one in made if with_base or is_own(policy, one.line.position)]
    for one in sorted(own, key=_place):
        followed = one.follow_up is not None and one.follow_up[1] == operation
        if (operation is None or operation in one.operations or followed) and (rule is None or rule in one.rules):
            yield one


def _place(mutant: Mutant) -> tuple[Any, ...]:
    return mutant.line.position, mutant.line.name


# -- base rules ----------------------------------------------------------------------------------------------------


def _of_base(policy: Policy, vocabulary: Vocabulary) -> Iterator[Mutant]:
    for rules in lines_of(policy).values():
        line, key = line_of(rules), rules[0].key
        for what, changed in _outcomes(rules[0].outcome, _setting(vocabulary, rules[0].operation, key), policy):
            base = {**policy.base, **{(one.operation, key): one._replace(outcome=changed) for one in rules}}
            operations, ids = frozenset(one.operation for one in rules), frozenset(one.id for one in rules)
            yield Mutant(replace(policy, base=base), ids, line, what, operations, frozenset((key,)))


def _setting(vocabulary: Vocabulary, operation: str, key: str) -> SettingSpec | None:
    return next((one for one in vocabulary[operation].settings if one.name == key), None)


def _outcomes(outcome: Outcome, setting: SettingSpec | None, policy: Policy) -> Iterator[tuple[str, Outcome]]:
    """What an outcome may be by mistake, each with the words for it."""
    if isinstance(outcome, Chain):
        levels = outcome.levels
        for place, (one, other) in enumerate(pairwise(levels)):
            swapped = (*levels[:place], other, one, *levels[place + 2 :])
            yield f"`{one}` and `{other}` swapped", outcome._replace(levels=swapped)
        for place, level in enumerate(levels if len(levels) > 1 else ()):
            yield f"`{level}` left out", outcome._replace(levels=(*levels[:place], *levels[place + 1 :]))
        return
    for value in _values(outcome, setting, policy):
        yield f"`{Setting(value)}` instead of `{outcome}`", Setting(value)


def _values(outcome: Setting, setting: SettingSpec | None, policy: Policy) -> Iterator[str | int | bool]:
    value, approval = outcome.value, approval_of(outcome)
    if approval is not None:
        yield from map(str, approval.fewer())
        value = APPROVAL
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (other for other in (value - 1, value + 1) if other > 0)
    elif setting is not None:
        choices = policy.reason_codes.get(setting.codes, ()) if setting.codes else setting.choices
        if value in choices and len(choices) > 1:
            yield choices[(choices.index(str(value)) + 1) % len(choices)]


# -- exceptions ----------------------------------------------------------------------------------------------------


def _of_exceptions(policy: Policy, vocabulary: Vocabulary) -> Iterator[Mutant]:
    among = _Exceptions(policy)
    for rule in policy.exceptions:
        at = Line(rule.position, rule.id)
        yield among.mutant(rule, None, "left out", at)
        for key, outcome in rule.then.items():
            line = Line(rule.then_at[key], f"{rule.id}: {key}")
            if len(rule.then) > 1:
                then = {other: said for other, said in rule.then.items() if other != key}
                yield among.mutant(rule, replace(rule, then=then), "left out", line)
            for what, other in _outcomes(outcome, _setting(vocabulary, rule.operations[0], key), policy):
                yield among.mutant(rule, replace(rule, then={**rule.then, key: other}), what, line)
        for what, changed in _conditions(rule):
            yield among.mutant(rule, changed, what, at)
        for override in rule.overrides:
            left = tuple(other for other in rule.overrides if other != override)
            yield among.mutant(rule, replace(rule, overrides=left), f"no longer overrides `{override}`", at)


class _Exceptions:
    """The exceptions of a policy, and which of them take part where one holds: found once for each of them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._precedence = Precedence(policy.exceptions)
        self._together: dict[str, tuple[ExceptionRule, ...]] = {}
        self._near: dict[str, frozenset[str]] = {}

    def mutant(self, rule: ExceptionRule, changed: ExceptionRule | None, what: str, line: Line) -> Mutant:
        """The policy with a rule changed, or left out with what hung on it."""
        policy = self._policy
        others = [one for one in policy.exceptions if one is not rule]
        if changed is None:  # nothing can override what is not there
            left = [(one, tuple(id for id in one.overrides if id != rule.id)) for one in others]
            others = [one if ids == one.overrides else replace(one, overrides=ids) for one, ids in left]
        kept = sorted([*others, *([] if changed is None else [changed])], key=lambda one: one.id)
        # Those that hang together by `overrides` decide among themselves, each of what it speaks of.
        together = self._hanging_together(rule)
        near = self._near[rule.id]
        if changed is not None and changed.boxes != rule.boxes:
            near = self._closed(near | self._meeting(changed))
        return Mutant(
            policy=replace(policy, exceptions=tuple(kept)),
            rules=frozenset((rule.id,)),
            line=line,
            what=what,
            operations=frozenset(operation for one in together for operation in one.operations),
            keys=frozenset(key for one in together for key in one.then),
            about=together if changed is None else (*together, changed),
            near=near,
        )

    def _hanging_together(self, rule: ExceptionRule) -> tuple[ExceptionRule, ...]:
        """The rule, what overrides it and what it overrides, also through others."""
        if rule.id not in self._together:
            above = self._precedence.overriders(rule.id)
            self._together[rule.id] = tuple(
                one
                for one in self._policy.exceptions
                if one is rule or one.id in above or rule.id in self._precedence.overriders(one.id)
            )
            near = (self._meeting(one) for one in self._together[rule.id])
            self._near[rule.id] = self._closed(frozenset().union(*near))
        return self._together[rule.id]

    def _meeting(self, rule: ExceptionRule) -> frozenset[str]:
        """Those that can hold where a rule does."""
        return frozenset(
            one.id
            for one in self._policy.exceptions
            if not set(one.operations).isdisjoint(rule.operations) and meet(one.boxes, rule.boxes)
        )

    def _closed(self, ids: frozenset[str]) -> frozenset[str]:
        """With those that they override, also through others: `overrides` reaches through what does not hold."""
        return ids.union(*(self._precedence.overridden(id) for id in ids))


def _conditions(rule: ExceptionRule) -> Iterator[tuple[str, ExceptionRule]]:
    """The condition without one of its lines, or with another bound or word; other days."""
    for place, clause in enumerate(rule.clauses):
        rest = (rule.clauses[:place], rule.clauses[place + 1 :])
        yield f"without the condition that {clause.text}", replace(rule, clauses=(*rest[0], *rest[1]))
        for what, boxes in _bounds(clause):
            changed = clause._replace(boxes=boxes)
            yield f"{clause.text}, {what}", replace(rule, clauses=(*rest[0], changed, *rest[1]))
    for what, effective in _days(rule.effective):
        yield what, replace(rule, effective=effective)


def _bounds(clause: Clause) -> Iterator[tuple[str, Boxes]]:
    """Another bound or word; of an amount in several currencies, of each of its boxes, and other currencies."""
    currency = f"{clause.field}.currency"
    for place, box in enumerate(clause.boxes):
        where = f", in {_listed(box[currency])}" if len(clause.boxes) > 1 else ""
        for what, members in _members(box[clause.field].members):
            changed = {**box, clause.field: replace(box[clause.field], members=members)}
            yield f"{what}{where}", (*clause.boxes[:place], changed, *clause.boxes[place + 1 :])
    if currency in clause.facts:
        yield from _currencies(clause, currency)


def _members(members: Members) -> Iterator[tuple[str, Members]]:
    if isinstance(members, Numbers):
        yield from _ranges(members)
    elif len(members.names) > 1:
        for word in sorted(members.names, key=str):
            yield f"but not `{word}`", _without(members, word)


def _currencies(clause: Clause, currency: str) -> Iterator[tuple[str, Boxes]]:
    """Without one of several currencies; and the opposite of what holds in those that are not named."""
    others = clause.boxes[-1:] if clause.others == "holds" else ()
    own = clause.boxes[: len(clause.boxes) - len(others)]
    named = sorted(name for box in own for name in _names(box[currency]))
    for name in named if len(clause.boxes) > 1 or len(named) > 1 else ():
        left = ({**box, currency: Values(Words(_names(box[currency]) - {name}))} for box in own)
        yield f"but not in {name}", (*(box for box in left if not box[currency].empty), *others)
    if others:
        yield "but not in other currencies", own
    elif clause.others == "fails" or len(named) > 1:
        rest = {clause.field: Values(ALL_NUMBERS), currency: Values(Words(frozenset(named), complement=True))}
        yield "in other currencies, too", (*own, rest)


def _names(currencies: Values) -> frozenset[str | bool]:
    assert isinstance(currencies.members, Words)
    return currencies.members.names


def _listed(currencies: Values) -> str:
    assert isinstance(currencies.members, Words)
    return "others" if currencies.members.complement else " and ".join(sorted(map(str, currencies.members.names)))


def _without(words: Words, word: str | bool) -> Words:
    return Words(words.names - {word}, words.complement, words.universe)


def _ranges(numbers: Numbers) -> Iterator[tuple[str, Numbers]]:
    for place, (low, high) in enumerate(numbers.ranges):
        around = numbers.ranges[:place], numbers.ranges[place + 1 :]

        def moved(low: int | None, high: int | None, around: Any = around) -> Numbers:
            return Numbers((*around[0], (low, high), *around[1]))

        if low is not None and low == high:
            continue  # a single value is no bound
        if low is not None:
            yield "from one unit lower on", moved(low - 1, high)
            yield "from one unit higher on", moved(low + 1, high)
        if high is not None:
            yield "up to one unit lower", moved(low, high - 1)
            yield "up to one unit higher", moved(low, high + 1)


def _days(effective: Effective) -> Iterator[tuple[str, Effective]]:
    if effective.from_ > ALWAYS.from_ + _DAY:
        yield "in force a day earlier", effective._replace(from_=effective.from_ - _DAY)
        yield "in force a day later", effective._replace(from_=effective.from_ + _DAY)
    if effective.until is not None:
        yield "in force a day longer", effective._replace(until=effective.until + _DAY)
        yield "in force until a day earlier", effective._replace(until=effective.until - _DAY)


# -- follow-ups ----------------------------------------------------------------------------------------------------


def _of_follow_ups(policy: Policy) -> Iterator[Mutant]:
    for one in policy.follow_ups:
        yield _with_follow_up(policy, one, None, "left out")
        instead: Literal["refuse", "leave_out"] = "leave_out" if one.if_refused == "refuse" else "refuse"
        what = f"`if_refused: {instead}` instead of `{one.if_refused}`"
        yield _with_follow_up(policy, one, replace(one, if_refused=instead), what)
        for what, rule in _conditions(one.rule):
            yield _with_follow_up(policy, one, replace(one, rule=rule), what)


def _with_follow_up(policy: Policy, one: FollowUp, changed: FollowUp | None, what: str) -> Mutant:
    others = (other if other is not one else changed for other in policy.follow_ups)
    mutated = replace(policy, follow_ups=tuple(other for other in others if other is not None))
    nothing: frozenset[str] = frozenset()
    line = Line(one.rule.position, one.id)
    return Mutant(mutated, frozenset((one.id,)), line, what, nothing, nothing, (one.after, one.operation))
