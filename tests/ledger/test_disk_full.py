"""No room left: the operation is refused with a sentence, nothing is half there, and it goes on when there is room."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.sqlite.failures import storage_failures
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.ledgers import dump, file_of, whole
from tests.helpers.poster import post_one
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import many_invoices


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "billpolicy-test", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be made by root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def post_until_refused(ledger: Ledger, name: str) -> tuple[int, Refused]:
    for n in range(2_000):
        try:
            post_one(ledger, f"{name}-{n}")
        except Refused as refusal:
            return n, refusal
    raise AssertionError("the disk never filled up")


def test_a_full_disk(small_disk: Path, stocked_file: Path) -> None:
    path = small_disk / "ledger.db"
    shutil.copy(stocked_file, path)
    filler = small_disk / "filler"
    with open_ledger(f"sqlite:///{path}") as ledger:
        post_one(ledger, "first")
        filler.write_bytes(b"x" * 400_000)
        posted, refusal = post_until_refused(ledger, "a")
        assert codes(refusal) == ["ledger-disk-full"]
        assert len(whole(ledger).numbered) == 12 + 1 + posted
        assert ledger.check() == []
        before = dump(ledger)
        assert codes(refused(lambda: ledger.import_book(many_invoices(500)))) == ["ledger-disk-full"]
        assert dump(ledger) == before
        filler.unlink()
        number = post_one(ledger, "later").plan.documents[0].document.number
        assert number == f"CM{3 + 1 + posted:08d}"
        assert ledger.check() == []


def test_no_room_for_a_new_ledger(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 950_000)
    url = f"sqlite:///{small_disk / 'ledger.db'}"
    assert codes(refused(lambda: create_ledger(url))) in (["ledger-disk-full"], ["ledger-disk-failed"])
    (small_disk / "filler").unlink()
    create_ledger(url).close()


def test_a_file_with_as_many_pages_as_it_may_have(
    tmp_path: Path, stocked_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says of it what it says of a full disk; needs no rights of anybody."""
    path = tmp_path / "ledger.db"
    shutil.copy(stocked_file, path)
    connect = sqlite3.connect

    def limited(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 64")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", limited)
        full = open_ledger(f"sqlite:///{path}")
    with full as ledger:
        posted, refusal = post_until_refused(ledger, "a")
        assert codes(refusal) == ["ledger-disk-full"]
        assert posted > 0
        assert len(whole(ledger).numbered) == 12 + posted
        assert ledger.check() == []
        before = dump(ledger)
        assert codes(refused(lambda: ledger.import_book(many_invoices(500)))) == ["ledger-disk-full"]
        assert dump(ledger) == before
    with open_ledger(f"sqlite:///{path}") as ledger:
        assert post_one(ledger, "later").plan.documents[0].document.number == f"CM{3 + posted:08d}"
        assert ledger.check() == []


def test_a_disk_that_does_not_confirm_what_was_written(tmp_path: Path) -> None:
    """Whoever kills the program then may find it done (`tests/faults`), so that nobody may say that nothing was."""
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorname = "SQLITE_IOERR_FSYNC"

    def fail() -> None:
        with storage_failures(tmp_path / "ledger.db"):
            raise failed

    (told,) = refused(fail).diagnostics
    assert told.code == "ledger-disk-failed"
    assert "nothing was changed" not in str(told)
    assert told.hint is not None
    assert "do the same again" in told.hint


@pytest.mark.in_a_file
def test_a_file_that_may_not_grow(stocked: Ledger) -> None:
    """As with a quota; needs no rights of anybody."""
    post_one(stocked, "first")
    before = dump(stocked)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_of(stocked).stat().st_size, limits[1]))
        refusal = refused(lambda: stocked.import_book(many_invoices(2_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert codes(refusal) == ["ledger-disk-failed"]
    assert dump(stocked) == before
    post_one(stocked, "later")
    assert stocked.check() == []
