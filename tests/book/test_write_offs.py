"""The memo of a write-off in a book file: it is all on what it writes off. docs/domain.md 3.2."""

from __future__ import annotations

import pytest

from billpolicy.book.model import CreditMemo
from tests.helpers.books import book_from
from tests.helpers.refusals import refused

BOOK = """
accounts: [{id: a, currency: USD}]
invoices:
- {number: I1, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 60.00}]}
- {number: I2, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 60.00}]}
debit_memos:
- {number: D1, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 60.00}]}
credit_memos:
- {number: C1, account: a, date: 2026-01-12, currency: USD, source: I1, write_off: true, items: [{id: x, amount: 60}]}
applications:
- {from: C1, to: I1, date: 2026-01-12, amount: 60.00}
"""
APPLIED = "{from: C1, to: I1, date: 2026-01-12, amount: 60.00}"


def told(text: str) -> list[tuple[str, str]]:
    """Code and message of all that is wrong, each at the memo's `write_off`."""
    problems = refused(lambda: book_from(text)).diagnostics
    for problem in problems:
        assert problem.position is not None
        assert "write_off: true" in text.splitlines()[problem.position.line - 1]
        assert text.splitlines()[problem.position.line - 1][problem.position.column - 1 :].startswith("true")
    return [(problem.code, problem.message) for problem in problems]


def test_a_write_off_of_an_invoice_or_a_debit_memo() -> None:
    memo = book_from(BOOK).numbered["C1"]
    assert isinstance(memo, CreditMemo)
    assert memo.write_off
    assert book_from(BOOK.replace("source: I1", "source: D1").replace("to: I1", "to: D1"))
    assert not CreditMemo(number="C", account="a", date=memo.date, currency="USD", items=()).write_off


@pytest.mark.parametrize(
    ("there", "here", "message"),
    [
        (APPLIED, APPLIED.replace("60", "59"), "C1 writes off 60.00, but 59.00 of it is applied to I1"),
        (f"applications:\n- {APPLIED}\n", "", "C1 writes off 60.00, but 0 of it is applied to I1"),
        (APPLIED, APPLIED.replace("I1", "I2"), "C1 writes off 60.00, but 0 of it is applied to I1"),
        (
            "source: I1, ",
            "",
            "C1 writes off 60.00, but 0 of it is applied to an invoice or debit memo that it was made from",
        ),
        (
            f"{APPLIED}\n",
            f"{APPLIED}\n- {{from: C1, to: I1, date: 2026-01-13, amount: -60.00}}\n",
            "C1 writes off 60.00, but 0.00 of it is applied to I1",
        ),
    ],
)
def test_it_is_applied_in_full_to_what_it_was_made_from(there: str, here: str, message: str) -> None:
    assert there in BOOK
    assert told(BOOK.replace(there, here)) == [("write-off-differs", message)]
    assert book_from(BOOK.replace(there, here).replace("write_off: true", "write_off: false"))


def test_so_it_is_no_draft_but_may_be_canceled() -> None:
    unapplied = BOOK.replace(f"applications:\n- {APPLIED}\n", "")
    draft = unapplied.replace("write_off: true", "status: draft, write_off: true")
    assert told(draft) == [("write-off-differs", "C1 writes off 60.00, but 0 of it is applied to I1")]
    assert book_from(unapplied.replace("write_off: true", "status: canceled, write_off: true"))


def test_a_write_off_is_not_of_a_credit_memo() -> None:
    of_memo = BOOK.replace("source: I1, ", "source: C2, ").replace(
        "credit_memos:",
        "credit_memos:\n- {number: C2, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 1.00}]}",
    )
    assert [code for code, _ in told(of_memo)] == ["write-off-differs"]
