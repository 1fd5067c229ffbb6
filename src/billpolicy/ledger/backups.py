"""Backups: a checked copy of a ledger as of one moment, and such a copy put in its place again.

A backup is a ledger itself, and can be opened as one. Nothing is called a backup before every check of `ledger check`
has passed on it; nothing is replaced by one that does not pass, and what is replaced is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.sentences import all_of, counted, few_of, quoted
from billpolicy.ledger import schema
from billpolicy.ledger.databases import database_of
from billpolicy.ledger.imports import BROUGHT
from billpolicy.ledger.sqlite import last_link_in
from billpolicy.ledger.statements import Row
from billpolicy.ledger.store import open_ledger
from billpolicy.ledger.structure import breach
from billpolicy.posting.stats import Head, Stats

UNKNOWN = "unknown"
"""What is lost of a ledger that cannot be read any more."""
_NOT_WHOLE = "this backup is not whole; take an older one"
_BACKUP_HINTS: dict[str, str] = {
    "ledger-damaged": _NOT_WHOLE,
    "ledger-foreign": "name the file of a backup, which `billpolicy ledger backup` makes",
    "ledger-empty": "name the file of a backup, which `billpolicy ledger backup` makes",
}
"""Code -> what to do, where it is a backup of which it is told."""
_OPERATIONS = "SELECT operation, who, at FROM audit ORDER BY id"
_DOCUMENTS = "SELECT number, kind, account, date, currency, amount_minor, operation FROM documents ORDER BY id"
_ACCOUNTS = "SELECT id FROM accounts ORDER BY id"
_OTHERS = {
    "accounts": "account",
    "contacts": "contact",
    "subscriptions": "subscription",
    "charges": "charge",
    "usage": "record of usage",
    "void_numbers": "void number",
    "accounting_periods": "accounting period",
}
"""Tables of what is imported beside documents -> what one of it is called."""
_IMPORTED = {
    _OTHERS[table.name]: f"SELECT {schema.key_of(table)} FROM {table.name} WHERE {imported}"
    for table, imported in BROUGHT
    if table.name in _OTHERS
}
_CHAIN = "SELECT digest FROM chain ORDER BY id"


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made."""

    file: Path
    size: int
    """In bytes."""
    sha256: str
    """Of the file: what to hold it against later."""
    stats: Stats
    """What it holds."""
    head: Head | None
    """What stands for all that was ever written into it; None where a program made it that knew no chain."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a ledger that was replaced has, and the backup in its place has not."""

    operations: tuple[str, ...]
    """Their ids, in the order in which they were posted."""
    numbers: tuple[str, ...]
    """Of documents, which may be given again."""
    imported: int
    """How many of these documents no operation made."""
    others: dict[str, int]
    """What else was imported, `contact`, and how many of it."""

    @property
    def count(self) -> int:
        """Operations and all that was imported together."""
        return len(self.operations) + self.imported + sum(self.others.values())

    @property
    def runs(self) -> tuple[str, ...]:
        """The numbers, those that follow each other as `CM00000004` to `CM00000007`."""
        return tuple(_runs(self.numbers))


@dataclass(frozen=True, slots=True)
class Restored:
    """A ledger that was put in place."""

    stats: Stats
    head: Head
    """That of the ledger as it stands there, also where it was brought up to date on the way."""
    kept: Path | None
    """Where what stood there before is kept; None where nothing did."""
    lost: Lost | None
    """None where nothing stood there, or what did cannot be read any more."""


