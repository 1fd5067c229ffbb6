"""`credit_rebill`: docs/domain.md 7. Amounts are worked out from the lines; VAT is a fifth of each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough, PeriodsRecorded, UsageBilled
from billpolicy.book.model import ChargePeriod, CreditMemo, Invoice
from billpolicy.planning.plan import Plan, left_by
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import balances, book_from
from tests.helpers.plan_views import inherited
from tests.helpers.scenes import book_after, plan, refused, run

ASK = "operation: credit_rebill\ndate: 2026-04-10\ninvoice: I1\n"
LOWER = ASK + "correct: [{line: '1', rate: 80.00}]\n"
THREE = billed(
    *(
        invoice(number, month, line("seats", "100.00", month))
        for number, month in (("I1", "jan"), ("I2", "feb"), ("I3", "mar"))
    )
)
"""Three months of seats at 100.00, each on an invoice of its own."""


def memos(found: Plan) -> dict[str, str]:
    """Invoice -> the amount of the memo that credits it, in the order in which they are made."""
    made = [one.document for one in found.documents]
    assert all(isinstance(memo, CreditMemo) for memo in made)
    return {memo.source: str(memo.amount) for memo in made if isinstance(memo, CreditMemo) and memo.source}


def rebill(found: Plan) -> Invoice:
    """The one invoice that bills the time again."""
    step = found.follow_ups[0]
    assert (step.plan.operation, step.plan.id, step.rule) == (
        "bill_run",
        f"{found.id}/rebill",
        "credit_rebill.correction_style",
    )
    (new,) = [one.document for one in step.plan.documents]
    assert isinstance(new, Invoice)
    return new


def items(document: Invoice) -> list[str]:
    """Each item: charge, first day, quantity x price, amount and tax."""
    return [
        f"{item.subscribed_charge} {item.service_start} {item.quantity} x {item.unit_price} = {item.amount} + "
        + ", ".join(str(tax.amount) for tax in item.taxes)
        for item in document.items
    ]


def periods(book: Book) -> dict[str, ChargePeriod]:
    return dict(book.charge_periods)


def after(in_book: Book | str, text: str, policy: str = "") -> Book:
    """The book that an operation leaves, with its steps."""
    book = book_from(in_book) if isinstance(in_book, str) else in_book
    return left_by(plan(book, text, policy=policy), book)


def messages(in_book: Book | str, text: str, policy: str = "") -> list[str]:
    (planned,) = run(in_book, text, policy=policy)
    return [problem.message for problem in planned.problems]


# -- what it does --------------------------------------------------------------------------------------------------


def test_the_wrong_rate_found_three_periods_late() -> None:
    """Seats cost 80.00: every later period is credited, the newest first, and billed at 80.00 and 16.00."""
    found = plan(THREE, LOWER)
    assert list(memos(found).items()) == [("I3", "120.00"), ("I2", "120.00"), ("I1", "120.00")]
    assert items(rebill(found)) == [
        "seats 2026-01-01 1 x 80.00 = 80.00 + 16.00",
        "seats 2026-02-01 1 x 80.00 = 80.00 + 16.00",
        "seats 2026-03-01 1 x 80.00 = 80.00 + 16.00",
    ]
    left = balances(after(THREE, LOWER))
    assert {number: str(left[number]) for number in ("I1", "I2", "I3", "INV00000001")} == {
        "I1": "0.00",
        "I2": "0.00",
        "I3": "0.00",
        "INV00000001": "288.00",
    }


def test_the_lines_that_come_along_are_told_with_their_reasons_to_be_confirmed() -> None:
    closure = plan(THREE, LOWER).closure
    assert closure is not None
    assert [(one.line.document, one.rule, one.by and one.by.document, str(one.amount)) for one in closure.lines] == [
        ("I3", "later", "I1", "120.00"),
        ("I2", "later", "I1", "120.00"),
        ("I1", None, None, "120.00"),
    ]
    assert len(closure.added) == 2


def test_the_trail_goes_both_ways_and_charged_through_stays() -> None:
    found = plan(THREE, LOWER)
    assert not [move for each in (found, found.follow_ups[0].plan) for move in each.of(ChargedThrough)]
    one = periods(after(THREE, LOWER))["I2/1"]
    assert (one.status, one.memo, one.memo_item) == ("rebilled", "CM00000002", "1")
    assert (one.rebilled_by, one.rebilled_item, str(one.rate)) == ("INV00000001", "2", "80.00")
    reopened = {each.id: each for change in found.of(PeriodsRecorded) for each in change.periods}
    assert (reopened["I2/1"].status, reopened["I2/1"].operation) == ("reopened", "op-1")


def test_unchanged_it_moves_no_balance() -> None:
    found = plan(THREE, ASK)
    assert items(rebill(found))[0] == "seats 2026-01-01 1 x 100.00 = 100.00 + 20.00"
    assert sum(balances(after(THREE, ASK)).values()) == sum(balances(book_from(THREE)).values()) == 360


def test_periods_before_it_stay_as_they_are() -> None:
    found = plan(THREE, LOWER.replace("I1", "I3"))
    assert memos(found) == {"I3": "120.00"}
    assert list(periods(after(THREE, LOWER.replace("I1", "I3")))) == ["I3/1"]


def test_goodwill_is_carried_to_the_new_line() -> None:
    """30.00 and 6.00 of January were goodwill: 84.00 is credited, and as much is asked for again, net."""
    goodwill = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 30.00}]"
    before = book_after(THREE, goodwill)
    found = plan(before, ASK)
    assert memos(found) == {"I3": "120.00", "I2": "120.00", "I1": "84.00"}
    assert str(rebill(found).amount) == "324.00"
    assert sum(_signed(after(before, ASK)).values()) == sum(_signed(before).values())


def _signed(book: Book) -> dict[str, Decimal]:
    """Balances, those of credit memos as what is owed to the customer."""
    return {
        number: -balance if book.numbered[number].kind in ("credit_memo", "payment") else balance
        for number, balance in balances(book).items()
    }


def test_a_line_with_nothing_left_is_left_out_and_its_time_billed_again_with_what_was_given() -> None:
    """All of February was goodwill. Billed again it comes to nothing, so that the customer keeps it."""
    goodwill = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I2"
    before = book_after(THREE, goodwill)
    found = plan(before, ASK)
    assert memos(found) == {"I3": "120.00", "I1": "120.00"}
    note = "nothing of I2/1 is left to credit: 100.00 was given back by CM00000001; its time is billed again with that"
    assert found.notes == (note,)
    assert str(rebill(found).amount) == "240.00"
    one = periods(after(before, ASK))["I2/1"]
    assert (one.status, one.memo, one.rebilled_by) == ("rebilled", None, "INV00000001")
    assert refused(after(before, ASK), "id: x\n" + ASK.replace("I1", "I2")) == ["unwound-already"]


def test_what_was_credited_only_stays_so() -> None:
    only = "operation: credit_only\ndate: 2026-04-02\ninvoice: I2"
    before = book_after(THREE, only)
    found = plan(before, LOWER)
    assert memos(found) == {"I3": "120.00", "I1": "120.00"}
    assert found.closure is not None
    assert {one.line.document: one.left_out for one in found.closure.lines} == {
        "I3": None,
        "I2": "it was credited by CM00000001/1",
        "I1": None,
    }
    assert periods(after(before, LOWER))["I2/1"].status == "credited"
    assert len(rebill(found).items) == 2


def test_streams_of_the_item_come_along_and_other_items_do_not() -> None:
    charges = ("id: seats, item: crm, rate: 100.00", "id: support, item: crm, rate: 30.00", "id: phone, rate: 7.00")
    book = billed(
        invoice(
            "I1",
            "jan",
            line("seats", "100.00", "jan"),
            line("support", "30.00", "jan", id="2"),
            line("phone", "7.00", "jan", id="3"),
        ),
        invoice("I2", "feb", line("support", "30.00", "feb"), line("phone", "7.00", "feb", id="2")),
        charges=charges,
    )
    found = plan(book, ASK + "lines: ['1']\ncorrect: [{line: '1', rate: 90.00}]")
    assert memos(found) == {"I2": "36.00", "I1": "156.00"}
    assert items(rebill(found)) == [
        "seats 2026-01-01 1 x 90.00 = 90.00 + 18.00",
        "support 2026-01-01 1 x 30.00 = 30.00 + 6.00",
        "support 2026-02-01 1 x 30.00 = 30.00 + 6.00",
    ]


# -- corrections ---------------------------------------------------------------------------------------------------


def test_a_rate_holds_from_the_days_of_its_line_on() -> None:
    one = "correct: [{line: I2/1, rate: 90.00}]"
    assert [item.unit_price for item in rebill(plan(THREE, ASK + one)).items] == [100, 90, 90]
    two = "correct: [{line: I3/1, rate: 70.00}, {line: '1', rate: 80.00}]"
    assert [item.unit_price for item in rebill(plan(THREE, ASK + two)).items] == [80, 80, 70]


def test_quantity_and_rate_hold_each_by_itself() -> None:
    text = "correct: [{line: '1', quantity: 3}, {line: I2/1, rate: 50.00}]"
    assert [f"{one.quantity} x {one.unit_price}" for one in rebill(plan(THREE, ASK + text)).items] == [
        "3 x 100.00",
        "3 x 50.00",
        "3 x 50.00",
    ]


KEEPS = "s/seats itself keeps its {}, by which bill runs go on; `change_subscribed_charge` changes that"


def test_what_the_charge_itself_keeps_is_told() -> None:
    """A correction changes no master data: the next bill run would bill 100.00 again."""
    both = ASK + "correct: [{line: '1', rate: 80.00, quantity: 2}, {line: I3/1, rate: 90.00}]\n"
    assert plan(THREE, LOWER).notes == (KEEPS.format("rate of 100.00"),)
    assert plan(THREE, both).notes == (KEEPS.format("rate of 100.00 and its quantity of 1"),)


@pytest.mark.parametrize(
    "change",
    [
        "operation: change_subscribed_charge\ndate: 2026-04-01\nsubscription: s\ncharge: seats\nrate: 80.00",
        "operation: end_subscribed_charge\ndate: 2026-04-01\nsubscription: s\ncharge: seats\nuntil: 2026-04-01",
    ],
)
def test_nothing_is_told_of_a_charge_that_goes_on_as_corrected_or_ends(change: str) -> None:
    assert plan(book_after(THREE, change), LOWER).notes == ()


def test_days_are_those_of_the_line_alone() -> None:
    """January begins on the 16th: 16 of its 31 days, 100.00 x 16/31 = 51.61."""
    found = rebill(plan(THREE, ASK + "correct: [{line: '1', from: 2026-01-16}]"))
    assert [(str(one.service_start), str(one.amount)) for one in found.items] == [
        ("2026-01-16", "51.61"),
        ("2026-02-01", "100.00"),
        ("2026-03-01", "100.00"),
    ]
    assert [str(tax.amount) for tax in found.items[0].taxes] == ["10.32"]  # a fifth, rounded half up


def test_current_takes_what_master_data_say_now() -> None:
    dearer = THREE.replace("rate: 100.00", "rate: 110.00, quantity: 2")
    as_billed = rebill(plan(dearer, ASK))
    assert [f"{one.quantity} x {one.unit_price}" for one in as_billed.items] == ["1 x 100.00"] * 3
    rate = rebill(plan(dearer, ASK + "current: [rate]"))
    assert [f"{one.quantity} x {one.unit_price}" for one in rate.items] == ["1 x 110.00"] * 3
    both = rebill(plan(dearer, ASK + "current: [rate, quantity]\ncorrect: [{line: I3/1, rate: 90.00}]"))
    assert [f"{one.quantity} x {one.unit_price}" for one in both.items] == ["2 x 110.00"] * 2 + ["2 x 90.00"]


def test_the_attributes_are_those_of_the_new_invoice() -> None:
    found = plan(THREE, ASK + "attributes: {bill_to_contact: bob}")
    assert inherited(found)["bill_to_contact"] == ("ann", "account")
    assert inherited(found.follow_ups[0].plan)["bill_to_contact"] == ("bob", "request")
    assert refused(THREE, ASK + "attributes: {payment_term: Net 60}") == ["request-not-heard"]


def test_usage_of_the_lines_is_billed_again_at_the_new_rate() -> None:
    """30 calls in January at 1.00; 5 more that came late are billed with them at 2.00."""
    usage = billed(
        invoice("I1", "feb", line("calls", "30.00", "jan", quantity=30)),
        charges=("id: calls, rate: 1.00, usage: true",),
        rest="""
