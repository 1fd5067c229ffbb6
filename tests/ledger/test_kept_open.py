"""A ledger that is kept open for long and used by many threads, as a service does: what happens to it meanwhile."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.sqlite import database as sqlite
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.books import book_from
from tests.helpers.ledgers import file_of, url_of, whole
from tests.helpers.poster import post_one
from tests.helpers.postgresql import Server
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW

EVERY_LINK = "SELECT id FROM chain ORDER BY id"
DAY = date(2026, 6, 1)
BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: a}]
invoices: [{number: INV00000001, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 900.00}]}]
"""


def in_a_child(do: Callable[[], object]) -> int:
    """Do something in a fork of this process, which ends with 0, or with 1 where that raises."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # where it waits for what never comes
        code = 1
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def asked(ledger: Ledger, statement: str) -> list[Any]:
    """What a statement finds in its database."""
    with ledger.database.reading() as connection:
        return connection.rows(statement)


def files_open() -> int:
    """How many this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class TestThreads:
    def test_who_plans_posts_and_reads_at_once(self, ledger: Ledger) -> None:
        """Each operation is asked for by two threads, and posted once: 60 payments of 1.00 on an invoice of 900.00."""
        ledger.import_book(book_from(BOOK))
        policy = billpolicy.load_policy("standard")

        paid = {"operation": "create_payment", "account": "a", "amount": "1.00", "apply": [{"document": "INV00000001"}]}

        def serve(n: int) -> str:
            operation = {**paid, "id": f"op-{n // 2}"}
            assert billpolicy.plan(policy, ledger, operation, today=DAY).id == operation["id"]
            posted = billpolicy.post(policy, ledger, operation, who="ann", request=f"req-{n}", now=NOW, today=DAY)
            with ledger.reading() as reader:
                shown = reader.operation(operation["id"])
            assert shown is not None
            assert shown.audit == posted.audit
            return posted.plan.documents[0].document.number

        with ThreadPoolExecutor(8) as threads:
            numbers = list(threads.map(serve, range(120)))
        assert numbers[::2] == numbers[1::2]
        assert sorted(numbers[::2]) == [f"P-{n:08d}" for n in range(1, 61)]
        book = whole(ledger)
        assert book.balance(book.numbered["INV00000001"]) == 840
        assert ledger.check() == []

    @pytest.mark.in_a_file
    def test_no_file_stays_open(self, stocked: Ledger) -> None:
        url = url_of(stocked)
        stocked.close()  # SQLite closes nothing of a file as long as the process has it open elsewhere
        before = files_open()
        self._read_by_many(url)
        assert files_open() == before

    @pytest.mark.on_a_server
    def test_no_connection_stays_open(self, stocked: Ledger, postgresql: Server) -> None:
        url = url_of(stocked)
        ((name,),) = asked(stocked, "SELECT current_database()")
        stocked.close()
        self._read_by_many(url)
        query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}'"
        until = time.monotonic() + 30
        while postgresql.asked("postgres", query) and time.monotonic() < until:
            time.sleep(0.01)  # the server takes a moment to let go of them
        assert postgresql.asked("postgres", query) == []

    def _read_by_many(self, url: str) -> None:
        with open_ledger(url) as ledger, ThreadPoolExecutor(8) as threads:
            assert {len(book.numbered) for book in threads.map(lambda _: whole(ledger), range(40))} == {12}

    @pytest.mark.in_a_file
    def test_who_waits_too_long_for_another_thread_is_refused(
        self, stocked: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
        with stocked.writing(), ThreadPoolExecutor(1) as other:
            found = other.submit(refused, lambda: post_one(stocked, "op")).result()
        assert codes(found) == ["ledger-busy"]
        post_one(stocked, "op")


class TestForks:
    def test_a_child_process_has_connections_of_its_own(self, stocked: Ledger) -> None:
        """Those of its parent go to the same place of the server, or have locks that only the parent holds."""
        whole(stocked)

        def child() -> None:
            for n in range(5):
                post_one(stocked, f"child-{n}")
            stocked.close()

        assert in_a_child(child) == 0
        for n in range(5):
            post_one(stocked, f"parent-{n}")
        assert stocked.check() == []

    def test_a_child_that_forgets_the_ledger_leaves_it_open_to_its_parent(self, url: str) -> None:
        ledgers = [create_ledger(url)]
        whole(ledgers[0])

        def child() -> None:
            ledgers.clear()
            gc.collect()

        assert in_a_child(child) == 0
        whole(ledgers[0])
        ledgers[0].close()


def test_what_was_not_read_to_its_end_leaves_nothing_to_the_next(stocked: Ledger) -> None:
    """They are lent the same connection; of a file it would still see the moment of then, and could not write."""
    with stocked.database.reading() as connection:
        left = connection.each(EVERY_LINK)
        next(left)
    with open_ledger(url_of(stocked)) as other:
        post_one(other, "theirs")
    with stocked.reading() as reader:
        assert list(reader.requests(["theirs"])) == ["theirs"]
    post_one(stocked, "ours")
    left.close()  # type: ignore[attr-defined]
    post_one(stocked, "ours-too")


@pytest.mark.parametrize(("revision", "code"), [("9999", "ledger-newer"), (REVISIONS[-2], "ledger-older")])
def test_nothing_is_posted_to_tables_that_became_others(stocked: Ledger, revision: str, code: str) -> None:
    """A newer program has brought them up to date: rows of an older one would not be what the chain says of them."""
    whole(stocked)
    with open_ledger(url_of(stocked)) as other, other.database.writing() as connection:
        connection.run("UPDATE alembic_version SET version_num = :revision", [(revision,)])
    assert codes(refused(lambda: post_one(stocked, "op"))) == [code]


class TestFiles:
    @pytest.mark.in_a_file
    @pytest.mark.parametrize("use", [lambda one: post_one(one, "op"), whole], ids=["posted", "read"])
    def test_one_that_was_put_in_its_place_is_not_taken_for_it(
        self, stocked: Ledger, tmp_path: Path, use: Callable[[Ledger], object]
    ) -> None:
        """Else what is posted would go into a file that has no name any more."""
        whole(stocked)
        other = Path(shutil.copy(file_of(stocked), tmp_path / "other.db"))
        other.replace(file_of(stocked))
        found = refused(lambda: use(stocked))
        assert codes(found) == ["ledger-changed"]
        assert "another file by now" in str(found)
        with open_ledger(url_of(stocked)) as again:
            use(again)

    @pytest.mark.in_a_file
    def test_nor_while_it_is_written(self, stocked: Ledger) -> None:
        def write() -> None:
            with stocked.writing():
                file_of(stocked).rename(file_of(stocked).with_name("moved.db"))

        found = refused(write)
        assert codes(found) == ["ledger-changed"]
        assert "is gone" in str(found)

    @pytest.mark.in_a_file
    def test_without_locks_it_is_read_anew_each_time(self, stocked: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        """A connection without locks is not told that what it keeps in mind is another by now."""
        with monkeypatch.context() as patched:
            patched.setattr(os, "access", lambda *_: False)
            file_of(stocked).with_name(f"{file_of(stocked).name}-shm").unlink(missing_ok=True)
            read_only = open_ledger(url_of(stocked))
        before = whole(read_only)
        post_one(stocked, "op")
        stocked.close()  # folds the log into the file
        assert len(whole(read_only).numbered) == len(before.numbered) + 1


@pytest.mark.on_a_server
def test_a_right_that_was_taken_away_or_given_counts_at_once(stocked: Ledger, postgresql: Server) -> None:
    ((database,),) = asked(stocked, "SELECT current_database()")
    user = f"poster_{database}"
    rights = f"ALL ON ALL TABLES IN SCHEMA public TO {user}"
    postgresql.run(str(database), f"CREATE ROLE {user} LOGIN", f"GRANT {rights}")
    try:
        with open_ledger(postgresql.url(str(database), user)) as ledger:
            post_one(ledger, "op-1")
            postgresql.run(str(database), f"REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM {user}")
            assert codes(refused(lambda: post_one(ledger, "op-2"))) == ["ledger-read-only"]
            postgresql.run(str(database), f"REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM {user}")
            assert codes(refused(lambda: whole(ledger))) == ["ledger-unreadable"]
            postgresql.run(str(database), f"GRANT {rights}")
            post_one(ledger, "op-2")
    finally:
        postgresql.run(str(database), f"DROP OWNED BY {user}", f"DROP ROLE {user}")
    assert stocked.check() == []


@pytest.mark.on_a_server
@pytest.mark.parametrize(("more", "milliseconds"), [("", "30000"), ("&tcp_user_timeout=5000", "5000")])
def test_a_server_that_answers_no_more_is_not_waited_for_long(ledger: Ledger, more: str, milliseconds: str) -> None:
    with open_ledger(url_of(ledger) + more) as opened, opened.database.reading() as connection:
        assert connection.driver.info.get_parameters()["tcp_user_timeout"] == milliseconds
