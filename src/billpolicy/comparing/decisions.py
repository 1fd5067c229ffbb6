"""Where decisions differ between two policies: for each the region and the outcome on either side, proven.

`analysis/compare.py` proves decision by decision; here what it finds is put together as a person would say it once:
the same change of several operations is one, and its boxes are as few as can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from billpolicy.analysis.compare import Comparer, Comparison
from billpolicy.analysis.decisions import Decider
from billpolicy.analysis.domain import Domain
from billpolicy.comparing.regions import Region, simplified
from billpolicy.policy.condition import Box, Fact, Facts
from billpolicy.policy.model import ALWAYS, Outcome, Policy, Setting

Point = Mapping[str, Fact | None]
"""Facts of one case; None is unset, and what is not named may be anything."""
MOST_POINTS = 5
"""Cases that are kept of a change, and boxes and words that further ones are looked for in."""


def point(box: Box, facts: Facts, domain: Domain) -> Point:
    """Facts within a box, with those that it wants unset. The role of a person goes with who it is."""
    unset: Point = dict.fromkeys(fact for fact in box if fact in domain.fields and fact not in facts)
    return {**unset, **{fact: value for fact, value in facts.items() if fact != "actor.role"}}


@dataclass(frozen=True)
class Changed:
    """A decision that is another one somewhere. Of a follow-up `key` is the event, and an outcome how a refusal of it
    is taken, or nothing where it does not run."""

    operations: tuple[str, ...]
    key: str
    event: bool
    """Whether it is about what follows an event."""
    old: Outcome | None
    """None: it is not decided there, nothing follows, or exceptions conflict."""
    new: Outcome | None
    region: Region
    """In canonical boxes, as `domain` has them."""
    points: tuple[Point, ...]
    """Cases in the region that can exist, of some of its boxes."""
    old_rules: tuple[str, ...]
    """The rules that decide in the region, by id."""
    new_rules: tuple[str, ...]
    old_conflict: bool
    """Whether exceptions conflict there, so that operations are refused."""
    new_conflict: bool
    more: bool
    """Whether there are further boxes."""
    domain: Domain = field(compare=False)
    """The facts there can be, of the first of the operations."""


@dataclass(frozen=True)
class Decisions:
    """All decisions of two policies, side by side."""

    count: int
    """How many were compared."""
    changed: tuple[Changed, ...]
    unproven: tuple[tuple[str, str], ...]
    """Operation and key of those that were neither proven equal nor shown to differ."""
    as_if: bool
    """Whether no day is in force in both: they were compared as if each were in force always."""


def compare_decisions(old: Policy, new: Policy) -> Decisions:
    """Every decision of every operation, and every follow-up, on the days on which both are in force."""
    as_if = not old.effective.meets(new.effective)
    if as_if:
        old, new = replace(old, effective=ALWAYS), replace(new, effective=ALWAYS)
    comparer = Comparer(old, new)
    # An attribute that only one of them declares is told by its name, once.
    neither = old.attributes.keys() ^ new.attributes.keys()
    names = sorted(name for name in old.base.keys() | new.base.keys() if name[1] not in neither)
    compared = [comparer.compare(*name) for name in names]
    followed = sorted({(one.after, one.operation) for policy in (old, new) for one in policy.follow_ups})
    following = [comparer.compare_follow_ups(*name) for name in followed]
    single = [one for found in compared for one in _decided(found)]
    single += [one for found in following for one in _followed(found, old, new)]
    unproven = tuple((one.operation, one.key) for one in (*compared, *following) if not one.proven)
    return Decisions(len(compared) + len(following), tuple(_together(single)), unproven, as_if)


def _decided(found: Comparison) -> Iterator[Changed]:
    parts = [(one.box, one.facts, one.old, one.new) for one in found.differences]
    yield from _changed(found, False, parts)


def _followed(found: Comparison, old: Policy, new: Policy) -> Iterator[Changed]:
    parts = [(one.box, one.facts, _runs(one.old, old), _runs(one.new, new)) for one in found.differences]
    yield from _changed(found, True, parts)


def _runs(decider: Decider, policy: Policy) -> Decider:
    """What follows, by how a refusal of it is taken; without an outcome, nothing does."""
    rule = next((one for one in policy.follow_ups if one.id == decider.rule), None)
    return Decider("", None) if rule is None else Decider(rule.id, Setting(rule.if_refused))


def _changed(found: Comparison, event: bool, parts: Iterable[tuple[Box, Facts, Decider, Decider]]) -> Iterator[Changed]:
    """What differs of one decision: one for each pair of outcomes."""
    domain = found.domain
    groups: dict[tuple[_Comes, _Comes], list[tuple[Box, Facts, Decider, Decider]]] = {}
    for box, facts, one, other in parts:
        name = (one.outcome, one.against is not None), (other.outcome, other.against is not None)
        groups.setdefault(name, []).append((box, facts, one, other))
    for ((old, old_conflict), (new, new_conflict)), alike in groups.items():
        yield Changed(
            operations=(found.operation,),
            key=found.key,
            event=event,
            old=old,
            new=new,
            region=simplified((domain.canonical(box) or box for box, *_ in alike), domain),
            points=tuple(point(box, facts, domain) for box, facts, *_ in alike[:MOST_POINTS]),
            old_rules=_rules(one for _, _, one, _ in alike),
            new_rules=_rules(other for _, _, _, other in alike),
            old_conflict=old_conflict,
            new_conflict=new_conflict,
            more=found.more,
            domain=domain,
        )


_Comes = tuple[Outcome | None, bool]
"""An outcome, and whether it is that exceptions conflict."""


def _rules(deciders: Iterable[Decider]) -> tuple[str, ...]:
    return tuple(sorted({rule for one in deciders for rule in (one.rule, one.against) if rule}))


def _together(changes: Iterable[Changed]) -> Iterator[Changed]:
    """Operations of which the same changes in the same region are told together."""
    groups: dict[object, list[Changed]] = {}
    for one in changes:
        where = frozenset(frozenset(box.items()) for box in one.region)
        groups.setdefault((one.key, one.event, one.old, one.new, one.old_conflict, one.new_conflict, where), []).append(
            one
        )
    for alike in groups.values():
        yield replace(
            alike[0],
            operations=tuple(name for one in alike for name in one.operations),
            old_rules=tuple(sorted({rule for one in alike for rule in one.old_rules})),
            new_rules=tuple(sorted({rule for one in alike for rule in one.new_rules})),
        )