usage:
- {id: u1, subscription: s, charge: calls, date: 2026-01-10, quantity: 30, billed_by: I1, amount: 30.00}
- {id: u2, subscription: s, charge: calls, date: 2026-01-20, quantity: 5}
""",
    ).replace(", charged_through: 2026-04-01", "")
    found = plan(usage, ASK + "correct: [{line: '1', rate: 2.00}]")
    freed = [(one.before, one.after, [each.id for each in one.records]) for one in found.of(UsageBilled)]
    assert freed == [("I1", None, ["u1"])]
    assert items(rebill(found)) == ["calls 2026-01-01 35 x 2.00 = 70.00 + 14.00"]
    assert refused(usage, ASK + "correct: [{line: '1', quantity: 20}]") == ["correction-of-usage"]


def test_time_billed_in_advance_is_billed_again_now() -> None:
    early = billed(invoice("I1", "jan", line("seats", "100.00", "mar")))
    found = plan(early, LOWER.replace("2026-04-10", "2026-01-10"))
    assert items(rebill(found)) == ["seats 2026-03-01 1 x 80.00 = 80.00 + 16.00"]


def test_the_new_line_is_corrected_by_unwinding_it_in_its_turn() -> None:
    once = after(THREE, LOWER)
    again = "id: op-2\noperation: credit_rebill\ndate: 2026-04-11\ninvoice: INV00000001\n"
    found = plan(once, again + "lines: ['2']\ncorrect: [{line: '2', rate: 85.00}]")
    assert memos(found) == {"INV00000001": "192.00"}
    assert items(rebill(found)) == [
        "seats 2026-02-01 1 x 85.00 = 85.00 + 17.00",
        "seats 2026-03-01 1 x 85.00 = 85.00 + 17.00",
    ]


# -- what was paid -------------------------------------------------------------------------------------------------

PAID = (
    THREE
    + """
