"""What is said where a date, or the lack of one, decides: one day that would do, and why nothing was found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.planning.plan import BalanceChange
from billpolicy.report.plan_text import plan_text
from tests.helpers.books import book_from
from tests.helpers.plan_views import totals
from tests.helpers.scenes import plan, run, versions
from tests.helpers.steps import told

HEAD = "accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]\ncontacts: [{id: c, account: a}]\n"
PAY = "operation: create_payment\naccount: a\namount: 60.00\napply_to_open: true\ndate: 2026-03-01\n"


def invoices(*rows: str) -> str:
    return (
        HEAD + "invoices:\n" + "".join(f"- {{account: a, {row}, items: [{{id: x, amount: 50.00}}]}}\n" for row in rows)
    )


# -- a closed period -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "first"),
    [
        ("from: 2026-01-01, until: 2026-03-01", "2026-03-10"),  # open before the invoice is there
        ("from: 2026-01-01, until: 2026-04-01", "2026-04-01"),  # the day of the invoice is closed, too
    ],
)
def test_two_things_that_are_wrong_with_one_date_have_one_remedy(closed: str, first: str) -> None:
    book = invoices("number: I1, date: 2026-03-10, currency: EUR")
    book += f"accounting_periods: [{{{closed}, status: closed}}]\n"
    (planned,) = run(book, "operation: write_off_invoice\ninvoice: I1\ndate: 2026-02-01")
    hints = {problem.code: problem.hint for problem in planned.problems}
    assert hints == {"date-too-early": f"use {first} or later", "period-closed": f"the next open day is {first}"}
    (planned,) = run(book, f"operation: write_off_invoice\ninvoice: I1\ndate: {first}")
    assert planned.plan is not None


def test_so_have_the_documents_that_are_named() -> None:
    """The source is of 1 March, one invoice of the 10th and one of the 20th; until the 5th all is closed."""
    book = invoices("number: I1, date: 2026-03-10, currency: EUR", "number: I2, date: 2026-03-20, currency: EUR")
    book += "payments: [{number: P1, account: a, date: 2026-03-01, currency: EUR, amount: 60.00}]\n"
    book += "accounting_periods: [{from: 2026-01-01, until: 2026-03-05, status: closed}]\n"
    apply = "apply: [{document: I1}, {document: I2}]\n"
    (planned,) = run(book, f"operation: apply_payment\npayment: P1\ndate: 2026-02-01\n{apply}")
    assert {problem.hint for problem in planned.problems} == {
        "use 2026-03-20 or later",
        "the next open day is 2026-03-20",
    }
    assert len(planned.problems) == 4


def test_a_date_that_follows_one_that_is_too_early_has_its_remedy() -> None:
    """The memo cannot be of 10 January, since the invoice is of 5 March; so nothing of it is applied before that."""
    book = invoices("number: I1, date: 2026-03-05, currency: EUR")
    book += "accounting_periods: [{from: 2026-01-01, until: 2026-02-01, status: closed}]\n"
    dates = "date: 2026-01-10\napply_date: 2026-01-05"
    (planned,) = run(book, f"operation: write_off_invoice\ninvoice: I1\n{dates}")
    assert {problem.hint for problem in planned.problems} == {
        "use 2026-03-05 or later",
        "the next open day is 2026-03-05",
    }
    assert len(planned.problems) == 4


# -- nothing to pay --------------------------------------------------------------------------------------------------


def test_a_payment_that_finds_nothing_says_why() -> None:
    later = [f"number: I{n}, date: 2026-03-0{n}, currency: EUR" for n in (2, 3, 4)]
    found = plan(invoices(*later, "number: I5, date: 2026-02-01, currency: EUR, auto_apply: false"), PAY)
    stays = "all of it stays unapplied: account `a` has no open document in EUR"
    assert found.notes == (
        f"{stays}: I2 and 2 others are dated after 2026-03-01; I5 is not applied to by rules (`auto_apply: false`)",
    )
    assert plan(invoices("number: I1, date: 2026-03-02, currency: EUR"), PAY).notes == (
        f"{stays}: I1 is dated after 2026-03-01",
    )
    assert plan(invoices("number: I6, date: 2026-02-01, currency: USD"), PAY).notes == (
        f"{stays}, but 50.00 USD is open",
    )
    assert plan(HEAD, PAY).notes == (stays,)
    assert plan(HEAD, PAY.replace("apply_to_open: true\n", "")).notes == ()
    assert plan(invoices("number: I1, date: 2026-03-01, currency: EUR"), PAY).notes == ()


def test_credit_balance_that_finds_nothing_says_why() -> None:
    book = invoices("number: I1, date: 2026-03-10, currency: EUR")
    book += (
        "credit_adjustments: [{number: CBA-1, account: a, date: 2026-03-01, currency: EUR, amount: 50, type: increase}]"
    )
    assert told(book_from(book), "operation: apply_credit_balance, account: a, date: 2026-03-02") == (
        "nothing-open: account `a` has no open document in EUR: I1 is dated after 2026-03-02"
    )


CREDIT = "credit_adjustments: [{number: X1, account: a, date: 2026-03-01, currency: EUR, amount: 60, type: increase}]"

# -- no due date -----------------------------------------------------------------------------------------------------

NET, OTHER = "attributes: {payment_term: Net 30}", "attributes: {payment_term: Net 75}"
AGREED = (
    f"number: I1, date: 2026-01-01, currency: EUR, {NET}",
    f"number: I2, date: 2025-12-15, due_date: 2026-03-03, currency: EUR, {NET}",
    f"number: I3, date: 2025-12-10, currency: EUR, {OTHER}",
)
"""I1 is due on 31 January by its term, so before I2; nobody knows when I3 is, by a term that is not the policy's."""
TWO = (
    f"number: I1, date: 2026-01-01, currency: EUR, {OTHER}",
    f"number: I2, date: 2026-02-01, due_date: 2026-03-03, currency: EUR, {NET}",
)


