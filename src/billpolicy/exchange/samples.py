"""Books with operations on them, as files have them: what a change of a policy is tried on.

A sample is a folder with `book.yaml` and `operations.yaml`, as the stories under `examples` are, or one file that has
both as `book` and `operations`, as a witness is. A folder of such folders and files is all of them, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from billpolicy.book.load import load_book
from billpolicy.comparing.impact import Sample
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import load_operations, load_with_book
from billpolicy.source.plain_file import is_there
from billpolicy.source.tree import parse

MAX_MEGABYTES = 64
_ENDINGS = (".yaml", ".yml", ".json")


def load_samples(paths: Iterable[str | Path]) -> list[Sample]:
    """All samples at these paths. Raises `Refused` with every mistake in them, and where there are none at one."""
    found: list[Sample] = []
    problems: list[Diagnostic] = []
    for path in map(Path, paths):
        before = len(found) + len(problems)
        for place in _places(path):
            try:
                found.append(_sample(place))
            except Refused as refused:
                problems += refused.diagnostics
        if before == len(found) + len(problems):
            message = f"there are no operations at `{path}`"
            hint = "name a folder with `book.yaml` and `operations.yaml`, or a file that has `book` and `operations`"
            problems.append(Diagnostic("data-empty", message, Position(str(path)), hint))
    if problems:
        raise Refused(problems)
    return found


def _places(path: Path) -> Iterator[Path]:
    """The folders and files that are samples, below a folder by name; a file that is named is one."""
    if not (is_there(path) and path.is_dir()):
        yield path
        return
    if _file(path, "book") and _file(path, "operations"):
        yield path
        return
    for inside in sorted(path.iterdir()):
        if inside.name.startswith("."):
            continue
        if inside.is_dir():
            yield from _places(inside)
        elif inside.suffix in _ENDINGS and _has_both(inside):
            yield inside


def _file(folder: Path, name: str) -> Path | None:
    found = (folder / f"{name}{ending}" for ending in _ENDINGS)
    return next((file for file in found if is_there(file)), None)


def _has_both(file: Path) -> bool:
    """Whether a file that was come upon has a book and operations; what is wrong with others is not of interest."""
    try:
        data = parse(file, max_megabytes=MAX_MEGABYTES).data
    except Refused:
        return False
    return isinstance(data, dict) and {"book", "operations"} <= data.keys()


def _sample(place: Path) -> Sample:
    if place.is_dir():
        book, operations = _file(place, "book"), _file(place, "operations")
        assert book is not None
        assert operations is not None
        return Sample(str(place), load_book(book), tuple(load_operations(operations)))
    found = load_with_book(place)
    if found.book is None:
        message = "this file has operations and no `book` to plan them on"
        hint = "name a folder with `book.yaml` and `operations.yaml`, or a file that has both"
        raise Refused([Diagnostic("data-empty", message, Position(str(place)), hint)])
    return Sample(str(place), found.book, tuple(found.operations), found.today)