payments: [{number: P1, account: a, date: 2026-02-01, currency: EUR, amount: 120.00}]
applications: [{from: P1, to: I1, date: 2026-02-01, amount: 120.00,
  parts: [{item: '1', amount: 100.00}, {item: '1', tax: vat, amount: 20.00}]}]
"""
)


def _paid(style: str) -> tuple[list[str], dict[str, str]]:
    policy = f"operations: {{credit_rebill: {{paid_credit: {style}}}}}"
    found = plan(PAID, LOWER, policy=policy)
    left = balances(after(PAID, LOWER, policy))
    shown = {number: str(left[number]) for number in ("CM00000003", "INV00000001")}
    return [step.plan.id for step in found.follow_ups[1:]], shown


def test_what_was_paid_pays_for_the_time_as_it_is_billed_again() -> None:
    """January was paid: 120.00 of the 288.00 that are asked for now."""
    assert _paid("apply_to_rebill") == (
        ["op-1/credit_rebill.paid_credit/CM00000003"],
        {"CM00000003": "0.00", "INV00000001": "168.00"},
    )
    assert plan(PAID, LOWER).follow_ups[1].plan.operation == "apply_credit_memo"


def test_or_it_is_refunded_or_stays() -> None:
    assert _paid("refund") == (
        ["op-1/credit_rebill.paid_credit/CM00000003"],
        {"CM00000003": "0.00", "INV00000001": "288.00"},
    )
    assert _paid("unapplied") == ([], {"CM00000003": "120.00", "INV00000001": "288.00"})


def test_a_rebill_that_is_a_draft_takes_no_money_yet() -> None:
    found = plan(PAID, LOWER, policy="operations: {bill_run: {bill_as: draft}}")
    assert rebill(found).status == "draft"
    assert [step.plan.operation for step in found.follow_ups] == ["bill_run"]
    assert f"120.00 EUR of CM00000003 stays unapplied, since {rebill(found).number} is a draft" in found.notes


# -- what forbids it -----------------------------------------------------------------------------------------------


def test_an_excluded_charge_in_the_same_period_is_refused_and_credit_only_suggested() -> None:
    excluded = """
