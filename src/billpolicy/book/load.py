"""A book file, YAML or JSON, as a checked Book."""

from __future__ import annotations

from pathlib import Path

from billpolicy.book.book import Book
from billpolicy.book.check import check
from billpolicy.book.exact import exact_amounts
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import refuse_errors
from billpolicy.source.read import read_record
from billpolicy.source.tree import Tree, parse

MAX_MEGABYTES = 64


def load_book(path: Path) -> Book:
    """Read and check a book file. Raises `Refused` with every mistake, sorted."""
    return book_of(parse(path, max_megabytes=MAX_MEGABYTES))


def book_of(tree: Tree) -> Book:
    """A checked Book from a parsed tree. Raises `Refused`."""
    return Book.of(exact_amounts(checked_file(tree)))


def checked_file(tree: Tree) -> BookFile:
    """The records of a book file, found consistent. Raises `Refused`."""
    file = read_record(BookFile, tree)
    refuse_errors(check(file, tree))
    return file
