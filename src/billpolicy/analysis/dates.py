"""What ends and is not carried on: days on which neither a rule nor its successor holds, and rules without one."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.boxes import Boxes, meetings
from billpolicy.policy.model import Effective, Policy


class _Dated(NamedTuple):
    """Something that holds on some days only."""

    name: str
    about: frozenset[tuple[str, str]]
    """What it decides; what comes after it decides some of the same."""
    boxes: Boxes
    effective: Effective
    position: Position
    operation: str | None = None
    """One that it decides about."""


def holes(analysed: Analysed) -> Iterator[Finding]:
    """Each rule that ends before the policy does, and is not carried on from that very day."""
    policy = analysed.policy
    dated = list(_dated(policy))
    for one in dated:
        until = one.effective.until
        if until is None or not policy.effective.includes(until):
            continue
        later = [
            other
            for other in dated
            if other.effective.from_ >= until
            and policy.effective.includes(other.effective.from_)
            and _carries_on(analysed, other, one)
        ]
        first = min(later, key=lambda other: (other.effective.from_, other.name), default=None)
        if first is None:
            if not _covered(analysed, dated, one, until):
                yield _ends(one, until)
        elif first.effective.from_ > until and not _covered(analysed, dated, one, until):
            yield _hole(one, first, until)


def _covered(analysed: Analysed, dated: Sequence[_Dated], one: _Dated, day: datetime.date) -> bool:
    """Whether something else like it is in force on a day."""
    return any(
        other is not one and other.effective.includes(day) and _carries_on(analysed, other, one) for other in dated
    )


def _carries_on(analysed: Analysed, later: _Dated, earlier: _Dated) -> bool:
    """Whether both decide the same thing, and there are facts for which they do."""
    shared, both = later.about & earlier.about, list(meetings(later.boxes, earlier.boxes))
    if not shared or not both:
        return False
    operations = {name for name, _ in shared} if later.operation else set()
    domains = [analysed.domain(name) for name in sorted(operations)]
    return not operations or any(domain.possible(box) is not None for domain in domains for box in both)


def _dated(policy: Policy) -> Iterator[_Dated]:
    for rule in policy.exceptions:
        about = frozenset((operation, key) for operation in rule.operations for key in rule.then)
        yield _Dated(f"`{rule.id}`", about, rule.boxes, rule.effective, rule.position, rule.operations[0])
    for follow_up in policy.follow_ups:
        rule, about = follow_up.rule, frozenset({(follow_up.after, follow_up.operation)})
        yield _Dated(f"`{rule.id}`", about, rule.boxes, rule.effective, rule.position)
    for code in policy.tax_rates.values():
        for rate in code.rates:
            tax = frozenset({(code.name, f"{rate.jurisdiction} {rate.name}")})
            name = f"the tax `{rate.name}` of {rate.jurisdiction} for `{code.name}`"
            yield _Dated(name, tax, ({},), rate.effective, rate.position)


def _ends(one: _Dated, until: datetime.date) -> Finding:
    last = until - datetime.timedelta(days=1)
    message = f"{one.name} holds for the last time on {last}, and nothing comes after it"
    hint = "if it is to go on, remove `until` or add what follows; from that day on it is as if it were not there"
    return Finding(Diagnostic("ends-without-successor", message, one.position, hint, "hint"), _on(one, until))


def _hole(one: _Dated, later: _Dated, until: datetime.date) -> Finding:
    days = (later.effective.from_ - until).days
    long = "a day" if days == 1 else f"{days} days"
    message = f"from {until} on neither {one.name} nor {later.name} ({later.position.place}) is in force, for {long}"
    hint = f"let the first end where the second begins: `until: {later.effective.from_}`"
    return Finding(Diagnostic("dated-hole", message, one.position, hint, "warning"), _on(one, until))


def _on(one: _Dated, day: datetime.date) -> Shown | None:
    return Shown(one.operation, {"date": day.toordinal()}) if one.operation else None


def holes_between(policies: Sequence[Policy]) -> Iterator[Finding]:
    """Days between versions of a policy on which none of them is in force."""
    for before, after in itertools.pairwise(sorted(policies, key=lambda policy: policy.effective.from_)):
        until = before.effective.until
        if until is not None and until < after.effective.from_:
            message = (
                f"from {until} until {after.effective.from_} neither `{before.name}` ({before.position.place}) "
                f"nor `{after.name}` is in force, so nothing can be decided"
            )
            hint = f"let the first end where the second begins: `until: {after.effective.from_}`"
            yield Finding(Diagnostic("dated-hole", message, after.position, hint, "warning"))
