"""An operation as a job: with the approvals that it was given apart from it, on what is read for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager

from billpolicy.api.arguments import Watch
from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.exchange.operations_file import operation_from
from billpolicy.planning.request import Instruction
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.posting import Extent, Job, Outcome
from billpolicy.posting.store import Reader, Store, Waiting
from billpolicy.posting.waiting import approved_job


@contextmanager
def reading(on: Book | Store) -> Iterator[Reader]:
    """What reads a book, or a ledger in one transaction."""
    if isinstance(on, Book):
        yield BookReader(on)
        return
    with on.reading() as reader:
        yield reader


def as_asked(one: Waiting) -> Instruction:
    """What waits, as it was asked for."""
    return operation_from({**one.request, "id": one.id, "actor": one.actor})


def standing_of(ledger: Store, asked: Iterable[Instruction]) -> dict[str, Waiting]:
    """What waits of these."""
    with ledger.reading() as reader:
        return reader.waiting([one.request.id for one in asked])


def asked_job(
    policy: Versions, asked: Instruction, standing: Mapping[str, Waiting], make: Callable[[Instruction], Job]
) -> Job:
    """An operation as a job, with the approvals that were given apart from it."""
    waits = standing.get(asked.request.id)
    return make(asked) if waits is None or not waits.approvals else approved_job(policy, make, asked, waits)


def watched(outcomes: Generator[Outcome], extent: Extent, watch: Watch | None, label: str) -> Generator[Outcome]:
    """The outcomes, by way of whoever watches; they are closed with it."""
    with closing(outcomes):
        yield from outcomes if watch is None else watch(outcomes, lambda: extent.count, label)
