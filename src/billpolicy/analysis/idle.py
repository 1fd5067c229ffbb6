"""Exceptions that can never decide, and those without which everything comes out the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Literal, NamedTuple

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.cells import Diagram, NotProven
from billpolicy.analysis.decisions import Decision
from billpolicy.analysis.domain import Case, Domain
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import ExceptionRule

MOST_CLASSES = 10_000
"""How much is looked at for one exception, tenths of a second."""
MOST_CLASSES_OF_ALL = 30_000
"""How much is looked at for all exceptions of one decision together, a second."""

_Part = Literal["beaten", "idle", "matters", "unproven"]
"""Of an exception where it holds: another one decides; it does, and the same would come out without it; or not."""


class _Matters(Exception):
    """There are facts for which something else would come out; nothing more needs to be known."""


class _Seen(NamedTuple):
    """What an exception does in one decision."""

    operation: str
    part: dict[_Part, Case]
    """For each part that it plays, facts that show it."""
    beaten_by: frozenset[str]


def idle(analysed: Analysed) -> Iterator[Finding]:
    """Each exception that never decides, also where several together cover it; and each that changes nothing."""

    @cache
    def mattering(operation: str, key: str) -> set[str]:
        return _mattering(analysed, operation, key)

    for rule in analysed.policy.exceptions:
        where = _where_it_counts(analysed, rule)
        if any(rule.id in mattering(operation, key) for operation, key in where):
            continue
        seen = [_seen(analysed, rule, operation, key) for operation, key in where]
        parts = {part for one in seen for part in one.part}
        if "matters" in parts:
            continue
        if "unproven" in parts:
            yield Finding(_unproven(rule))
        elif "idle" in parts:
            one = next(one for one in seen if "idle" in one.part)
            yield Finding(_of_layer(_redundant(rule), analysed), Shown(one.operation, one.part["idle"]))
        else:
            shown = next((Shown(one.operation, one.part["beaten"]) for one in seen if "beaten" in one.part), None)
            by = sorted({id for one in seen for id in one.beaten_by})
            dead = _dead(rule, [analysed.rules[id] for id in by], shown is not None)
            yield Finding(_of_layer(dead, analysed), shown)
    yield from _dead_follow_ups(analysed)


def _mattering(analysed: Analysed, operation: str, key: str) -> set[str]:
    """The rules without which something else would come out somewhere, as far as one look at the whole decision shows:
    of most rules nothing more is to be asked."""
    decision = analysed.decision(operation, key)
    found = 0

    def label(holding: int) -> bool:
        nonlocal found
        survivors = decision.survivors(holding)
        before = decision.outcomes(survivors)
        for number in bits(survivors & ~found):
            rule = decision.rules[number]
            without = _without(analysed, decision, rule)
            if decision.outcomes(decision.survivors(holding & ~(1 << number), without)) != before:
                found |= decision.places_of(rule.id)
        return True

    def settled(open_: int) -> bool | None:
        return None if open_ & ~found else True

    with suppress(NotProven):
        Diagram(analysed.domain(operation), decision.boxes, label, settled, most_classes=MOST_CLASSES_OF_ALL)
    return {decision.rules[number].id for number in bits(found)}


def _where_it_counts(analysed: Analysed, rule: ExceptionRule) -> list[tuple[str, str]]:
    """The operations and keys of a rule; and those of the rules that others override through it, which need not be
    its own."""
    found = {(operation, key): None for operation in rule.operations for key in rule.then}
    precedence = analysed.precedence(rule.operations[0])
    if rule.overrides and precedence.overriders(rule.id):
        below = (analysed.rules[id] for id in precedence.overridden(rule.id))
        found |= {(operation, key): None for one in below for operation in one.operations for key in one.then}
    return list(found)


def _seen(analysed: Analysed, rule: ExceptionRule, operation: str, key: str) -> _Seen:
    decision, domain = analysed.decision(operation, key), analysed.domain(operation)
    own = concerned = decision.places_of(rule.id)
    boxes = [decision.boxes[place] for place in bits(own)]
    without = _without(analysed, decision, rule)
    if without is None and all(domain.possible(box) is None for box in boxes):
        return _Seen(operation, {}, frozenset())
    within = boxes[0] if without is None and len(boxes) == 1 else None
    if without is not None:
        # A rule in the middle of a chain of `overrides` counts where it does not hold, too: where what it overrides
        # does.
        pairs = enumerate(zip(decision.overriders, without, strict=True))
        concerned |= sum(1 << place for place, (before, after) in pairs if before != after)
    near = 0
    for place in bits(concerned):
        near |= decision.near(decision.boxes[place])
    beaters: set[int] = set()

    def elsewhere(open_: int) -> str | None:
        return None if open_ & concerned else "elsewhere"

    def part(holding: int) -> str:
        rest = holding & ~own
        survivors = decision.survivors(holding)
        decides = bool(survivors & own)
        # One that is less specific than another may still have dropped a third that it overrides.
        if decides or rule.overrides:
            before = decision.outcomes(survivors)
            after = decision.outcomes(decision.survivors(rest, without))
            if before != after:
                raise _Matters
        if decides:
            return "idle"
        if holding & own:
            beaters.update(bits(survivors))
            return "beaten"
        return "elsewhere"

    try:
        found = Diagram(domain, decision.boxes, part, elsewhere, within, near, MOST_CLASSES).examples()
    except _Matters:
        return _Seen(operation, {"matters": {}}, frozenset())
    except NotProven:
        return _Seen(operation, {"unproven": {}}, frozenset())
    facts: dict[_Part, Case] = {}
    for label, box in found.items():
        point = domain.case(box)
        if label != "elsewhere" and point is not None:
            facts[label] = point  # type: ignore[index]
    return _Seen(operation, facts, frozenset(decision.rules[place].id for place in beaters))


def _without(analysed: Analysed, decision: Decision, rule: ExceptionRule) -> list[int] | None:
    """Who overrides whom without a rule, if that is not the same: where it is a link between others."""
    precedence = analysed.precedence(decision.spec.name)
    if not precedence.overriders(rule.id) or not rule.overrides:
        return None
    above = list(decision.overriders)
    for id, overriders in precedence.overriders_without(rule.id).items():
        for place in bits(decision.places_of(id)):
            above[place] = decision.places(overriders)
    return above


def _dead_follow_ups(analysed: Analysed) -> Iterator[Finding]:
    for one in analysed.policy.follow_ups:
        domain = Domain.of_follow_up(analysed.policy, analysed.vocabulary[one.operation], one.after)
        if all(domain.possible(box) is None for box in one.rule.boxes):
            yield Finding(_of_layer(_dead(one.rule, [], holds=False), analysed))


def _of_layer(found: Diagnostic, analysed: Analysed) -> Diagnostic:
    """What a base policy says in vain since a layer above says otherwise is only a hint: the base may serve others."""
    own = analysed.policy.own_files
    of_base = own and found.position is not None and found.position.file not in own
    return found._replace(severity="hint") if of_base else found


def _dead(rule: ExceptionRule, beaten_by: list[ExceptionRule], holds: bool) -> Diagnostic:
    if not holds:
        message = f"`{rule.id}` can never hold: there can be no facts that satisfy its `when`"
        return Diagnostic("exception-dead", message, rule.position, "change its `when`, or remove it", "warning")
    listed = " or ".join(f"`{one.id}` ({one.position.place})" for one in beaten_by)
    message = f"`{rule.id}` can never decide anything: wherever it holds, {listed} does instead"
    hint = "remove it, widen its `when`, or let it override what comes before it"
    return Diagnostic("exception-dead", message, rule.position, hint, "warning")


def _redundant(rule: ExceptionRule) -> Diagnostic:
    message = f"without `{rule.id}` the same comes out in every case: what would decide in its place says the same"
    return Diagnostic("exception-redundant", message, rule.position, "remove it, or change what it says", "warning")


def _unproven(rule: ExceptionRule) -> Diagnostic:
    message = f"it could not be proven whether `{rule.id}` ever matters: too many exceptions overlap with it"
    return Diagnostic("exception-unproven", message, rule.position, "make their conditions simpler", "warning")
