"""Policy tests as they are run: what passes, what fails and where, and what cannot be expected at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import billpolicy
from billpolicy.testing.run import TestRun
from tests.helpers.paths import ROOT, STANDARD

BOOK = """\
book:
  accounts:
    - {id: acme, name: Acme, currency: EUR, attributes: {bill_to_contact: ann}}
  contacts:
    - {id: ann, account: acme, name: Ann}
    - {id: bob, account: acme, name: Bob}
  invoices:
    - number: INV-1
      account: acme
      date: 2026-01-01
      currency: EUR
      attributes: {bill_to_contact: bob}
      items: [{id: seat, name: Seats, amount: 100.00}]
"""
MEMO = "{operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1, items: [{item: seat, amount: 10.00}]}"


def run(folder: Path, tests: str, head: str = BOOK) -> TestRun:
    file = folder / "acme.test.yaml"
    file.write_text(f"policy: {STANDARD}\n{head}tests:\n{tests}", encoding="utf-8")
    return billpolicy.run_tests([billpolicy.load_tests(file)])


def one(folder: Path, expect: str, operation: str = MEMO, more: str = "") -> list[tuple[str, str, str]]:
    """What is not as expected: its name, what was expected, and what it is."""
    run_ = run(folder, f"  - name: it\n    operation: {operation}\n    expect: {expect}\n{more}")
    (result,) = run_.results
    return [(wrong.what, wrong.expected, wrong.actual) for wrong in result.mismatches]


@pytest.mark.parametrize(
    "expect",
    [
        "{bill_to_contact: bob}",
        "{bill_to_contact: {value: bob, level: invoice}}",
        "{bill_to_contact: {rule: base}}",
        "{bill_to_contact: {rule: credit_memo_from_invoice.bill_to_contact}}",
        "{decisions: {bill_to_contact: bob}, sequence_set: {level: default}}",
        "{kind: credit_memo, number: CM00000001, amount: 10, currency: EUR, date: 2026-02-01}",
        "{items: [{of: seat, amount: 10.00}], applications: [], follow_ups: {}, steps: [], warnings: []}",
        "{documents: [{amount: 10.000, bill_to_contact: bob, item_limit: 1000}], balances: {CM00000001: 10.00}}",
        "{available_to_credit: header_and_item}",
    ],
)
def test_what_is_so_passes(tmp_path: Path, expect: str) -> None:
    assert one(tmp_path, expect) == []


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ("{bill_to_contact: ann}", ("bill_to_contact", "ann", "bob, from level invoice, by the base rule")),
        (
            "{bill_to_contact: {value: bob, level: account}}",
            ("bill_to_contact", "bob, from level account", "bob, from level invoice, by the base rule"),
        ),
        ("{amount: 10.01}", ("amount", "10.01", "10.00")),
        ("{due_date: 2026-03-01}", ("due_date", "2026-03-01", "there is none")),
        ("{documents: []}", ("documents", "no document", "credit memo CM00000001")),
        ("{documents: [{amount: 11}]}", ("documents[0].amount", "11", "10.00")),
        ("{items: [{of: seat}, {of: other}]}", ("items", "of seat; of other", "of seat, name Seats, amount 10.00")),
        ("{balances: {CM00000002: 1}}", ("balances.CM00000002", "1", "there is only CM00000001")),
        ("{refused: over-applied}", ("refused", "over-applied", "it is not refused")),
        ("{steps: [{rule: write-off-on-cancellation}]}", ("steps", "1 step", "nothing follows")),
    ],
)
def test_what_is_not_so_is_told(tmp_path: Path, expect: str, wrong: tuple[str, str, str]) -> None:
    assert one(tmp_path, expect) == [wrong]


def test_the_page_of_the_docs_passes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "policy-tests.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "page.test.yaml").write_text(f"policy: {STANDARD}\n{text}", encoding="utf-8")
    found = billpolicy.run_tests([billpolicy.load_tests(tmp_path / "page.test.yaml")])
    assert [result.failed for result in found.results] == [False, False]


def test_the_day_of_planning_is_today_or_that_of_the_operation(tmp_path: Path) -> None:
    """By `values_of: latest` a value of 20 June counts for a memo of the 10th that is planned on the 20th or later."""
    tests = """\
  - name: it
    TODAYoperations:
    - {id: moved, operation: change_account, date: 2026-06-20, account: acme, attributes: {bill_to_contact: bob}}
    - {id: fee, operation: debit_memo_from_charge, date: 2026-06-10, account: acme, charges: [{charge: fee, amount: 1}]}
    expect: {fee: {bill_to_contact: WHO}}
"""
    head = BOOK + "  charges: [{id: fee, name: Fee}]\n"
    for today, who in (("", "ann"), ("today: 2026-06-20\n    ", "bob"), ("today: 2026-06-19\n    ", "ann")):
        assert not any(
            one.failed for one in run(tmp_path, tests.replace("TODAY", today).replace("WHO", who), head).results
        )
