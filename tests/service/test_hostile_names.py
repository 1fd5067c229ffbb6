"""Names that somebody else has chosen are shown as they are: none runs, none breaks a page, at the width of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import billpolicy
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.browsing import listening, visited, wrong_with

MARKUP = "&<b>x</b><script>alert(1)</script>"
LONG, WIDE = "a-very-" * 14 + "long-name", "w" * 90
POLICY = f"""\
policy: {LONG}
extends: standard
effective: {{from: 2026-01-01}}
fields:
  account.brand: {{type: choice, values: ["{MARKUP}", b, {WIDE}]}}
exceptions:
  - id: {LONG}
    operations: [credit_memo_from_invoice]
    when: {{account.brand: ["{MARKUP}", {WIDE}], reason: Charge Dispute}}
    then: {{bill_to_contact: [account]}}
    because: "{MARKUP} {WIDE}"
"""
BOOK = f"""\
accounts:
  - id: {LONG}
    name: "{MARKUP}"
    custom: {{brand: "{MARKUP}"}}
    currency: EUR
    attributes: {{bill_to_contact: c-{LONG}}}
contacts: [{{id: c-{LONG}, account: {LONG}, name: "{MARKUP}"}}]
invoices:
  - number: I-{LONG}
    account: {LONG}
    date: 2026-02-01
    currency: EUR
    attributes: {{bill_to_contact: c-{LONG}}}
    items: [{{id: i, name: "{MARKUP}", amount: 1200.00}}]
"""
OPERATIONS = f"""\
operations:
  - {{id: {LONG}, operation: credit_memo_from_invoice, date: 2026-03-02, invoice: I-{LONG}, reason: Charge Dispute}}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("a <b>&'\"")
    for name, text in {"policy.yaml": POLICY, "book.yaml": BOOK, "operations.yaml": OPERATIONS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    policy = billpolicy.load_policy(folder / "policy.yaml", engine="python")
    operations = tuple(billpolicy.load_operations(folder / "operations.yaml"))
    book = billpolicy.load_book(folder / "book.yaml")
    with listening(Serving(InForce(policy), book, OnThisMachine(LONG), operations=operations)) as at:
        yield at


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("matrix", MARKUP),
        ("matrix/rule?operation=credit_memo_from_invoice&key=bill_to_contact", MARKUP),
        (f"explain?by=loaded&id={LONG}", MARKUP),
        ("explain?by=typed&typed=%3Cscript%3Ealert(1)%3C/script%3E", "there is no operation"),
        ("what-if", LONG),
        ("review?old=layer-1&new=2026-01-01", MARKUP),
    ],
)
def test_a_name_is_shown_as_it_is(browser: Any, hostile: str, path: str, shown: str) -> None:
    page = visited(browser, f"{hostile}/pages/{path}", width=390)
    assert shown in page.locator("body").inner_text()
    assert page.locator("main b, main script").count() == 0
    assert wrong_with(page) == []
