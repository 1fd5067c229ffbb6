"""A book file, YAML or JSON, as a checked Book.

A large book is almost always right, so it is read without positions first; only if anything is wrong is it read again,
to say where. Of one that was read before, only what is asked for is read (`kept.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.check import Context, problems
from billpolicy.book.kept import digest_of, keep, kept_book
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Position, refuse_errors
from billpolicy.diagnostics.limit import first_of
from billpolicy.source.collector import collector_paused
from billpolicy.source.files import DISK
from billpolicy.source.given import given
from billpolicy.source.kinds import refuse_other_kind
from billpolicy.source.quick.file import read_with_places
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.read import read_record
from billpolicy.source.tree import Tree, parse_text, raw_of, text_in

MAX_MEGABYTES = 64
BOOK = "book"
"""The key of a book that stands in a file of operations, beside them."""


def load_book(path: str | Path) -> Book:
    """The book in a YAML or JSON file, checked; of a file of operations that brings its book, that one.

    Raises `Refused` with every mistake, sorted.
    """
    path = Path(path)
    name = str(path)
    raw = raw_of(path, MAX_MEGABYTES, DISK)
    text, digest = text_in(raw, name), digest_of(raw, name)
    with collector_paused():
        kept = None if digest is None else kept_book(digest, text, name, lambda: _read(text, name))
        return replace(_read(text, name, digest) if kept is None else kept, file=name, digest=digest)


def _read(text: str, file: str, digest: str | None = None) -> Book:
    """The book of a text, checked. With a digest, it is kept under it."""
    try:
        return quick_book(text, file, digest)
    except Unsure:
        pass  # and what was read so far is given back before it is read again
    tree = parse_text(text, file, lambda begun: read_record(BookFile, begun, where_in(begun)))
    return book_of(tree, *where_in(tree))


def where_in(tree: Tree) -> tuple[str, ...]:
    """The keys under which the book of a file stands: none, unless operations stand beside it."""
    return (BOOK,) if isinstance(tree.data, dict) and {BOOK, "operations"} <= set(tree.data) else ()


def book_from(data: Mapping[str, Any]) -> Book:
    """A book from plain dicts and lists, in the form of a file: amounts as `Decimal` or text, dates as dates or text.

    Raises `Refused` with every mistake, each at its path: `book.invoices[0].date`.
    """
    return book_of(given(data, "book"))


def quick_book(text: str, file: str, digest: str | None = None) -> Book:
    """A checked Book from the text of a file. Raises `Unsure` if anything may be wrong with it. With a digest, what is
    right is kept under it."""
    read, places = read_with_places(BookFile, text, file)
    context = Context(read, None)
    for _ in problems(context):
        raise Unsure
    if digest is not None:
        keep(digest, read, places, context.book)
    return context.book


def book_of(tree: Tree, *under: str) -> Book:
    """A checked Book from a parsed tree, or from what stands in it under these keys. Raises `Refused`."""
    if not under:
        refuse_other_kind(tree, "book")
    context = Context(read_record(BookFile, tree, under), _Under(tree, under) if under else tree)
    refuse_errors(first_of(problems(context), Position(tree.file)))
    return context.book


class _Under:
    """The places of a book that stands in a file beside something else."""

    def __init__(self, tree: Tree, under: tuple[str, ...]) -> None:
        self._tree, self._under = tree, under

    def at(self, *path: str | int) -> Position:
        return self._tree.at(*self._under, *path)
