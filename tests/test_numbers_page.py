"""docs/numbers.md: its policies are right, and the documents of its table get the numbers that it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import billpolicy
from tests.helpers.books import book_from
from tests.helpers.paths import ROOT
from tests.helpers.scenes import policy, versions

PAGE = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ([a-z ]+) \| (\d{4}-\d\d-\d\d) \| (\S+) \|$", re.MULTILINE)
BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
charges: [{id: fee, name: Fee}]
payments: [{number: OLD-1, account: a, date: 2026-01-01, currency: EUR, amount: 9.00}]
"""


def asked(kind: str, day: str, n: int) -> dict[str, Any]:
    """An operation that makes a document of that kind and day."""
    charged = {"account": "a", "charges": [{"charge": "fee", "amount": "1.00"}]}
    of_kind: dict[str, dict[str, Any]] = {
        "credit memo": {"operation": "credit_memo_from_charge", **charged},
        "debit memo": {"operation": "debit_memo_from_charge", **charged},
        "payment": {"operation": "create_payment", "account": "a", "amount": "1.00", "currency": "EUR"},
        "refund": {"operation": "create_refund", "of": "OLD-1", "amount": "1.00"},
    }
    return {"id": f"o{n}", "date": day, **of_kind[kind]}


def test_the_policies_are_right() -> None:
    assert [block.split(":")[0] for block in BLOCKS] == ["sequence_sets", "sequence_sets", "fields", "void_numbers"]
    for block in BLOCKS[:3]:
        assert policy(block)
    book_from(BOOK + BLOCKS[3])


def test_the_table(tmp_path: Path) -> None:
    """All kinds but invoices, whose numbers are made in the same way, and which only bill runs make."""
    rows = [row for row in ROW.findall(PAGE) if row[0] != "invoice"]
    assert len(rows) == 7
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(book_from(BOOK))
        for n, (kind, day, number) in enumerate(rows):
            done = billpolicy.post(versions(BLOCKS[0]), ledger, asked(kind, day, n), who="ines")
            assert done.plan.documents[0].document.number == number
