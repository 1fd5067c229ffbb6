"""`ledger backup` and `ledger restore`: a copy as of one moment, checked; and nothing lost that nobody named."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from billpolicy.ledger.backups import _runs, backup_ledger, restore_ledger
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.sqlite import backups
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from billpolicy.posting.stats import KeptHead
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import by_hand, dump, file_of, guards_down, whole
from tests.helpers.poster import post_one
from tests.helpers.processes import kill, next_lines, started
from tests.helpers.refusals import codes, refused
from tests.helpers.tampering import make_chain_anew
from tests.ledger.test_kept_ledgers import kept as kept_ledgers
from tests.ledger.test_kept_ledgers import leave
from tests.ledger.test_older_ledgers import kept, left_as

CHANCE = random.Random(20261127)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def operations(ledger: Ledger) -> list[str]:
    """In the order in which they were posted."""
    with ledger.reading() as reader:
        return [id for (id,) in reader.connection.rows("SELECT operation FROM audit ORDER BY id")]


def lefts(folder: Path) -> set[str]:
    """Files that were begun and have no name yet."""
    return {file.name for file in folder.iterdir() if file.name.startswith(".billpolicy")}


# -- backup --------------------------------------------------------------------------------------------------------


def test_a_backup_is_a_ledger_with_the_same_rows(stocked: Ledger, tmp_path: Path) -> None:
    post_one(stocked, "op-1")
    file_of(stocked).chmod(0o640)
    made = backup_ledger(url_of(file_of(stocked)), tmp_path / "b.db")
    with open_ledger(url_of(tmp_path / "b.db")) as copy:
        assert dump(copy) == dump(stocked)
    assert made.sha256 == hashlib.sha256((tmp_path / "b.db").read_bytes()).hexdigest()
    assert made.size == (tmp_path / "b.db").stat().st_size
    assert (made.stats.operations, made.stats.count) == (1, len(whole(stocked).numbered))
    assert made.stats.last is not None
    assert made.stats.last.id == "op-1"
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o640  # whoever may not read the ledger may not read this
    assert lefts(tmp_path) == set()


def test_while_others_post_each_backup_is_of_one_moment(stocked: Ledger, tmp_path: Path) -> None:
    url = url_of(file_of(stocked))
    child = started("poster", url, "op", "100000", "0")
    told = next_lines(child, 1)
    for n in range(3):
        told += next_lines(child, CHANCE.randint(1, 10))
        made = backup_ledger(url, tmp_path / f"{n}.db")
        with open_ledger(url_of(made.file)) as copy:
            held = operations(copy)
            assert copy.check() == []
        # All that was told before is in it, and they are the first ones, without a gap.
        assert held == [f"op-{k}" for k in range(len(held))]
        assert len(held) >= len(told)
    kill(child)
    assert stocked.check() == []


@pytest.mark.parametrize("name", ["there.db", "link.db", "dangling.db"])
def test_no_file_is_replaced(name: str, stocked: Ledger, tmp_path: Path) -> None:
    (tmp_path / "there.db").write_text("the last good backup")
    (tmp_path / "link.db").symlink_to(tmp_path / "there.db")
    (tmp_path / "dangling.db").symlink_to(tmp_path / "nothing.db")
    assert codes(refused(lambda: backup_ledger(url_of(file_of(stocked)), tmp_path / name))) == ["file-there"]
    assert (tmp_path / "there.db").read_text() == "the last good backup"
    assert not (tmp_path / "nothing.db").exists()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_no_file_of_the_ledger_is(suffix: str, stocked: Ledger) -> None:
    file = file_of(stocked)
    target = file.with_name(file.name + suffix)
    assert codes(refused(lambda: backup_ledger(url_of(file), target))) == ["file-in-use"]
    assert stocked.check() == []


def test_of_a_ledger_that_is_not_whole_nothing_is_written(stocked: Ledger, tmp_path: Path) -> None:
    by_hand(stocked, "UPDATE items SET amount_minor = amount_minor + 1 WHERE document = 'INV00000003'")
    url = url_of(file_of(stocked))
    found = refused(lambda: backup_ledger(url, tmp_path / "b.db"))
    assert "amount-differs" in codes(found)
    assert {str(one.position) for one in found.diagnostics} == {url}
    assert not (tmp_path / "b.db").exists()
    assert lefts(tmp_path) == set()


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_nothing_that_stands_beside_it_becomes_a_part_of_it(suffix: str, stocked: Ledger, tmp_path: Path) -> None:
    """SQLite would play the log of another ledger back into it."""
    left = tmp_path / f"b.db{suffix}"
    left.write_bytes(b"left of another ledger")
    found = refused(lambda: backup_ledger(url_of(file_of(stocked)), tmp_path / "b.db"))
    assert codes(found) == ["file-in-use"]
    assert str(left) in str(found)
    assert not (tmp_path / "b.db").exists()
    assert left.read_bytes() == b"left of another ledger"


def test_where_there_is_no_folder_it_says_so(stocked: Ledger, tmp_path: Path) -> None:
    found = refused(lambda: backup_ledger(url_of(file_of(stocked)), tmp_path / "no" / "b.db"))
    assert codes(found) == ["file-missing"]
    assert "there is no folder" in str(found)


def test_of_an_older_ledger_the_backup_is_as_it_was(tmp_path: Path) -> None:
    """It is to be had before the ledger is brought up to date."""
    old = tmp_path / "old.db"
    left_as(next(iter(kept().values())), old)
    before = _rows(old)
    backup_ledger(url_of(old), tmp_path / "b.db")
    assert _rows(tmp_path / "b.db") == before
    restore_ledger(tmp_path / "b.db", url_of(tmp_path / "new.db"))
    restore_ledger(tmp_path / "b.db", url_of(old), replace=True)  # it knows itself again
    with create_ledger(url_of(old)), open_ledger(url_of(tmp_path / "new.db")) as new:
        assert new.check() == []
        assert dump(new) == _rows(old)


@pytest.mark.parametrize("revision", ["0013", "0012"])
def test_of_an_older_ledger_the_backup_has_the_head_that_it_had(revision: str, tmp_path: Path) -> None:
    """A chain began with 0013. Brought up to date it is a longer one, whose head nobody has seen yet."""
    old, kept_file = tmp_path / "old.db", tmp_path / "b.db"
    leave(next(iter(kept_ledgers(revision).values())), old)
    own = None
    if revision == "0013":
        with closing(sqlite3.connect(old)) as connection:
            ((own,),) = connection.execute("SELECT digest FROM chain ORDER BY id DESC LIMIT 1").fetchall()
    ran = billpolicy("ledger", "backup", url_of(old), str(kept_file), "--format", "json")
    assert (ran.code, json.loads(ran.out).get("head")) == (0, own)
    ran = billpolicy("ledger", "backup", url_of(old), str(tmp_path / "text.db"))
    assert f"head          {own or 'none: '}" in ran.out
    assert {file.name for file in tmp_path.iterdir()} == {"old.db", "b.db", "text.db"}
    done = restore_ledger(kept_file, url_of(tmp_path / "new.db"))
    with open_ledger(url_of(tmp_path / "new.db")) as new, new.reading() as reader:
        assert done.head == reader.head()
        assert done.head.digest != own
        assert own is None or new.check(KeptHead(own)) == []  # it goes on from what was told of the backup


def _rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


# -- restore -------------------------------------------------------------------------------------------------------


pytestmark = pytest.mark.in_a_file  # those of a server: test_postgresql.py


@pytest.fixture
def backup(stocked: Ledger, tmp_path: Path) -> Path:
    """A backup; two operations were posted since, and the ledger is closed."""
    post_one(stocked, "before")
    backup_ledger(url_of(file_of(stocked)), tmp_path / "b.db")
    post_one(stocked, "after-1")
    post_one(stocked, "after-2")
    stocked.close()
    return tmp_path / "b.db"


@pytest.fixture
def place(stocked: Ledger) -> Path:
    """Where the ledger is."""
    return file_of(stocked)


def test_restored_where_nothing_is(place: Path, backup: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(backup.read_bytes()).hexdigest()
    done = restore_ledger(backup, url_of(tmp_path / "new.db"))
    assert (done.kept, done.lost) == (None, None)
    assert _rows(tmp_path / "new.db") == _rows(backup)
    assert hashlib.sha256(backup.read_bytes()).hexdigest() == digest
    with open_ledger(url_of(tmp_path / "new.db")) as ledger:
        # `before` is CM00000003: the next number is that which followed when the backup was made.
        assert post_one(ledger, "again").plan.documents[0].document.number == "CM00000004"
    assert lefts(tmp_path) == set()


def test_a_ledger_that_is_there_is_replaced_only_when_all_is_said(place: Path, backup: Path) -> None:
    before = _rows(place)
    assert codes(refused(lambda: restore_ledger(backup, url_of(place)))) == ["file-there"]
    for discard in ("0", "1", "3", "unknown", "2 "):
        found = refused(partial(restore_ledger, backup, url_of(place), replace=True, discard=discard))
        assert codes(found) == ["restore-loses"]
        assert "2 operations (`after-1`, `after-2`) and 2 documents (`CM00000004` to `CM00000005`)" in str(found)
    assert _rows(place) == before
    done = restore_ledger(backup, url_of(place), replace=True, discard="2")
    assert done.lost is not None
    assert (done.lost.operations, done.lost.imported) == (("after-1", "after-2"), 0)
    assert _rows(place) == _rows(backup)
    assert done.kept == place.with_name(f"{place.name}.before-restore-1")
    assert _rows(done.kept) == before
    with open_ledger(url_of(place)) as ledger:
        assert ledger.check() == []
    again = restore_ledger(done.kept, url_of(place), replace=True)  # nothing is lost by that
    assert again.kept == place.with_name(f"{place.name}.before-restore-2")
    assert _rows(place) == before


def test_every_number_that_would_be_lost_is_named(place: Path, backup: Path) -> None:
    """Not the first few alone: each of them would be given again."""
    with open_ledger(url_of(place)) as ledger:
        for n in range(20):
            post_one(ledger, f"more-{n}")  # CM00000006 to CM00000025
    found = refused(lambda: restore_ledger(backup, url_of(place), replace=True))
    assert "22 documents (`CM00000004` to `CM00000025`)" in str(found)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (["A-9", "A-10", "A-11"], ["`A-9` to `A-11`"]),
        (["CM8", "CM9", "CM11"], ["`CM8` to `CM9`", "`CM11`"]),
        (["A-01", "A-02", "B-03"], ["`A-01` to `A-02`", "`B-03`"]),
        (["x", "y"], ["`x`", "`y`"]),
        ([], []),
    ],
)
def test_numbers_that_follow_each_other_are_told_as_one(numbers: list[str], told: list[str]) -> None:
    assert list(_runs(numbers)) == told


def test_while_somebody_has_it_open_it_is_not_replaced(
    place: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "_ALONE_SECONDS", 0.05)
    with open_ledger(url_of(place)) as other, other.reading():
        found = refused(lambda: restore_ledger(backup, url_of(place), replace=True, discard="2"))
        assert codes(found) == ["ledger-busy"]
        assert "has this ledger open" in str(found)
    assert [file.name for file in place.parent.iterdir() if "before-restore" in file.name] == []
    restore_ledger(backup, url_of(place), replace=True, discard="2")


def test_a_damaged_ledger_gives_way_once_that_is_said(place: Path, backup: Path) -> None:
    raw = bytearray(place.read_bytes())
    raw[100 : len(raw) // 2] = b"\xff" * (len(raw) // 2 - 100)
    place.write_bytes(raw)
    found = refused(lambda: restore_ledger(backup, url_of(place), replace=True))
    assert codes(found) == ["restore-loses"]
    assert "--discard unknown" in str(found)
    assert place.read_bytes() == raw
    done = restore_ledger(backup, url_of(place), replace=True, discard="unknown")
    assert done.kept is not None
    assert done.kept.read_bytes() == raw
    assert _rows(place) == _rows(backup)


@pytest.mark.parametrize("content", [b"notes of mine, longer than a head\n" * 40, b"x"])
def test_what_is_no_ledger_is_never_replaced(content: bytes, backup: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.db"
    other.write_bytes(content)
    for discard in ("0", "unknown"):
        found = refused(partial(restore_ledger, backup, url_of(other), replace=True, discard=discard))
        assert codes(found) == ["ledger-foreign"]
    assert other.read_bytes() == content


def test_nor_is_the_database_of_another_program(backup: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as theirs:
        theirs.execute("CREATE TABLE audit (id INTEGER, operation TEXT)")
        theirs.commit()
    found = refused(lambda: restore_ledger(backup, url_of(tmp_path / "theirs.db"), replace=True))
    assert codes(found) == ["ledger-foreign"]


def test_a_backup_that_is_not_whole_is_put_nowhere(place: Path, backup: Path, tmp_path: Path) -> None:
    before = _rows(place)
    by_hand(backup, "UPDATE items SET amount_minor = amount_minor + 1 WHERE document = 'INV00000003'")
    for target in (place, tmp_path / "new.db"):
        found = refused(partial(restore_ledger, backup, url_of(target), replace=True, discard="2"))
        assert "amount-differs" in codes(found)
        assert {str(one.position) for one in found.diagnostics} == {str(backup)}
    assert _rows(place) == before
    assert not (tmp_path / "new.db").exists()
    assert lefts(tmp_path) == set()


def test_of_a_backup_that_cannot_be_taken_it_is_said_which_one_to_take(backup: Path, tmp_path: Path) -> None:
    new = url_of(tmp_path / "new.db")
    (tmp_path / "book.yaml").write_text("accounts: []\n" * 100)
    (foreign,) = refused(lambda: restore_ledger(tmp_path / "book.yaml", new)).diagnostics
    assert (foreign.code, foreign.hint) == (
        "ledger-foreign",
        "name the file of a backup, which `billpolicy ledger backup` makes",
    )
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("DROP INDEX ix_documents_draw")
        connection.commit()
    (changed,) = refused(lambda: restore_ledger(backup, new)).diagnostics
    assert (changed.code, changed.hint) == ("schema-differs", "this backup is not whole; take an older one")


def test_what_a_link_leads_to_is_replaced_and_not_the_link(place: Path, backup: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(place)
    restore_ledger(backup, url_of(link), replace=True, discard="2")
    assert link.is_symlink()
    assert _rows(place) == _rows(backup)


def test_what_is_left_of_a_ledger_that_is_gone_is_not_destroyed(place: Path, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "gone.db-wal").write_bytes(b"the last operations of a ledger")
    found = refused(lambda: restore_ledger(backup, url_of(tmp_path / "gone.db")))
    assert codes(found) == ["file-in-use"]
    assert (tmp_path / "gone.db-wal").read_bytes() == b"the last operations of a ledger"


def test_killed_at_any_moment_the_ledger_is_the_old_one_or_the_new_one(
    place: Path, backup: Path, tmp_path: Path
) -> None:
    before, after = _rows(place), _rows(backup)
    stood = tmp_path / "stood.db"
    shutil.copy(place, stood)
    outcomes = set()
    for n in range(6):
        shutil.copy(stood, place)
        child = started("restorer", str(backup), url_of(place), "2")
        next_lines(child, 1)  # it begins
        if n:  # once it is let go to the end
            with suppress(subprocess.TimeoutExpired):
                child.wait(CHANCE.uniform(0, 0.2))
            kill(child)
        else:
            assert child.communicate(timeout=60)[1] == ""
        with open_ledger(url_of(place)) as ledger:
            assert ledger.check() == []
        rows = _rows(place)
        assert rows in (before, after)
        outcomes.add(rows == after)
        for left in lefts(tmp_path):
            (tmp_path / left).unlink()
    assert True in outcomes


# -- a backup of another ledger ------------------------------------------------------------------------------------


def _ledger(path: Path, account: str, amount: str) -> Path:
    """A ledger with one invoice, of the same number and day whatever the account and the amount."""
    invoice = f"account: {account}, date: 2026-01-01, currency: EUR, items: [{{id: x, amount: {amount}}}]"
    text = f"accounts: [{{id: {account}, currency: EUR}}]\ninvoices: [{{number: INV00000001, {invoice}}}]\n"
    with create_ledger(url_of(path)) as ledger:
        ledger.import_book(book_from(text))
    return path


@pytest.mark.parametrize(("account", "amount", "lost"), [("theirs", "1.00", "2"), ("ours", "2.00", "1")])
def test_another_ledger_is_not_restored_in_silence(account: str, amount: str, lost: str, tmp_path: Path) -> None:
    """Also where every number in it is one that the ledger has, too. The invoice is lost, and perhaps the account."""
    ours = _ledger(tmp_path / "ours.db", "ours", "1.00")
    theirs = _ledger(tmp_path / "theirs.db", account, amount)
    backup_ledger(url_of(theirs), tmp_path / "theirs.backup")
    before = _rows(ours)
    for discard in ("0", lost):
        found = refused(
            partial(restore_ledger, tmp_path / "theirs.backup", url_of(ours), replace=True, discard=discard)
        )
        assert sorted(codes(found)) == ["restore-another", "restore-loses"][: 1 + (discard == "0")]
        assert "`INV00000001`" in str(found)
    assert _rows(ours) == before
    done = restore_ledger(tmp_path / "theirs.backup", url_of(ours), replace=True, discard=lost, another=True)
    assert done.lost is not None
    assert done.lost.numbers == ("INV00000001",)
    assert _rows(ours) == _rows(theirs)
    assert done.kept is not None
    assert _rows(done.kept) == before


def test_a_backup_whose_chain_was_made_anew_is_of_no_ledger(place: Path, backup: Path) -> None:
    """All that is compared is as it was; what was changed is a name, which only the chain stands for."""
    with closing(sqlite3.connect(backup)) as connection:
        with guards_down(connection):
            connection.execute("UPDATE accounts SET name = 'Forged'")
        connection.commit()
    make_chain_anew(backup)
    found = refused(lambda: restore_ledger(backup, url_of(place), replace=True, discard="2"))
    assert codes(found) == ["restore-another"]
    assert "neither goes on from the head of the other" in str(found)
    assert restore_ledger(backup, url_of(place), replace=True, discard="2", another=True).lost is not None


def test_what_else_was_imported_since_is_lost_too(tmp_path: Path) -> None:
    ours = _ledger(tmp_path / "ours.db", "ours", "1.00")
    backup_ledger(url_of(ours), tmp_path / "before.db")
    text = "accounts: [{id: a-1, currency: EUR}, {id: a-2, currency: EUR}]\ncontacts: [{id: ann, account: a-1}]\n"
    with open_ledger(url_of(ours)) as ledger:
        ledger.import_book(book_from(text))
    found = refused(lambda: restore_ledger(tmp_path / "before.db", url_of(ours), replace=True))
    assert codes(found) == ["restore-loses"]
    assert "what the backup has not: 2 accounts and 1 contact" in str(found)
    assert "`--discard 3`" in str(found)
    assert restore_ledger(tmp_path / "before.db", url_of(ours), replace=True, discard="3").lost is not None


def test_states_that_went_apart_are_told_so(place: Path, backup: Path) -> None:
    """It was restored, and went on otherwise: the same number is another document in each."""
    kept = restore_ledger(backup, url_of(place), replace=True, discard="2").kept
    assert kept is not None
    with open_ledger(url_of(place)) as ledger:
        assert post_one(ledger, "otherwise").plan.documents[0].document.number == "CM00000004"
    found = refused(lambda: restore_ledger(kept, url_of(place), replace=True))
    assert sorted(codes(found)) == ["restore-another", "restore-loses"]
    assert "they went apart after 1 operation;" in str(found)
    assert "2 operations (`after-1`, `after-2`) and 2 documents (`CM00000004`, `CM00000005`)" in str(found)
    assert "1 operation (`otherwise`) and 1 document (`CM00000004`)" in str(found)


def test_a_later_state_of_the_same_ledger_loses_nothing(place: Path, backup: Path, tmp_path: Path) -> None:
    backup_ledger(url_of(place), tmp_path / "later.db")
    restore_ledger(backup, url_of(place), replace=True, discard="2")
    restore_ledger(tmp_path / "later.db", url_of(place), replace=True)


# -- the commands --------------------------------------------------------------------------------------------------


def test_the_commands_say_what_was_done(place: Path, backup: Path, tmp_path: Path) -> None:
    ran = billpolicy("ledger", "backup", url_of(place), str(tmp_path / "now.db"), "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["operations"], told["last"]["id"]) == (0, 3, "after-2")
    assert told["numbers"] == ["CM00000005"]  # the sample has two memos; three were posted
    ran = billpolicy("ledger", "backup", url_of(place), str(tmp_path / "text.db"))
    digest = hashlib.sha256((tmp_path / "text.db").read_bytes()).hexdigest()
    with open_ledger(url_of(place)) as ledger, ledger.reading() as reader:
        head = reader.head().digest
    assert ran.out.splitlines()[:3] == ["last numbers  CM00000005", f"head          {head}", f"sha256        {digest}"]
    ran = billpolicy("ledger", "restore", str(backup), url_of(place), "--replace", "--discard", "2")
    assert (ran.code, ran.err) == (0, "")
    assert "the last of them before; what was there is kept as stocked.db.before-restore-1" in ran.out
    with open_ledger(url_of(place)) as ledger, ledger.reading() as reader:
        restored = reader.head().digest
    assert restored != head
    # 2 of the sample's memos and `before` came before: `after-1` and `after-2` had the numbers 4 and 5.
    assert ran.out.splitlines()[:2] == ["given again   `CM00000004` to `CM00000005`", f"head          {restored}"]
    ran = billpolicy("ledger", "restore", str(tmp_path / "now.db"), url_of(place), "--replace", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["operations"], told["head"]) == (0, 3, head)


def test_where_the_copy_fails_half_way_nothing_is_kept_and_nothing_changed(place: Path, backup: Path) -> None:
    before, rows = sorted(file.name for file in place.parent.iterdir()), _rows(place)
    with closing(sqlite3.connect(place)) as driver:
        held = backups.SqliteHeld(place, place.with_name("gone.db"), driver, REVISIONS[-1])
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            held.give_way()
    assert _rows(place) == rows
    assert sorted(file.name for file in place.parent.iterdir()) == before


def test_a_copy_with_its_log_is_restored_with_it_and_stays_as_it_is(stocked: Ledger, tmp_path: Path) -> None:
    """Somebody copied the files of a ledger that was in use, which is no `ledger backup`."""
    post_one(stocked, "op-1")
    with stocked.reading(), open_ledger(url_of(file_of(stocked))) as other:
        post_one(other, "op-2")  # while somebody reads, it stays in the log
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{file_of(stocked)}{suffix}", tmp_path / f"copy.db{suffix}")
    before = {file.name: file.read_bytes() for file in tmp_path.glob("copy.db*")}
    assert before["copy.db-wal"]
    restore_ledger(tmp_path / "copy.db", url_of(tmp_path / "new.db"))
    assert {file.name: file.read_bytes() for file in tmp_path.glob("copy.db*")} == before
    with open_ledger(url_of(tmp_path / "new.db")) as ledger:
        assert operations(ledger) == ["op-1", "op-2"]
    assert lefts(tmp_path) == set()
