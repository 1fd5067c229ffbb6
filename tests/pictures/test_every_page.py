"""Each page can be read, found through, reached with the keyboard and printed, whatever its names are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.paths import ROOT, STANDARD
from tests.pictures.browser import opened, started, written

STORY = ROOT / "examples" / "a-page-of-company-policy"
QUALITY = Path(__file__).with_name("quality.js").read_text(encoding="utf-8")
SCRIPT = "<script>alert(1)</script>\"'&amp;"
NAMES = {"script": SCRIPT, "right to left": "חשבונית", "emoji": "🧾 receipts"}
LONG = "a-very-long-name" * 15
POLICY = """
policy: {script}
extends: {standard}
effective: {{from: 2026-01-01}}
exceptions:
- id: {script}
  operations: [credit_memo_from_invoice]
  when: {{account.region: {script}}}
  then: {{bill_to_contact: [account]}}
  because: {long}
- id: {long}
  operations: [credit_memo_from_invoice]
  when: {{account.region: {right to left}}}
  then: {{bill_to_contact: [account, invoice]}}
  because: {right to left}
follow_ups:
- id: {emoji}
  after: credit_increased
  when: {{account.region: {script}}}
  then: refund_credit_balance
  because: {script}
"""
BOOK = """
accounts:
- {{id: {script}, currency: EUR, region: {script}, attributes: {{bill_to_contact: {long}}}}}
- {{id: {emoji}, currency: EUR, region: {right to left}, attributes: {{bill_to_contact: {right to left}}}}}
contacts:
- {{id: {long}, account: {script}}}
- {{id: {right to left}, account: {emoji}}}
invoices:
- {{number: INV00000001, account: {script}, date: 2026-01-01, currency: EUR, attributes: {{bill_to_contact: {long}}},
   items: [{{id: {long}, name: {script}, amount: 9.00}}, {{id: x, amount: 1.50}}]}}
- {{number: INV00000002, account: {emoji}, date: 2026-01-01, currency: EUR,
   attributes: {{bill_to_contact: {right to left}}}, items: [{{id: {emoji}, amount: 9.00}}]}}
"""
OPERATIONS = """
operations:
- {{id: {script}, operation: credit_memo_from_invoice, date: 2026-01-02, invoice: INV00000001, reason: Write-off,
   items: [{{item: {long}, amount: 1.00}}]}}
- {{id: {long}, operation: write_off_invoice, date: 2026-01-02, invoice: INV00000001, comment: {right to left}}}
- {{id: {right to left}, operation: write_off_invoice, date: 2026-01-02, invoice: INV00000002}}
- {{id: {emoji}, operation: write_off_invoice, date: 2026-01-02, invoice: {script}}}
- {{id: up, operation: adjust_credit_balance, type: increase, amount: 1.00, account: {script}, date: 2026-01-02}}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


def every_page(folder: Path, before: Path, policy: Path, operations: Path, book: Path) -> dict[str, Path]:
    given = (operations, "--policy", policy, "--book", book, "--today", "2026-08-03")
    return {
        "matrix": written(folder, "matrix", policy),
        "diff": written(folder, "diff", before, policy),
        "explain": written(folder, "explain", *given, codes=(0, 1)),
        "plan": written(folder, "plan", *given, codes=(0, 1)),
    }


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("ordinary")
    return every_page(folder, STANDARD, *(STORY / f"{name}.yaml" for name in ("policy", "operations", "book")))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("hostile") / "<b> & co"
    folder.mkdir()
    texts = {name: json.dumps(text, ensure_ascii=False) for name, text in {**NAMES, "long": LONG}.items()}
    written_as = {"policy": POLICY, "operations": OPERATIONS, "book": BOOK}
    for name, text in written_as.items():
        (folder / f"{name}.yaml").write_text(text.format(**texts, standard=STANDARD), encoding="utf-8")
    return every_page(folder, STANDARD, *(folder / f"{name}.yaml" for name in written_as))


