"""The page of a plan says what its JSON says: documents, money, what changes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.pictures.browser import opened, part, started, written


def asked(story: str) -> tuple[str | Path, ...]:
    """The plan of a story, on a day in its year."""
    folder = ROOT / "examples" / story
    own = folder / "policy.yaml"
    policy = own if own.exists() else STANDARD
    return "plan", folder / "operations.yaml", "-p", policy, "--book", folder / "book.yaml", "--today", "2026-05-01"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


def page_of(browser: Any, folder: Path, story: str) -> Any:
    return opened(browser, written(folder, *asked(story), codes=(0, 1)), script=False)


def rows(within: Any) -> list[list[str]]:
    """The rows of a table below its head, cell by cell."""
    return [one.split("\t") for one in within.get_by_role("row").all_inner_texts()[1:]]


def test_money_is_told_with_the_rule_by_which_it_was_spread(browser: Any, tmp_path: Path) -> None:
    page = page_of(browser, tmp_path, "credits-before-cash")
    njord = part(page, "njord-month-end: apply_credits on 2026-03-31")
    # Its README: cash comes first in Norway, so the 80.00 of the payment are used, and 20.00 of the memo.
    assert rows(part(njord, "Where money is put")) == [
        ["P-00000003 on INV00000005", "2026-03-31", "80.00 NOK", "item berth: 80.00"],
        ["CM00000005 on INV00000005", "2026-03-31", "20.00 NOK", "item berth: 20.00 from item 1"],
    ]
    assert ["source_order", "cash_first", "norway-uses-cash-first"] in rows(part(njord, "Settings that decide it"))
    assert rows(part(njord, "What is open before and after")) == [
        ["P-00000003", "unapplied", "80.00 NOK", "0.00 NOK"],
        ["INV00000005", "balance", "100.00 NOK", "0.00 NOK"],
        ["CM00000005", "unapplied", "60.00 NOK", "40.00 NOK"],
    ]
    assert page.wrong == []


def test_what_follows_stands_below_what_it_follows_with_its_rule(browser: Any, tmp_path: Path) -> None:
    page = page_of(browser, tmp_path, "small-differences-let-go")
    asked_for = part(page, "a-euro-short: create_payment on 2026-04-01")
    step = part(asked_for, "1. write_off_invoice on 2026-04-01, after INV00000001 was left open")
    assert "small-euros-are-let-go, " in step.locator("dl").first.inner_text()
    memo = step.get_by_role("article")
    assert memo.get_by_role("heading").inner_text() == "credit memo CM00000001: 1.00 EUR"
    assert "reason\nWrite-off" in memo.inner_text()


def test_master_data_before_and_after_and_who_takes_it(browser: Any, tmp_path: Path) -> None:
    moved = part(page_of(browser, tmp_path, "a-customer-moves"), "they-moved: change_account on 2026-02-20")
    assert part(moved, "What else changes").get_by_role("listitem").all_inner_texts() == [
        "account birch: bill_to_contact bruno from 2026-02-15 on (was anna)",
        "account birch: payment_term Net 60 from 2026-02-15 on (was Net 30)",
    ]
    taken = part(moved, "Who takes another value").inner_text()
    assert "2 subscriptions take payment_term from account birch: Net 60 (was Net 30): S-desk, S-lab" in taken


def test_what_is_refused_comes_first_and_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    page = page_of(browser, tmp_path, "who-may-do-what")
    assert page.get_by_role("heading", level=2).first.inner_text() == "at-the-limit-alone is refused"
    found = part(page, "at-the-limit-alone is refused").inner_text()
    for said in ("needs the approval of a second person", "clerks-apply-much-with-approval", "[approval-missing]"):
        assert said in found
    assert "until it is approved" in found


def test_a_bill_run_and_a_correction_say_what_programs_are_told(browser: Any, tmp_path: Path) -> None:
    for story in ("vat-on-a-bill-run", "wrong-rate-found-late", "credit-balance-by-hand", "drafts-posted-later"):
        shown = page_of(browser, tmp_path, story).locator("body").inner_text()
        plans = json.loads(billpolicy(*asked(story), "--format", "json").out)["plans"]
        while plans:
            plan = plans.pop()
            plans += (step["plan"] for step in plan.get("steps", ()))
            for document in plan["documents"]:
                assert f"{document['number']}: {document['amount']} {document['currency']}" in shown
            for one in plan["balances"]:
                if one["kind"] not in ("refund", "credit_adjustment"):
                    assert one["number"] in shown
                    assert f"{one['after']} {one['currency']}" in shown
            for change in plan["changes"]:
                if change["change"] == "applied":
                    money = change["application"]
                    assert f"{money['amount'].lstrip('-')} {money['currency']}" in shown


def test_of_a_whole_file_it_says_what_it_adds_up_to(browser: Any, tmp_path: Path) -> None:
    """More than fifty are not told one by one, but for those that are refused."""
    items = "".join(
        f"- {{number: INV{at:08}, account: a, date: 2026-01-01, currency: EUR, items: [{{id: x, amount: 2.50}}]}}\n"
        for at in range(1, 61)
    )
    book = "accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]\ncontacts: [{id: c, account: a}]\n"
    (tmp_path / "book.yaml").write_text(f"{book}invoices:\n{items}")
    many = "".join(
        f"- {{id: w{at}, operation: write_off_invoice, date: 2026-01-02, invoice: INV{at:08}}}\n" for at in range(1, 62)
    )
    (tmp_path / "operations.yaml").write_text(f"operations:\n{many}")
    given = ("plan", tmp_path / "operations.yaml", "-p", STANDARD, "--book", tmp_path / "book.yaml")
    page = opened(browser, written(tmp_path, *given, codes=(1,)))
    assert page.get_by_role("heading", level=2).all_inner_texts() == ["w61 is refused", "In all"]
    # Sixty times 2.50.
    assert rows(part(page, "In all")) == [["write_off_invoice", "60", "1", "150.00 EUR"]]
    every = opened(browser, written(tmp_path, *given, "--details", codes=(1,)))
    assert every.get_by_role("heading", level=2).count() == 61


def test_money_that_goes_to_several_documents_is_drawn(browser: Any, tmp_path: Path) -> None:
    page = page_of(browser, tmp_path, "company-says-which-is-paid-first")
    lotte = part(page, "lotte-pays: apply_payment on 2026-03-16")
    drawn = part(lotte, "Where money is put").get_by_role("img", name="P-00000003 on 3 documents: 100.00 EUR")
    # Its README: 20.00, 40.00, 40.00; the first invoice has no room for more.
    assert drawn.locator("text").all_text_contents()[:4] == [
        "INV00000005",
        "20.00 EUR",
        "of 20.00 open",
        "nothing left",
    ]
    # On one document alone, the balances say it.
    assert part(page, "bruno-pays: apply_payment on 2026-03-16").get_by_role("img").count() == 0
    assert page.wrong == []


def test_several_steps_are_drawn_and_lead_to_what_is_told_of_them(browser: Any, tmp_path: Path) -> None:
    page = page_of(browser, tmp_path, "declined-card-canceled-back-dated")
    told = part(page, "max-never-got-any: cancel_subscription on 2026-03-20")
    graph = told.get_by_role("region", name="What follows max-never-got-any, as a graph")
    graph.get_by_role("link", name="2.1. apply credit balance").click()
    assert page.locator(":target").inner_text().startswith("2.1. apply_credit_balance on ")
    # A single step needs none.
    assert part(page, "ole-pays-nearly-all: create_payment on 2026-04-02").locator(".graph").count() == 0
    assert page.wrong == []
