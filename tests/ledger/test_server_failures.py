"""What a server and the way to it do to a ledger is told in one sentence with what to do: in words of this program, and
never with a password."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from threading import Timer

import psycopg
import pytest
from psycopg import errors

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.ledger.postgresql.failures import server_failures
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.postgresql import Server, server
from tests.helpers.refusals import refused
from tests.helpers.sample import sample
from tests.ledger.test_postgresql import hand, head, url_of, write_nothing

pytestmark = pytest.mark.on_a_server
SECRET = "hunter2"


def free_port() -> int:
    """A port of this machine at which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


PORT, NO_PORT = free_port(), free_port()


def told(action: object) -> Diagnostic:
    """The one thing that is told, in words of this program."""
    assert callable(action)
    (one,) = refused(action).diagnostics
    text = f"{one.message} {one.hint}"
    assert one.hint
    assert "\n" not in text
    for raw in (SECRET, "FATAL", "ERROR", "failed:", "canceling", "psycopg"):
        assert raw not in text
    return one


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """A server with a ledger, which also listens on this machine and does not let everybody in."""
    with server() as own:
        own.run(
            "postgres",
            f"CREATE ROLE ann LOGIN PASSWORD '{SECRET}'",
            "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0",
            "CREATE ROLE nologin",
            "CREATE DATABASE books TEMPLATE template0",
            "CREATE DATABASE closed ALLOW_CONNECTIONS false",
            "REVOKE CONNECT ON DATABASE books FROM public",
        )
        own.stop()
        rules = own.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all ann scram-sha-256\nlocal all shut reject\n{rules.read_text()}")
        own.start(listen_addresses="127.0.0.1", port=str(PORT))
        yield own


class TestTheWay:
    @pytest.mark.parametrize(
        ("database", "user", "more", "code", "says"),
        [
            ("nothing", "postgres", "", "file-missing", "no such database"),
            ("closed", "postgres", "", "file-missing", "lets nobody in"),
            ("books", "nobody", "", "ledger-unreadable", "does not let you in"),
            ("books", "nologin", "", "ledger-unreadable", "does not let you in"),
            ("books", "shut", "", "ledger-unreadable", "does not let you in"),
            ("books", "ann", "", "ledger-unreadable", "does not let you in"),
            ("books", "ann", f"&password={SECRET}wrong", "ledger-unreadable", "does not let you in"),
            ("books", "ann", f"&password={SECRET}", "ledger-unreadable", "does not let you in"),
            ("books", "crowd", "", "ledger-unreachable", "no connection left"),
            ("books", "postgres", "&sslmode=nonsense", "ledger-unreachable", "secured"),
            ("books", "postgres", "&options=-cnonsense%3D1", "ledger-unreachable", "no connection"),
        ],
    )
    def test_who_is_not_let_in(self, strict: Server, database: str, user: str, more: str, code: str, says: str) -> None:
        found = told(lambda: open_ledger(f"{at(strict, database, user)}{more}"))
        assert found.code == code
        assert says in found.message
        assert (f"createdb --encoding UTF8 --template template0 {database}`" in str(found.hint)) == (
            code == "file-missing"
        )

    @pytest.mark.parametrize(
        ("address", "says"),
        [
            (f"postgresql://ann:{SECRET}@127.0.0.1:{NO_PORT}/books", "nothing answers"),
            (f"postgresql://ann:{SECRET}@nowhere.invalid/books", "none of this name"),
            (f"postgresql://postgres:{SECRET}@127.0.0.1:{PORT}/books?sslmode=require", "secured"),
        ],
        ids=["nothing at the port", "no such host", "not secured"],
    )
    def test_where_no_server_is(self, strict: Server, address: str, says: str) -> None:
        found = told(lambda: open_ledger(address))
        assert found.code == "ledger-unreachable"
        assert says in found.message
        assert "posted" not in str(found.hint)


def at(own: Server, database: str, user: str = "postgres") -> str:
    return f"{own.url(database, user)}&port={PORT}"


def test_a_standby_is_read_and_not_written() -> None:
    with server() as own:
        url = own.url(own.new_database())
        create_ledger(url).close()
        own.stop()
        (own.folder / "data" / "standby.signal").touch()
        own.start()
        with open_ledger(url) as ledger:
            assert len(head(ledger)) == 64
            for action in (lambda: ledger.import_book(sample()), lambda: create_ledger(own.url("postgres"))):
                found = told(action)
                assert found.code == "ledger-read-only"
                assert "standby" in found.message


