"""The page of an explanation says what its JSON says, in a real browser and without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import by_hand
from tests.helpers.paths import ROOT, STANDARD
from tests.pictures.browser import opened, part, started, written

STORY = ROOT / "examples" / "a-page-of-company-policy"
ASKED = ("explain", STORY / "operations.yaml", "--policy", STORY / "policy.yaml", "--book", STORY / "book.yaml")
CORRECTED = ROOT / "examples" / "wrong-rate-found-late"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"), *ASKED)


def test_the_chain_says_of_each_level_what_it_holds(browser: Any, file: Path) -> None:
    page = opened(browser, file, script=False)
    told = part(page, "pilot-before-july: debit_memo_from_invoice on 2026-06-30, debit memo DE-DM00000003")
    term = told.get_by_role("article").filter(has_text="payment_term")
    assert term.get_by_role("heading").inner_text() == "payment_term: Net 60"
    levels = term.get_by_role("list", name="Levels of payment_term")
    # Its exception says `from: [account]`, and nothing else (`policy.yaml`).
    assert [one.split("\n") for one in levels.get_by_role("listitem").all_inner_texts()] == [
        ["account", "Net 60", "account weber"]
    ]
    contact = told.get_by_role("article").filter(has_text="bill_to_contact")
    steps = [one.split("\n") for one in contact.get_by_role("listitem").all_inner_texts()]
    # `policies/standard/debit_memos.yaml`: from: [request, invoice, account].
    assert [one[:2] for one in steps] == [["request", "none"], ["invoice", "birgit"], ["account", "not asked"]]
    assert page.wrong == []


def test_which_rule_won_and_why_the_others_did_not(browser: Any, file: Path) -> None:
    page = opened(browser, file, script=False)
    told = part(page, "pilot-undercharge: debit_memo_from_invoice on 2026-08-03, debit memo DE-DM00000002")
    term = told.get_by_role("article").filter(has_text="payment_term")
    assert "exception pilots-keep-their-own-term" in term.inner_text()
    # It overrides the one for enterprise accounts, which matches as well: so that one is open to read.
    other = term.get_by_role("row", name="enterprise-net-60")
    assert other.is_visible()
    assert "overridden" in other.inner_text()
    assert "examples/a-page-of-company-policy/policy.yaml:24" in other.inner_text()


def test_everything_that_programs_are_told_stands_on_it(browser: Any, file: Path) -> None:
    page = opened(browser, file)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    shown = page.locator("body").inner_text()
    for one in json.loads(billpolicy(*ASKED, "--format", "json").out)["explanations"]:
        for decision in one["decisions"]:
            rules = [decision["rule"], *(each["rule"] for each in decision.get("candidates", ()))]
            assert {f"{rule['file']}:{rule['line']}" for rule in rules} <= set(shown.split())
            for said in (decision["key"], decision["value"], *(rule.get("because", "") for rule in rules)):
                assert said in shown


def test_what_either_option_of_a_correction_does_stands_side_by_side(browser: Any, tmp_path: Path) -> None:
    asked = (CORRECTED / "operations.yaml", "--policy", CORRECTED / "policy.yaml", "--book", CORRECTED / "book.yaml")
    page = opened(browser, written(tmp_path, "explain", *asked, codes=(0, 1)))
    effect = json.loads(billpolicy("explain", *asked, "--format", "json").out)["effects"][0]
    other = "credit_rebill" if effect["asked"] == "credit_only" else "credit_only"
    heading = f"{effect['operation_id']}: {effect['asked']} on {effect['date']}, beside {other}"
    rows = part(page, heading).get_by_role("row")
    assert rows.first.inner_text().split("\t") == ["charge and period", "now", "credit only", "credit and rebill"]
    assert rows.count() == 1 + len(effect["lines"]) + 1
    assert page.wrong == []


def test_what_is_refused_comes_first_and_the_exit_code_says_so(browser: Any, tmp_path: Path) -> None:
    asked = ("write_off_invoice", "invoice=NOPE", "--policy", STORY / "policy.yaml", "--book", STORY / "book.yaml")
    page = opened(browser, written(tmp_path, "explain", *asked, "--today", "2026-06-20", codes=(1,)))
    assert page.get_by_role("heading", level=2).first.inner_text().endswith(" is refused")
    assert "[document-unknown]" in page.locator(".card.wrong").inner_text()


CONFLICT = f"""
policy: clash
extends: {STANDARD}
effective: {{from: 2026-01-01}}
exceptions:
- {{id: disputes, operations: [write_off_invoice], when: {{reason: Write-off}}, then: {{bill_to_contact: [account]}}}}
- {{id: small, operations: [write_off_invoice], when: {{amount: {{below: 99.00 EUR}}}},
   then: {{bill_to_contact: [invoice]}}}}
"""
BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: anna}}]
contacts: [{id: anna, account: a}, {id: ines, account: a}]
invoices:
- {number: INV00000001, account: a, date: 2026-01-01, currency: EUR, attributes: {bill_to_contact: ines},
   items: [{id: x, amount: 9.00}]}
"""
ASKED_ONE = ("write_off_invoice", "invoice=INV00000001", "reason=Write-off", "date=2026-01-02")


def test_both_sides_of_a_conflict_stand_below_what_is_refused(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(CONFLICT)
    (tmp_path / "book.yaml").write_text(BOOK)
    given = ("--policy", tmp_path / "policy.yaml", "--book", tmp_path / "book.yaml", "--unproven")
    page = opened(browser, written(tmp_path, "explain", *ASKED_ONE, *given, codes=(1,)))
    headings = page.get_by_role("heading", level=2)
    refused, first, second = headings.all_inner_texts()
    assert refused.endswith(" is refused")
    assert first == "If disputes overrode small about bill_to_contact of write_off_invoice:"
    assert second == "If small overrode disputes about bill_to_contact of write_off_invoice:"
    assert "bill_to_contact: anna" in part(page, first).inner_text()
    assert "bill_to_contact: ines" in part(page, second).inner_text()


def test_what_was_posted_is_explained_as_it_was_decided_then(browser: Any, tmp_path: Path) -> None:
    ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
    (tmp_path / "book.yaml").write_text(BOOK)
    assert billpolicy("ledger", "init", ledger).code == 0
    assert billpolicy("ledger", "import", ledger, tmp_path / "book.yaml").code == 0
    posted = billpolicy("post", *ASKED_ONE, "--policy", STANDARD, "--ledger", ledger, "--actor", "lena")
    assert posted.code == 0, posted.err
    page = opened(browser, written(tmp_path, "ledger", "explain", ledger, "CM00000001"))
    assert page.get_by_role("heading", level=1).inner_text() == "How CM00000001 was decided, and why"
    contact = page.get_by_role("article").filter(has_text="bill_to_contact")
    assert contact.get_by_role("heading").inner_text() == "bill_to_contact: ines"
    by_hand(tmp_path / "ledger.db", "DELETE FROM policies")  # as an older program leaves it
    page = opened(browser, written(tmp_path, "ledger", "explain", ledger, "CM00000001"))
    assert "is not kept" in page.locator("p").first.inner_text()
    decided = [row.split("\t") for row in page.get_by_role("row").all_inner_texts()]
    assert ["bill_to_contact", "ines", "invoice INV00000001", "write_off_invoice.bill_to_contact"] in decided
