"""`ledger journal`: exports that go on where others ended are one export; what is typed, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.report.journal.formats import FORMATS
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.helpers.walks import TODAY, asked_for, read, walk


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("seed", [1, 3, 6, 15, 16])
def test_exports_joined_are_one_export(seed: int, format: str, tmp_path: Path) -> None:
    found, written = walk(seed), FORMATS[format]
    policy = versions(found.policy)
    with api.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(read(found.book))
        first = api.journal(policy, ledger)
        joined, last, exports = written(first, "entries"), first.last_operation, 0
        assert last is None  # all of it was imported
        for asked in asked_for(*found.operations):
            for _ in api.post_all(policy, ledger, [asked], who="ines", today=TODAY, now=lambda: NOW, yes=True):
                pass
            more = api.journal(policy, ledger, after=last) if last else api.journal(policy, ledger)
            if last is None:  # until something is posted, all of it is exported anew
                joined = written(more, "entries")
            else:
                joined += written(more, "entries")
                exports += bool(more.entries)
            last = more.last_operation or last
        every = api.journal(policy, ledger)
        assert exports, "a walk on which more is posted is wanted here"
        assert joined == written(every, "entries")
        assert written(every, "declarations") + joined == written(every, "all")
        assert len({one.id for one in every.entries}) == len(every.entries)


BOOK = """
accounts: [{id: a, name: Alma, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
charges: [{id: fee, name: Fee}]
invoices:
- {number: INV00000001, account: a, date: 2026-01-10, currency: EUR, due_date: 2026-02-09,
   items: [{id: x, amount: 100.00, charge: fee}]}
"""
OPERATIONS = """
operations:
- {id: pay, operation: create_payment, account: a, date: 2026-02-01, amount: 60.00, type: electronic,
   apply: [{document: INV00000001, amount: 60.00}]}
- {id: credit, operation: credit_memo_from_charge, account: a, date: 2026-02-10, reason: Charge Dispute,
   charges: [{charge: fee, amount: 10.00}]}
"""
LEDGER = "sqlite:///ledger.db"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """`ledger journal` of a small ledger, with these options."""
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(BOOK, encoding="utf-8")
    Path("operations.yaml").write_text(OPERATIONS, encoding="utf-8")
    for words in (
        ("ledger", "init", LEDGER),
        ("ledger", "import", LEDGER, "book.yaml"),
        ("post", "operations.yaml", "--policy", STANDARD, "--ledger", LEDGER, "--today", "2026-03-01"),
    ):
        ran = billpolicy(*words)
        assert ran.code == 0, ran.out + ran.err
    return lambda *options: billpolicy("ledger", "journal", LEDGER, "--policy", STANDARD, *options)


def test_the_text(ledger: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = ledger()
    assert code == 0
    assert out.splitlines() == [
        "2026-01-10  Alma: invoice INV00000001",
        "    assets:receivable                   100.00         EUR",
        "    income:one-time                             100.00 EUR",
        "",
        "2026-02-01  Alma: payment P-00000001",
        "    assets:payment-provider              60.00         EUR",
        "    liabilities:unapplied-payments               60.00 EUR",
        "",
        "2026-02-01  Alma: application P-00000001 to INV00000001",
        "    liabilities:unapplied-payments       60.00         EUR",
        "    assets:receivable                            60.00 EUR",
        "",
        "2026-02-10  Alma: credit memo CM00000001, for Charge Dispute",
        "    liabilities:unapplied-credit-memos           10.00 EUR",
        "    income:one-time                      10.00         EUR",
        "",
        "    posted in EUR                        debit  credit",
        "    assets:payment-provider              60.00",
        "    assets:receivable                   100.00   60.00",
        "    income:one-time                      10.00  100.00",
        "    liabilities:unapplied-credit-memos           10.00",
        "    liabilities:unapplied-payments       60.00   60.00",
        "    --------------------------------------------------",
        "                                        230.00  230.00",  # 100 + 60 + 60 + 10
        "",
    ]
    assert err == "4 entries; the next export goes on with `--after credit`\n"


def test_json_and_csv_say_the_same(ledger: Callable[..., tuple[int, str, str]]) -> None:
    found = json.loads(ledger("--format", "json")[1])
    rows = list(csv.DictReader(io.StringIO(ledger("--format", "csv")[1])))
    lines = [(entry["id"], line["account"], line["amount"]) for entry in found["entries"] for line in entry["lines"]]
    assert lines == [(row["id"], row["account"], row["debit"] or f"-{row['credit']}") for row in rows]
    assert found["last_operation"] == "credit"
    assert rows[0]["due_date"] == "2026-02-09"
    assert (rows[-1]["reason"], rows[-1]["operation"]) == ("Charge Dispute", "credit")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--from", "2026-02-01"], ["P-00000001", "P-00000001/INV00000001/1", "CM00000001"]),
        (["--until", "2026-02-01"], ["INV00000001"]),
        (["--from", "2026-02-01", "--until", "2026-02-10"], ["P-00000001", "P-00000001/INV00000001/1"]),
        (["--after", "pay"], ["CM00000001"]),
        (["--after", "credit"], []),
    ],
)
def test_which_entries(ledger: Callable[..., tuple[int, str, str]], options: list[str], ids: list[str]) -> None:
    assert [one["id"] for one in json.loads(ledger("--format", "json", *options)[1])["entries"]] == ids


def test_a_book_file_has_a_journal_too(ledger: Callable[..., tuple[int, str, str]]) -> None:
    ran = billpolicy("ledger", "journal", "book.yaml", "--policy", STANDARD, "--format", "csv", "--part", "entries")
    assert [row.split(",")[0] for row in ran.out.splitlines()] == ["INV00000001", "INV00000001"]
    refused = billpolicy("ledger", "journal", "book.yaml", "--policy", STANDARD, "--after", "pay")
    assert (refused.code, "[unknown]" in refused.err + refused.out) == (1, True)


def test_an_operation_that_was_not_posted_is_refused(ledger: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = ledger("--after", "paid")
    assert code == 1
    assert "error: no operation `paid` was posted here [unknown]" in out + err


def test_the_story_of_a_chart_of_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its README says that is posted to each account, of a ledger that posted it."""
    story = ROOT / "examples" / "a-chart-of-accounts"
    rows = re.findall(
        r"^\| `([a-z0-9:-]+)` \| ([0-9.]*) ?\| ([0-9.]*) ?\|$", (story / "README.md").read_text(), re.MULTILINE
    )
    monkeypatch.chdir(tmp_path)
    policy = story / "policy.yaml"
    assert billpolicy("ledger", "init", LEDGER).code == 0
    assert billpolicy("ledger", "import", LEDGER, story / "book.yaml").code == 0
    assert billpolicy("post", story / "operations.yaml", "--policy", policy, "--ledger", LEDGER).code == 0
    posted: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    ran = billpolicy("ledger", "journal", LEDGER, "--policy", policy, "--format", "csv")
    for row in csv.DictReader(io.StringIO(ran.out)):
        posted[row["account"]][0] += Decimal(row["debit"] or 0)
        posted[row["account"]][1] += Decimal(row["credit"] or 0)
    assert {account: [Decimal(debit or 0), Decimal(credit or 0)] for account, debit, credit in rows} == posted


def test_what_begins_like_a_formula_is_none(tmp_path: Path) -> None:
    from tests.helpers.books import book_from

    book = book_from(BOOK.replace("name: Alma", "name: '=1+1'"))
    text = FORMATS["csv"](api.journal(versions(""), book), "all")
    assert {row["customer_name"] for row in csv.DictReader(io.StringIO(text))} == {"'=1+1"}
