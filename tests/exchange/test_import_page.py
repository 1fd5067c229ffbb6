"""docs/import.md: its mapping is one, and the tables of the example are a book."""

from __future__ import annotations

import datetime
import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.exchange.tables.mapping import load_mapping
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
FILES = ["customers.csv", "contacts.csv", "invoices.csv", "payments.csv"]


@pytest.fixture(autouse=True)
def _in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples" / "tables", tmp_path / "tables")
    monkeypatch.chdir(tmp_path / "tables")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_a_mistake_is_told_as_the_page_shows() -> None:
    row = "INV00000003;K1001;31.02.2026;04.03.2026;open;Hosting;1,00;;1,00\n"
    with Path("invoices.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    ran = billpolicy("import-csv", *FILES, "--mapping", "mapping.yaml", "--dry-run")
    assert (ran.code, ran.err) == (1, blocks("text")[-1])


def test_its_mapping_is_one() -> None:
    (text,) = blocks("yaml")
    needed = "      Customer: account\n      Date: date\n"
    Path("page.yaml").write_text(text.replace("    columns:\n", f"    columns:\n{needed}"), encoding="utf-8")
    (table,) = load_mapping("page.yaml")
    assert table.text.record == "invoices"


def test_the_tables_are_a_book_that_is_planned_on() -> None:
    """1200.00 + 228.00 + 100.00 + 19.00 is asked for; of 250.50, 100.00 was paid."""
    book = api.load_tables(FILES, "mapping.yaml").book
    first, second = book.numbered["INV00000001"], book.numbered["INV00000002"]
    assert (first.account, second.account) == ("K1001", "K1002")
    policy = api.load_policy(ROOT / "policies" / "standard", engine="python")
    asked = {"id": "w", "operation": "write_off_invoice", "invoice": "INV00000002", "date": datetime.date(2026, 4, 1)}
    plan = api.plan(policy, book, asked, today=datetime.date(2026, 4, 1))
    assert [one.document.amount for one in plan.documents] == [Decimal("150.50")]
