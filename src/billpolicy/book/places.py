"""Where the records of a book's file stand: a book itself does not know, and is read without, which is faster."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from billpolicy.book.book import Book
from billpolicy.book.load import MAX_MEGABYTES, where_in
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.composed import composed
from billpolicy.source.tree import parse

Place = tuple[str, str]
"""Section and what names a record there: its id, its number, or the first day of an accounting period."""


def places_of(path: Path, records: Iterable[Place]) -> dict[Place, Position]:
    """Where each of these records stands in the file of a book.

    Reads the whole file again, so it is for when there is something to tell. Raises `Refused` if that cannot be done.
    """
    places = dict.fromkeys(records, Position(str(path)))
    if not places:
        return {}
    tree = parse(path, max_megabytes=MAX_MEGABYTES)
    under = where_in(tree)
    book = tree.data[under[0]] if under else tree.data
    for section in sorted({section for section, _ in places}):
        for index, entry in enumerate(book[section]):
            key = next(key for key in ("id", "number", "from") if key in entry)
            name = composed(entry[key])
            if (section, name) in places:
                places[section, name] = tree.at(*under, section, index, key)
    return places


def placed(book: Book, found: list[tuple[Diagnostic, Place]]) -> list[Diagnostic]:
    """What is told of records of a book, each at its place where the book was read from a file."""
    if book.file is None or not found:
        return [warning for warning, _ in found]
    try:
        places = places_of(Path(book.file), (place for _, place in found))
    except Refused:  # it is another one by now
        return [warning for warning, _ in found]
    return [warning._replace(position=places[place]) for warning, place in found]
