"""What `explain`, `plan` and `post` share: operations planned on a book or on the slice of a ledger."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TypeVar

import click

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.cli.loading import load_proven
from billpolicy.cli.output import say
from billpolicy.matching.durable import unavailable
from billpolicy.matching.engines import EngineName, default_engine
from billpolicy.operations.dry_run import Planned, dry_run
from billpolicy.operations.load import load_operations
from billpolicy.operations.registry import OPERATIONS
from billpolicy.operations.request import Asked
from billpolicy.resolve import Resolver
from billpolicy.versions import Versions

_T = TypeVar("_T")
_WORTH_WATCHING = 200
"""Operations; fewer are done before a bar could be read."""


def load_versions(paths: Sequence[Path], engine: EngineName | None) -> Versions:
    """The policies at `paths`, ready to resolve. Raises `Refused` with every mistake in them."""
    policies = [load_proven(path) for path in paths]
    chosen = engine or default_engine()
    if engine is None and chosen == "python":
        say(f"note: {unavailable()}")
    return Versions(Resolver(policy, chosen) for policy in policies)


def needs_of(asked: Asked) -> Needs:
    """What one operation needs of a ledger."""
    return OPERATIONS[asked.request.operation].needs(asked.request)


def book_for(book: Path | None, ledger: str | None, asked: list[Asked]) -> Book:
    """The book of a file, or the slice of a ledger that all these operations need."""
    if (book is None) == (ledger is None):
        raise click.UsageError("say where the documents are: either --book FILE or --ledger URL")
    if book is not None:
        from billpolicy.book.load import load_book

        return load_book(book)
    from billpolicy.ledger.slices import read_slice
    from billpolicy.ledger.store import open_ledger

    needs = reduce(Needs.__or__, (needs_of(one) for one in asked), Needs())
    with open_ledger(str(ledger)) as opened, opened.reading() as connection:
        return read_slice(connection, needs)


def load_asked(path: Path, actor: str | None) -> list[Asked]:
    """The operations of a file, asked by `actor` where they name nobody. Raises `Refused`."""
    asked = load_operations(path)
    if actor is None:
        return asked
    return [one._replace(request=replace(one.request, actor=one.request.actor or actor)) for one in asked]


def title(asked: Asked, today: datetime.date) -> str:
    """An operation as its outcome is headed."""
    request = asked.request
    return f"{request.id}: {request.operation} on {request.date or today}"


def planned(versions: Versions, book: Book, asked: list[Asked], today: datetime.date) -> Iterator[Planned]:
    """Each operation planned in turn."""
    return watched(dry_run(versions, book, asked, today), len(asked), "planning")


def watched(steps: Iterable[_T], count: int, label: str) -> Iterator[_T]:
    """The steps as they come, with progress on a terminal when there are many."""
    if count < _WORTH_WATCHING or not sys.stderr.isatty():
        yield from steps
        return
    with click.progressbar(steps, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
