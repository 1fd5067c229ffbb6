"""Where the records of a book's file stand: a book itself does not know, and is read without, which is faster."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from billpolicy.book.load import MAX_MEGABYTES, where_in
from billpolicy.diagnostics.diagnostic import Position
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
            if (section, str(entry[key])) in places:
                places[section, str(entry[key])] = tree.at(*under, section, index, key)
    return places
