"""What is done to a ledger while a fault strikes it, and how the ledger was made before.

Everything is done through the Python API by the ledger's address, with a fixed clock, so that doing it again on a copy
gives the same ledger, entry for entry.
"""

from __future__ import annotations

import json
import lzma
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest import mock

import billpolicy
from billpolicy.book.book import Book
from billpolicy.ledger.backups import backup_ledger, restore_ledger
from billpolicy.ledger.schema import APPLICATION_ID
from tests.faults import disk
from tests.faults.places import SQLITE, each_begins_with, folder_of
from tests.faults.seen import NO_LEDGER, NONE, OLDER_LEDGER, Seen, seen
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy as command
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.scenes import versions

Told = Callable[[], None]
"""Called when a transaction is acknowledged: whoever asked for it has been answered."""

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)
POLICY = versions(
    """
roles: {clerk: [ines], lead: [maria]}
exceptions:
- id: clerks-ask-first
  operations: [write_off_invoice]
  when: {actor.role: clerk, amount: {above: 100.00 EUR}}
  then: {permission: {approval: {by: [lead]}}}
follow_ups:
- {id: spend, after: payment_posted, when: {payment.type: electronic}, then: apply_credits, because: test}
"""
)
INVOICES = 12
OLDER = ROOT / "tests" / "ledger" / "older"
REVISIONS = ("0002", "0008", "0012")
"""Of the tables that old ledgers have: the first that was kept, one between, and a late one."""
STOCKED, LATER = 3, 2
"""Operations that a ledger has, and those that it has and its backup has not."""


def stock(invoices: int = INVOICES) -> Book:
    """An account with some open invoices of 900.00."""
    lines = [
        f"- {{number: INV{n:08d}, account: a, date: 2026-05-01, currency: EUR, items: [{{id: x, amount: 900.00}}]}}"
        for n in range(1, invoices + 1)
    ]
    return book_from(
        "accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]\n"
        "contacts: [{id: ann, account: a}]\n"
        "invoices:\n" + "\n".join(lines)
    )


def credit(n: int) -> dict[str, Any]:
    """A credit memo of 1.00."""
    items = [{"item": "x", "amount": "1.00"}]
    return {"id": f"credit-{n}", "operation": "credit_memo_from_invoice", "invoice": _invoice(n), "items": items}


def payment(n: int, *, kind: str = "external") -> dict[str, Any]:
    """A payment of 20.00, of which 5.00 are put on an invoice at once; of an electronic one a follow-up puts all."""
    asked = {"id": f"payment-{n}", "operation": "create_payment", "account": "a", "amount": "20.00", "type": kind}
    return asked if kind == "electronic" else {**asked, "apply": [{"document": _invoice(n), "amount": "5.00"}]}


def _invoice(n: int) -> str:
    return f"INV{n % INVOICES + 1:08d}"


WRITE_OFF = {"id": "large", "operation": "write_off_invoice", "invoice": _invoice(10), "actor": "ines"}


def post(ledger: billpolicy.Ledger, operation: Mapping[str, Any]) -> billpolicy.Posted:
    """Post one operation."""
    return billpolicy.post(POLICY, ledger, operation, who="ines", now=NOW, today=TODAY)


# -- how a ledger is made ------------------------------------------------------------------------------------------


def _nothing(url: str) -> None:
    pass


def _empty(url: str) -> None:
    billpolicy.create_ledger(url).close()


def _stocked(url: str) -> None:
    with billpolicy.create_ledger(url) as ledger:
        ledger.import_book(stock())
        for n in range(STOCKED):
            post(ledger, credit(n))


def _killed(url: str) -> None:
    """As `_stocked`, and left by a process that never closed it."""
    _stocked(url)
    child = os.fork()
    if not child:
        ledger = billpolicy.open_ledger(url)
        for n in range(3, 6):
            post(ledger, credit(n))
        os._exit(0)
    os.waitpid(child, 0)


def _waiting(url: str) -> None:
    _stocked(url)
    with billpolicy.open_ledger(url) as ledger:
        billpolicy.wait(POLICY, ledger, WRITE_OFF, who="ines", now=NOW, today=TODAY)


def _older(url: str, revision: str) -> None:
    """As an earlier version of the program left it."""
    with lzma.open(OLDER / f"kept_{revision}.json.xz", "rt", encoding="utf-8") as file:
        sql = "\n".join(min(json.load(file).items())[1])
    with closing(sqlite3.connect(_file_of(url))) as connection:
        connection.executescript(sql)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")


def _only_a_backup(url: str) -> None:
    """There is none, and a backup of one in its folder."""
    file = folder_of(url) / "source.db"
    _stocked(f"{SQLITE}{file}")
    backup_ledger(f"{SQLITE}{file}", _backup_of(url))
    file.unlink()