class _Content(NamedTuple):
    """What tells one ledger from another, each by its name: of what is posted or imported none of it ever changes."""

    operations: dict[str, Row]
    documents: dict[str, Row]
    accounts: dict[str, Row]
    others: dict[str, frozenset[Row]]
    """Of what else is imported, by what one is called, their keys."""
    chain: tuple[str, ...]
    """The digests of its links; empty, as are `others`, of a ledger whose tables are those of an earlier version."""

    @classmethod
    def of(cls, rows: Callable[[str], Iterable[Row]], *, current: bool) -> _Content:
        """What a ledger has, by how it is asked for rows; `current`: its tables are those of this version."""
        operations, documents, accounts = (
            {row[0]: row for row in rows(each)} for each in (_OPERATIONS, _DOCUMENTS, _ACCOUNTS)
        )
        others = {what: frozenset(rows(keys)) for what, keys in (_IMPORTED.items() if current else ())}
        return cls(
            operations, documents, accounts, others, tuple(digest for (digest,) in (rows(_CHAIN) if current else ()))
        )

    def without(self, other: _Content) -> _Content:
        """What the other has not, or has otherwise."""
        pairs = zip(self[:3], other[:3], strict=True)
        operations, documents, accounts = (
            {name: row for name, row in one.items() if its.get(name) != row} for one, its in pairs
        )
        others = {what: keys - other.others.get(what, keys) for what, keys in self.others.items()}
        return _Content(operations, documents, accounts, others, ())

    @property
    def told(self) -> bool:
        """Whether there is anything that never changes: of the others only the keys are known."""
        return bool(self.operations or self.documents or self.accounts)

    def goes_on_from(self, last: str | None) -> bool:
        """Whether the last link of another ledger is one of its own; where one of them knew no chain nobody can tell,
        and it is taken for granted."""
        return last is None or not self.chain or last in self.chain

    @property
    def lost(self) -> Lost:
        """All of it, where something else takes its place."""
        imported = sum(row[-1] is None for row in self.documents.values())
        others = {what: len(keys) for what, keys in self.others.items() if keys}
        return Lost(tuple(self.operations), tuple(self.documents), imported, others)


def backup_ledger(url: str, file: str | Path) -> BackedUp:
    """Write a ledger as of this moment into a new file, also while it is used. What it holds is checked first.

    Of a ledger that an earlier program made the backup is as that left it; what is checked is what this program makes
    of it. Raises `Refused` where the file is there already, and with everything that is wrong with the ledger.
    """
    target = Path(file)
    if os.path.realpath(target) in map(os.path.realpath, database_of(url).files_of(url)):
        message = "this is a file of the ledger; a backup would destroy it"
        raise Refused([Diagnostic("file-in-use", message, Position(str(target)), "name another file for the backup")])
    if os.path.lexists(target):
        raise Refused([_there("a file", Position(str(target)), "name a file that is not there yet")])
    with database_of(url).copy_of(url, target) as checked:
        stats, head = _checked(checked, Position(told_address(url)))
    own = last_link_in(target)  # the chain of what was brought up to date to be checked is a longer one
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    kept = None if own is None else replace(head, links=own[0], digest=own[1])
    return BackedUp(target, target.stat().st_size, digest, stats, kept)


def restore_ledger(
    file: str | Path, url: str, *, replace: bool = False, discard: str = "0", another: bool = False
) -> Restored:
    """Put a backup in the place of a ledger; the file itself stays as it is. It is checked first, and brought up to
    date where an earlier program made it.

    `replace`: also where there is a ledger already, which is kept beside it, and which nobody else may have open.
    `discard`: how many operations and imported records that ledger has and the backup has not; `unknown` where it
    cannot be read any more. `another`: also where the backup is no earlier or later state of that ledger, such as the
    ledger of another company. Raises `Refused`, and then nothing has changed.
    """
    at = Position(str(file))
    with _told_of_a_backup(at), database_of(url).restored(Path(file), url) as (copy, place):
        stats, head = _checked(copy, at)
        standing = place.standing()
        if standing is None:
            place.take()
            return Restored(stats, head, None, None)
        if not replace:
            hint = "restore to another name, or with `--replace`, which keeps this one beside the new one"
            raise Refused([_there("a ledger", standing.at, hint)])
        own = last_link_in(Path(file))
        with open_ledger(copy) as opened, opened.reading() as reader:
            content = _Content.of(reader.connection.rows, current=True)
        try:
            with standing.alone() as held:
                there = _Content.of(held.rows, current=held.current)
                lost = there.without(content).lost
                refused = [] if another else list(_another(content, there, None if own is None else own[1], at))
                if discard != str(lost.count):
                    refused.append(_loss(lost, standing.at))
                if refused:
                    raise Refused(refused)
                return Restored(stats, head, held.give_way(), lost)
        except Refused as refused:
            if [one.code for one in refused.diagnostics] != ["ledger-damaged"]:
                raise
            if discard != UNKNOWN:
                raise Refused([_unknown_loss(standing.at)]) from None
            return Restored(stats, head, standing.take_from_damaged(), None)


