"""What `explain`, `plan` and `post` share: policies and operations loaded, and where the documents are."""

from __future__ import annotations

import datetime
import getpass
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

import billpolicy
from billpolicy.cli.logs import log
from billpolicy.cli.options import day_or_today
from billpolicy.cli.output import MOST_SHOWN, gather, say, show_text, write
from billpolicy.cli.writing import RECORDING, Kind, Replacing, check_target, files_of_ledger, files_of_policy
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.exchange.typed_operation import is_operation, like_an_operation, typed_operation
from billpolicy.report.batch_text import MANY, before_text
from billpolicy.report.outcome import placed
from billpolicy.source.files import Place
from billpolicy.source.scalars import read_text

if TYPE_CHECKING:
    from billpolicy import Book, EngineName, Instruction, Ledger, Outcome, Versions

_WORTH_WATCHING_ROWS = 20_000
_WORTH_WATCHING = 200
"""Operations; fewer are done before a bar could be read."""


def load_versions(places: Sequence[Place], engine: EngineName | None) -> Versions:
    """The policies at `places`, ready to resolve. Raises `Refused` with every mistake in them."""
    versions = billpolicy.load_policy(*places, engine=engine)
    reason = versions.broken_engine() if engine is None and versions.engine == "python" else None
    if reason is not None:
        say(f"note: {reason}")
    return versions


def load_unproven(paths: Sequence[Place], engine: EngineName | None) -> Versions:
    """As `load_versions`, but what is proven against the policies, such as a conflict, is only told."""
    if engine not in (None, "python"):
        raise click.UsageError("the rules engine takes no policy that is not proven: leave --engine out")
    versions, proven = billpolicy.load_unproven(*paths)
    if not gather(proven):
        show_text(proven)
    return versions


def one_place(book: Path | None, ledger: str | None) -> None:
    """Either a book or a ledger is named, not both and not neither."""
    if (book is None) == (ledger is None):
        raise click.UsageError("say where the documents are: either --book FILE or --ledger URL")


@contextmanager
def documents_in(book: Path | Book | None, ledger: str | None) -> Iterator[Book | Ledger]:
    """The book of a file, or a ledger."""
    if isinstance(book, Path):
        yield billpolicy.load_book(book)
    elif book is not None:
        yield book
    else:
        with billpolicy.open_ledger(str(ledger)) as opened:
            yield opened


def check_written(
    path: Path,
    kind: Kind,
    operations: Path | None,
    book: Path | None,
    ledger: str | None,
    versions: Versions,
    *others: tuple[Path | None, str],
) -> None:
    """Refuse a file that would be written over anything that the command reads, posts to or writes beside it."""
    files = [] if operations is None else [(operations, "the file of the operations")]
    files += files_of_policy(versions, path)
    files += [(book, "the book")] if book is not None else []
    files += files_of_ledger(ledger) if ledger is not None else []
    files += [(other, what) for other, what in others if other is not None]
    check_target(path, kind, files)


@contextmanager
def recording(path: Path | None, versions: Versions, today: datetime.date) -> Iterator[Callable[[Outcome], object]]:
    """To be told what came of each operation, and to write that to a recording: also where something fails half-way,
    since what was posted stays posted."""
    if path is None:
        yield lambda outcome: None
        return
    recorder = billpolicy.Recorder(versions, today)
    file = Replacing(path, RECORDING)
    try:
        file.write(recorder.beginning())
        try:
            yield lambda outcome: file.write(recorder.lines(outcome))
        finally:
            file.keep()
    finally:
        file.drop()


class Given(NamedTuple):
    """What is asked for, and where the documents are."""

    asked: list[Instruction]
    book: Path | Book | None
    today: datetime.date


def load_given(
    operations: Path,
    fields: Sequence[str],
    book: Path | None,
    ledger: str | None,
    actor: str | None,
    today: datetime.date | None,
) -> Given:
    """The operations of a file, or the one that is typed, asked by `actor` where they name nobody, and the book that a
    file may bring.

    Raises `Refused`, and a usage error where it is said nowhere, or twice, where the documents are.
    """
    if book is not None and ledger is not None:
        one_place(book, ledger)
    if book is None and ledger is None and not _is_typed(operations, fields):
        found = billpolicy.load_with_book(operations)
        if found.book is not None:
            return Given(_asked_by(found.operations, actor), found.book, today or found.today or day_or_today(None))
    if book is None and ledger is None:
        book = billpolicy.settings_for(Path()).book
        one_place(book, ledger)
    day = day_or_today(today)
    return Given(load_asked(operations, fields, actor, day), book, day)


