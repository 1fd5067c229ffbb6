"""What `explain`, `plan` and `post` share: policies and operations loaded, and a dry run on a book or a ledger."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.cli.loading import load_proven
from billpolicy.cli.output import MOST_SHOWN, coloured, say
from billpolicy.cli.writing import REPORT, check_target, files_of_ledger, files_of_policies
from billpolicy.matching.durable import unavailable
from billpolicy.matching.engines import EngineName, default_engine
from billpolicy.plan import in_turn
from billpolicy.planning.request import Asked
from billpolicy.resolve import Resolver
from billpolicy.running.chain import needs_of
from billpolicy.running.dry_run import Planned, dry_run
from billpolicy.running.load import load_operations
from billpolicy.running.unknown_names import unknown_names
from billpolicy.source.diagnostic import Diagnostic, in_order
from billpolicy.source.visible import visible
from billpolicy.versions import Versions

if TYPE_CHECKING:
    from billpolicy.executor import Posted

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


class Ground(NamedTuple):
    """What a dry run stands on: the documents, and the operations that a ledger has posted already, by id."""

    book: Book
    posted: Mapping[str, Posted] = {}
    differing: Mapping[str, list[Diagnostic]] = {}
    """Operations whose id was posted with other content, and what differs."""


def one_ground(book: Path | None, ledger: str | None) -> None:
    """Either a book or a ledger is named, not both and not neither."""
    if (book is None) == (ledger is None):
        raise click.UsageError("say where the documents are: either --book FILE or --ledger URL")


def check_report(report: Path, operations: Path, book: Path | None, ledger: str | None, versions: Versions) -> None:
    """Refuse a report that would be written over anything that the command reads or posts to."""
    files = [(operations, "the file of the operations"), *files_of_policies(versions.policies, report)]
    files += [(book, "the book")] if book is not None else []
    files += files_of_ledger(ledger) if ledger is not None else []
    check_target(report, REPORT, files)


def ground_for(book: Path | None, ledger: str | None, versions: Versions, asked: list[Asked]) -> Ground:
    """The book of a file, or of a ledger with what it has posted of these operations.

    One operation needs its slice only. Several may build on each other in ways that no slice taken beforehand can
    know, so they are planned on the whole ledger, as they would be posted.
    """
    if book is not None:
        from billpolicy.book.load import load_book

        return Ground(load_book(book))
    from billpolicy.executor import answered
    from billpolicy.ledger.slices import read_slice
    from billpolicy.ledger.store import open_ledger

    with open_ledger(str(ledger)) as opened, opened.reading() as connection:
        alone = len(asked) == 1
        needs = needs_of(versions.policies, asked[0].request) if alone else Needs(everything=True)
        same, differing = answered(connection, ((one.request.id, one.data) for one in asked))
        return Ground(read_slice(connection, needs), same, differing)


def load_asked(path: Path, actor: str | None) -> list[Asked]:
    """The operations of a file, asked by `actor` where they name nobody. Raises `Refused`."""
    asked = load_operations(path)
    if actor is None:
        return asked
    return [replace(one, request=replace(one.request, actor=one.request.actor or actor)) for one in asked]


def title(asked: Asked, today: datetime.date) -> str:
    """An operation as its outcome is headed."""
    request = asked.request
    return f"{request.id}: {request.operation} on {request.document_date(today)}"


def planned(versions: Versions, ground: Ground, asked: list[Asked], today: datetime.date) -> Iterator[Planned]:
    """Each operation planned in turn; what was posted before, with the same content, stays as it was posted."""
    new = []
    for one in asked:
        if one.request.id in ground.differing:
            yield Planned(one, None, tuple(placed(one, ground.differing[one.request.id])))
        elif one.request.id not in ground.posted:
            new.append(one)
    tell_unknown_names(ground.book, versions)
    yield from watched(dry_run(versions, ground.book, new, today), len(new), "planning")


def placed(asked: Asked, problems: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Problems that have no place of their own, such as those of a ledger, at the operation that they are about."""
    for problem in problems:
        yield problem._replace(position=problem.position or asked.at())


def tell_unknown_names(book: Book, versions: Versions) -> None:
    """Warn of attributes and custom fields that no version of the policy declares."""
    warnings = in_order(w for policy in versions.policies[-1:] for w in unknown_names(book, policy))
    for warning in warnings[:MOST_SHOWN]:
        click.echo(coloured(warning), err=True)
    if len(warnings) > MOST_SHOWN:
        say(f"... and more than {MOST_SHOWN} such names in all")


def before_text(posted: Posted) -> str:
    """An operation that was posted before: by whom, when, and what it made."""
    numbers = ", ".join(planned.document.number for plan in in_turn(posted.plan) for planned in plan.documents)
    when = f"posted before by {visible(posted.audit.who)} at {posted.audit.at:%Y-%m-%d %H:%M} UTC"
    return f"{posted.plan.id}: {when}" + (f": {numbers}" if numbers else "") + "\n\n"


def watched(steps: Iterable[_T], count: int, label: str) -> Iterator[_T]:
    """The steps as they come, with progress on a terminal when there are many."""
    if count < _WORTH_WATCHING or not sys.stderr.isatty():
        yield from steps
        return
    with click.progressbar(steps, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
