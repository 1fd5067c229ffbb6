"""What a change of a policy does to real operations: each is planned under the old policy and under the new one.

The operations of a sample are planned one after the other, under either policy on a book of its own, so that what
comes of one is what the others before it have left.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.comparing.outcomes import Apart, apart, kinds
from billpolicy.comparing.recorded import recorded_cases
from billpolicy.comparing.tally import Case, Impact, add
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.planning.plan import in_turn
from billpolicy.planning.request import Instruction
from billpolicy.posting.asked import job_for
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.limits import moved
from billpolicy.posting.posting import Outcome, dry_run
from billpolicy.recording.record import Recorded
from billpolicy.source.today import today as utc_today


class Sample(NamedTuple):
    """A book and operations on it."""

    name: str
    book: Book
    operations: tuple[Instruction, ...]
    today: datetime.date | None = None
    """The day of planning, where the sample names one."""


def impact(
    old: Versions,
    new: Versions,
    samples: Iterable[Sample],
    *,
    today: datetime.date | None = None,
    only: str | None = None,
    recordings: Iterable[tuple[str, Iterable[Recorded]]] = (),
) -> Impact:
    """What comes out otherwise of the operations of these samples, and of those that were recorded.

    `today`: the day of planning, where a sample names none; by default that of UTC. `only`: the name of an
    operation, or of a decision, about which differences are asked for.
    """
    expect(old, Versions, "`old` must be what `load_policy` gives")
    expect(new, Versions, "`new` must be what `load_policy` gives")
    samples = expect_each(samples, Sample, "`samples` must be what `load_samples` gives")
    day = today or utc_today()
    found = Impact()
    for sample in samples:
        for case in cases(old, new, sample, sample.today or day):
            found.add(_about(case, only))
    for name, recorded in recordings:
        for told in recorded_cases(old, new, recorded, name):
            found.add(_about(told.case, only))
            for why in told.untold:
                found.untold[why] = found.untold.get(why, 0) + 1
    return found


def _about(case: Case | None, only: str | None) -> Case | None:
    """What of it is asked for."""
    counted = () if case is None else tuple(one for one in case.apart if only in (None, one.operation, one.key))
    return case._replace(apart=counted) if case is not None and counted else None


def cases(old: Versions, new: Versions, sample: Sample, today: datetime.date) -> Iterator[Case | None]:
    """Each operation of a sample, if it comes out otherwise. A bill run over every account is one for each of them."""
    before = {one.job.id: one for one in _planned(old, sample, today)}
    after = {one.job.id: one for one in _planned(new, sample, today)}
    has = kinds(*old.policies, *new.policies)
    for id in dict.fromkeys((*before, *after)):
        one, other = before.get(id), after.get(id)
        if one is None or other is None:  # a part of a bill run that finds nothing to do under one of them
            known = one or other
            assert known is not None
            nothing = Outcome(known.job)
            one, other = one or nothing, other or nothing
        found = apart(str(one.job.request["operation"]), one, other, has)
        yield _case(sample, one, other, found) if found else None


def _planned(policy: Versions, sample: Sample, today: datetime.date) -> Iterator[Outcome]:
    jobs = (job_for(policy, one, today, "") for one in sample.operations)
    return dry_run(BookReader(sample.book), jobs, limits=False)


def _case(sample: Sample, old: Outcome, new: Outcome, found: tuple[Apart, ...]) -> Case:
    plan = old.plan or new.plan
    instruction = next(one for one in sample.operations if one.request.id == old.job.asked.id)
    return Case(
        sample=sample.name,
        id=old.job.id,
        operation=instruction.request.operation,
        date=plan.date if plan is not None else instruction.request.date or datetime.date.min,
        accounts=tuple(sorted(_accounts(old) | _accounts(new))),
        old_amounts=_amounts(old),
        new_amounts=_amounts(new),
        apart=found,
        old=old,
        new=new,
    )


def _accounts(outcome: Outcome) -> set[str]:
    """The accounts that it is about, where it is not refused."""
    if outcome.plan is None:
        return set()
    made = {one.document.account for step in in_turn(outcome.plan) for one in step.documents}
    basis = {name for step in in_turn(outcome.plan) for name in step.basis}
    return made or {name.partition(":")[2] for name in basis if name.startswith("account:")}


def _amounts(outcome: Outcome) -> dict[str, Decimal]:
    """Currency -> the amount of what it makes or moves, with what follows, whatever the signs."""
    total: dict[str, Decimal] = {}
    for step in () if outcome.plan is None else in_turn(outcome.plan):
        add(total, moved(step, abs))
    return total
