"""What the checks of a book share: the file with the positions of everything in it, and how findings are worded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from billpolicy.book.book import Book, Place
from billpolicy.book.exact import exact_amounts
from billpolicy.book.model import NUMBERED, BookFile
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.money import AmountError, exact
from billpolicy.source.tree import Tree

Found = Iterator[Diagnostic]
MOST_SUGGESTIONS = 50
_NOWHERE = Position("")


class Context:
    """The book file with the positions of everything in it; without a tree, to see only whether anything is wrong."""

    def __init__(self, file: BookFile, tree: Tree | None) -> None:
        self.file = file
        self.tree = tree
        self.unknown = 0
        self.numbered = {
            record.number: (section, index, record)
            for section in NUMBERED
            for index, record in enumerate(getattr(file, section))
        }

    def records(self, *sections: str) -> Iterator[tuple[str, int, Any]]:
        for section in sections:
            for index, record in enumerate(getattr(self.file, section)):
                yield section, index, record

    def at(self, *path: str | int) -> Position:
        return self.tree.at(*path) if self.tree is not None else _NOWHERE

    @cached_property
    def exact(self) -> BookFile:
        """The file with exact amounts; only of one whose references, currencies and amounts hold."""
        return exact_amounts(self.file)

    @cached_property
    def book(self) -> Book:
        """The same as a book."""
        return Book.of(self.exact)


def known(
    context: Context, what: str, name: str | None, known: Iterable[str], *path: str | int, of: str = "this book"
) -> Found:
    if name is not None and name not in known:
        context.unknown += 1
        # To look for the closest of many names takes its time, so the thousandth one gets no suggestion.
        close = did_you_mean(name, known) if context.unknown <= MOST_SUGGESTIONS else None
        message = f"there is no {what} `{name}` in {of}"
        yield Diagnostic("reference-unknown", message, context.at(*path), close or f"add it, or name another {what}")


def place_in_words(place: Place) -> str:
    return f"tax `{place.tax}` of item `{place.item}`" if place.tax else f"item `{place.item}`"


def fits(context: Context, amount: Decimal, currency: str, *path: str | int) -> tuple[Diagnostic, ...]:
    try:
        exact(amount, currency)
    except AmountError as error:
        hint = "write the amount as it is: nothing is rounded here"
        return (Diagnostic("amount-inexact", str(error), context.at(*path), hint),)
    return ()
