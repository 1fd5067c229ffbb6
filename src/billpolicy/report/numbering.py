"""How a ledger is numbered, told: `ledger numbers`, and the gaps that `ledger check` warns of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from billpolicy.book.kinds import KINDS
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import counted
from billpolicy.posting.numbering import Missing, Numbering
from billpolicy.report.results import told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record


@record
class MissingReport:
    """Numbers that follow each other, of which no posted document has one."""

    first: str
    last: str
    count: int
    what: Literal["missing", "void", "start", "draft"]
    """`missing`: nobody says why; `void`: it was said why; `start`: the series was told to begin above them; `draft`: a
    draft has it."""
    reason: str | None = None


@record
class CounterReport:
    """One counter, and what is numbered by it."""

    name: str
    """The text before its numbers; with `{year}` and such where it goes on over these."""
    kind: str
    source: str | None = None
    """Whose number its numbers continue."""
    first: str | None = None
    """The lowest and the highest number that a posted document has."""
    last: str | None = None
    count: int
    drawn: int
    """Documents that the ledger numbered; the others were imported."""
    next: str
    missing: tuple[MissingReport, ...] = ()


@record
class NumbersReport:
    """Every counter of a ledger."""

    counters: tuple[CounterReport, ...]
    uncounted: int = 0
    """Imported documents whose number is of none of them."""


def numbers_report(found: Iterable[Numbering], uncounted: int) -> NumbersReport:
    """As data."""
    return NumbersReport(counters=tuple(map(_report, found)), uncounted=uncounted)


def _report(one: Numbering) -> CounterReport:
    return told(CounterReport, one, missing=tuple(told(MissingReport, gap) for gap in one.missing))


def numbers_text(found: Sequence[Numbering], uncounted: int) -> str:
    """Counter by counter: its numbers, how many, which are missing and why, and which comes next; and how many
    documents are of none."""
    lines = [line for one in found for line in _counter(one)]
    gaps = sum(gap.count for one in found for gap in one.unexplained)
    numbered = sum(one.count for one in found)
    missing = f"{counted(gaps, 'number')} missing without a reason" if gaps else "no number is missing without a reason"
    total = f"{counted(numbered, 'document')} numbered by {counted(len(found), 'counter')}; {missing}"
    if uncounted:
        of_none = (
            f"{counted(uncounted, 'imported document')} of no counter: `ledger import` with `--policy` counts them,"
        )
        lines += wrapped("", f"{of_none} where the policy has their format")
    return in_lines((*lines, total))


def _counter(one: Numbering) -> Iterator[str]:
    about = f", continuing {one.source}" if one.source else ""
    yield f"{one.name}  {KINDS[one.kind].words}s{about}"
    span = one.first if one.first == one.last else f"{one.first} to {one.last}"
    of_them = f" {one.count - one.drawn:,} of them" if one.drawn else ""
    imported = f",{of_them} imported" if one.drawn < one.count else ""
    yield f"  {counted(one.count, 'document')}: {span}{imported}" if one.count else "  no document"
    for gap in one.missing:
        yield from wrapped(f"  {gap.what:<8} ", f"{gap.words}: {_why(gap)}")
    yield f"  next     {one.next}"


def _why(gap: Missing) -> str:
    return gap.reason or f"nobody says why ({counted(gap.count, 'number')})"


def gaps_to_warn_of(found: Iterable[Numbering]) -> list[Diagnostic]:
    """The gaps among imported numbers that nobody says anything of."""
    return [
        Diagnostic(
            "number-missing",
            f"of the {KINDS[one.kind].words}s numbered `{one.name}` {gap.words} "
            f"{'is' if gap.count == 1 else 'are'} missing, and nobody says why",
            hint="import a book whose `void_numbers` say why, like "
            f"`void_numbers: [{{number: {gap.first}, kind: {one.kind}, reason: ...}}]`",
            severity="warning",
        )
        for one in found
        for gap in one.unexplained
    ]