def test_a_due_date_is_worked_out_from_the_payment_term() -> None:
    found = plan(invoices(*AGREED), PAY)
    assert totals(found) == {"I1": "50.00", "I2": "10.00"}
    assert found.notes == ("due dates worked out from payment terms: I1 2026-01-31 (`Net 30`)",)
    assert [warning.code for warning in found.warnings] == ["due-date-missing"]  # I3


def test_more_than_a_few_are_counted() -> None:
    rows = [f"number: I{n}, date: 2026-01-0{n}, currency: EUR, {NET}" for n in range(1, 9)]
    (note,) = plan(invoices(*rows), PAY).notes
    assert note.endswith("I5 2026-02-04 (`Net 30`) and 3 more")


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        ("", "2026-01-31"),
        ("payment_terms: {Net 30: {net: 30, end_of_month: true, day: 10}}\n", "2026-02-10"),
    ],
)
def test_conditions_see_it_too(policy: str, due: str) -> None:
    asks = f"""
exceptions:
- id: due-then
  operations: [credit_memo_from_invoice]
  when: {{invoice.due_date: {{at_least: {due}, at_most: {due}}}}}
  then: {{bill_to_contact: [account]}}
"""
    book = invoices(f"number: I1, date: 2026-01-01, currency: EUR, {NET}")
    found = plan(book, "operation: credit_memo_from_invoice\ninvoice: I1\ndate: 2026-03-01", policy=policy + asks)
    assert found.documents[0].resolved.resolutions["bill_to_contact"].rule == "due-then"


def test_a_term_past_the_calendar_gives_no_due_date() -> None:
    book = invoices(f"number: I1, date: 9999-12-20, currency: EUR, {NET}")
    found = plan(book, PAY.replace("apply_to_open: true", "apply: [{document: I1, amount: 1.00}]"))
    assert totals(found) == {"I1": "1.00"}


def test_an_invoice_that_comes_last_for_want_of_a_due_date_is_told() -> None:
    found = plan(invoices(*TWO), PAY)
    assert totals(found) == {"I2": "50.00", "I1": "10.00"}
    (warning,) = found.warnings
    assert (warning.code, warning.message) == (
        "due-date-missing",
        (
            "I1 has no due date, and its payment term `Net 75` gives none here, so it comes after all that have one: "
            "declare the term in the policy, or write the `due_date` in the book"
        ),
    )


@pytest.mark.parametrize(
    ("rows", "asked", "policy"),
    [
        (TWO, PAY.replace("60.00", "100.00"), ""),  # the money comes to all of them
        (TWO, PAY, "every_operation: {document_order: oldest_document_first}\n"),
        ((TWO[0].replace(f", {OTHER}", ""), TWO[1]), PAY, ""),  # no term that would give one
        (TWO, PAY.replace("apply_to_open: true", "apply: [{document: I1, amount: 50.00}, {document: I2}]"), ""),
    ],
)
def test_nothing_is_told_where_it_changes_nothing(rows: tuple[str, ...], asked: str, policy: str) -> None:
    assert plan(invoices(*rows), asked, policy=policy).warnings == ()


@pytest.mark.parametrize(
    ("money", "asked"),
    [
        (
            "payments: [{number: X1, account: a, date: 2026-03-01, currency: EUR, amount: 60}]",
            "apply_payment\npayment: X1",
        ),
        (
            "payments: [{number: X1, account: a, date: 2026-03-01, currency: EUR, amount: 60}]",
            "apply_credits\naccount: a",
        ),
        (
            "credit_memos: [{number: X1, account: a, date: 2026-03-01, currency: EUR, items: [{id: x, amount: 60}]}]",
            "apply_credit_memo\ncredit_memo: X1",
        ),
        (
            CREDIT,
            "apply_credit_balance\naccount: a",
        ),
    ],
)
def test_every_operation_that_follows_the_order_tells_it_once(money: str, asked: str) -> None:
    found = plan(invoices(*TWO) + money, f"operation: {asked}\ndate: 2026-03-01")
    assert [warning.code for warning in found.warnings] == ["due-date-missing"]


# -- balances --------------------------------------------------------------------------------------------------------


def test_a_balance_that_stays_zero_is_not_printed() -> None:
    book = invoices("number: I1, date: 2026-01-01, currency: EUR")
    book += """
credit_memos:
- {number: C1, account: a, date: 2026-01-02, currency: EUR, source: I1, reason: Write-off,
   write_off: true, items: [{id: x, amount: 50.00, source_item: x}]}
applications:
- {from: C1, to: I1, date: 2026-01-02, amount: 50.00, parts: [{item: x, amount: 50.00, source_item: x}]}
"""
    found = plan(book, "operation: undo_write_off\ncredit_memo: C1\ndate: 2026-03-01")
    assert [(one.number, str(one.after)) for one in found.balances] == [("DM00000001", "50.00")]
    still = BalanceChange("credit_memo", "C1", "EUR", Decimal("0.00"), Decimal("0.00"))
    text = plan_text(replace(found, balances=(*found.balances, still)), versions())
    assert "  balance of DM00000001: 50.00 EUR\n" in text
    assert "unapplied of C1" not in text
