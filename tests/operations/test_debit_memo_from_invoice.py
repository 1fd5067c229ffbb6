"""`debit_memo_from_invoice`: docs/domain.md 1.2 row 6, 1.7 (due dates)."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.model import PaymentTerm
from billpolicy.policy.payment_terms import due_on
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, debit_memo, inherited, numbers, stored
from tests.helpers.scenes import plan, refused, run

NAME = "debit_memo_from_invoice"
ASK = f"operation: {NAME}\ninvoice: I1\nitems: [{{item: x, amount: 10.00}}]\n"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_invoice_gives_contact_term_and_set() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {
        "bill_to_contact": ("ivan", "invoice"),
        "payment_term": ("Net 30", "invoice"),
        "sequence_set": ("INV", "invoice"),
    }
    assert stored(found) == {"bill_to_contact": "ivan", "payment_term": "Net 30", "sequence_set": "INV"}
    assert numbers(found) == ["I-DM-00000001"]


def test_what_the_invoice_lacks_comes_from_the_account() -> None:
    assert inherited(plan(levelled(invoice=NONE), ASK, policy=LEVELS)) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Net 60", "account"),
        "sequence_set": ("ACC", "account"),
    }


def test_what_the_account_lacks_too_is_the_default() -> None:
    found = plan(levelled(invoice=NONE, account="{bill_to_contact: alma}"), ASK, policy=LEVELS)
    assert inherited(found) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Due Upon Receipt", "default"),  # docs/domain.md 1.3 point 6
        "sequence_set": ("DEFAULT", "default"),
    }
    assert numbers(found) == ["DM00000001"]


def test_no_value_on_any_level_is_refused() -> None:
    assert refused(levelled(invoice=NONE, account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]
    short = changed(NAME, "payment_term: [invoice, account]")
    assert refused(levelled(invoice=NONE, account="{bill_to_contact: alma}"), ASK, policy=short) == ["chain-exhausted"]


def test_the_request_may_name_the_contact_and_nothing_else() -> None:
    # docs/domain.md 1.2 row 6: Zuora's request has a billToContactId.
    named = ASK + "attributes: {bill_to_contact: rita}\n"
    assert inherited(plan(levelled(), named, policy=LEVELS))["bill_to_contact"] == ("rita", "request")
    empty = ASK + "attributes: {bill_to_contact: null}\n"
    assert inherited(plan(levelled(), empty, policy=LEVELS))["bill_to_contact"] == ("ivan", "invoice")
    assert refused(levelled(), ASK + "attributes: {payment_term: Net 90}\n", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), ASK + "attributes: {sequence_set: ACC}\n", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), ASK + "attributes: {bill_to_contact: otto}\n", policy=LEVELS) == ["contact-unknown"]


def test_an_unknown_term_is_refused() -> None:
    assert refused(levelled(invoice="{payment_term: Net 45}"), ASK, policy=LEVELS) == ["payment-term-unknown"]


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("invoice: I9\nitems: [{item: x}]", ["document-unknown"]),
        ("invoice: C1\nitems: [{item: x}]", ["document-unknown"]),
        ("invoice: I1\nitems: []", ["nothing-to-charge"]),
        ("invoice: I1\nitems: [{item: x}]\ndate: 2026-04-30", ["date-too-early"]),
        ("invoice: I1\nitems: [{item: x}]\nreason: Charge Dispute, really", ["reason-unknown"]),
        ("invoice: I1\nitems: [{item: x}]\nreason: Unsatisfactory service", ["reason-unknown"]),  # of credit memos
        ("invoice: I1\nitems: [{item: y}]", ["item-unknown"]),
        ("invoice: I1\nitems: [{item: x, amount: -1.00}]", ["amount-sign"]),
        ("invoice: I1\nitems: [{item: x, amount: 0.005}]", ["amount-inexact"]),
        ("invoice: I2\nitems: [{item: x}]", ["not-posted"]),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    draft = "- {number: I2, account: acme, date: 2026-05-01, currency: EUR, status: draft, items: [{id: x, amount: 1}]}"
    in_book = levelled().replace("invoices:", f"invoices:\n{draft}")
    assert refused(in_book, f"operation: {NAME}\n{text}", policy=LEVELS) == codes


def test_a_closed_period_and_the_item_limit() -> None:
    closed = levelled(rest="accounting_periods: [{from: 2026-05-01, until: 2026-06-02, status: closed}]\n")
    assert refused(closed, ASK, policy=LEVELS) == ["period-closed"]
    assert plan(closed, ASK + "date: 2026-06-02\n", policy=LEVELS)
    # One item and one tax.
    assert refused(levelled(), ASK, policy=changed(NAME, "item_limit: 1")) == ["item-limit"]
    assert plan(levelled(), ASK, policy=changed(NAME, "item_limit: 2"))


# -- amounts -------------------------------------------------------------------------------------------------------


def test_the_memo_charges_its_items_at_their_own_price() -> None:
    priced = levelled().replace("subscription: s1, amount: 100.00", "quantity: 4, unit_price: 25.00, amount: 100.00")
    found = plan(priced, ASK.replace("10.00", "12.30"), policy=LEVELS)
    memo = debit_memo(found)
    assert amounts(memo) == {"x": "12.30", "x/vat": "2.46"}  # 20.00 x 12.30 / 100
    assert (str(memo.items[0].quantity), str(memo.items[0].unit_price)) == ("4", "25.00")  # not negated
    assert (memo.source, memo.reason) == ("I1", "Correcting invoice error")
    assert balances(found) == {memo.number: "14.76"}
    assert found.applications == ()


def test_more_than_the_invoice_can_be_charged_again_and_again() -> None:
    more = ASK.replace("10.00", "1000.00")
    first, second = run(levelled(), more, more, policy=LEVELS)
    assert first.plan is not None
    assert second.plan is not None
    assert str(debit_memo(first.plan).amount) == str(debit_memo(second.plan).amount) == "1200.00"


# -- due dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "day", "due"),
    [
        ("Due Upon Receipt", "2026-06-10", "2026-06-10"),
        ("Net 30", "2026-06-10", "2026-07-10"),  # 20 days of June, 10 more
        ("Net 60", "2026-12-15", "2027-02-13"),  # 16 of December, 31 of January, 13
    ],
)
def test_a_net_term_counts_days_from_the_memo_and_not_from_the_invoice(term: str, day: str, due: str) -> None:
    memo = debit_memo(plan(levelled(invoice=f"{{payment_term: {term}}}"), ASK + f"date: {day}\n", policy=LEVELS))
    assert (str(memo.date), str(memo.due_date)) == (day, due)


def test_an_explicit_due_date_wins() -> None:
    found = plan(levelled(), ASK + "date: 2026-06-10\ndue_date: 2026-06-11\n", policy=LEVELS)
    assert str(debit_memo(found).due_date) == "2026-06-11"
    assert inherited(found)["payment_term"] == ("Net 30", "invoice")


def test_a_due_date_past_the_calendar_is_refused() -> None:
    assert refused(levelled(), ASK + "date: 9999-12-20\n", policy=LEVELS) == ["date-too-late"]


@pytest.mark.parametrize(
    ("due_day", "cutoff", "day", "due"),
    [
        (15, None, "2026-05-31", "2026-06-15"),  # the 15th of next month
        (15, 25, "2026-05-25", "2026-06-15"),  # on the cutoff day: still next month
        (15, 25, "2026-05-26", "2026-07-15"),  # past it: the month after
        (31, None, "2026-05-10", "2026-06-30"),  # June has 30 days
        (31, None, "2026-01-31", "2026-02-28"),
        (30, None, "2028-01-31", "2028-02-29"),  # a leap year
        (31, None, "2026-11-30", "2026-12-31"),
        (10, None, "2026-12-01", "2027-01-10"),
        (10, 20, "2026-12-21", "2027-02-10"),
        (10, 20, "2026-11-21", "2027-01-10"),
    ],
)
def test_a_proximo_term_is_due_on_a_day_of_next_month(due_day: int, cutoff: int | None, day: str, due: str) -> None:
    cutoff_day = "" if cutoff is None else f", cutoff_day: {cutoff}"
    terms = f"{LEVELS}payment_terms:\n  Prox: {{proximo: {{due_day: {due_day}{cutoff_day}}}}}\n"
    in_book = levelled(invoice="{payment_term: Prox}").replace("2026-05-01", "2026-01-01")
    assert str(debit_memo(plan(in_book, ASK + f"date: {day}\n", policy=terms)).due_date) == due


def test_a_proximo_due_date_past_the_calendar_is_an_error_and_never_another_day() -> None:
    term = PaymentTerm("Prox", Position("policy.yaml"), due_day=15)
    assert due_on(term, datetime.date(9999, 10, 31)) == datetime.date(9999, 11, 15)
    with pytest.raises((OverflowError, ValueError)):
        due_on(term, datetime.date(9999, 12, 1))
