"""Findings for people: the place, what is wrong, the line of the file with what is meant underlined, and the hint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found
from billpolicy.report.texts import WIDTH
from billpolicy.source.plain_file import read_plain

_MOST = 64 * 1024 * 1024
"""Bytes of a file that is quoted."""
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML takes for the end of a line."""
_COMMENT = re.compile(r"\s#")
_LEAST = 20
"""Columns that a quotation has at least, however long the number of its line."""


def report(found: Found) -> str:
    """Each finding with its line."""
    return "".join(texts(found.diagnostics))


def texts(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """The same one by one. Each file is read once."""
    lines = cache(_lines)
    for one in diagnostics:
        at = one.position
        quoted = _quoted(at, lines(at.file)) if at is not None and at.line else ()
        yield "".join(f"{line}\n" for line in one.lines(quoted))


def _lines(file: str) -> list[str]:
    """The lines of a file; none where it cannot be read any more, or where a program gave data in place of a file."""
    try:
        return _BREAK.split(read_plain(Path(file), _MOST).decode("utf-8-sig", "replace"))
    except (OSError, ValueError):
        return []


def _quoted(at: Position, lines: list[str]) -> Iterator[str]:
    """The line, and below it carets under all of it that is meant."""
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if not line.strip():
        return
    start = at.column - 1
    end = start + 1
    if at.end_line == at.line:
        end = at.end_column - 1
    elif at.end_line > at.line:  # it goes on below: to the end of this line, or to its comment
        end = start + len(_COMMENT.split(line[start:], maxsplit=1)[0].rstrip())
    before, meant, after = visible(line[:start]), visible(line[start:end]), visible(line[end:].rstrip())
    gutter = f" {at.line} | "
    before, meant, after = _cut(before, meant, after, max(WIDTH - len(gutter), _LEAST))
    yield f"{gutter}{before}{meant}{after}"
    yield f"{' ' * (len(gutter) - 2)}| {' ' * _columns(before)}{'^' * max(_columns(meant), 1)}"


def _cut(before: str, meant: str, after: str, room: int) -> tuple[str, str, str]:
    """The part of a long line that has what is meant in it, with `…` where something is left out."""
    if len(before) + len(meant) + len(after) <= room:
        return before, meant, after
    if len(meant) > room // 2:
        meant, after = meant[: room // 2 - 1] + "…", ""
    left = room - len(meant)
    if len(before) > left // 2:
        keep = max(left // 2, left - len(after))
        if len(before) > keep:
            before = "…" + before[len(before) - keep + 1 :]
    left -= len(before)
    if len(after) > left:
        after = after[: max(left - 1, 0)] + "…"
    return before, meant, after


def _columns(text: str) -> int:
    """How many columns of a terminal a text fills."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
