"""What `explain`, `plan` and `post` share: policies and operations loaded, and where the documents are."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

import billpolicy
from billpolicy.cli.output import MOST_SHOWN, gather, say, show_text, write
from billpolicy.cli.writing import REPORT, check_target, files_of_ledger, files_of_policy
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.report.batch_text import before_text

if TYPE_CHECKING:
    from billpolicy import Book, EngineName, Instruction, Ledger, Outcome, Versions

_T = TypeVar("_T")
_WORTH_WATCHING = 200
"""Operations; fewer are done before a bar could be read."""


def load_versions(paths: Sequence[Path], engine: EngineName | None) -> Versions:
    """The policies at `paths`, ready to resolve. Raises `Refused` with every mistake in them."""
    versions = billpolicy.load_policy(*paths, engine=engine)
    if engine is None and versions.engine == "python":
        say(f"note: {versions.without_engine()}")
    return versions


def one_place(book: Path | None, ledger: str | None) -> None:
    """Either a book or a ledger is named, not both and not neither."""
    if (book is None) == (ledger is None):
        raise click.UsageError("say where the documents are: either --book FILE or --ledger URL")


@contextmanager
def documents_in(book: Path | None, ledger: str | None) -> Iterator[Book | Ledger]:
    """The book of a file, or a ledger."""
    if book is not None:
        yield billpolicy.load_book(book)
    else:
        with billpolicy.open_ledger(str(ledger)) as opened:
            yield opened


def check_report(report: Path, operations: Path, book: Path | None, ledger: str | None, versions: Versions) -> None:
    """Refuse a report that would be written over anything that the command reads or posts to."""
    files = [(operations, "the file of the operations"), *files_of_policy(versions, report)]
    files += [(book, "the book")] if book is not None else []
    files += files_of_ledger(ledger) if ledger is not None else []
    check_target(report, REPORT, files)


def load_asked(path: Path, actor: str | None) -> list[Instruction]:
    """The operations of a file, asked by `actor` where they name nobody. Raises `Refused`."""
    asked = billpolicy.load_operations(path)
    if actor is None:
        return asked
    return [replace(one, request=replace(one.request, actor=one.request.actor or actor)) for one in asked]


def title(asked: Instruction, today: datetime.date) -> str:
    """An operation as its outcome is headed."""
    request = asked.request
    return f"{request.id}: {request.operation} on {request.document_date(today)}"


def planned(versions: Versions, on: Book | Ledger, asked: list[Instruction], today: datetime.date) -> list[Outcome]:
    """Each operation planned in turn; what was posted before, with the same content, stays as it was posted."""
    outcomes = billpolicy.plan_all(versions, on, asked, today=today, warn=_Warnings())
    by_id = {one.request.id: one for one in asked}
    return [placed(by_id[one.job.id], one) for one in watched(outcomes, len(asked), "planning")]


def placed(asked: Instruction, outcome: Outcome) -> Outcome:
    """An outcome whose problems have a place: those of a ledger are at the operation that they are about."""
    problems = tuple(problem._replace(position=problem.position or asked.at()) for problem in outcome.problems)
    return replace(outcome, problems=problems)


def tell_posted_before(outcomes: Iterable[Outcome]) -> None:
    """Name the operations that are in the ledger already."""
    for outcome in outcomes:
        if outcome.posted is not None:
            write(before_text(outcome.posted))


class _Warnings:
    """Tells what is odd about a book, up to as much as anybody reads."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, warning: Diagnostic) -> None:
        if gather([warning]):
            return
        self._count += 1
        if self._count <= MOST_SHOWN:
            show_text([warning])
        elif self._count == MOST_SHOWN + 1:
            say(f"... and more than {MOST_SHOWN} such names in all")


def watched(steps: Iterable[_T], count: int, label: str) -> Iterator[_T]:
    """The steps as they come, with progress on a terminal when there are many."""
    if count < _WORTH_WATCHING or not sys.stderr.isatty():
        yield from steps
        return
    with click.progressbar(steps, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