def _gone_on(url: str) -> None:
    """As `_stocked`, with a backup of that, after which more was posted."""
    _stocked(url)
    backup_ledger(url, _backup_of(url))
    with billpolicy.open_ledger(url) as ledger:
        for n in range(STOCKED, STOCKED + LATER):
            post(ledger, credit(n))


def _backup_of(url: str) -> Path:
    return folder_of(url) / "backup.db"


# -- what is done --------------------------------------------------------------------------------------------------


def _made(url: str, told: Told) -> None:
    billpolicy.create_ledger(url).close()
    told()


def _imported(url: str, told: Told) -> None:
    with billpolicy.open_ledger(url) as ledger:
        ledger.import_book(stock(60))
        told()


def _long(url: str, told: Told) -> None:
    """Much is written: SQLite moves it from its log to the ledger time and again, and writes over the log."""
    with each_begins_with("wal_autocheckpoint=40"), billpolicy.open_ledger(url) as ledger:  # pages; else it is 1000
        ledger.import_book(stock(400))
        told()
        for n in range(6):
            post(ledger, credit(n))
            told()


def _one(url: str, told: Told) -> None:
    with billpolicy.open_ledger(url) as ledger:
        post(ledger, credit(10))
        told()


def _several(url: str, told: Told) -> None:
    with billpolicy.open_ledger(url) as ledger:
        for n in range(10, 14):
            post(ledger, credit(n))
            told()


def _chain(url: str, told: Told) -> None:
    with billpolicy.open_ledger(url) as ledger:
        post(ledger, payment(20, kind="electronic"))
        told()


def _group(url: str, told: Told) -> None:
    asked = [make(n) for n in range(30, 33) for make in (credit, payment)]
    with billpolicy.open_ledger(url) as ledger:
        posted = billpolicy.post_all(POLICY, ledger, asked, who="ines", group=3, now=lambda: NOW, today=TODAY)
        for n, outcome in enumerate(posted, start=1):
            assert outcome.posted is not None, outcome.problems
            if n % 3 == 0:
                told()


def _going_on(url: str, told: Told) -> None:
    """What is refused is done again, on the same open ledger, when the disk is well again."""
    with billpolicy.open_ledger(url) as ledger:
        for n in range(10, 14):
            try:
                post(ledger, credit(n))
            except billpolicy.Refused:
                disk.disarm()
                post(ledger, credit(n))
            told()


def _approved(url: str, told: Told) -> None:
    """Somebody else approves what waits, and it is posted. What is there already is not done again."""
    with billpolicy.open_ledger(url) as ledger:
        waits = {one.id: one for one in billpolicy.waiting(ledger)}
        if "large" in waits and not waits["large"].approvals:
            billpolicy.approve(POLICY, ledger, "large", actor="maria", now=NOW, today=TODAY)
        told()
        post(ledger, WRITE_OFF)
        told()


class Unclaimed(Exception):
    """The disk failed at a copy of a ledger, and nobody says what became of it."""


@contextmanager
def _claiming_nothing() -> Iterator[None]:
    """What is told is the error of the system, without a word of whether the copy has its name."""
    try:
        yield
    except OSError as error:
        raise Unclaimed from error


def _backed_up(url: str, told: Told) -> None:
    if not _backup_of(url).exists():
        with _claiming_nothing():
            backup_ledger(url, _backup_of(url))
    told()


def _restored(url: str, told: Told) -> None:
    if not _is_there(url):
        with _claiming_nothing():
            restore_ledger(_backup_of(url), url)
    told()


def _is_there(url: str) -> bool:
    try:
        billpolicy.open_ledger(url).close()
    except billpolicy.Refused as refusal:
        if [NONE.get(one.code) for one in refusal.diagnostics] != [NO_LEDGER]:
            raise
        return False
    return True


def _restored_over(url: str, told: Told) -> None:
    """Over a ledger that has what the backup has not; what is done already is not done again."""
    with billpolicy.open_ledger(url) as ledger, ledger.reading() as reader:
        there = reader.stats().operations
    if there == STOCKED + LATER:
        with _claiming_nothing():
            restore_ledger(_backup_of(url), url, replace=True, discard=str(LATER))
    told()


class CommandFailed(Exception):
    """The command line refused, in words."""


def _command(url: str, told: Told) -> None:
    """The command that posts one operation; it must not end in any other way than done or refused."""
    asked = ["create_payment", "id=typed", "account=a", "amount=10.00", "date=2026-06-01"]
    with mock.patch("billpolicy.api.posting.utc_now", return_value=NOW):
        ran = command("post", "--policy", STANDARD, "--ledger", url, "--actor", "ines", *asked)
    if ran.code == 1:
        assert "error:" in ran.err + ran.out, ran
        raise CommandFailed(ran.out + ran.err)
    assert ran.code == 0, ran
    told()


