"""Findings for people: the place, what is wrong, the line of the file with what is meant underlined, and the hint."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.visible import visible
from billpolicy.report.columns import on_terminal, width
from billpolicy.report.findings.formats import Found
from billpolicy.report.texts import wrapped
from billpolicy.source.files import STDIN, Files, on_disk
from billpolicy.source.lines import BREAK, start_of_line
from billpolicy.source.plain_file import read_plain

_MOST = 64 * 1024 * 1024
"""Bytes of a file that is quoted."""
_KINDS = (".yaml", ".yml", ".json", "billpolicy.toml", STDIN)
_COMMENT = re.compile(r"\s#")
_HINT = "    hint: "
_WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
_LEAST = 20
"""Columns that a quotation has at least, however long the number of its line."""


def report(found: Found) -> str:
    """Each finding with its line."""
    return "".join(texts(folded(found.diagnostics), found.sources))


def folded(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The same, and what to do next once below all of one place that it is the answer to, one below the other. What
    stands in the lines of a file keeps it: that is read where it is mended."""
    pairs = zip(diagnostics, [*diagnostics[1:], None], strict=False)
    return [one._replace(hint=None) if _goes_on(one, following) else one for one, following in pairs]


def _goes_on(one: Diagnostic, following: Diagnostic | None) -> bool:
    if following is None or (one.position is not None and one.position.line):
        return False
    return (one.position, one.severity, one.hint) == (following.position, following.severity, following.hint)


def texts(diagnostics: Iterable[Diagnostic], sources: Sequence[Files] = ()) -> Iterator[str]:
    """The same one by one. `sources`: where files were read from, beside the disk."""
    for one in diagnostics:
        at = one.position
        quoted = _quoted(at, sources) if at is not None and at.line else ()
        yield "".join(f"{text}\n" for text in (_in_lines(one, quoted) if on_terminal() else one.lines(quoted)))


def _in_lines(one: Diagnostic, quoted: Iterable[str]) -> Iterator[str]:
    """The same for a terminal, which would break words: elsewhere a message and a hint are one line each."""
    first, *others = one.lines(quoted)
    yield from textwrap.wrap(first, width(), subsequent_indent="    ", **_WHOLE_WORDS)
    for line in others:
        said = line.removeprefix(_HINT) if one.hint and line is others[-1] else None
        yield from (line,) if said is None else wrapped(_HINT, said)


class _Quotable:
    """A file whose lines are quoted, mostly one below the other: it is gone through once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._known = (1, 0)

    def start_of(self, number: int) -> int | None:
        """Where a line begins; None where the file has not so many."""
        known = self._known if self._known[0] <= number else (1, 0)
        found = start_of_line(self.text, number, known)
        if found is not None:
            self._known = (number, found)
        return found


def _quotable(file: str, sources: Sequence[Files]) -> _Quotable | None:
    """A file of a kind that we read: what a policy extends may be any other, and none of its lines is shown.

    None where there is none, or where a program gave data in place of a file.
    """
    try:
        if not file.endswith(_KINDS):
            return None
        for files in sources:
            if file in files.was_read:
                return _of(files.was_read[file].raw)
        there = str(on_disk(file))
        found = os.stat(there)  # noqa: PTH116  a name may be none that a file can have
        return _read(there, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=4)
def _read(file: str, changed: int, size: int) -> _Quotable:
    """The same file is read again only where it has changed: thousands of findings may be in one."""
    return _of(read_plain(Path(file), _MOST))


@lru_cache(maxsize=4)
def _of(raw: bytes) -> _Quotable:
    return _Quotable(raw.decode("utf-8-sig", "replace"))


def _quoted(at: Position, sources: Sequence[Files]) -> Iterator[str]:
    """The line, and below it carets under all of it that is meant."""
    source = _quotable(at.file, sources)
    begin = source.start_of(at.line) if source is not None else None
    if source is None or begin is None:
        return
    gutter = f" {at.line} | "
    room = max(width() - len(gutter), _LEAST)
    around = _around(source.text, begin, at, room)
    if not "".join(around).strip():
        return
    before, meant, after = map(visible, around)
    before, meant, after = _cut(before, meant, after, room)
    yield f"{gutter}{before}{meant}{after}"
    yield f"{' ' * (len(gutter) - 2)}| {' ' * _columns(before)}{'^' * max(_columns(meant), 1)}"


def _around(text: str, begin: int, at: Position, room: int) -> tuple[str, str, str]:
    """What is meant, and what stands on its line before and behind it; of each no more than can be shown, and one
    character that tells that there is more: a line may be as long as the file."""
    start = begin + at.column - 1
    before = text[max(start - room - 1, begin) : start]
    ended = BREAK.search(before)
    if ended:  # what is meant is the end of the line, or the file is no more what it was
        return before[: ended.start()], "", ""
    rest = BREAK.split(text[start : start + 2 * (room + 1)], maxsplit=1)[0]
    length = 1
    if at.end_line == at.line:
        length = at.end_column - at.column
    elif at.end_line > at.line:  # it goes on below: to the end of this line, or to its comment
        length = len(_COMMENT.split(rest, maxsplit=1)[0].rstrip())
    length = min(length, room + 1)
    return before, rest[:length], rest[length:].rstrip()


def _cut(before: str, meant: str, after: str, room: int) -> tuple[str, str, str]:
    """The part of a long line that has what is meant in it, with `…` where something is left out."""
    if len(before) + len(meant) + len(after) <= room and _columns(before + meant + after) <= room:
        return before, meant, after
    if len(meant) > room // 2 or _columns(meant) > room // 2:
        meant, after = _start(meant, room // 2), ""
    left = room - _columns(meant)
    # What follows takes half of the room, or less where it is short.
    before = _start(before[: -room - 1 : -1], max(left // 2, left - _columns(after[:room])))[::-1]
    return before, meant, _start(after, left - _columns(before))


def _start(text: str, room: int) -> str:
    """As much of the start of a text as fits into some columns."""
    found = text[:room]
    if len(found) == len(text) and _columns(found) <= room:
        return text
    while found and _columns(found) > room - 1:
        found = found[:-1]
    return found + "…"


def _columns(text: str) -> int:
    """How many columns of a terminal a text fills."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