@contextmanager
def _told_of_a_backup(at: Position) -> Iterator[None]:
    """What is wrong with the file of a backup is told with what to do where that is no ledger, but to become one."""
    try:
        yield
    except Refused as refused:
        raise Refused(
            Diagnostic(one.code, one.message, at, _BACKUP_HINTS.get(one.code, _NOT_WHOLE))
            if one.position == at and (one.code in _BACKUP_HINTS or one.hint == breach(one.code, "").hint)
            else one
            for one in refused.diagnostics
        ) from None


def _checked(url: str, at: Position) -> tuple[Stats, Head]:
    """What a ledger holds. Raises `Refused` with everything that is wrong with it, told of the place that it is of."""
    with open_ledger(url) as opened:
        problems = opened.check()
        if problems:
            raise Refused([Diagnostic(one.code, one.message, at, one.hint) for one in problems])
        with opened.reading() as reader:
            return reader.stats(), reader.head()


def _another(backup: _Content, there: _Content, head: str | None, at: Position) -> Iterator[Diagnostic]:
    """A backup and a ledger of which neither is a state that the other one was in. `head`: what the backup itself had,
    whatever was added to bring it up to date."""
    only_there, only_backup = there.without(backup), backup.without(there)
    if not (only_there.told and only_backup.told):
        if there.goes_on_from(head) or backup.goes_on_from(there.chain[-1]):
            return
        message = "this backup is not of the ledger that it is to replace: neither goes on from the head of the other"
        hint = "somebody changed one of them, or made its chain anew; check it with the head that was kept elsewhere"
        yield Diagnostic("restore-another", message, at, f"{hint}; to replace it all the same, say `--another`")
        return
    alike = len(backup.operations) - len(only_backup.operations)
    told = f"they went apart after {counted(alike, 'operation')}" if alike else "no operation is in both"
    several = (
        _named(only_backup.operations, "operation"),
        _named(only_backup.documents, "document"),
        _named(only_backup.accounts, "account"),
    )
    message = (
        f"this backup is not of the ledger that it is to replace: {told}; it has what that one has not, or has "
        f"otherwise: {all_of(filter(None, several))}"
    )
    yield Diagnostic("restore-another", message, at, "check both names; to replace it all the same, say `--another`")


def _there(what: str, at: Position, hint: str) -> Diagnostic:
    return Diagnostic("file-there", f"there is {what} here already", at, hint)


def _loss(lost: Lost, at: Position) -> Diagnostic:
    if not lost.count:
        message = "this ledger has nothing that the backup has not"
        return Diagnostic("restore-loses", message, at, "leave out `--discard`")
    documents = f"{counted(len(lost.numbers), 'document')} ({', '.join(lost.runs)})" if lost.numbers else ""
    others = (counted(number, what) for what, number in lost.others.items())
    several = (_named(lost.operations, "operation"), documents, *others)
    message = f"this ledger has what the backup has not: {all_of(filter(None, several))}"
    hint = f"their numbers would be given again; to replace it all the same, say `--discard {lost.count}`"
    return Diagnostic("restore-loses", message, at, hint)


def _named(names: Collection[str], what: str) -> str:
    return f"{counted(len(names), what)} ({few_of(quoted(names))})" if names else ""


def _runs(numbers: Iterable[str]) -> Iterator[str]:
    """Every number, those that follow each other as `CM00000004` to `CM00000007`."""
    first = last = ""
    for number in sorted(numbers, key=lambda one: (len(one), one)):
        if last and number == _next(last):
            last = number
            continue
        if last:
            yield _run(first, last)
        first = last = number
    if last:
        yield _run(first, last)


def _next(number: str) -> str | None:
    """The number after this one of its counter; None where it ends in no digit."""
    before = number.rstrip("0123456789")
    digits = number.removeprefix(before)
    return f"{before}{int(digits) + 1:0{len(digits)}d}" if digits else None


def _run(first: str, last: str) -> str:
    return f"`{first}`" if first == last else f"`{first}` to `{last}`"


def _unknown_loss(at: Position) -> Diagnostic:
    message = "this ledger is damaged, so what it has and the backup has not cannot be told"
    hint = f"to replace it all the same, say `--discard {UNKNOWN}`; it is kept as it is beside the new one"
    return Diagnostic("restore-loses", message, at, hint)
