"""Texts inside a report: wrapped to a terminal, or in Markdown, where they format, link and run nothing."""

from __future__ import annotations

import datetime
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.visible import no_command, visible, visible_line
from billpolicy.report.columns import width
from billpolicy.vocabulary.spec import Level

if TYPE_CHECKING:
    from rich.text import Text

_MARKUP = re.compile(
    r"[\\`*\[\]<|~]"
    r"|&(?=#?\w+;)"  # `&lt;` would be read as `<`
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore inside a word formats nothing
    r"|(?<!\S)#|^>|^[-+](?=\s)"
)
_REFERENCE = re.compile(r"@(?=\w)|(?<!&)#(?=\d)|(?<=\w):(?=//)|\bwww(?=\.)", re.IGNORECASE)
"""What services link to a person, to an issue or to a page, or tell somebody of: a comment in between prevents it."""
_MARK = re.compile(r"\\\[([0-9]+)\\\](?![(\[:])")
"""The mark of an exception, like `[1]`, after its brackets were escaped."""
_NAME = re.compile(r"(?<!\\`)\\`([\w.-]+)\\`(?!\\`)", re.ASCII)
"""A word between backticks, after these were escaped."""


def wrapped(start: str, text: str, *, break_long_words: bool = False) -> list[str]:
    """The lines of a text that begins after `start` and goes on below its own beginning; nothing of no text."""
    lines = textwrap.wrap(
        visible_line(text),
        width(),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=break_long_words,
        break_on_hyphens=False,
    )
    return [no_command(line) for line in lines]


def in_lines(lines: Iterable[str]) -> str:
    """The lines of a text, each with its end. Every text of lines is put together here, so that no name begins a line:
    what breaks one of them in two is shown."""
    return "".join(f"{visible_line(line)}\n" for line in lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | list[str]]], widths: Sequence[int] = ()) -> str:
    """A table as plain text. A cell is one line, or several below one another.

    What stands in its first column is not broken; with `widths` of the columns, whatever is longer than its own is, and
    a blank line comes between rows.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    laid_out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_lines=bool(widths))
    for position, column in enumerate(columns):
        if widths:
            laid_out.add_column(column, width=widths[position], overflow="fold")
        else:
            laid_out.add_column(column, no_wrap=position == 0)
    for row in rows:
        laid_out.add_row(*(_cell(cell) for cell in row))
    console = Console(width=width(), color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(laid_out)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _cell(cell: str | list[str]) -> Text:
    from rich.text import Text

    return Text("\n".join(map(visible_line, [cell] if isinstance(cell, str) else cell)))


def origin(label: str, since: datetime.date | None, operation: str | None) -> str:
    """Where a value is from: the level, since when it holds it, and what gave it."""
    day = f", since {since}" if since else ""
    return f"{label}{day}{f', by `{operation}`' if operation else ''}"


def level_origin(resolved: Resolved, key: str, level: Level) -> str:
    """Where the value of an attribute is from, of a level that holds it."""
    source = resolved.levels[level]
    since = source.since.get(key)
    return source.label_of(key) if since is None else origin(source.label_of(key), *since)


def escaped(text: str) -> str:
    """The text with all that Markdown would take for markup escaped, also in a table.

    A single word between backticks, as messages name a field or a rule, stays code, and a mark like `[1]` itself.
    """
    harmless = _REFERENCE.sub(r"\g<0><!-- -->", _MARKUP.sub(r"\\\g<0>", visible(text)))
    return _MARK.sub(r"[\1]", _NAME.sub(r"`\1`", harmless))


def code(text: str, *, in_table: bool = False) -> str:
    """The text as code; in a table, a bar must be escaped even there."""
    shown = visible(text)
    longest = max((len(ticks) for ticks in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    span = f"{fence}{space}{shown}{space}{fence}"
    return span.replace("|", "\\|") if in_table else span
