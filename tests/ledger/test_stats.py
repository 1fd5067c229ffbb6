"""`ledger stats`: counts of what there is, beside what was put there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

STORY = ROOT / "examples" / "bad-debt-written-off"
POLICY = ["--policy", str(STORY / "policy.yaml")]
BOOK = """
accounts: [{id: a, currency: EUR}, {id: b, currency: EUR}]
invoices:
- {number: INV00000001, account: a, date: 2026-01-10, currency: EUR, items: [{id: i, amount: 10.00}]}
- {number: INV00000002, account: b, date: 2026-01-10, currency: EUR, items: [{id: i, amount: 20.00}]}
- {number: INV00000003, account: b, date: 2026-01-10, currency: EUR, status: draft, items: [{id: i, amount: 5.00}]}
payments: [{number: P-00000001, account: a, date: 2026-01-20, currency: EUR, amount: 10.00}]
applications: [{from: P-00000001, to: INV00000001, date: 2026-01-20, amount: 10.00}]
"""
OPERATION = "create_payment", "id=pay-2", "account=b", "amount=7.00", "date=2026-03-02"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.yaml").write_text(BOOK)
    for command in (["init", "sqlite:///l.db"], ["import", "sqlite:///l.db", "book.yaml"]):
        assert billpolicy("ledger", *command).code == 0


def test_what_was_imported_and_posted_is_counted() -> None:
    empty = json.loads(billpolicy("ledger", "stats", "sqlite:///l.db", "--format", "json").out)
    assert empty["operations"] == 0
    assert not {"first", "last", "policies"} & {name for name, value in empty.items() if value}
    assert billpolicy("post", *OPERATION, *POLICY, "--ledger", "sqlite:///l.db", "--actor", "ines").code == 0
    found = json.loads(billpolicy("ledger", "stats", "sqlite:///l.db", "--format", "json").out)
    assert found["documents"] == [
        {"kind": "invoice", "status": "posted", "count": 2},
        {"kind": "invoice", "status": "draft", "count": 1},
        {"kind": "payment", "status": "posted", "count": 2},  # one imported, one posted
    ]
    # The payment of 7.00 names no invoice, and stays unapplied.
    assert found["records"] == {
        "accounts": 2,
        "contacts": 0,
        "charges": 0,
        "subscriptions": 0,
        "charge_periods": 0,
        "usage": 0,
        "applications": 1,
    }
    assert (found["operations"], found["waiting"]) == (1, 0)
    assert found["first"] == found["last"]
    assert (found["last"]["id"], found["last"]["who"]) == ("pay-2", "ines")
    assert [one["operations"] for one in found["policies"]] == [1]
    (file, *_) = found["files"]
    assert file == {"path": "l.db", "size": Path("l.db").stat().st_size}


def test_it_is_read_at_a_glance() -> None:
    billpolicy("post", *OPERATION, *POLICY, "--ledger", "sqlite:///l.db", "--actor", "ines")
    ran = billpolicy("ledger", "stats", "sqlite:///l.db")
    assert ran.code == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[:3] == ["2 posted invoices", "1 draft invoice", "2 posted payments"]
    assert "1 operation posted" in lines
    assert max(map(len, ran.out.splitlines())) <= 80
