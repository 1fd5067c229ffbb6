"""A ledger's file: made, opened, refused. Whatever the file is, the answer is a sentence and never a traceback."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.diagnostics.addresses import told_address, without_secrets
from billpolicy.ledger.schema import APPLICATION_ID
from billpolicy.ledger.sqlite import database as sqlite
from billpolicy.ledger.sqlite.database import SqliteDatabase
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.ledgers import dump, post, whole
from tests.helpers.ledgers import file_of as ledger_file
from tests.helpers.paths import ROOT
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.rights import open_folder
from tests.helpers.sample import NOW, credit_plan, many_invoices, sample


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


class TestMaking:
    @pytest.mark.in_a_file
    def test_a_new_ledger_is_empty_and_ours(self, url: str) -> None:
        with create_ledger(url) as ledger, ledger.reading() as connection:
            assert connection.connection.driver.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert connection.connection.driver.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.connection.driver.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
            assert connection.connection.driver.execute("PRAGMA foreign_keys").fetchone() == (1,)
            assert connection.connection.driver.execute("SELECT count(*) FROM documents").fetchone() == (0,)

    def test_making_it_again_keeps_what_it_holds(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(sample())
            before = dump(ledger)
        with create_ledger(url) as ledger:
            assert dump(ledger) == before

    @pytest.mark.in_a_file
    def test_an_empty_file_becomes_a_ledger(self, url: str) -> None:
        file_of(url).touch()
        assert codes(refused(lambda: open_ledger(url))) == ["ledger-empty"]
        create_ledger(url).close()
        open_ledger(url).close()

    def test_the_folder_must_be_there(self, tmp_path: Path) -> None:
        refusal = refused(lambda: create_ledger(f"sqlite:///{tmp_path}/no/such/ledger.db"))
        assert codes(refusal) == ["file-missing"]
        assert "there is no folder" in messages(refusal)

    @pytest.mark.parametrize("name", ["with space.db", "100%.db", "what?.db", "a#b.db", "ü.db"])
    def test_any_file_name_will_do(self, tmp_path: Path, name: str) -> None:
        create_ledger(f"sqlite:///{tmp_path / name}").close()
        assert (tmp_path / name).exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == [name]

    def test_a_relative_path_will_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        create_ledger("sqlite:///books.db").close()
        assert (tmp_path / "books.db").exists()


class TestRefusing:
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "books.db",
            "sqlite://books.db",
            "sqlite:///",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///:memory:?cache=shared",
            "sqlite:///file:books.db",
            "sqlite:///file:books.db?mode=memory&cache=shared",
            "sqlite:///\0",
        ],
    )
    @pytest.mark.in_a_file
    def test_addresses_that_name_no_file(self, address: str) -> None:
        for action in (create_ledger, open_ledger):
            refusal = refused(lambda action=action: action(address))  # type: ignore[misc]
            assert codes(refusal) == ["ledger-address"]
            assert "sqlite:///books.db" in str(refusal)

    @pytest.mark.parametrize("address", ["?mode=memory", "books.db?mode=ro", "books.db?password=secret"])
    @pytest.mark.in_a_file
    def test_an_address_of_a_file_has_no_options(
        self, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for action in (create_ledger, open_ledger):
            refusal = refused(lambda action=action: action(f"sqlite:///{address}"))  # type: ignore[misc]
            assert codes(refusal) == ["ledger-address"]
            assert "has options, and a ledger in a file has none" in str(refusal)
            assert "secret" not in str(refusal)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("postgresql://db/b?pass%77ord=secret", "postgresql://db/b?pass%77ord=…"),
            ("postgresql://db/b?%70%61%73%73word=secret&user=a", "postgresql://db/b?%70%61%73%73word=…&user=a"),
            ("postgresql://db/b?PASSWORD=secret", "postgresql://db/b?PASSWORD=…"),
            ("postgresql://db/b?password=secret&password=secret", "postgresql://db/b?password=…&password=…"),
            ("postgresql://db/b?sslp%61ssword=secret", "postgresql://db/b?sslp%61ssword=…"),
            ("postgresql://db/b?user=a&oauth_client_secret=secret", "postgresql://db/b?user=a&oauth_client_secret=…"),
            ("postgresql://db/b?passfile=/home/a/.pgpass", "postgresql://db/b?passfile=/home/a/.pgpass"),
            ("postgresql:?password=secret", "postgresql:?password=…"),
            ("postgresql://db/b?password=secret", "postgresql://db/b?password=…"),
            ("postgresql:password=secret", "postgresql:password=…"),
        ],
    )
    def test_no_secret_is_told_however_its_option_is_written(self, written: str, shown: str) -> None:
        assert told_address(written) == shown
        assert "secret" not in without_secrets(f"opening {written} and more", "***").replace("client_secret", "")

    def test_a_password_of_several_words_is_not_told(self) -> None:
        assert told_address("postgresql://db/b?password=my own&user=a") == "postgresql://db/b?password=…&user=a"

    @pytest.mark.in_a_file
    def test_a_missing_file_is_not_made(self, url: str) -> None:
        refusal = refused(lambda: open_ledger(url))
        assert codes(refusal) == ["file-missing"]
        assert "billpolicy ledger init" in str(refusal)
        assert not file_of(url).exists()

    def test_a_path_that_is_too_long(self, tmp_path: Path) -> None:
        assert codes(refused(lambda: open_ledger(f"sqlite:///{tmp_path}/{'x' * 300}.db"))) == ["ledger-unreadable"]

    @pytest.mark.parametrize("action", [create_ledger, open_ledger])
    def test_a_folder(self, tmp_path: Path, action: object) -> None:
        assert callable(action)
        assert codes(refused(lambda: action(f"sqlite:///{tmp_path}"))) == ["ledger-unreadable"]

    @pytest.mark.parametrize("action", [create_ledger, open_ledger])
    @pytest.mark.in_a_file
    def test_a_file_that_is_no_database(self, url: str, action: object) -> None:
        assert callable(action)
        file_of(url).write_text("policy: acme\n" * 200)
        assert codes(refused(lambda: action(url))) == ["ledger-foreign"]
        assert file_of(url).read_text() == "policy: acme\n" * 200

    @pytest.mark.parametrize("action", [create_ledger, open_ledger])
    @pytest.mark.parametrize("mark", [0, 42])
    @pytest.mark.in_a_file
    def test_a_database_of_another_program(self, url: str, action: object, mark: int) -> None:
        assert callable(action)
        with closing(sqlite3.connect(file_of(url))) as connection:
            connection.execute("CREATE TABLE songs (title TEXT)")
            connection.execute(f"PRAGMA application_id={mark}")
        before = file_of(url).read_bytes()
        refusal = refused(lambda: action(url))
        assert codes(refusal) == ["ledger-foreign"]
        assert messages(refusal) == "this is the database of another program"
        assert file_of(url).read_bytes() == before

    @pytest.mark.parametrize("action", [create_ledger, open_ledger])
    @pytest.mark.in_a_file
    def test_a_ledger_of_a_newer_program(self, url: str, action: object) -> None:
        assert callable(action)
        create_ledger(url).close()
        with closing(sqlite3.connect(file_of(url))) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
        refusal = refused(lambda: action(url))
        assert codes(refusal) == ["ledger-newer"]
        assert "newer version of billpolicy" in messages(refusal)

    @pytest.mark.in_a_file
    def test_a_ledger_that_was_cut_off(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(many_invoices(200))
        size = file_of(url).stat().st_size
        for keep in (50, 4096, size // 2, size - 4096):
            os.truncate(file_of(url), keep)
            assert codes(refused(lambda: whole_of(url)))[0] in ("ledger-damaged", "ledger-foreign")

    @pytest.mark.in_a_file
    def test_a_ledger_with_scribbled_pages(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(many_invoices(200))
        content = bytearray(file_of(url).read_bytes())
        content[8192:] = b"\xa5" * (len(content) - 8192)
        file_of(url).write_bytes(content)
        assert codes(refused(lambda: whole_of(url))) == ["ledger-damaged"]

    def test_a_text_that_is_no_text(self, stocked: Ledger) -> None:
        plan = credit_plan(whole(stocked), "op-1", "INV00000001")
        before = dump(stocked)
        assert codes(refused(lambda: post(stocked, plan, who="ann\udcff", now=NOW))) == ["text-wrong"]
        assert dump(stocked) == before


def whole_of(url: str) -> object:
    with open_ledger(url) as ledger:
        return whole(ledger)


class TestLocks:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)

    @pytest.mark.in_a_file
    def test_a_writer_waits_only_so_long(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(sample())
            plan = credit_plan(whole(ledger), "op-1", "INV00000001")
            before = dump(ledger)
            with closing(sqlite3.connect(ledger_file(ledger), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                refusal = refused(lambda: post(ledger, plan, who="ann", now=NOW))
                assert codes(refusal) == ["ledger-busy"]
                other.execute("ROLLBACK")
            assert dump(ledger) == before
            post(ledger, plan, who="ann", now=NOW)

    @pytest.mark.in_a_file
    def test_readers_do_not_wait(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(sample())
            with closing(sqlite3.connect(ledger_file(ledger), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE accounts SET revision = revision + 1")
                assert len(whole(ledger).contacts) == 2

    def test_a_reader_sees_one_moment(self, url: str) -> None:
        with create_ledger(url) as ledger:
            ledger.import_book(sample())
            with ledger.reading() as connection:
                count = "SELECT count(*) FROM documents"
                (before,) = connection.connection.driver.execute(count).fetchone()
                post(ledger, credit_plan(whole(ledger), "op-1", "INV00000001"), who="ann", now=NOW)
                assert connection.connection.driver.execute(count).fetchone() == (before,)
            with ledger.reading() as connection:
                assert connection.connection.driver.execute(count).fetchone() == (before + 1,)


AS_NOBODY = """
import os, sys
import billpolicy.ledger.sqlite  # else read only when it is wanted; by then Python's own files may be out of reach
from billpolicy.ledger.sqlite.database import _schema_of_new
from billpolicy.book.needs import Needs
from tests.helpers.ledgers import post
from billpolicy.ledger.store import open_ledger
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.sample import NOW, credit_plan, sample

