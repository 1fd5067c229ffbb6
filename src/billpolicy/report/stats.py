"""How much a ledger holds, told: `ledger stats`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from billpolicy.book.kinds import KINDS
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible
from billpolicy.posting.stats import Head, PostedAt, Stats
from billpolicy.report.results import told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record


@record
class DocumentsReport:
    """Documents of one kind and status."""

    kind: str
    status: str
    count: int


@record
class PolicyUsedReport:
    """A policy that operations were posted by."""

    name: str
    digest: str
    operations: int


@record
class PostedAtReport:
    """An operation, who posted it, and when."""

    id: str
    who: str
    at: datetime.datetime


@record
class HeadReport:
    """What stands for all that was ever written into a ledger: `ledger head`."""

    digest: str
    """Of the last link of its chain: 64 hexadecimal digits."""
    links: int
    last: PostedAtReport | None = None
    """The operation that was posted last."""
    numbers: tuple[str, ...] = ()
    """The last number that the ledger gave by each counter."""


@record
class FileReport:
    """A file of the ledger, and its size in bytes."""

    path: str
    size: int


@record
class StatsReport:
    """How much a ledger holds."""

    revision: str
    """Of its tables."""
    records: dict[str, int]
    documents: tuple[DocumentsReport, ...]
    operations: int
    waiting: int
    first: PostedAtReport | None
    last: PostedAtReport | None
    policies: tuple[PolicyUsedReport, ...]
    files: tuple[FileReport, ...]


def head_report(head: Head) -> HeadReport:
    """As data."""
    return HeadReport(digest=head.digest, links=head.links, last=posted_at(head.last), numbers=head.numbers)


def head_text(head: Head) -> str:
    """The head, and what it stands for."""
    last = "nothing was posted yet" if head.last is None else _posted(head.last)
    numbers = wrapped("numbers  ", ", ".join(head.numbers)) if head.numbers else ()
    return in_lines((f"head     {head.digest}", f"links    {head.links:,}", f"last     {last}", *numbers))


def stats_report(stats: Stats, sizes: Mapping[str, int]) -> StatsReport:
    """As data. `sizes`: of each file, in bytes."""
    return StatsReport(
        revision=stats.revision,
        records=stats.records,
        documents=tuple(told(DocumentsReport, one) for one in stats.documents),
        operations=stats.operations,
        waiting=stats.waiting,
        first=posted_at(stats.first),
        last=posted_at(stats.last),
        policies=tuple(told(PolicyUsedReport, one) for one in stats.policies),
        files=tuple(FileReport(path=path, size=size) for path, size in sizes.items()),
    )


def posted_at(one: PostedAt | None) -> PostedAtReport | None:
    """As data."""
    return None if one is None else told(PostedAtReport, one)


def holds(stats: Stats) -> str:
    """How much there is, in a few words."""
    return f"{counted(stats.count, 'document')} and {counted(stats.operations, 'operation')}"


def holds_until(stats: Stats) -> str:
    """The same, and what was posted last."""
    return holds(stats) + ("" if stats.last is None else f", the last of them {stats.last.id}")


def stats_text(stats: Stats, sizes: Mapping[str, int]) -> str:
    """A line for each count, in four parts: what there is, what was posted, by which policies, and in which files."""
    parts = [list(part) for part in (_holds(stats), _done(stats), _by(stats), _in(stats, sizes))]
    width = max(len(number) for part in parts for number, _ in part)
    return "\n".join(in_lines(f"{number:>{width}}  {words}" for number, words in part) for part in parts if part)


def _holds(stats: Stats) -> Iterator[tuple[str, str]]:
    for one in stats.documents:
        kind = KINDS[one.kind].words if one.kind in KINDS else visible(one.kind)
        yield f"{one.count:,}", f"{visible(one.status)} {kind}{'' if one.count == 1 else 's'}"
    for name, count in stats.records.items():
        if count:
            yield f"{count:,}", _words(name, count)


def _words(name: str, count: int) -> str:
    return counted(count, name.replace("_", " ").removesuffix("s")).partition(" ")[2]


def _done(stats: Stats) -> Iterator[tuple[str, str]]:
    yield f"{stats.operations:,}", f"operation{'' if stats.operations == 1 else 's'} posted"
    if stats.waiting:
        yield f"{stats.waiting:,}", "waiting for approvals"
    for word, one in (("first", stats.first), ("last", stats.last)):
        if one is not None:
            yield word, _posted(one)


def _posted(one: PostedAt) -> str:
    return f"{visible(one.id)}, by {visible(one.who)} at {one.at:%Y-%m-%d %H:%M:%S} UTC"


def _by(stats: Stats) -> Iterator[tuple[str, str]]:
    for one in stats.policies:
        words = f"policy {visible(one.name)} ({one.digest[:12]})"
        yield f"{one.operations:,}", f"operation{'' if one.operations == 1 else 's'} by {words}"


def _in(stats: Stats, sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for path, size in sizes.items():
        yield f"{size:,}", f"bytes in {visible(path)}"
    yield stats.revision, "revision of its tables"