PAGES = ("matrix", "diff", "explain", "plan")


@pytest.mark.parametrize("names", ["ordinary", "hostile"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong_on_any_screen_and_on_paper(
    browser: Any, request: pytest.FixtureRequest, name: str, names: str
) -> None:
    file = request.getfixturevalue(names)[name]
    for width, scheme in ((390, "light"), (800, "dark"), (1600, "light")):
        page = opened(browser, file, width=width, scheme=scheme)
        assert page.evaluate(QUALITY) == []
        assert page.wrong == []
        page.context.close()
    page = opened(browser, file, width=718, scheme="dark")  # A4 with its margins, for somebody who reads in the dark
    page.emulate_media(media="print")
    assert page.evaluate(QUALITY) == []
    assert page.locator("form:visible").count() == 0
    hidden = "all => all.filter(one => one.getClientRects().length === 0).length"
    assert page.locator("details > :not(summary)").evaluate_all(hidden) == 0


@pytest.mark.parametrize("name", PAGES)
def test_names_are_shown_as_they_are_written(browser: Any, hostile: Mapping[str, Path], name: str) -> None:
    page = opened(browser, hostile[name])
    assert page.locator("script").count() == (1 if name == "matrix" else 0)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    shown = page.locator("body").inner_text()
    for text in (*NAMES.values(), LONG):
        assert text in shown or name == "diff"
    assert SCRIPT in shown


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_goes_through_all_of_it_and_shows_where_it_is(
    browser: Any, ordinary: Mapping[str, Path], name: str
) -> None:
    page = opened(browser, ordinary[name])
    used = "a, summary, select, input, button, [tabindex]"
    visible = f"[...document.querySelectorAll('{used}')].filter(one => one.getClientRects().length > 0)"
    count = min(page.evaluate(f"{visible}.length"), 40)
    for at in range(count):
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.activeElement === {visible}[{at}]"), at
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none"


def test_filters_are_used_with_the_keyboard(browser: Any, ordinary: Mapping[str, Path]) -> None:
    page = opened(browser, ordinary["matrix"])
    page.focus("[name=operation]")
    page.keyboard.type("write_off_i")
    assert page.locator("#matrix tbody tr:visible").count() == 1
    page.focus("form button")
    page.keyboard.press("Enter")
    page.focus("[name=differs]")
    page.keyboard.press("Space")
    assert page.locator("#matrix tbody tr:visible").count() == 2
    assert page.evaluate(QUALITY) == []  # what does not fit is fainter, and can still be read


FAULTS = """
<title>x</title><style>.a { color: #999 } .b { opacity: .5 } .c { width: 9rem; overflow: hidden; white-space: nowrap }
.d { width: 200vw }</style>
<main><h1>One</h1><h3>Three</h3><section><table><tr><th>a</th></tr><tr><td>b</td></tr></table></section>
<p class="a">grey on white</p><p class="b">fainter than it may be</p><p class="c">more than there is room for in it</p>
<p class="d">wide</p><nav><a href="#nowhere" tabindex="-1">link</a></nav><input><i id="x">1</i><i id="x">2</i></main>
"""


def test_each_fault_of_a_page_is_found(browser: Any, tmp_path: Path) -> None:
    """Else what finds none would prove nothing."""
    file = tmp_path / "faults.html"
    file.write_text(f"<!doctype html><html>{FAULTS}</html>", encoding="utf-8")
    found = opened(browser, file).evaluate(QUALITY)
    # #999999 has a luminance of 0.319: (1 + .05) / (0.319 + .05) = 2.85; half of black on white has 0.214: 3.98.
    assert {one.partition(":")[0] for one in found} == {
        "contrast 2.85",
        "contrast 3.98",
        "no language or no title",
        "a level is left out after 1",
        "no scope",
        "nothing heads the row",
        "cut, and not to be scrolled",
        "beyond the edge",
        "wider than the screen",
        "no name",
        "leads nowhere",
        "not reached by the keyboard",
        "no label",
        "an id twice",
    }
