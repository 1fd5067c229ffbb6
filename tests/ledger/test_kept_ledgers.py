"""Every ledger that an earlier version of billpolicy left opens, is whole, says what it said, and goes on.

`older/kept_REVISION.json.xz` has ledgers that the program of that revision of the tables made of its own examples
(`scripts/keep_ledgers.py`). What is expected is asked of those files in plain SQL, before this program touches them.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import signal
import sqlite3
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.book.kinds import kind_of
from billpolicy.ledger.schema import APPLICATION_ID, REVISIONS
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.money import from_minor
from billpolicy.report.ledger_text import document_text, operation_text
from tests.helpers.ledgers import whole
from tests.helpers.processes import finished, started
from tests.helpers.refusals import codes, refused

CHANCE = random.Random(20261127)
OLDER = Path(__file__).parent / "older"
NEVER_LEFT = {"0001", "0009", "0010"}
"""Revisions that no version of the program ended with: one was followed by the next in the same change."""
REVISIONS_KEPT = [revision for revision in REVISIONS[:-1] if revision not in NEVER_LEFT]

POLICY = """
policy: goes-on
extends: standard
effective: {from: 2026-01-01}
operations: {create_payment: {sequence_set: [default]}}  # an account may name a set that only its own policy has
"""


@cache
def kept(revision: str) -> dict[str, str]:
    """Example -> the SQL of its ledger."""
    if revision == "0004":  # these were kept before there was a script for it
        with lzma.open(OLDER / "revision_0004.json.xz", "rt", encoding="utf-8") as file:
            return {name: "\n".join(told["sql"]) for name, told in json.load(file).items()}
    with lzma.open(OLDER / f"kept_{revision}.json.xz", "rt", encoding="utf-8") as file:
        return {name: "\n".join(sql) for name, sql in json.load(file).items()}


LEDGERS = [(revision, name) for revision in REVISIONS_KEPT for name in sorted(kept(revision))]


@pytest.fixture(params=LEDGERS, ids=["-".join(one) for one in LEDGERS])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of a ledger as it was left."""
    revision, name = request.param
    path = tmp_path / "old.db"
    leave(kept(revision)[name], path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
    return path


def test_of_every_revision_that_a_version_ended_with_there_are_ledgers() -> None:
    files = {re.sub(r"\D", "", file.name.partition(".")[0]) for file in OLDER.iterdir()}
    assert files == set(REVISIONS_KEPT)


def test_an_older_ledger_says_what_it_said_and_goes_on(old: Path) -> None:
    url = f"sqlite:///{old}"
    documents, balances, operations = _said(old)
    assert codes(refused(lambda: open_ledger(url))) == ["ledger-older"]
    with create_ledger(url) as ledger:
        assert ledger.check() == []
        book = whole(ledger)
        assert {(one.number, one.kind, one.account, str(one.date), one.status) for one in book.numbered.values()} == (
            documents
        )
        open_ = {
            number: book.balance(one)
            for number, one in book.numbered.items()
            if one.status == "posted" and kind_of(one).open_word is not None
        }
        assert open_ == {number: amount for number, amount in balances.items() if number in open_}
        with ledger.reading() as reader:
            for id, name, request in operations:
                shown = reader.operation(id)
                assert shown is not None
                assert shown.plan.operation == name
                assert shown.plan.request == json.loads(request)
                assert name in operation_text(shown)
            for number, *_ in documents:
                found = reader.document(number)
                assert found is not None
                assert number in document_text(found)
        for report in api.report_names():  # each proves that it adds up to what the documents say
            api.accounting_report(ledger, report, account=next(iter(book.accounts)) if report == "statement" else None)
        (old.parent / "policy.yaml").write_text(POLICY)
        policy = api.load_policy(old.parent / "policy.yaml")
        api.journal(policy, ledger)
        account = next(iter(book.accounts.values()))
        asked = {"operation": "create_payment", "account": account.id, "amount": "1", "date": "2026-12-31"}
        posted = api.post(policy, ledger, {"id": "goes-on", **asked}, who="tester")
        (payment,) = posted.plan.documents
        drawn = [number for number, *_ in documents if re.fullmatch(r"P-\d{8}", number)]
        assert payment.document.number == f"P-{max((int(one[2:]) for one in drawn), default=0) + 1:08d}"
        assert ledger.check() == []


@pytest.mark.parametrize("revision", [REVISIONS_KEPT[0], REVISIONS_KEPT[-1]])
def test_killed_while_it_is_brought_up_to_date_a_ledger_is_as_it_was(revision: str, tmp_path: Path) -> None:
    """By every step and by the last one: at the first statement, at some on the way, and at the last, its commit."""
    sql = kept(revision)[min(kept(revision))]
    names = count()

    def left() -> Path:
        path = tmp_path / f"{next(names)}.db"
        leave(sql, path)
        return path

    (told,) = finished(started("importer", f"sqlite:///{left()}", "0", "nothing"))
    statements = int(told)
    before = _rows(left())
    assert any("alembic_version" in row and f"'{revision}'" in row for row in before)
    for n in (1, *sorted(CHANCE.sample(range(2, statements), 3)), statements):
        path = left()
        assert finished(started("importer", f"sqlite:///{path}", str(n), "nothing"), -signal.SIGKILL) == []
        assert _rows(path) == before
        with create_ledger(f"sqlite:///{path}") as ledger:
            assert ledger.check() == []


def leave(sql: str, path: Path) -> None:
    """Make the file of a ledger as it was left."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")


def _rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _said(path: Path) -> tuple[set[tuple[str, ...]], dict[str, Decimal], list[tuple[str, str, str]]]:
    """What a ledger says in plain SQL: documents, what is open or unapplied of each, and operations."""
    with closing(sqlite3.connect(path)) as connection:
        documents = connection.execute("SELECT number, kind, account, date, status FROM documents").fetchall()
        rows = connection.execute("SELECT number, kind, amount_minor, currency, reversed FROM documents").fetchall()
        put = connection.execute("SELECT from_number, to_number, amount_minor FROM applications").fetchall()
        paid_back = connection.execute(
            "SELECT refund_of, amount_minor FROM documents WHERE refund_of IS NOT NULL AND status = 'posted'"
        ).fetchall()
        operations = connection.execute("SELECT id, operation, request FROM operations").fetchall()
    kinds = {number: kind for number, kind, *_ in rows}
    minor: dict[str, int] = defaultdict(int)
    for number, _, amount, _, _ in rows:
        minor[number] += amount
    for source, target, amount in put:
        # What a negative invoice gives away brings it up to zero; of others it takes what they have left.
        minor[source] += amount if kinds[source] == "invoice" else -amount
        # What is put on a payment is what was transferred to it: its own amount.
        minor[target] -= 0 if kinds[target] == "payment" else amount
    for of, amount in paid_back:
        minor[of] -= amount
    for number, kind, _, _, reversed_ in rows:
        if kind == "payment" and reversed_:
            minor[number] = 0
    return set(documents), {number: from_minor(minor[number], code) for number, _, _, code, _ in rows}, operations