charge_periods:
- {id: s/support/2026-01-01, subscription: s, charge: support, from: 2026-01-01, until: 2026-02-01, currency: EUR,
   status: excluded_zero_quantity}
"""
    book = billed(
        invoice("I1", "jan", line("seats", "100.00", "jan")),
        charges=("id: seats, item: crm, rate: 100.00", "id: support, item: crm, rate: 30.00"),
        rest=excluded,
    )
    (problem,) = run(book, LOWER)[0].problems
    assert problem.code == "excluded-charge"
    assert problem.message == (
        "`support` of subscription `s` from 2026-01-01 was excluded from billing (zero quantity); "
        "I1/1 cannot be billed again without it"
    )
    assert "credit_only" in (problem.hint or "")
    assert plan(book, LOWER.replace("credit_rebill", "credit_only").partition("correct")[0]).documents


def test_an_excluded_charge_in_a_later_period_is_refused_too() -> None:
    excluded = """
charge_periods:
- {id: s/seats/2026-02-01, subscription: s, charge: seats, from: 2026-02-01, until: 2026-03-01, currency: EUR,
   status: excluded_zero_amount}
"""
    book = billed(invoice("I1", "jan", line("seats", "100.00", "jan")), rest=excluded)
    assert refused(book, LOWER) == ["excluded-charge"]


def test_a_later_period_on_a_draft_is_refused() -> None:
    draft = invoice("D1", "feb", line("seats", "100.00", "feb"), more="  status: draft\n")
    book = billed(invoice("I1", "jan", line("seats", "100.00", "jan")), draft)
    assert messages(book, LOWER) == ["D1 is a draft and bills `seats` from 2026-02-01 on, which belongs to I1/1"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("{line: '9', rate: 1.00}", ["correction-not-here"]),
        ("{line: '2', rate: 1.00}", ["correction-not-here"]),
        ("{line: I9/1, rate: 1.00}", ["correction-not-here"]),
        ("{line: '1', rate: 80.00}, {line: I1/1, rate: 90.00}", ["item-repeated"]),
        ("{line: '1'}", ["nothing-corrected"]),
        ("{line: '1', rate: 100.00, quantity: 1}", ["nothing-corrected"]),
        ("{line: '1', from: 2026-01-01, until: 2026-02-01}", ["nothing-corrected"]),
        ("{line: '1', rate: -80.00}", ["amount-sign"]),
        ("{line: '1', quantity: -1}", ["amount-sign"]),
        ("{line: '1', charge: phone, rate: 80.00}", ["correction-charge"]),
        ("{line: '1', until: 2026-01-01}", ["correction-days"]),
        ("{line: '1', from: 2025-12-15}", ["correction-days"]),
        ("{line: '1', until: 2026-02-02}", ["correction-days"]),
        ("{line: I3/1, until: 2026-04-02}", ["correction-days"]),
    ],
)
def test_corrections_that_cannot_be(text: str, codes: list[str]) -> None:
    assert refused(THREE, ASK + f"correct: [{text}]") == codes


def test_why_days_cannot_be() -> None:
    assert messages(THREE, ASK + "correct: [{line: '1', until: 2026-02-02}]") == [
        "I1/1 cannot be billed from 2026-01-01 until 2026-02-02: I2/1 bills the days from 2026-02-01 until 2026-03-01"
    ]
    # The two together are right: February gives up the day.
    both = ASK + "correct: [{line: '1', until: 2026-02-02}, {line: I2/1, from: 2026-02-02}]"
    assert [str(one.service_start) for one in rebill(plan(THREE, both)).items][1] == "2026-02-02"


def test_of_a_line_that_bills_several_charges_the_correction_says_which() -> None:
    combined = billed(
        invoice(
            "I1",
            "jan",
            "{id: '1', line: 1, name: All, subscription: s, amount: 130.00, service_start: 2026-01-01, "
            "service_end: 2026-01-31, combines: [{subscribed_charge: seats, amount: 100.00, quantity: 1, "
            "unit_price: 100.00}, {subscribed_charge: support, amount: 30.00, quantity: 1, unit_price: 30.00}]}",
        ),
        charges=("id: seats, rate: 100.00, profile: all", "id: support, rate: 30.00, profile: all"),
    )
    assert messages(combined, LOWER) == ["I1/1 bills `seats`, `support`"]
    found = plan(combined, ASK + "correct: [{line: '1', charge: support, rate: 40.00}]")
    assert str(rebill(found).amount) == "140.00"
    assert sorted(periods(after(combined, ASK))) == ["I1/1/seats", "I1/1/support"]


def test_the_rate_of_now_is_in_the_currency_of_the_subscription() -> None:
    dollars = THREE.replace("start: 2026-01-01, charges", "start: 2026-01-01, currency: USD, charges")
    assert refused(dollars, ASK + "current: [rate]") == ["currency-mismatch"]


TAXED = """
tax_rates:
  standard: [{country: DE, name: VAT, rate: 19%, from: 2020-01-01}]
  reduced: [{country: DE, name: VAT, rate: 7%, from: 2020-01-01}]
