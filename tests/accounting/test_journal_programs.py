"""hledger in strict mode and bean-check accept the journals of every story and of random walks, and what hledger says
of each customer is what the documents say. The programs read only what was exported.
"""

from __future__ import annotations

import csv
import datetime
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

import billpolicy
from billpolicy import JournalExport
from billpolicy.accounting.entries import CONTROL
from billpolicy.accounting.movements import movements_of, owed
from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.exchange.operations_file import load_operations
from billpolicy.report.journal.beancount import beancount
from billpolicy.report.journal.hledger import hledger
from tests.helpers.books import book_from
from tests.helpers.paths import ROOT
from tests.helpers.planning import dry_run
from tests.helpers.scenes import versions
from tests.helpers.tools import needs
from tests.helpers.walks import walk

TODAY = datetime.date(2026, 4, 1)
STORIES = sorted(file.parent for file in ROOT.glob("examples/*/operations.yaml"))
Owed = dict[tuple[str, str], Decimal]


@cache
def _ends() -> tuple[tuple[Versions, Book], ...]:
    """A policy and the book that is left, of each story and of some walks."""
    return (*_stories(), *_walks())


def _stories() -> Iterator[tuple[Versions, Book]]:
    for story in STORIES:
        policy = billpolicy.load_policy(story / "policy.yaml", engine="python")
        book = billpolicy.load_book(story / "book.yaml")
        for one in dry_run(policy, book, load_operations(story / "operations.yaml"), TODAY):
            book = book if one.plan is None else billpolicy.left_by(one.plan, book)
        yield policy, book


def _walks() -> Iterator[tuple[Versions, Book]]:
    for seed in range(40):
        found = walk(seed)
        yield versions(found.policy), found.steps[-1].after


@cache
def _together() -> JournalExport:
    """The journals of all of them as one: what is owed is added up by the names of customers."""
    found = [billpolicy.journal(policy, book) for policy, book in _ends()]
    return replace(
        found[0],
        entries=tuple(entry for one in found for entry in one.entries),
        accounts=tuple(sorted({name for one in found for name in one.accounts})),
        currencies=tuple(sorted({name for one in found for name in one.currencies})),
        since=min(one.since for one in found),
    )


def ran(*command: object) -> str:
    """What a program prints. It must be content."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[:2000] + done.stdout[:2000]
    return done.stdout


def by_customer(program: str, file: Path, accounts: Sequence[str]) -> Owed:
    """What hledger says stands on some accounts, by the customer that lines are tagged with, and currency."""
    printed = ran(
        *(program, "-f", file, "balance", *(f"^{account}$" for account in accounts), "--pivot", "customer"),
        *("--flat", "-N", "-O", "csv", "--layout", "bare"),
    )
    _, *rows = csv.reader(io.StringIO(printed))
    return {(customer, currency): Decimal(amount) for customer, currency, amount in rows if Decimal(amount)}


def test_hledger_accepts_it_and_what_each_customer_owes_is_what_the_documents_say(tmp_path: Path) -> None:
    program, file = needs("hledger"), tmp_path / "all.journal"
    file.write_text(hledger(_together(), "all"), encoding="utf-8")
    ran(program, "-f", file, "check", "--strict", "payees")
    standard = versions("").policies[0].accounts
    expected: Owed = defaultdict(Decimal)
    for _, book in _ends():
        for key, amount in owed(movements_of(book)).items():
            expected[key] += amount
    assert by_customer(program, file, [standard[role].otherwise for role in CONTROL]) == {
        key: amount for key, amount in expected.items() if amount
    }


def test_bean_check_accepts_it(tmp_path: Path) -> None:
    program, file = needs("bean-check"), tmp_path / "all.beancount"
    file.write_text(beancount(_together(), "all"), encoding="utf-8")
    ran(program, "--no-cache", file)


def test_a_wrong_cent_is_not_accepted(tmp_path: Path) -> None:
    """Both programs look at all decimals."""
    export = _together()
    entry = next(one for one in export.entries if one.currency == "USD")
    wrong = replace(
        entry, lines=(replace(entry.lines[0], amount=entry.lines[0].amount + Decimal("0.01")), *entry.lines[1:])
    )
    export = replace(export, entries=(wrong,))
    for program, options, text in (
        (needs("hledger"), ("check", "--strict", "-f"), hledger(export, "all")),
        (needs("bean-check"), ("--no-cache",), beancount(export, "all")),
    ):
        file = tmp_path / "wrong"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([program, *options, str(file)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0


HOSTILE = (
    "a;b  c | d, e:f",
    'q"uo\\te [2020-01-01] [=2020-02-02]',
    "date:2020-01-01, customer:x",
    "100% %2C =1+1",
    "@x * ! (code) ~ é ü",
    "nb\u00a0sp \u2003 wide",
    "::error::x",
    "x ! *",
)


def _hostile() -> Book:
    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    accounts = ", ".join(f"{{id: {quoted(one)}, name: {quoted(one[::-1])}, currency: EUR}}" for one in HOSTILE)
    invoices = ", ".join(
        f"{{number: {quoted('I ' + one)}, account: {quoted(one)}, date: 2026-01-10, currency: EUR, "
        f"due_date: 2026-02-10, items: [{{id: {quoted(one)}, amount: {place}.00, subscribed_charge: {quoted(one)}}}]}}"
        for place, one in enumerate(HOSTILE, start=1)
    )
    return book_from(f"accounts: [{accounts}]\ninvoices: [{invoices}]")


def test_names_that_mean_something_to_the_programs_mean_nothing_there(tmp_path: Path) -> None:
    export = billpolicy.journal(versions(""), _hostile())
    assert len(export.entries) == len(HOSTILE)
    program, file = needs("hledger"), tmp_path / "hostile.journal"
    file.write_text(hledger(export, "all"), encoding="utf-8")
    ran(program, "-f", file, "check", "--strict", "payees")
    found = by_customer(program, file, ["assets:receivable"])
    assert sorted(found.values()) == [Decimal(place) for place in range(1, len(HOSTILE) + 1)]  # each by itself
    told = list(csv.DictReader(io.StringIO(ran(program, "-f", file, "print", "-O", "csv"))))
    assert {(row["date"], row["status"], row["code"]) for row in told} == {("2026-01-10", "", "")}
    file = tmp_path / "hostile.beancount"
    file.write_text(beancount(export, "all"), encoding="utf-8")
    ran(needs("bean-check"), "--no-cache", file)


@pytest.mark.parametrize("format", [hledger, beancount])
def test_an_export_of_nothing_is_accepted(format: object, tmp_path: Path) -> None:
    export = billpolicy.journal(versions(""), book_from("accounts: [{id: a, currency: EUR}]"))
    file = tmp_path / "nothing"
    file.write_text(format(export, "all"), encoding="utf-8")  # type: ignore[operator]
    if format is hledger:
        ran(needs("hledger"), "-f", file, "check", "--strict")
    else:
        ran(needs("bean-check"), "--no-cache", file)
