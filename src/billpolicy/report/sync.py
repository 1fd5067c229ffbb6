"""How a book differs from a ledger, and what became of following it: counts, then record by record, field by field."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.operations.sync.found import SyncStep
from billpolicy.operations.sync.sync import Count, Sync
from billpolicy.planning.plan import in_turn
from billpolicy.posting.posting import Outcome
from billpolicy.report.outcome import found_about
from billpolicy.report.plan import Inheriting, inheriting
from billpolicy.report.plan_text import taken_text
from billpolicy.report.results import Finding, findings, told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record
from billpolicy.source.scalars import Date

Became = Literal["planned", "posted", "posted_before", "refused", "not_tried"]
_WIDE = 20


@record
class SyncCount:
    """How many records of one section of the book there are of each kind."""

    section: str
    """As in a book; `subscribed_charges` are those of subscriptions that the book has without them."""
    new: int
    changed: int
    same: int
    not_followed: int
    """The book says something of them that no operation follows; they may be changed beside that."""
    left: int
    """In the ledger, but not in the book: they stay as they are."""


@record
class SyncField:
    """A value that differs, as text."""

    name: str
    before: str | None = None
    after: str | None = None


@record
class SyncStepReport:
    """One operation that follows the book, and what became of it."""

    id: str
    operation: str
    scope: str
    record: str
    """The id of the record; of an accounting period its first day."""
    new: bool
    fields: tuple[SyncField, ...]
    since: Date | None = None
    """The first day on which the values hold, where that is another one than the day of the sync."""
    became: Became
    follow_ups: tuple[str, ...] = ()
    """Operations that follow it by the policy, in turn."""
    inheriting: tuple[Inheriting, ...] = ()
    notes: tuple[str, ...] = ()
    diagnostics: tuple[Finding, ...] = ()


@record
class SyncReport:
    """What `ledger sync` answers."""

    date: Date
    """The day from which on the values of the book hold."""
    posted: bool
    """Whether it was to be posted, or only shown."""
    counts: tuple[SyncCount, ...]
    steps: tuple[SyncStepReport, ...]
    not_followed: tuple[Finding, ...]
    """What the book says otherwise, and no operation follows."""


def sync_report(
    sync: Sync, steps: Iterable[SyncStepReport], not_followed: Iterable[Diagnostic], date: Date, *, posted: bool
) -> SyncReport:
    """The differences with what became of each."""
    return SyncReport(
        date=date,
        posted=posted,
        counts=tuple(told(SyncCount, count, section=section) for section, count in sync.counts.items()),
        steps=tuple(steps),
        not_followed=findings(not_followed),
    )


def step_report(step: SyncStep, outcome: Outcome | None) -> SyncStepReport:
    """What became of one step; without an outcome it was not tried."""
    plan = outcome.plan if outcome is not None else None
    since = step.operation.get("from") if step.scope != "accounting_period" else None
    return SyncStepReport(
        id=step.operation["id"],
        operation=step.operation["operation"],
        scope=step.scope,
        record=step.id,
        new=step.new,
        fields=tuple(told(SyncField, one) for one in step.fields),
        since=None if since in (None, step.operation["date"]) else datetime.date.fromisoformat(since),
        became=_became(outcome),
        follow_ups=() if plan is None else tuple(one.operation for one in in_turn(plan) if one is not plan),
        inheriting=() if plan is None else inheriting(plan),
        notes=() if plan is None else plan.notes,
        diagnostics=findings(found_about(outcome)) if outcome is not None else (),
    )


def _became(outcome: Outcome | None) -> Became:
    if outcome is None or (outcome.plan is None and not outcome.problems):
        return "not_tried"
    if outcome.problems:
        return "refused"
    if outcome.posted is None:
        return "planned"
    return "posted_before" if outcome.posted.repeated else "posted"


def counts_text(counts: Mapping[str, Count]) -> str:
    """The counts as a table."""
    if not counts:
        return "the book and the ledger hold nothing to compare\n"
    heads = ("new", "changed", "the same", "not followed", "not in the book")
    lines = [f"{'':<{_WIDE}}" + "".join(f"{head:>{len(head) + 3}}" for head in heads)]
    for section, one in counts.items():
        numbers = zip(heads, (one.new, one.changed, one.same, one.not_followed, one.left), strict=True)
        cells = "".join(f"{number or '-':>{len(head) + 3}{',' if number else ''}}" for head, number in numbers)
        lines.append(f"{section.replace('_', ' '):<{_WIDE}}{cells}")
    return in_lines(lines)


def steps_text(steps: Iterable[SyncStepReport]) -> Iterator[str]:
    """Each record that comes into being or changes, field by field, with what the plans have to say."""
    records: dict[tuple[str, str], list[SyncStepReport]] = defaultdict(list)
    for step in steps:
        records[step.scope, step.record].append(step)
    for (scope, id), those in records.items():
        yield f"{'+' if those[0].new else '~'} {scope.replace('_', ' ')} {id}"
        width = max((len(_name(field.name)) for step in those for field in step.fields), default=0)
        for step in those:
            yield from _step_text(step, width)


def _step_text(step: SyncStepReport, width: int) -> Iterator[str]:
    since = f", from {step.since} on" if step.since else ""
    for one in step.fields:
        change = f"{one.after}" if step.new else f"{one.before or 'none'} -> {one.after or 'none'}"
        yield from wrapped(f"    {_name(one.name):<{width}}  ", change + since)
    for operation in step.follow_ups:
        yield from wrapped("    > ", f"{operation} follows, by the policy")
    for taken in step.inheriting:
        yield from wrapped("    > ", taken_text(taken))
    for note in step.notes:
        yield from wrapped("    . ", note)
    for found in step.diagnostics:
        if found.severity == "warning":
            yield from wrapped("    ! ", f"{found.message} [{found.code}]")
    if step.became == "refused":
        yield from wrapped("    x ", f"{step.operation} is refused, as told below")


def _name(field: str) -> str:
    return field.removeprefix("attributes.").removeprefix("custom.").removeprefix("charges.")