"""
IN_GERMANY = THREE.replace("{id: a, currency: EUR,", "{id: a, currency: EUR, country: DE,")


def test_a_tax_code_taxes_the_line_and_all_later_ones_anew() -> None:
    """Seats were taxed at a fifth; books, at 7 percent of 100.00. January is left as it was."""
    found = rebill(plan(IN_GERMANY, ASK + "correct: [{line: I2/1, tax_code: reduced}]", policy=TAXED))
    assert [[(str(tax.amount), tax.code) for tax in item.taxes] for item in found.items] == [
        [("20.00", None)],
        [("7.00", "reduced")],
        [("7.00", "reduced")],
    ]


def test_tax_of_now_is_that_of_the_charge() -> None:
    now = IN_GERMANY.replace("id: seats, rate: 100.00", "id: seats, tax_code: standard, rate: 100.00")
    found = rebill(plan(now, ASK + "current: [tax]", policy=TAXED))
    assert [str(tax.amount) for item in found.items for tax in item.taxes] == ["19.00"] * 3


def test_tax_of_now_needs_a_tax_code() -> None:
    assert refused(THREE, ASK + "current: [tax]") == ["tax-code-missing"]


def test_twice_is_refused_with_the_trail() -> None:
    once = after(THREE, LOWER)
    assert messages(once, "id: op-2\n" + LOWER) == [
        "I1/1 was credited by CM00000003/1 and billed again by INV00000001/1; a line is unwound once"
    ]


def test_a_limit_holds_for_each_memo() -> None:
    assert refused(THREE, LOWER, policy="operations: {credit_rebill: {item_limit: 1}}") == ["item-limit"]
    assert refused(THREE, LOWER.replace("2026-04-10", "2026-02-10")) == ["date-too-early"]  # I3 is of 1 March
