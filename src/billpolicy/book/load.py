"""A book file, YAML or JSON, as a checked Book.

A large book is almost always right, so it is read without positions first; only if anything is wrong is it read again,
to say where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.check import Context, problems
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Position, refuse_errors
from billpolicy.diagnostics.limit import first_of
from billpolicy.source.collector import collector_paused
from billpolicy.source.given import given
from billpolicy.source.kinds import refuse_other_kind
from billpolicy.source.quick.file import read_quickly
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.read import read_record
from billpolicy.source.tree import Tree, parse_text, text_of

MAX_MEGABYTES = 64
BOOK = "book"
"""The key of a book that stands in a file of operations, beside them."""


def load_book(path: str | Path) -> Book:
    """The book in a YAML or JSON file, checked; of a file of operations that brings its book, that one.

    Raises `Refused` with every mistake, sorted.
    """
    path = Path(path)
    text = text_of(path, max_megabytes=MAX_MEGABYTES)
    with collector_paused():
        try:
            return replace(quick_book(text, str(path)), file=str(path))
        except Unsure:
            pass  # and what was read so far is given back before it is read again
        tree = parse_text(text, str(path), lambda begun: read_record(BookFile, begun, where_in(begun)))
        return replace(book_of(tree, *where_in(tree)), file=str(path))


def where_in(tree: Tree) -> tuple[str, ...]:
    """The keys under which the book of a file stands: none, unless operations stand beside it."""
    return (BOOK,) if isinstance(tree.data, dict) and {BOOK, "operations"} <= set(tree.data) else ()


def book_from(data: Mapping[str, Any]) -> Book:
    """A book from plain dicts and lists, in the form of a file: amounts as `Decimal` or text, dates as dates or text.

    Raises `Refused` with every mistake, each at its path: `book.invoices[0].date`.
    """
    return book_of(given(data, "book"))


def quick_book(text: str, file: str) -> Book:
    """A checked Book from the text of a file. Raises `Unsure` if anything may be wrong with it."""
    context = Context(read_quickly(BookFile, text, file), None)
    for _ in problems(context):
        raise Unsure
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
