"""Comments that say that a finding is known and meant: `# billpolicy: ignore[code] reason`.

One beside a line holds for what is found on that line; one that stands alone, for the next line that is no comment;
one at the top of a file, before anything else, for the whole file. Errors cannot be ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.catalogue.entry import codes, entry
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.source.comments import Comment, comments_of
from billpolicy.source.lines import BREAK

_OURS = re.compile(r"#\s*billpolicy\s*:")
_FORM = re.compile(r"#\s*billpolicy\s*:\s*ignore\[(?P<codes>[^\]]*)\]\s*(?P<reason>.*)")
_CODE = re.compile(r"[^\s,]+")
_HOW = "write `# billpolicy: ignore[code] reason`"


class Suppression(NamedTuple):
    """One comment that ignores findings."""

    at: Position
    """The whole comment."""
    codes: tuple[tuple[str, Position], ...]
    """Each code, and where it stands."""
    reason: str
    line: int | None
    """The line that it is about; None for the whole file."""

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether what was found is ignored by it."""
        at = diagnostic.position
        return (
            at is not None
            and at.file == self.at.file
            and self.line in (None, at.line)
            and any(code == diagnostic.code for code, _ in self.codes)
        )


def suppressions_of(text: str, file: str) -> tuple[list[Suppression], list[Diagnostic]]:
    """The suppressions of a file that is well-formed, and what is wrong with them."""
    if _OURS.search(text) is None:
        return [], []
    found: list[Suppression] = []
    problems: list[Diagnostic] = []
    comments = comments_of(text)
    alone = {comment.line for comment in comments if comment.alone}
    top = _lines_before_content(text)
    for comment in comments:
        if not _OURS.match(comment.text):
            continue
        suppression = _read(comment, file, alone, top)
        if suppression is None:
            at = _position(file, comment, 0, len(comment.text))
            message = "this comment is for billpolicy, but is none that it knows"
            problems.append(Diagnostic("suppression-wrong", message, at, _HOW, "warning"))
        else:
            wrong = list(_wrong(suppression))
            problems += wrong
            bad = {one.position for one in wrong}
            right = tuple((code, at) for code, at in suppression.codes if at not in bad)
            found += [suppression._replace(codes=right)] if right else []
    return found, problems


def _read(comment: Comment, file: str, alone: set[int], top: int) -> Suppression | None:
    match = _FORM.match(comment.text)
    named = [] if match is None else list(_CODE.finditer(match["codes"]))
    if match is None or not named:
        return None
    line: int | None = comment.line
    if comment.line <= top:
        line = None
    elif comment.alone:
        line = next(number for number in range(comment.line + 1, comment.line + len(alone) + 2) if number not in alone)
    start = match.start("codes")
    return Suppression(
        _position(file, comment, 0, len(comment.text)),
        tuple((one[0], _position(file, comment, start + one.start(), start + one.end())) for one in named),
        match["reason"].strip(),
        line,
    )


def _lines_before_content(text: str) -> int:
    """How many lines at the top are empty or a comment."""
    lines = BREAK.split(text)
    return next((number for number, line in enumerate(lines) if line.strip() and line.strip()[0] != "#"), len(lines))


def _position(file: str, comment: Comment, start: int, end: int) -> Position:
    return Position(file, comment.line, comment.column + start, comment.line, comment.column + end)


def _wrong(suppression: Suppression) -> Iterator[Diagnostic]:
    for code, at in suppression.codes:
        found = entry(code)
        if found is None:
            hint = did_you_mean(code, codes()) or _HOW
            message = f"no diagnostic has the code `{code}`, so this ignores nothing"
            yield Diagnostic("suppression-wrong", message, at, hint, "warning")
        elif found.text.severity == "error":
            message = f"`{code}` is an error, which no comment can ignore"
            yield Diagnostic("suppression-wrong", message, at, "mend it, and remove this comment", "warning")
    if not suppression.reason:
        message = "this ignores something without saying why"
        yield Diagnostic("suppression-without-reason", message, suppression.at, f"{_HOW}, in words", "warning")
