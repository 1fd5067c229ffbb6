"""The page of the matrix in a real browser: it filters, links, fits a phone, and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.paths import ROOT, STANDARD
from tests.pictures.browser import opened, started, written

STORY = ROOT / "examples" / "a-page-of-company-policy" / "policy.yaml"
ROWS = "#matrix tbody tr:visible"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"), "matrix", STORY)


def test_filters_narrow_what_is_shown(browser: Any, file: Path) -> None:
    page = opened(browser, file)
    every = page.locator(ROWS).count()
    page.select_option("[name=operation]", "write_off_invoice")
    assert page.locator(ROWS + " th").all_inner_texts() == ["write_off_invoice"]
    assert page.locator("#count").inner_text() == f"1 of {every} operations that make documents"
    page.click("button")
    page.check("[name=differs]")
    # The two cells that exceptions of the story change.
    assert page.locator(ROWS + " th").all_inner_texts() == ["credit_memo_from_invoice", "debit_memo_from_invoice"]
    assert page.locator(ROWS + " td.differs").count() == 2
    page.uncheck("[name=differs]")
    page.select_option("[name=level]", "debit_memo")
    assert page.locator(ROWS + " th").all_inner_texts() == ["write_off_debit_memo", "undo_write_off"]
    page.click("button")
    assert page.locator(ROWS).count() == every
    assert page.wrong == []


def test_a_cell_leads_to_its_rule_and_its_exception(browser: Any, file: Path) -> None:
    page = opened(browser, file)
    cell = page.locator("[data-operations=credit_memo_from_invoice] [data-keys=bill_to_contact]")
    cell.locator("a").first.click()
    assert "credit_memo_from_invoice" in page.locator(":target").inner_text()
    assert "bill_to_contact" in page.locator(":target th").inner_text()
    cell.locator("a").nth(1).click()
    assert "credit_memo_from_invoice" in page.locator("article:target").inner_text()
    lost = "[...document.querySelectorAll('a')].filter(a => !document.querySelector(a.getAttribute('href'))).length"
    assert page.evaluate(lost) == 0
    assert (
        page.evaluate("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size")
        == page.locator("[id]").count()
    )


def test_the_header_and_the_first_column_stay(browser: Any, file: Path) -> None:
    page = opened(browser, file)
    page.locator(".wide").first.evaluate("element => { element.style.width = '500px'; element.scrollTo(200, 300) }")
    frame = page.locator(".wide").first.bounding_box()
    corner = page.locator("#matrix thead th").first.bounding_box()
    assert abs(corner["x"] - frame["x"]) <= 2
    assert abs(corner["y"] - frame["y"]) <= 2


@pytest.mark.parametrize("width", [390, 800, 1600])
def test_nothing_is_wider_than_the_screen(browser: Any, file: Path, width: int) -> None:
    page = opened(browser, file, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.wrong == []


def test_without_a_script_all_is_shown(browser: Any, file: Path) -> None:
    page = opened(browser, file, script=False)
    assert page.locator("form").is_hidden()
    assert page.locator(ROWS).count() == page.locator("#matrix tbody tr").count()
    assert page.locator(".rule:visible").count() == page.locator(".rule").count()


def test_what_a_box_of_the_graph_says_stays_in_it(browser: Any, tmp_path: Path) -> None:
    names = ("W" * 60, "\u8acb\u6c42\u66f8" * 12, "\U0001f9fe" * 30, "\u05d7\u05e9\u05d1\u05d5\u05df" * 12)
    rules = "".join(
        f"  - {{id: {name}, after: credit_increased, then: refund_credit_balance, when: {{account.id: a{at}}}}}\n"
        for at, name in enumerate(names)
    )
    head = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\nfollow_ups:\n"
    (tmp_path / "policy.yaml").write_text(head + rules, encoding="utf-8")
    page = opened(browser, written(tmp_path, "matrix", tmp_path / "policy.yaml"))
    inside = """text => {
        const [it, box] = [text.getBBox(), text.parentElement.querySelector("rect").getBBox()];
        const across = it.x >= box.x && it.x + it.width <= box.x + box.width;
        return across && it.y >= box.y && it.y + it.height <= box.y + box.height;
    }"""
    texts = page.locator("svg text")
    assert texts.count() > 2 * len(names)
    assert all(texts.nth(at).evaluate(inside) for at in range(texts.count()))


def test_many_attributes_are_scrolled_on_a_screen_and_listed_on_paper(browser: Any, tmp_path: Path) -> None:
    names = [f"cost_center_{at}_of_the_region" for at in range(6)]
    declared = "".join(f"  {name}: {{type: text, documents: [refund]}}\n" for name in names)
    chains = "".join(f"    {name}: [account]\n" for name in names)
    head = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\nattributes:\n{declared}operations:\n"
    rules = "".join(f"  {name}:\n{chains}" for name in ("create_refund", "refund_credit_balance"))
    (tmp_path / "policy.yaml").write_text(head + rules, encoding="utf-8")
    page = opened(browser, written(tmp_path, "matrix", tmp_path / "policy.yaml"), width=718)
    head_of_it = page.locator("#matrix thead th").last
    assert head_of_it.bounding_box()["height"] < 40  # in one line, whatever its name
    assert page.evaluate("document.documentElement.scrollWidth") == 718
    page.emulate_media(media="print")
    (row,) = (one for one in page.locator("#matrix tbody tr").all_inner_texts() if one.startswith("create_refund"))
    # A refund has its number from a sequence set, too; what it has not is not listed.
    assert len(row.split("\n")) == len(["operation", "makes", *names, "sequence_set"])
    assert page.evaluate("document.documentElement.scrollWidth") == 718
