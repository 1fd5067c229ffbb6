"""A policy and its tests in a folder, for tests of coverage and mutants."""

from __future__ import annotations

from pathlib import Path

import billpolicy
from billpolicy.testing.run import TestRun
from tests.helpers.paths import STANDARD

BOOK = """\
book:
  accounts:
    - {id: acme, name: Acme, country: DE, currency: EUR, attributes: {bill_to_contact: ann}}
  contacts:
    - {id: ann, account: acme, name: Ann}
    - {id: bob, account: acme, name: Bob}
  charges: [{id: setup, name: Setup}]
  invoices:
    - number: INV-1
      account: acme
      date: 2026-01-01
      currency: EUR
      attributes: {bill_to_contact: bob}
      items: [{id: seat, name: Seats, amount: 1000.00}]
"""


def write(folder: Path, policy: str, tests: str) -> Path:
    (folder / "policy.yaml").write_text(
        f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n{policy}", encoding="utf-8"
    )
    (folder / "acme.test.yaml").write_text(f"{BOOK}tests:\n{tests}", encoding="utf-8")
    return folder


def ran(folder: Path, policy: str, tests: str) -> TestRun:
    files = billpolicy.find_tests(write(folder, policy, tests))
    run = billpolicy.run_tests([billpolicy.load_tests(file) for file in files])
    assert [result.mismatches for result in run.results if result.failed] == []
    return run


def memo(name: str, amount: str, expect: str, *, book: str = "", date: str = "2026-02-01") -> str:
    """A test of a credit memo from the invoice."""
    changed = f"    book: {book}\n" if book else ""
    items = f"[{{item: seat, amount: {amount}}}]"
    operation = f"{{operation: credit_memo_from_invoice, date: {date}, invoice: INV-1, items: {items}}}"
    return f"  - name: {name}\n{changed}    operation: {operation}\n    expect: {expect}\n"