class TestTheServer:
    def test_a_time_limit(self, ledger: Ledger) -> None:
        with open_ledger(f"{url_of(ledger)}&options=-cstatement_timeout%3D20") as limited:
            found = told(lambda: run(limited, "SELECT pg_sleep(5)"))
        assert found.code == "ledger-stopped"
        assert "nothing was changed" in found.message

    def test_a_time_limit_for_who_does_nothing(self, ledger: Ledger) -> None:
        def idle() -> None:
            with limited.writing() as writer:
                writer.connection.rows("SELECT 1")  # after several at once, the server does not begin to count
                time.sleep(0.3)
                writer.connection.rows("SELECT 1")

        with open_ledger(f"{url_of(ledger)}&options=-cidle_in_transaction_session_timeout%3D20") as limited:
            assert told(idle).code == "ledger-stopped"
            assert len(head(limited)) == 64  # and goes on

    def test_somebody_who_cancels_it(self, stocked: Ledger) -> None:
        def cancel(pid: int) -> None:
            with hand(stocked) as other:
                other.execute(f"SELECT pg_cancel_backend({pid})")

        def canceled() -> None:
            with stocked.writing() as writer:
                writer.connection.driver.execute("UPDATE accounts SET revision = revision + 1")
                pid = writer.connection.driver.info.backend_pid
                Timer(0.1, cancel, [pid]).start()
                writer.connection.rows("SELECT pg_sleep(10)")

        assert told(canceled).code == "ledger-stopped"
        assert stocked.check() == []

    def test_another_writer(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("billpolicy.ledger.postgresql.database.BUSY_SECONDS", 1)
        with ledger.writing(), open_ledger(url_of(ledger)) as other:
            assert told(lambda: write_nothing(other)).code == "ledger-busy"

    def test_a_limit_of_space(self, ledger: Ledger) -> None:
        with open_ledger(f"{url_of(ledger)}&options=-ctemp_file_limit%3D1%20-cwork_mem%3D64kB") as limited:
            found = told(lambda: run(limited, "SELECT n FROM generate_series(1, 50000) AS n ORDER BY -n"))
        assert found.code == "ledger-disk-full"

    @pytest.mark.parametrize(
        ("kind", "code"), [(errors.DiskFull, "ledger-disk-full"), (errors.OutOfMemory, "ledger-stopped")]
    )
    def test_what_no_test_can_provoke(self, kind: type[psycopg.Error], code: str) -> None:
        def failing() -> None:
            with server_failures(f"postgresql://ann:{SECRET}@db/books"):
                raise kind(f"ERROR: {SECRET}")

        assert told(failing).code == code

    @pytest.mark.parametrize("said", ["SSL connection has been closed unexpectedly", "Connection timed out"])
    def test_a_connection_that_is_lost(self, said: str) -> None:
        def lost() -> None:
            with server_failures(f"postgresql://ann:{SECRET}@db/books"):
                raise psycopg.OperationalError(f"consuming input failed: {said}")

        found = told(lost)
        assert "was lost" in found.message
        assert "posted twice" in str(found.hint)

    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("DELETE FROM accounts", "a guard of this ledger did not let it be written: accounts are never deleted"),
            ("INSERT INTO accounts SELECT * FROM accounts", "does not fit what `accounts` has"),
            ("INSERT INTO contacts (id, account) VALUES ('c', 'nobody')", "does not fit what `contacts` has"),
        ],
    )
    def test_what_guards_and_keys_do_not_let_in(self, stocked: Ledger, statement: str, says: str) -> None:
        def written() -> None:
            with stocked.writing() as writer:
                writer.connection.driver.execute(statement)

        found = told(written)
        assert found.code == "ledger-damaged"
        assert says in found.message

    def test_a_schema_that_is_not_there(self, url: str) -> None:
        assert told(lambda: create_ledger(f"{url}&options=-csearch_path%3Dnowhere")).code == "file-missing"


def run(ledger: Ledger, query: str) -> None:
    """Ask it of the server, in a transaction that reads."""
    with ledger.reading() as reader:
        reader.connection.rows(query)