# -- what is looked at afterwards ----------------------------------------------------------------------------------


def _only_whole_copies(url: str, source: str) -> None:
    """Whatever a killed program left of a copy under a name of its own: no ledger, or all of the source. Of an older
    one also what this program makes of it, by which the copy is checked."""
    for file in folder_of(url).glob(".billpolicy-*"):
        if not file.name.endswith(("-wal", "-shm", "-journal")):
            try:
                found = seen(f"{SQLITE}{file}")
            except billpolicy.Refused:
                continue  # it does not pass for a ledger
            assert found == NO_LEDGER or _is_of(source, file, found), f"{file.name} passes for another ledger"


def _is_of(source: str, file: Path, found: Seen | str) -> bool:
    """Whether what is found in a file is all of a ledger, as it is or brought up to date. An older one is not read."""
    whole = seen(source)
    if whole != OLDER_LEDGER:
        return found == whole
    return _sql(file) == _sql(_file_of(source)) if found == OLDER_LEDGER else found == _up_to_date(source)


def _up_to_date(source: str) -> Seen | str:
    """What this program makes of an older ledger, which stays as it is."""
    with TemporaryDirectory() as folder, closing(sqlite3.connect(_file_of(source))) as older:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(copy)) as target:
            older.backup(target)
        billpolicy.create_ledger(f"{SQLITE}{copy}").close()
        return seen(f"{SQLITE}{copy}")


def _of_backup(url: str) -> Seen | str:
    """What a backup says: there is none, or it is whole, and says what the ledger does."""
    file = _backup_of(url)
    backup = seen(f"{SQLITE}{file}")
    assert backup in (NO_LEDGER, seen(url)), "the backup is another ledger"
    if backup == OLDER_LEDGER:
        assert _sql(file) == _sql(_file_of(url)), "the backup is another ledger"
    _only_whole_copies(url, url)
    return backup


def _file_of(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))


def _sql(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def _of_restored(url: str) -> Seen | str:
    """What a ledger says; the backup it is made of stays as it was."""
    _only_whole_copies(url, f"{SQLITE}{_backup_of(url)}")
    return seen(url)


def _of_replaced(url: str) -> Seen | str:
    """What a ledger says. Where it is that of the backup by now, what stood there is kept beside it, whole."""
    now, backup = seen(url), seen(f"{SQLITE}{_backup_of(url)}")
    kept = [seen(f"{SQLITE}{file}") for file in folder_of(url).glob("*.before-restore-?")]
    assert all(isinstance(one, Seen) and one != backup for one in kept), "what is kept is not what stood there"
    assert now != backup or kept, "what stood there is gone"
    return now


class Scenario(NamedTuple):
    """What is done, and on what."""

    name: str
    make: Callable[[str], None]
    work: Callable[[str, Told], None]
    commits: int
    """How many transactions are acknowledged."""
    only: str | None = None
    """The one place in which it can be done."""
    look: Callable[[str], Seen | str] = seen
    """What there is after it. Raises where it may not be so."""
    in_files: bool = False
    """Whether files are written in its folder wherever the ledger is kept."""
    long: bool = False
    """Whether there is too much in it to strike at each point."""


SCENARIOS = (
    Scenario("init", _nothing, _made, 1),
    *(
        Scenario(f"migration of {revision}", partial(_older, revision=revision), _made, 1, only="sqlite")
        for revision in REVISIONS
    ),
    Scenario("import", _empty, _imported, 1),
    Scenario("a long day", _empty, _long, 7, long=True),
    Scenario("one operation", _stocked, _one, 1),
    Scenario("several operations", _stocked, _several, 4),
    Scenario("going on", _stocked, _going_on, 4),
    Scenario("a chain", _stocked, _chain, 1),
    Scenario("groups", _stocked, _group, 2),
    Scenario("approve and post", _waiting, _approved, 2),
    Scenario("after a kill", _killed, _several, 4),
    Scenario("the command", _stocked, _command, 1),
    Scenario("backup", _stocked, _backed_up, 1, look=_of_backup, in_files=True),
    Scenario(
        "backup of an older ledger",
        partial(_older, revision=REVISIONS[-1]),
        _backed_up,
        1,
        only="sqlite",
        look=_of_backup,
        in_files=True,
    ),
    Scenario("restore", _only_a_backup, _restored, 1, look=_of_restored, in_files=True),
    Scenario("restore over a ledger", _gone_on, _restored_over, 1, only="sqlite", look=_of_replaced, in_files=True),
)
