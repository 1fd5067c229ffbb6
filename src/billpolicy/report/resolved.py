"""What `resolve` answers: what became of the rows of a file, counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.sentences import counted, few_of, quoted
from billpolicy.report.texts import in_lines
from billpolicy.source.record import record

MOST_RULES = 10
"""Rules of a key that are told as text; JSON has all of them."""


@record
class RefusedRow:
    """A row that is refused."""

    row: int
    """Its number in the file, from 1, the heading not counted."""
    because: tuple[str, ...]


@record
class RefusedRows:
    """Rows that are refused for the same reasons."""

    reasons: str
    """As in the column `refused`: codes, each with what it is about."""
    codes: tuple[Code, ...]
    rows: int
    examples: tuple[RefusedRow, ...]


@record
class ResolvedRows:
    """What became of all rows."""

    into: str
    """The file that has what was decided."""
    rows: int
    decided: int
    refused: int
    refusals: tuple[RefusedRows, ...]
    """The most frequent first."""
    by_rule: Mapping[str, Mapping[str, int]]
    """Key of the policy -> the rules that decided it, and of how many rows."""


@record
class NeededColumn:
    """A column by which rows of an operation are decided."""

    name: str
    type: str
    """As a policy declares the type of a field."""
    because: str
    """Who asks for it, as the end of a sentence: ``which `rule` asks for``."""


@record
class NeededColumns:
    """What `resolve --columns` answers, of each operation."""

    columns: Mapping[str, tuple[NeededColumn, ...]]


def needed_text(needed: NeededColumns) -> str:
    """A line for each column of each operation."""
    lines = []
    for operation, columns in needed.columns.items():
        lines.append(f"{operation} is decided by {counted(len(columns), 'column')}:")
        lines += (f"  {one.name} ({one.type}), {one.because}" for one in columns)
    return in_lines(lines)


def resolved_text(result: ResolvedRows, operations: Collection[str]) -> str:
    """The counts; of each key that an exception decided in some row, the rules that decided most rows; and in one line
    the keys that only base rules of these operations decided."""
    lines = [f"{counted(result.rows, 'row')}: {result.decided:,} decided, {result.refused:,} refused"]
    by_base = []
    for key, rules in result.by_rule.items():
        if rules.keys() <= {f"{operation}.{key}" for operation in operations}:
            by_base += [key] if rules else []
            continue
        most = sorted(rules.items(), key=lambda each: (-each[1], each[0]))
        lines += [f"{key}:", *(f"  {rows:>14,}  {rule}" for rule, rows in most[:MOST_RULES])]
        if len(most) > MOST_RULES:
            rest = sum(rows for _, rows in most[MOST_RULES:])
            lines.append(f"  {rest:>14,}  by {counted(len(most) - MOST_RULES, 'other rule')}")
    if by_base:
        lines.append(f"{counted(len(by_base), 'key')} by base rules alone: {few_of(quoted(by_base))}")
    return in_lines(lines)
