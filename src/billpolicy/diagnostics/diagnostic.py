"""A diagnostic: one thing that is wrong, where it is, and what to do next. Errors of the user are values."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.sentences import any_of, quoted
from billpolicy.diagnostics.visible import unseen, visible, visible_first

Severity = Literal["error", "warning", "hint"]
"""What must be mended, what may not be meant, and what could be better."""
_MOST_LISTED = 24
"""Known words that a hint still lists."""


MOST_COMPARED = 10_000
"""Words among which the closest is looked for: some 50 ms."""


class Position(NamedTuple):
    """A place in a file: 1-based line and column. Line 0 means the file as a whole.

    It reaches to the end line and column, which are behind its last character; 0 where that is not known.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.place}:{self.column}" if self.line else self.place

    @property
    def place(self) -> str:
        """The file and the line, as they are printed."""
        return f"{visible_first(self.file)}:{self.line}" if self.line else visible_first(self.file)


class Diagnostic(NamedTuple):
    """One finding: a stable `code`, one plain `message` in the user's words, a `hint` of what to do next."""

    code: Code
    message: str
    position: Position | None = None
    hint: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, quoted: Iterable[str] = ()) -> list[str]:
        """Its place and message, the lines of the file if they are given, and its hint."""
        place = f"{self.position}: " if self.position else ""
        hint = [f"    hint: {visible(self.hint)}"] if self.hint else []
        return [f"{place}{self.severity}: {visible(self.message)} [{self.code}]", *quoted, *hint]


class Refused(Exception):
    """What was asked for cannot be done; carries every diagnostic that says why. Nothing was changed."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each diagnostic once, by file, line, column, code and message: the same input gives the same list."""
    return sorted(dict.fromkeys(diagnostics), key=lambda d: ((d.position or Position(""))[:3], d.code, d.message))


def refuse_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise `Refused` with all diagnostics if at least one of them is an error."""
    diagnostics = list(diagnostics)
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise Refused(diagnostics)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known words that are most likely meant, or the whole list when it is short, or nothing."""
    from billpolicy.diagnostics.meaning import meant

    known = sorted(set(known))
    if len(known) > MOST_COMPARED:
        return None
    close = meant(word, known)
    strange = unseen(word)
    remark = f"{strange} stands in it, which cannot be seen" if strange else ""
    if close:
        return f"did you mean {any_of(quoted(close))}?{f' ({remark})' if remark else _lookalike(word, close[0])}"
    if known and len(known) <= _MOST_LISTED:
        return f"{remark}{'; ' if remark else ''}known here: " + ", ".join(quoted(known))
    return remark or None


def _lookalike(word: str, close: str) -> str:
    """Which letter only looks like that of the known word: `о` may be a Cyrillic one, and nobody sees it."""
    strange = [c for c in word if not c.isascii() and c not in close]
    if not strange:
        return ""
    name = unicodedata.name(strange[0], f"character {ord(strange[0]):#x}")
    return f" (the `{strange[0]}` that is written here is {name})"
