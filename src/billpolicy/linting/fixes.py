"""Mends that change nothing of what a policy decides, as edits of its text: all else stays byte for byte as it is.

The list is closed. A finding of which an edit would touch a comment, or whose place is not what it was, is left.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.diagnostics.arguments import expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.layers import MAX_MEGABYTES
from billpolicy.source.lines import BREAK
from billpolicy.source.plain_file import read_plain
from billpolicy.source.tree import Tree, parse, parse_text, text_of


class Edit(NamedTuple):
    """What stands from `start` to `end` of a text, in characters, is taken out."""

    start: int
    end: int


class Fixed(NamedTuple):
    """A file before and after it is mended."""

    path: Path
    before: str
    after: str
    edits: int


def fix(found: Iterable[Diagnostic]) -> list[Fixed]:
    """The files in which something of what was found can be mended, each once. Nothing is written."""
    by_file: dict[str, list[tuple[str, Position]]] = {}
    for one in expect_each(found, Diagnostic, "`found` must be diagnostics, in a list"):
        if one.code in FIXES and one.position is not None:
            by_file.setdefault(one.position.file, []).append((one.code, one.position))
    done = []
    for file, places in sorted(by_file.items()):
        tree = parse(Path(file), max_megabytes=MAX_MEGABYTES)
        text = text_of(Path(file), max_megabytes=MAX_MEGABYTES)
        after, count = _applied(text, (FIXES[code](text, tree, at) for code, at in places))
        if count:
            _prove_same(tree, after)
            mark = "\ufeff" if read_plain(Path(file), len(BOM_UTF8)) == BOM_UTF8 else ""
            done.append(Fixed(Path(file), mark + text, mark + after, count))
    return done


def _prove_same(before: Tree, text: str) -> None:
    """A file that was mended says what it said. Raises `ValueError` if it does not, which is a bug."""
    after = parse_text(text, before.file)
    for tree in (before, after):
        for path in decisions_of(tree.data):
            chain = _chain_at(tree, path)
            if "default" in chain:
                del chain[chain.index("default") + 1 :]
    if before.data != after.data:
        raise ValueError(f"mending {before.file} would change what it says")


def _applied(text: str, edits: Iterable[Edit | None]) -> tuple[str, int]:
    """The text without what is taken out; of edits that meet, only the first is done."""
    parts, reached, count = [], 0, 0
    for edit in sorted(edit for edit in edits if edit is not None):
        if edit.start >= reached:
            parts.append(text[reached : edit.start])
            reached = edit.end
            count += 1
    return "".join([*parts, text[reached:]]), count


def _span(text: str, at: Position) -> Edit:
    """Where a position is in a text."""
    starts = [0, *(match.end() for match in BREAK.finditer(text))]
    return Edit(starts[at.line - 1] + at.column - 1, starts[at.end_line - 1] + at.end_column - 1)


def _without_levels(text: str, tree: Tree, at: Position) -> Edit | None:
    """The chain of the decision at a place, without what stands behind `default`."""
    for path in decisions_of(tree.data):
        if tree.at(*path, key=True) == at:
            chain = _chain_at(tree, path)
            behind = chain.index("default") + 1 if "default" in chain else len(chain)
            if behind == len(chain):
                return None  # it has another level without effect, which stands elsewhere
            start = _span(text, tree.at(*path, "from", behind - 1)).end
            end = _span(text, tree.at(*path, "from", len(chain) - 1)).end
            lines = BREAK.split(text[start : _end_of_line(text, end)])
            # In one line each, comments say something of their level: they are not ours to move.
            return None if len(lines) > 1 and any("#" in line for line in lines) else Edit(start, end)
    return None


def decisions_of(data: Any) -> Iterator[tuple[str | int, ...]]:
    """The path of every decision in a file of a policy."""
    for key in data.get("every_operation") or ():
        yield "every_operation", key
    for operation, decisions in (data.get("operations") or {}).items():
        for key in decisions:
            yield "operations", operation, key
    for index, exception in enumerate(data.get("exceptions") or ()):
        for key in exception["then"]:
            yield "exceptions", index, "then", key


def _chain_at(tree: Tree, path: Iterable[str | int]) -> list[Any]:
    """The levels of a decision, in its short or its long form; none of one that is no chain."""
    data = tree.data
    for step in path:
        data = data[step]
    if isinstance(data, dict):
        data = data.get("from")
    return data if isinstance(data, list) else []


def _without_comment(text: str, tree: Tree, at: Position) -> Edit | None:
    """A comment taken out, or one of the codes that it ignores, if the place is that of a code."""
    span = _span(text, at)
    if text[span.start] != "#":
        opened, closed = text.rfind("[", 0, span.start) + 1, text.find("]", span.end)
        after = text[span.end : closed]
        if after.strip(" ,\t"):
            return Edit(span.start, closed - len(after.lstrip(" ,\t")))
        return Edit(opened + len(text[opened : span.start].rstrip(" ,\t")), span.end)
    line = max((match.end() for match in BREAK.finditer(text, 0, span.start)), default=0)
    before = text[line : span.start]
    end = _end_of_line(text, span.end)
    if before.strip():
        return Edit(line + len(before.rstrip()), end)
    broken = BREAK.match(text, end)
    return Edit(line, broken.end() if broken else end)


def _end_of_line(text: str, start: int) -> int:
    found = BREAK.search(text, start)
    return found.start() if found else len(text)


FIXES: Mapping[str, Callable[[str, Tree, Position], Edit | None]] = {
    "level-without-effect": _without_levels,
    "suppression-unused": _without_comment,
}
"""Code -> the edit that mends it, by the text of the file and the place of the finding. All of them are safe."""
