"""Lines as YAML counts them: places are told, and lines quoted, by the same count.

A file may be one line, or all breaks: lines are counted, and one of them found, without a list of them.
"""

from __future__ import annotations

import re

_BREAKS = ("\n", "\r", "\x85", "\u2028", "\u2029")
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line."""
_STEP = 65_536
"""Characters of a text in which breaks are counted at once."""


def place_after(text: str) -> tuple[int, int]:
    """The 1-based line and column behind a text that a file begins with."""
    begin = 1 + max(text.rfind(one) for one in _BREAKS)
    return 1 + _count(text, 0, len(text)), len(text) - begin + 1


def start_of_line(text: str, number: int, known: tuple[int, int] = (1, 0)) -> int | None:
    """Where a line begins, counted from 1; None where the text has not so many.

    `known`: the number and the beginning of a line before it, from which it is looked for.
    """
    line, start = known
    while line < number:
        end = min(start + _STEP, len(text))
        if end < len(text) and text[end - 1] == "\r":
            end += 1  # a break of two characters is one
        count = _count(text, start, end)
        if line + count >= number:
            breaks = BREAK.finditer(text, start, end)
            return next(found.end() for nth, found in enumerate(breaks, start=line + 1) if nth == number)
        if end == len(text):
            return None
        line, start = line + count, end
    return start


def _count(text: str, start: int, end: int) -> int:
    return sum(text.count(one, start, end) for one in _BREAKS) - text.count("\r\n", start, end)
