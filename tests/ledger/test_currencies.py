"""A ledger with several currencies in one account: what is posted, shown and checked. docs/domain.md 9.5."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

STORY = ROOT / "examples" / "an-account-in-two-currencies"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ledger in which the story has happened."""
    found = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/books.db"
    assert billpolicy("ledger", "init", found).code == 0
    assert billpolicy("ledger", "import", found, STORY / "book.yaml").code == 0
    posted = billpolicy(
        *("post", "--policy", STORY / "policy.yaml", "--ledger", found, "--actor", "ines", "--today", "2026-04-01"),
        STORY / "operations.yaml",
    )
    assert "12 posted, 7 refused" in posted.out
    return found


def test_each_currency_has_its_balances(url: str) -> None:
    shown = billpolicy("ledger", "show", url, "nordlys").out
    assert all(len(line) <= 80 for line in shown.splitlines())
    # Worked out in the story: 17.00 of INV00000002 and 100.00 of INV00000004; 114.00 of INV00000003.
    assert (
        "  balances            open       unapplied  credit balance\n"
        "    EUR             117.00            0.00            0.00\n"
        "    USD             114.00            0.00            0.00\n"
    ) in shown
    assert "    2026-03-01  invoice     INV00000001             120.00 USD  balance 0.00\n" in shown
    assert "    2026-03-05  payment     P-00000002               60.00 EUR  unapplied 0.00\n" in shown
    assert "  credit balance 0.00 EUR\n" in shown
    assert "  credit balance 0.00 USD\n" in shown


def test_so_it_has_for_programs(url: str) -> None:
    told = json.loads(billpolicy("ledger", "show", url, "nordlys", "--format", "json").out)
    assert told["open"] == {"EUR": "117.00", "USD": "114.00"}
    assert told["unapplied"] == {"EUR": "0.00", "USD": "0.00"}
    assert told["credit"] == {"EUR": "0.00", "USD": "0.00"}


def test_an_operation_in_both_says_which_is_which(url: str) -> None:
    shown = billpolicy("ledger", "show", url, "use-all").out
    assert "15.00 EUR of CM00000002 on INV00000002" in shown
    assert "10.00 USD of P-00000003 on INV00000001" in shown
    told = json.loads(billpolicy("ledger", "show", url, "use-all", "--format", "json").out)
    moved = [one["application"]["currency"] for one in told["plan"]["changes"]]
    assert moved == ["EUR", "EUR", "USD", "USD"]


def test_what_is_only_in_a_draft_or_reversed_is_not_open(tmp_path: Path) -> None:
    found = f"sqlite:///{tmp_path}/books.db"
    (tmp_path / "book.yaml").write_text("""
accounts: [{id: a, currency: EUR}]
invoices:
- {number: I1, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: 5.00}]}
- {number: I2, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: -2.00}]}
- {number: I3, account: a, date: 2026-01-01, currency: USD, status: draft, items: [{id: x, amount: 7.00}]}
- {number: I4, account: a, date: 2026-01-01, currency: USD, reversed: true, items: [{id: x, amount: 9.00}]}
payments: [{number: P1, account: a, date: 2026-01-01, currency: JPY, amount: 300}]
""")
    billpolicy("ledger", "init", found)
    assert billpolicy("ledger", "import", found, tmp_path / "book.yaml").code == 0
    told = json.loads(billpolicy("ledger", "show", found, "a", "--format", "json").out)
    # 5.00 - 2.00: what is below zero is open, too.
    assert (told["open"], told["unapplied"]) == ({"JPY": "0", "USD": "3.00"}, {"JPY": "300", "USD": "0.00"})
    assert told["credit"] == {}


def test_it_adds_up(url: str) -> None:
    assert billpolicy("ledger", "check", url).code == 0
