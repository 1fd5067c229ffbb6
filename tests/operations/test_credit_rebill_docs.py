"""Every table of docs/credit-rebill.md is run."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.operations.corrections.terms import Correction
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.planning.plan import in_turn, left_by
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import book_from
from tests.helpers.paths import ROOT
from tests.helpers.scenes import book_after, plan, refused

PAGE = (ROOT / "docs" / "credit-rebill.md").read_text(encoding="utf-8")
THREE = billed(
    *(
        invoice(number, month, line("seats", "100.00", month, tax="0.00"))
        for number, month in (("I1", "jan"), ("I2", "feb"), ("I3", "mar"))
    )
)
OPTIONS = {"credit_only": "", "credit_rebill at 80.00": "correct: [{line: '1', rate: 80.00}]"}


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, the head among them."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    rows = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]


@pytest.mark.parametrize("option", OPTIONS)
def test_what_becomes_of_line_period_and_charge(option: str) -> None:
    head, *rows = table("What becomes of the line, its charge period and later ones")
    said = {row[0]: row[head.index(option)] for row in rows}
    operation = option.partition(" ")[0]
    before = book_from(THREE)
    found = plan(before, f"operation: {operation}\ndate: 2026-04-10\ninvoice: I1\n{OPTIONS[option]}")
    after = left_by(found, before)
    made = [one.document for step in in_turn(found) for one in step.documents]
    (charge,) = after.subscriptions["s"].charges
    again = refused(after, "operation: bill_run\ndate: 2026-03-31\nsubscriptions: [s]")
    assert said == {
        "credit memos": ", ".join(str(one.amount) for one in made if isinstance(one, CreditMemo)),
        "the line of January": status(after, "I1/1"),
        "the line of February": status(after, "I2/1"),
        "the new invoice": ", ".join(str(i.amount) for one in made if isinstance(one, Invoice) for i in one.items),
        "charged through": str(charge.charged_through),
        "billed by the next bill run of March": "nothing" if again == ["nothing-due"] else str(again),
    }


ONE = billed(invoice("I1", "mar", line("seats", "100.00", "mar", tax="0.00")))


@pytest.mark.parametrize("rate", ["80.00", "130.00"])
@pytest.mark.parametrize("style", ["restate", "difference"])
def test_only_the_difference(style: str, rate: str) -> None:
    head, *rows = table("Only the difference")
    said = {row[0]: row[head.index(f"`{style}` at {rate}")] for row in rows}
    before = book_from(ONE)
    ask = f"operation: credit_rebill\ndate: 2026-04-10\ninvoice: I1\ncorrect: [{{line: '1', rate: {rate}}}]"
    found = plan(before, ask, policy=f"operations: {{credit_rebill: {{correction_style: {style}}}}}")
    after = left_by(found, before)
    made = [one.document for step in in_turn(found) for one in step.documents]
    (new,) = (one for one in made if isinstance(one, Invoice))
    on_memos = [str(item.amount) for one in made if isinstance(one, CreditMemo) for item in one.items]
    assert said == {
        "the line of March": status(after, "I1/1"),
        "given back on a credit memo": ", ".join(on_memos),
        "given back on an invoice": ", ".join(str(-item.amount) for item in new.items if item.source),
        "the new line": ", ".join(str(item.amount) for item in new.items if not item.source),
        "the new invoice comes to": str(new.amount),
        "open of the old invoice": str(after.balance(after.numbered["I1"])),
        "open in all": str(sum(after.balance(one) for one in after.numbered.values() if isinstance(one, Invoice))),
    }


def status(book: Book, name: str) -> str:
    (period,) = (one for one in charge_periods(book, "s") if one.id == name)
    return period.status


def test_what_can_be_different() -> None:
    said = [re.findall(r"`(\w+)`", row[0]) for row in table("What can be different")[1:]]
    own = [field.name.rstrip("_") for field in fields(Correction) if field.name not in ("line", "charge")]
    assert sorted(name for names in said for name in names) == sorted(own)


EXCLUDED = """
charge_periods:
- {id: s/seats/2026-04-01, subscription: s, charge: seats, from: 2026-04-01, until: 2026-05-01, currency: EUR,
   status: excluded_zero_amount}
"""
GOODWILL = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1"
ONCE = "operation: credit_only\ndate: 2026-04-01\ninvoice: I1"
DRAFT = invoice("D1", "apr", line("seats", "100.00", "apr"), more="  status: draft\n")
PAYMENT = """
payments:
- {number: P1, account: a, date: 2026-04-01, currency: EUR, amount: 1.00, reference: I1, status: draft}
"""
DIFFERENCE = "operations: {credit_rebill: {correction_style: difference}}"
REFUSED: dict[str, Book] = {
    "not-by-billing": book_from(THREE.replace("subscribed_charge: seats, ", "")),
    "excluded-charge": book_from(THREE + EXCLUDED),
    "period-on-draft": book_from(THREE + DRAFT),
    "in-flight": book_from(THREE + PAYMENT),
    "credited-in-full": book_after(THREE, GOODWILL),
    "split-invoice": book_from(THREE.replace("- number: I1\n", "- number: I1\n  split: true\n")),
    "nothing-changes": book_from(THREE),
    "unwound-already": book_after(THREE, ONCE),
}


def test_what_is_refused() -> None:
    assert [row[0] for row in table("What is refused")[1:]] == [f"`{code}`" for code in REFUSED]


@pytest.mark.parametrize("code", REFUSED)
def test_why_it_is_refused(code: str) -> None:
    policy = DIFFERENCE if code == "nothing-changes" else ""
    assert refused(REFUSED[code], "operation: credit_rebill\ndate: 2026-04-10\ninvoice: I1", policy=policy) == [code]