def load_asked(path: Path, fields: Sequence[str], actor: str | None, today: datetime.date) -> list[Instruction]:
    """The operations of a file, or the one that is typed, asked by `actor` where they name nobody, to be done on a book
    or ledger that is named: of a book in the file itself it is only said that it is not that one. Raises `Refused`."""
    if _is_typed(path, fields):
        return _asked_by([typed_operation(str(path), fields, today)], actor)
    found = billpolicy.load_with_book(path)
    if found.book is not None:
        say(f"note: the book in {path} is left alone: the documents are where the command says")
    return _asked_by(found.operations, actor)


def _is_typed(operations: Path, fields: Sequence[str]) -> bool:
    """Whether this is the name of one operation, with its fields, and not that of a file. A usage error where it is
    both, or neither can be meant."""
    name = str(operations)
    if not operations.exists():
        return bool(fields) or like_an_operation(name)
    if is_operation(name):
        raise click.UsageError(
            f"{name!r} is an operation, and a file here: name the file by its whole path, or move it"
        )
    if fields:
        raise click.UsageError(f"{name!r} is a file: `field=value` is for one operation, in the place of a file")
    return False


def _asked_by(asked: list[Instruction], actor: str | None) -> list[Instruction]:
    if actor is None:
        return asked
    return [replace(one, request=replace(one.request, actor=one.request.actor or actor)) for one in asked]


def login() -> str:
    """Who is typing, for the audit trail."""
    try:
        return read_text(getpass.getuser())
    except (OSError, KeyError):  # a container may run as a user whom it does not know
        raise click.UsageError("it cannot be told who you are: say it with --actor NAME") from None
    except ValueError:
        message = "your login name cannot be kept as it is: say who you are with --actor NAME"
        raise click.UsageError(message) from None


def title(asked: Instruction, today: datetime.date) -> str:
    """An operation as its outcome is headed."""
    request = asked.request
    return f"{request.id}: {request.operation} on {request.document_date(today)}"


def planned(
    versions: Versions,
    on: Book | Ledger,
    asked: list[Instruction],
    today: datetime.date,
    progress: Progress,
    *,
    instead: bool = False,
) -> Iterator[tuple[Instruction, Outcome]]:
    """Each operation planned in turn; what was posted before, with the same content, stays as it was posted."""
    outcomes = billpolicy.plan_all(versions, on, asked, today=today, warn=Warnings(), watch=progress, instead=instead)
    for one, outcome in placed(asked, outcomes):
        tell_outcome(outcome)
        yield one, outcome


def tell_outcome(outcome: Outcome, *, waits: bool = False) -> None:
    """Tell the log, where there is one, what became of an operation."""
    if (current := log()) is not None:
        current.outcome(outcome, waits=waits)


def is_of_the_ledger(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether the ledger or the way to it is what fails, and no operation is to blame."""
    return all(one.code.startswith("ledger-") for one in diagnostics)


def tell_posted_before(outcomes: Iterable[Outcome]) -> None:
    """Name the operations that are in the ledger already."""
    for outcome in outcomes:
        if outcome.posted is not None:
            write(before_text(outcome.posted))


class Warnings:
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


class Progress:
    """How far a batch is: for the command, and on a terminal for whoever waits for many operations."""

    def __init__(self, asked: Sequence[Instruction]) -> None:
        self.count = len(asked)
        """How many outcomes there will be, as far as is known: a bill run over every account is divided on the way."""

    @property
    def is_long(self) -> bool:
        """Whether there are more operations than anybody reads one by one."""
        return self.count > MANY

    def __call__(self, outcomes: Iterable[Outcome], count: Callable[[], int], label: str) -> Iterator[Outcome]:
        """The outcomes as they come, with a bar where there are many."""
        with ExitStack() as shown:
            bar = None
            for done, outcome in enumerate(outcomes, 1):
                self.count = count()
                if (current := log()) is not None:
                    current.progress(label, done, self.count)
                elif bar is None and self.count >= _WORTH_WATCHING and sys.stderr.isatty():
                    bar = shown.enter_context(click.progressbar(length=self.count, label=label, file=sys.stderr))
                if bar is not None:
                    bar.length = self.count
                    bar.update(done - bar.pos)
                yield outcome
            self.count = count()


@contextmanager
def progress(count: int, label: str) -> Iterator[Callable[[int], object]]:
    """To be told how many more are done, of so many; shown on a terminal when there are many."""
    if (current := log()) is not None:
        every, done = current, [0]

        def tell(more: int) -> None:
            done[0] += more
            every.progress(label, done[0], count)

        yield tell
        return
    if count < _WORTH_WATCHING_ROWS or not sys.stderr.isatty():
        yield lambda more: None
        return
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:
        yield bar.update
