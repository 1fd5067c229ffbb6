"""Many at once: every operation is posted exactly once, and the numbers have no gaps."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from billpolicy.ledger.sqlite.database import SqliteDatabase
from billpolicy.ledger.store import Ledger, open_ledger
from tests.helpers.ledgers import url_of, whole
from tests.helpers.poster import post_one
from tests.helpers.processes import finished, started


def numbers(ledger: Ledger) -> list[str]:
    return sorted(number for number in whole(ledger).numbered if number.startswith("CM"))


def test_threads_on_one_ledger(stocked: Ledger) -> None:
    with ThreadPoolExecutor(8) as threads:
        posted = list(threads.map(lambda n: post_one(stocked, f"op-{n}"), range(120)))
    assert not any(one.repeated for one in posted)
    assert len({one.plan.documents[0].document.number for one in posted}) == 120
    assert numbers(stocked) == [f"CM{n:08d}" for n in range(1, 123)]
    assert stocked.check() == []


def test_threads_that_ask_for_the_same(stocked: Ledger) -> None:
    with ThreadPoolExecutor(8) as threads:
        posted = list(threads.map(lambda n: post_one(stocked, f"op-{n % 5}"), range(40)))
    assert sum(not one.repeated for one in posted) == 5
    for n in range(5):
        assert len({one.plan.documents[0].document.number for one in posted[n::5]}) == 1
    assert numbers(stocked) == [f"CM{n:08d}" for n in range(1, 8)]
    assert stocked.check() == []


def test_processes_on_one_ledger(stocked: Ledger) -> None:
    url = url_of(stocked)
    children = [started("poster", url, f"p{n}", "25", "0") for n in range(4)]
    told = [line.split()[1] for child in children for line in finished(child)]
    assert sorted(told) == [f"CM{n:08d}" for n in range(3, 103)]
    assert stocked.check() == []


def test_connections_are_used_again_and_close_with_it(stocked: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[type(stocked.database).__module__]
    connect, made = module.connect, []

    def connected(*words: object) -> Any:
        made.append(connect(*words))
        return made[-1]

    monkeypatch.setattr(module, "connect", connected)
    ledger = open_ledger(url_of(stocked))
    for _ in range(3):
        whole(ledger)
    assert len(made) == 1
    with ledger.reading(), ledger.reading():
        assert len(made) == 2
    with ledger.reading(), ledger.reading():
        assert len(made) == 2
    with ledger.reading():
        ledger.close()
    for one in made:
        with pytest.raises(Exception, match="closed"):
            one.execute("SELECT 1")


@pytest.mark.in_a_file
def test_what_is_left_of_a_transaction_is_not_found_by_the_next(stocked: Ledger) -> None:
    assert isinstance(stocked.database, SqliteDatabase)
    with stocked.database._connection() as driver:
        driver.execute("BEGIN")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")
