"""The matrix as a billing admin drives it: a cell opens its rule, with a script and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.browsing import visited, wrong_with
from tests.service.conftest import HERE, STORY

DISPUTES = "credit_memo_from_invoice"


def _cell(page: Any) -> Any:
    """What credit memos inherit their contact from."""
    return page.locator("#matrix tr", has_text=DISPUTES).locator("td[data-label=bill_to_contact] a").first


def test_a_cell_opens_its_rule_and_the_key_escape_goes_back_to_it(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/matrix")
    _cell(page).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name=f"bill_to_contact of {DISPUTES}").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H2"
    told = dialog.inner_text()
    assert "use case 1: for a dispute" in told
    assert "credit_memos.yaml:5" in told
    assert "account.brand is kiefer and reason is Charge Dispute" in told
    assert "bill_to_contact: [invoice, account]" in dialog.locator(".here").first.inner_text()
    assert wrong_with(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "invoice > account"


def test_without_a_script_the_cell_leads_to_a_page_of_its_rule(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/matrix", script=False)
    _cell(page).click()
    page.get_by_role("heading", level=1, name=f"bill_to_contact of {DISPUTES}").wait_for()
    assert page.locator(".chain li").all_inner_texts() == ["invoice", "account"]
    page.get_by_text("Its lines").click()
    assert "id: german-disputes-go-to-the-hut" in page.locator("details .here").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_rule_is_read_by_everybody(browser: Any, address: str, scheme: str) -> None:
    at = f"{address}/pages/matrix/rule?operation=write_off_invoice&key=permission"
    assert wrong_with(visited(browser, at, width=390, scheme=scheme)) == []


def test_the_values_of_a_setting_and_what_can_change_it_are_told(client: TestClient) -> None:
    page = client.get("/pages/matrix/rule?operation=write_off_invoice&key=permission").text
    assert "2 exceptions can change it" in page
    assert "more-than-small-write-offs-are-approved" in page


def test_what_is_no_cell_is_not_found(client: TestClient) -> None:
    assert client.get("/pages/matrix/rule?operation=write_off_invoice&key=payment_term").status_code == 404
    assert client.get("/pages/matrix/rule?operation=%3Cscript%3E&key=x").status_code == 404


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[TestClient]:
    """A service of two versions, the second of which changes who is billed."""
    for name, dates, chain in (
        ("first", "{from: 2026-01-01, until: 2026-07-01}", "[account]"),
        ("second", "{from: 2026-07-01}", "[invoice]"),
    ):
        rules = f"operations: {{write_off_invoice: {{bill_to_contact: {chain}}}}}"
        (tmp_path / f"{name}.yaml").write_text(
            f"policy: {name}\nextends: standard\neffective: {dates}\n{rules}\n", encoding="utf-8"
        )
    policy = billpolicy.load_policy(tmp_path / "first.yaml", tmp_path / "second.yaml", engine="python")
    book = billpolicy.load_book(STORY / "book.yaml")
    with TestClient(app_of(Serving(InForce(policy), book, OnThisMachine())), HERE) as client:
        yield client


def test_each_version_has_a_matrix_of_its_own(versions: TestClient) -> None:
    first, second = (versions.get(f"/pages/matrix?on={day}").text for day in ("2026-06-30", "2026-07-01"))
    assert '<option value="2026-01-01" selected>first, in force' in first
    assert '<option value="2026-07-01" selected>second, in force' in second
    cell = "/pages/matrix/rule?operation=write_off_invoice&key=bill_to_contact&on="
    assert '<li class="here" data-line="4">' in versions.get(f"{cell}2026-01-01").text.replace(
        'data-line="4" class="here"', 'class="here" data-line="4"'
    )
    assert "bill_to_contact: [invoice]" in versions.get(f"{cell}2026-07-01").text


def test_a_day_without_a_version_is_told(versions: TestClient) -> None:
    answer = versions.get("/pages/matrix?on=2025-01-01")
    assert answer.status_code == 422
    assert "no policy is in force on 2025-01-01" in answer.text


def test_many_exceptions_of_a_cell_are_folded(tmp_path: Path) -> None:
    rules = "".join(
        f"  - id: rule-{number}\n    operations: [write_off_invoice]\n"
        f"    when: {{account.id: a-{number}}}\n    then: {{bill_to_contact: [account]}}\n    because: no. {number}\n"
        for number in range(30)
    )
    text = f"policy: many\nextends: standard\neffective: {{from: 2026-01-01}}\nexceptions:\n{rules}"
    (tmp_path / "many.yaml").write_text(text, encoding="utf-8")
    policy = billpolicy.load_policy(tmp_path / "many.yaml", engine="python")
    with TestClient(app_of(Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"))), HERE) as client:
        assert "<summary>and 22 more</summary>" in client.get("/pages/matrix").text  # of 30, behind the first 8
        cell = client.get("/pages/matrix/rule?operation=write_off_invoice&key=bill_to_contact").text
    assert "30 exceptions can change it" in cell
    assert cell.count("<article") == 20
    assert "<summary>and 10 more</summary>" in cell
