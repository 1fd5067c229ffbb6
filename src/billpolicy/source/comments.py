"""The comments of a YAML file, exactly: a `#` in a quoted text, in a block of text or within a word is none.

The parser drops comments, but tells where each of its tokens begins and ends. What lies between two tokens is white
space and comments; only the first line of a block (`text: | # why`) has its comment within the token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from billpolicy.source.lines import BREAK
from billpolicy.source.tree import LoaderOfYaml

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*(?=[ \t])")


class Comment(NamedTuple):
    """From its `#` to the end of the line."""

    line: int
    """Counted from 1, as all places are."""
    column: int
    text: str
    alone: bool
    """Whether nothing but white space stands before it."""


def comments_of(text: str) -> list[Comment]:
    """The comments of a file that is well-formed, from its start to its end."""
    lines = BREAK.split(text)
    found: list[Comment] = []
    line, column = 0, 0
    for start, end in [*_tokens(text, lines), ((len(lines) - 1, len(lines[-1])), None)]:
        found += _between(lines, line, column, *start)
        if end is not None:
            line, column = end
    return found


_Place = tuple[int, int]


def _tokens(text: str, lines: list[str]) -> Iterator[tuple[_Place, _Place]]:
    """Where each token begins and ends, from 0; the first line of a block apart from the rest of it."""
    for token in yaml.scan(text, Loader=LoaderOfYaml):
        start = (token.start_mark.line, token.start_mark.column)
        end = (token.end_mark.line, token.end_mark.column)
        header = None
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = _BLOCK_HEADER.match(lines[start[0]], start[1])
        if header is None:
            yield start, end
        else:
            yield start, (start[0], header.end())
            yield (start[0], len(lines[start[0]])), end


def _between(lines: list[str], line: int, column: int, end_line: int, end_column: int) -> Iterator[Comment]:
    for number in range(line, min(end_line + 1, len(lines))):  # the last token is behind the last line
        begin = column if number == line else 0
        end = end_column if number == end_line else len(lines[number])
        match = _COMMENT.search(lines[number], begin, end)
        if match is not None:
            alone = not lines[number][: match.start()].strip()
            yield Comment(number + 1, match.start() + 1, match[0].rstrip(), alone)
