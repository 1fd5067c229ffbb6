"""A table as text: amounts aligned, groups with their totals under a rule. Nothing is wrapped inside a word.

Where a row is too wide for the terminal, texts of several words are wrapped; where that is not enough, the last columns
of text stand below their row.
"""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import zip_longest

from billpolicy.accounting.tables import Cell, Column, Group, Row, Table
from billpolicy.diagnostics.visible import visible
from billpolicy.report.columns import width
from billpolicy.report.texts import in_lines, wrapped

_GAP = "  "
_RIGHT = ("money", "count")


def table_text(table: Table) -> str:
    """The whole report."""
    lines = [visible(table.title), ""]
    if not table.groups:
        return "\n".join([*lines, "nothing", ""])
    rows = [row for one in (*table.groups, *table.totals) for row in (*one.rows, *_total(one))]
    widths, below = _laid_out(table.columns, rows)
    lines += [*_row(table.columns, [one.title for one in table.columns], widths), _rule(widths)]
    for place, one in enumerate(table.groups):
        lines += [""] if place else []
        lines += [_heading(one)] if one.title else []
        for row in one.rows:
            lines += _row(table.columns, [_shown(cell) for cell in row], widths)
            for n in below:
                if row[n] is not None:
                    lines += wrapped("    ", f"{table.columns[n].title}: {_shown(row[n])}")
        if one.total is not None:
            lines += [_rule_of_total(table.columns, widths), *_row(table.columns, list(map(_shown, one.total)), widths)]
    for n, one in enumerate(table.totals):
        lines += [] if n else ["", _rule(widths, "=")]
        lines += _row(table.columns, list(map(_shown, one.total or ())), widths)
    return in_lines(lines)


def _heading(one: Group) -> str:
    title = visible(one.title)
    return title if one.currency in (None, one.title) else f"{title}  {one.currency}"


def _total(one: Group) -> tuple[Row, ...]:
    return () if one.total is None else (one.total,)


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal | int):
        return f"{cell:,}"
    return cell.isoformat() if isinstance(cell, datetime.date) else visible(cell)


def _laid_out(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[list[int], list[int]]:
    """How wide each column is, 0 for one that stands below; and those that do."""
    cells = [[columns[n].title, *(_shown(row[n]) for row in rows)] for n in range(len(columns))]
    widths = [max(map(len, column)) for column in cells]
    least = [max(len(word) for text in column for word in [*text.split(), ""]) for column in cells]
    texts = [n for n, column in enumerate(columns) if column.kind == "text"]
    below: list[int] = []
    while len(texts) > 1 and _whole([least[n] if n in texts else each for n, each in enumerate(widths)]) > width():
        below.insert(0, texts.pop())
        widths[below[0]] = 0
    for n in sorted(texts, key=lambda n: -widths[n]):
        widths[n] = max(least[n], widths[n] - max(_whole(widths) - width(), 0))
    return widths, below


def _whole(widths: Sequence[int]) -> int:
    shown = [one for one in widths if one]
    return sum(shown) + len(_GAP) * (len(shown) - 1)


def _row(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """A row, of several lines where a text is wrapped: numbers stand on the first."""
    shown = [n for n, each in enumerate(widths) if each]
    parts = [textwrap.wrap(cells[n], widths[n], break_long_words=False, break_on_hyphens=False) for n in shown]
    for line in zip_longest(*parts, fillvalue=""):
        padded = (
            f"{text:>{widths[n]}}" if columns[n].kind in _RIGHT else f"{text:<{widths[n]}}"
            for n, text in zip(shown, line, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _rule(widths: Sequence[int], mark: str = "-") -> str:
    return _GAP.join(mark * each for each in widths if each)


def _rule_of_total(columns: Sequence[Column], widths: Sequence[int]) -> str:
    """Under what is added up, and nothing else."""
    return _GAP.join(
        ("-" if column.kind == "money" else " ") * each for column, each in zip(columns, widths, strict=True) if each
    ).rstrip()
