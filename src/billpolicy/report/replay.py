"""What `replay` answers: how recorded decisions come out under another policy, counted and one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible_first
from billpolicy.recording.replay import Came, Difference, Kind, Replayed
from billpolicy.report.results import told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record
from billpolicy.source.scalars import Date

SHOWN = 50
"""Operations that text shows; JSON has all of them."""
_WORDS: dict[Kind, str] = {
    "value": "another value",
    "level": "another level",
    "added": "decided now",
    "removed": "not decided now",
    "refused": "refused",
    "follows": "runs now",
    "follows_not": "does not run now",
}


@record
class OutcomeReport:
    """What came out for a decision; of a refusal, its code."""

    value: str | int | bool
    level: str | None = None
    rule: str | None = None


@record
class DifferenceReport:
    """One outcome that is not what it was."""

    operation: str
    """By which it is decided; of a follow-up the one that would run."""
    key: str
    """The attribute or setting; `series` and `due_date` of a document; `follow_up`; of a refusal the decision that
    cannot be made, or `operation`."""
    kind: Kind
    on: str | None = None
    """The document that was made, or what the follow-up is about."""
    old: OutcomeReport | None = None
    new: OutcomeReport | None = None


@record
class UntoldReport:
    """An outcome of which nobody can tell whether it would be what it was."""

    operation: str
    key: str
    fields: tuple[str, ...] = ()
    """What the policy asks for and the recording does not have."""
    why: str


@record
class ReplayedOperation:
    """A recorded operation that comes out differently, or of which that cannot be told."""

    id: str
    operation: str
    date: Date
    differences: tuple[DifferenceReport, ...] = ()
    untold: tuple[UntoldReport, ...] = ()


@record
class DifferenceCount:
    """How often one outcome differs in one way."""

    operation: str
    key: str
    kind: Kind
    count: int


@record
class UntoldCount:
    """How often one outcome cannot be told for one reason."""

    operation: str
    key: str
    why: str
    count: int


@record
class ReplayReport:
    """What `replay` answers."""

    operations: int
    """Operations that were recorded, with the steps that followed them."""
    decisions: int
    """Decisions that were made again."""
    differing: int
    """Operations that come out differently."""
    untold: int
    """Operations of which something cannot be told, among them such that come out differently."""
    refused_then: int
    """Operations that were refused when they were recorded: of these there are no facts to decide again by."""
    not_run: int
    """Steps that would not be taken, since what they follow is refused or they follow no more."""
    other_rules: int
    """Decisions that come out the same, by a rule of another id."""
    counts: tuple[DifferenceCount, ...]
    untold_counts: tuple[UntoldCount, ...]
    changed: tuple[ReplayedOperation, ...] = ()
    """Each of them; none with `--summary`."""


@dataclass
class ReplayTally:
    """Counts what comes of recorded operations, and keeps those that come out differently."""

    only: frozenset[str] = frozenset()
    """Operations, decisions and kinds of change; of all others nothing is told."""
    keep: bool = True
    operations: int = 0
    decisions: int = 0
    refused_then: int = 0
    not_run: int = 0
    other_rules: int = 0
    differing: int = 0
    untold: int = 0
    counts: Counter[tuple[str, str, Kind]] = field(default_factory=Counter)
    untold_counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    changed: list[Replayed] = field(default_factory=list)

    def add(self, one: Replayed) -> Replayed:
        """Count one operation; what of it is told."""
        differences = tuple(each for each in one.differences if self._is_told(each.operation, each.key, each.kind))
        untold = tuple(each for each in one.untold if self._is_told(each.operation, each.key, "untold"))
        self.operations += 1
        self.decisions += one.decisions
        self.other_rules += one.other_rules
        self.refused_then += bool(one.recorded.operation.refused)
        self.not_run += not one.runs
        self.differing += bool(differences)
        self.untold += bool(untold)
        self.counts.update((each.operation, each.key, each.kind) for each in differences)
        self.untold_counts.update((each.operation, each.key, each.why) for each in untold)
        found = one._replace(differences=differences, untold=untold)
        if self.keep and (differences or untold):
            self.changed.append(found)
        return found

    def _is_told(self, *words: str) -> bool:
        return not self.only or not self.only.isdisjoint(words)


def replay_report(tally: ReplayTally) -> ReplayReport:
    """The whole answer."""
    return ReplayReport(
        operations=tally.operations,
        decisions=tally.decisions,
        differing=tally.differing,
        untold=tally.untold,
        refused_then=tally.refused_then,
        not_run=tally.not_run,
        other_rules=tally.other_rules,
        counts=tuple(
            DifferenceCount(operation=operation, key=key, kind=kind, count=count)
            for (operation, key, kind), count in sorted(tally.counts.items())
        ),
        untold_counts=tuple(
            UntoldCount(operation=operation, key=key, why=why, count=count)
            for (operation, key, why), count in sorted(tally.untold_counts.items())
        ),
        changed=tuple(map(_operation, tally.changed)),
    )


def _operation(one: Replayed) -> ReplayedOperation:
    return told(
        ReplayedOperation,
        one.recorded.operation,
        differences=tuple(
            told(DifferenceReport, each, old=_outcome(each.old), new=_outcome(each.new)) for each in one.differences
        ),
        untold=tuple(told(UntoldReport, each) for each in one.untold),
    )


def _outcome(came: Came | None) -> OutcomeReport | None:
    return None if came is None else told(OutcomeReport, came)


# -- as text -------------------------------------------------------------------------------------------------------


def replay_text(tally: ReplayTally) -> str:
    """Counts per operation, decision and kind of change, and below them the operations, up to `SHOWN`."""
    lines: list[str] = []
    if tally.counts:
        lines += _counted(
            ("operation", "decision", "change"),
            [(operation, key, _WORDS[kind], count) for (operation, key, kind), count in sorted(tally.counts.items())],
        )
    if tally.untold_counts:
        lines += ["", "cannot be told"] if lines else ["cannot be told"]
        for (operation, key, why), count in sorted(tally.untold_counts.items()):
            lines += wrapped(f"  {count:>7,}  ", f"{operation}, {key}: {why}")
    shown = tally.changed[:SHOWN]
    for one in shown:
        lines += ["", *_one(one)]
    if len(tally.changed) > SHOWN:
        lines += ["", f"... and {len(tally.changed) - SHOWN:,} more operations (--format json has all)"]
    return in_lines(lines)


def _counted(heads: tuple[str, str, str], rows: list[tuple[str, str, str, int]]) -> Iterator[str]:
    widths = [max(len(str(row[column])) for row in (*rows, heads)) for column in range(3)]
    first = "  ".join(f"{head:<{width}}" for head, width in zip(heads, widths, strict=True))
    yield f"{first}  {'count':>7}"
    for *cells, count in rows:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"{line}  {count:>7,}"


def _one(one: Replayed) -> Iterator[str]:
    operation = one.recorded.operation
    yield visible_first(f"{operation.id}: {operation.operation} on {operation.date}")
    for difference in one.differences:
        yield from wrapped("  ", _sentence(difference, operation.operation))
    for untold in one.untold:
        of = "" if untold.operation == operation.operation else f"{untold.operation}: "
        yield from wrapped("  ? ", f"{of}{untold.key} cannot be told: {untold.why}")


def _sentence(one: Difference, operation: str) -> str:
    of = "" if one.operation == operation or one.key == "follow_up" else f"{one.operation}: "
    on = f" of {one.on}" if one.on else ""
    if one.key == "follow_up":
        after = f" on {one.on}" if one.on else ""
        if one.kind == "follows":
            return f"{one.operation}{after} would run{_by(one.new)}"
        return f"{one.operation}{after} would not run any more{_by(one.old)}"
    if one.kind == "refused":
        code = "" if one.new is None else f" [{one.new.value}]"
        why = "" if one.key == "operation" else f", for {one.key}"
        return f"{of}would be refused{why}{code}{_by(one.new)}"
    if one.new is None:
        return f"{of}{one.key}{on}: was {_came(one.old)}; would not be decided"
    if one.old is None:
        return f"{of}{one.key}{on}: was not decided; would be {_came(one.new)}"
    return f"{of}{one.key}{on}: was {_came(one.old)}; would be {_came(one.new)}"


def _came(came: Came | None) -> str:
    if came is None:
        return "nothing"
    value = str(came.value).lower() if isinstance(came.value, bool) else str(came.value)
    return f"{value}{f' from {came.level}' if came.level else ''}{_by(came)}"


def _by(came: Came | None) -> str:
    return f", by `{came.rule}`" if came is not None and came.rule else ""


def summary_texts(tally: ReplayTally) -> Iterator[str]:
    """What came of it, in a few lines."""
    come, were = ("comes" if tally.differing == 1 else "come"), ("was" if tally.refused_then == 1 else "were")
    told = [f"{tally.differing:,} {come} out differently"] if tally.differing else []
    if tally.untold:
        told.append(f"of {tally.untold:,} something cannot be told")
    made_again = f"{counted(tally.decisions, 'decision')} of {counted(tally.operations, 'operation')}"
    yield f"{made_again}: {', '.join(told) or 'no outcome differs'}"
    if tally.not_run:
        yield f"{counted(tally.not_run, 'step')} would not be taken"
    if tally.refused_then:
        yield f"{tally.refused_then:,} {were} refused then, and left no facts to decide again by"


def replay_findings(one: Replayed) -> Iterable[Diagnostic]:
    """The same as findings, at the line of the recording."""
    operation = one.recorded.operation
    for difference in one.differences:
        message = f"operation `{operation.id}`: {_sentence(difference, operation.operation)}"
        yield Diagnostic("outcome-differs", message, one.recorded.at, "change the policy, or expect this outcome")
    for untold in one.untold:
        message = f"operation `{operation.id}`: {untold.key} of {untold.operation} cannot be told: {untold.why}"
        hint = "record again under a policy that declares and does not mask what is asked for"
        yield Diagnostic("outcome-untold", message, one.recorded.at, hint, "warning")