_schema_of_new()  # reads the migrations
if os.geteuid() == 0:
    os.setuid(65534)
try:
    with open_ledger(sys.argv[1]) as ledger:
        with ledger.reading() as connection:
            book = connection.book(Needs(everything=True))
        print(len(book.numbered), ledger.check())
        post(ledger, credit_plan(book, "op-1", "INV00000001"), who="ann", now=NOW)
except Refused as refused:
    print(*(problem.code for problem in refused.diagnostics))
"""


def as_nobody(url: str) -> list[str]:
    """Read and then post to a ledger as a user without rights, in a process of its own."""
    command = [sys.executable, "-W", "error", "-c", AS_NOBODY, url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_a_closed_ledger_is_not_opened_again(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000001")
    stocked.close()
    for use in (
        stocked.check,
        lambda: whole(stocked),
        lambda: post(stocked, plan, who="ann", now=NOW),
        lambda: stocked.import_book(sample()),
    ):
        with pytest.raises(ValueError, match="this ledger is closed"):
            use()


def test_whoever_writes_it_cannot_wait_for_itself(stocked: Ledger) -> None:
    """As a program would that posts from within `go_on` of an atomic batch."""
    with stocked.writing(), pytest.raises(ValueError, match="is being written already"), stocked.writing():
        pass
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"), who="ann", now=NOW)


class TestReadOnly:
    @pytest.fixture
    def place(self) -> Iterator[Path]:
        with open_folder() as folder:
            yield folder

    def stock(self, folder: Path) -> str:
        url = f"sqlite:///{folder / 'ledger.db'}"
        with create_ledger(url) as ledger:
            ledger.import_book(sample())
        return url

    def test_a_file_that_cannot_be_written_can_be_read(self, place: Path) -> None:
        url = self.stock(place)
        file_of(url).chmod(0o444)
        place.chmod(0o777)
        assert as_nobody(url) == ["12 []", "ledger-read-only"]

    def test_a_folder_that_cannot_be_written_can_be_read(self, place: Path) -> None:
        url = self.stock(place)
        file_of(url).chmod(0o666)
        place.chmod(0o555)
        assert as_nobody(url) == ["12 []", "ledger-read-only"]
        assert [path.name for path in place.iterdir()] == ["ledger.db"]

    def test_it_can_be_read_while_another_writes(self, place: Path) -> None:
        url = self.stock(place)
        with open_ledger(url) as ledger:
            post(ledger, credit_plan(whole(ledger), "op-0", "INV00000002"), who="ann", now=NOW)
            place.chmod(0o555)
            assert as_nobody(url) == ["13 []", "ledger-read-only"]

    def test_one_that_was_not_closed_must_be_tidied_up_first(self, place: Path) -> None:
        url = self.stock(place)
        wal = place / "ledger.db-wal"
        wal.write_bytes(b"what a killed program left")
        wal.chmod(0o444)
        place.chmod(0o555)
        assert as_nobody(url) == ["ledger-read-only"]

    def test_a_file_that_may_not_be_read(self, place: Path) -> None:
        url = self.stock(place)
        file_of(url).chmod(0o000)
        place.chmod(0o555)
        assert as_nobody(url) == ["ledger-unreadable"]

    def test_a_change_while_it_is_read_without_locks_is_noticed(self, place: Path) -> None:
        url = self.stock(place)
        with Ledger(SqliteDatabase(file_of(url), "ro&immutable=1")) as ledger:

            def read() -> None:
                with ledger.reading():
                    os.utime(file_of(url), (1, 1))

            assert codes(refused(read)) == ["ledger-changed"]
            assert codes(refused(lambda: ledger.import_book(sample()))) == ["ledger-read-only"]
