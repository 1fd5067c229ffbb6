"""What the YAML parser says when a file is not well-formed, in words for people who do not write parsers."""

from __future__ import annotations

import re
from typing import Any

from billpolicy.diagnostics.visible import unseen
from billpolicy.source.lines import BREAK, start_of_line

_Mark = tuple[int, int]

# A part of what the parser says -> one sentence, and what to do. `{opened}`: where the bracket or quote opens.
_SENTENCES = (
    (
        "expected ',' or ']'",
        "the `[` at {opened} is not closed, or a comma is missing",
        "close it with `]`, or put a comma between the two values",
    ),
    (
        "expected ',' or '}'",
        "the `{{` at {opened} is not closed, or a comma is missing",
        "close it with `}`, or put a comma between the two entries",
    ),
    (
        "found unexpected end of stream",
        "the quote at {opened} is not closed",
        "close it, or take away the one that opens it",
    ),
    (
        "mapping values are not allowed",
        "a colon stands where no key can be",
        "put the text in quotes if the colon belongs to it; else check the indentation here and on the line above",
    ),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "begin it on a line of its own, or put the text in quotes",
    ),
    (
        "did not find expected key",
        "this does not fit the block that begins at {opened}",
        "check the indentation, and the quotes and brackets on the lines above",
    ),
    (
        "expected '-' indicator",
        "this does not fit the list that begins at {opened}",
        "begin it with `- `, or indent it less",
    ),
    (
        "could not find expected ':'",
        "a colon is missing after the key at {opened}",
        "write `key: value`",
    ),
    (
        "<document start>",
        "this does not fit what stands above it",
        "check the indentation here and in the first line",
    ),
    (
        "unknown escape character",
        "a backslash stands before a character that it cannot escape",
        "use single quotes, or write the backslash twice",
    ),
    ("a tab character", "a tab stands where spaces are wanted", "indent with spaces"),
)
_AFTER_ITS_SIGN = ("did not find expected comment or line break", "expected chomping or indentation")
"""What is said of a text behind `>` or `|`, which begin a text of several lines."""
_SPACE = re.compile(r"\s*")
_NEAR = 1_000
"""Characters of a line, and of the one above, that are looked at for what cannot be seen."""
_HINT = "check the indentation, the quotes and the brackets here and on the line above"


def in_words(error: Any, text: str) -> tuple[_Mark | None, str, str]:
    """Where a file stops being well-formed, one sentence that says how, and a hint."""
    mark, opened = _mark(error.problem_mark), _mark(error.context_mark)
    said = str(error.problem)
    begin = _begin(text, mark[0]) if mark is not None else 0
    at = begin + mark[1] - 1 if mark is not None else 0
    at_end = mark is not None and _SPACE.fullmatch(text, at) is not None
    if "cannot start any token" in said and mark is not None:
        character = text[at]
        if character == "\t":
            return mark, "a tab stands where spaces are wanted", "indent with spaces"
        return mark, f"a text cannot begin with `{character}`", "put it in quotes"
    if mark is not None and any(part in said for part in _AFTER_ITS_SIGN):
        sign = max(text.rfind(sign, begin, at + 1) for sign in ">|")
        hint = "put it in quotes; comparisons are words here, like `{above: 500.00 EUR}`"
        return (mark[0], sign - begin + 1), f"a text cannot begin with `{text[sign]}`", hint
    if "expected node content" in said:
        if at_end:
            return mark, "the file ends in the middle of a value", "it may be cut off: compare it with the original"
        return mark, "a value is missing here", "write it, or take away the comma or bracket that is too many"
    strange = unseen(_near(text, begin, mark[0])) if mark is not None else None
    for part, sentence, hint in _SENTENCES:
        if part in said and strange is not None:
            hint = f"{strange} stands here or on the line above, which cannot be seen: write a plain space, or nothing"
        if part in said:
            place = f"line {opened[0]}, column {opened[1]}" if opened else "a line above"
            # At the end of a file that is cut off, where it opens is the only place to look at.
            return (opened if at_end and opened else mark), sentence.format(opened=place), hint
    return mark, f"this is not well-formed: {said}", _HINT


def _begin(text: str, number: int) -> int:
    """Where a line begins; the end of the text, where that is cut off before it."""
    begin = start_of_line(text, number)
    return len(text) if begin is None else begin


def _near(text: str, begin: int, number: int) -> str:
    """The line that begins there and the one above it, as far as they are looked at, without their breaks."""
    above = _begin(text, number - 1) if number > 1 else begin
    ahead = BREAK.split(text[begin : begin + _NEAR], maxsplit=1)[0]
    return BREAK.sub("", text[max(above, begin - _NEAR) : begin]) + ahead


def _mark(mark: Any) -> _Mark | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)
