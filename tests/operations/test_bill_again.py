"""`bill_run` bills reopened charge periods again: as they were, or as they are corrected. docs/domain.md 7."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough, PeriodsRecorded
from billpolicy.book.model import CreditMemo, Document, Invoice, Numbered
from billpolicy.operations.billing.billed_usage import free_usage
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.planning.plan import Plan
from billpolicy.planning.planning import Planning
from tests.helpers.books import book_from
from tests.helpers.plan_views import documents, inherited
from tests.helpers.scenes import operations, versions
from tests.helpers.steps import refused, run, told

AGAIN = "operation: bill_run, date: 2026-03-10, reopened_only: true"
ALL = "operation: bill_run, date: 2026-03-10"
LINE = (
    "{id: '1', line: 1, name: Seats, subscription: S, subscribed_charge: seats, quantity: 2, unit_price: 50.00,"
    " amount: 100.00, service_start: 2026-01-01, service_end: 2026-01-31,"
    " taxes: [{id: vat, name: VAT, rate: 0.20, amount: 20.00, jurisdiction: DE, code: standard}]}"
)
CREDIT = (
    "{id: '1', source_item: '1', subscription: S, amount: 100.00, taxes: [{id: vat, source_tax: vat, amount: 20.00}]}"
)
PERIOD = (
    "id: INV00000001/1, subscription: S, charge: seats, from: 2026-01-01, until: 2026-02-01, currency: EUR,"
    " status: reopened, amount: 100.00, document: INV00000001, item: '1', memo: CM00000001"
)
CHARGE = "id: seats, name: Seats, rate: 50.00, quantity: 2, charged_through: 2026-04-01"


def book(
    period: str = "quantity: 2, rate: 50.00",
    *,
    charge: str = CHARGE,
    subscription: str = "",
    items: str = LINE,
    amount: str = "100.00",
    memos: str = "",
    more: str = "",
    record: str = PERIOD,
) -> Book:
    """January of two seats at 50.00 is billed by INV00000001, to Ray, and taken back by CM00000001; `period` is what
    its record says more."""
    return book_from(f"""
accounts: [{{id: acme, currency: EUR, attributes: {{bill_to_contact: tom, payment_term: Net 30}}}}]
contacts: [{{id: tom, account: acme}}, {{id: ray, account: acme}}, {{id: steve, account: acme}}]
subscriptions:
- {{id: S, account: acme, start: 2026-01-01, {subscription}attributes: {{bill_to_contact: steve}},
   charges: [{{{charge}}}]}}
invoices:
- {{number: INV00000001, account: acme, date: 2026-01-01, currency: EUR, attributes: {{bill_to_contact: ray}},
   items: [{items}]}}
credit_memos:
- {{number: CM00000001, account: acme, date: 2026-03-01, currency: EUR, source: INV00000001, items: [{CREDIT}]}}
{memos}
charge_periods:
- {{{record.replace("100.00", amount)}, {period}}}
{more}
""")


def invoice(plan: Plan) -> Invoice:
    (document,) = documents(plan)
    assert isinstance(document, Invoice)
    return document


def in_words(document: Numbered) -> list[str]:
    """Each item in a line: its id, name, days, quantity x price, amount, taxes and what it reduces."""
    assert isinstance(document, Document)
    found = []
    for item in document.items:
        price = f" {item.quantity} x {item.unit_price}" if item.quantity is not None else ""
        taxes = "".join(f" {tax.id} {tax.amount}" for tax in item.taxes)
        reduces = f" on {item.discounts}" if item.discounts else ""
        days = f"{item.service_start} to {item.service_end}"
        found.append(f"{item.id} {item.name}, {days},{price} = {item.amount}{taxes}{reduces}")
    return found


def billed(in_book: Book, text: str = AGAIN) -> list[str]:
    """The items of the one invoice of a bill run."""
    return in_words(invoice(run(in_book, text)[0]))


def recorded(plan: Plan) -> list[str]:
    return [
        f"{one.id} {one.status} {one.rebilled_by}/{one.rebilled_item}"
        for change in plan.of(PeriodsRecorded)
        for one in change.periods
    ]


JANUARY = "2026-01-01 to 2026-01-31"


# -- as it was -----------------------------------------------------------------------------------------------------


def test_what_is_unchanged_is_billed_as_it_was_with_its_tax() -> None:
    plan, after = run(book(), AGAIN, id="again")
    again = invoice(plan)
    assert in_words(again) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00"]
    (tax,) = again.items[0].taxes
    assert (tax.name, tax.rate, tax.jurisdiction) == ("VAT", Decimal("0.20"), "DE")
    assert (tax.code, tax.source_tax) == ("standard", None)
    assert again.bill_run == "again"
    assert recorded(plan) == ["INV00000001/1 rebilled INV00000002/1"]
    assert after.charge_periods["INV00000001/1"].operation == "again"
    # Later time was billed; the charged-through date stays.
    assert plan.of(ChargedThrough) == ()
    assert told(after, AGAIN) == "nothing-due: nothing is due on 2026-03-10 that was reopened"


def test_an_amount_that_quantity_and_rate_do_not_give_is_copied_all_the_same() -> None:
    odd = LINE.replace("amount: 100.00", "amount: 97.31").replace("20.00", "19.47")
    assert billed(book(items=odd, amount="97.31")) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 97.31 vat 19.47"]


def test_a_day_of_the_period_need_not_be_one_of_service() -> None:
    """Where nothing but the reopened is billed, all is as it was: what has no service is given back by a bill run."""
    ended = book(subscription="canceled_on: 2026-01-16, ")
    assert billed(ended) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00"]


# -- corrected -----------------------------------------------------------------------------------------------------


def test_a_corrected_rate_and_quantity_are_counted_as_the_policy_does() -> None:
    """3 x 45.00 = 135.00; 20 % of that is 27.00."""
    assert billed(book("quantity: 3, rate: 45.00")) == [f"1 Seats, {JANUARY}, 3 x 45.00 = 135.00 vat 27.00"]


def test_corrected_days_are_a_part_of_their_period() -> None:
    """16 of 31 days of 100.00 are 51.61, and 20 % of that 10.32."""
    shorter = book("quantity: 2, rate: 50.00").with_charge_periods(())
    period = replace(shorter.charge_periods["INV00000001/1"], until=datetime.date(2026, 1, 17))
    assert billed(shorter.with_charge_periods([period])) == [
        "1 Seats: Proration, 2026-01-01 to 2026-01-16, 2 x 50.00 = 51.61 vat 10.32"
    ]


def test_what_the_policy_does_not_give_is_corrected_in_proportion() -> None:
    """97.31 x 40 / 50 = 77.848. Of 97.31, 20 % are 19.46, not the 19.47 on record: 19.47 x 77.85 / 97.31 = 15.576."""
    odd = LINE.replace("amount: 100.00", "amount: 97.31").replace("20.00", "19.47")
    assert billed(book("quantity: 2, rate: 40.00", items=odd, amount="97.31")) == [
        f"1 Seats, {JANUARY}, 2 x 40.00 = 77.85 vat 15.58"
    ]


def test_a_tax_without_a_rate_is_in_proportion() -> None:
    """20.00 x 90 / 100."""
    no_rate = LINE.replace("rate: 0.20, ", "")
    assert billed(book("quantity: 2, rate: 45.00", items=no_rate)) == [
        f"1 Seats, {JANUARY}, 2 x 45.00 = 90.00 vat 18.00"
    ]


def test_without_terms_it_is_billed_at_those_of_the_charge_on_its_first_day() -> None:
    dearer = CHARGE.replace("rate: 50.00", "rate: 60.00")
    assert billed(book("", charge=dearer)) == [f"1 Seats, {JANUARY}, 2 x 60.00 = 120.00 vat 24.00"]
    # Where another charge continues it by then, at those of that one, and still as time of its own.
    ended = (
        f"{CHARGE}, start: 2025-12-01, until: 2026-01-01}}, "
        "{id: seats-2, rate: 70.00, quantity: 3, start: 2026-01-01, continues: seats, charged_through: 2026-04-01"
    )
    (item,) = invoice(run(book("", charge=ended), AGAIN)[0]).items
    assert (item.subscribed_charge, str(item.amount)) == ("seats", "210.00")


def test_a_line_that_bills_several_charges_is_billed_again_charge_by_charge() -> None:
    """Of 100.01 and 19.00 tax a has 33.33 and b 66.68: 19.00 x 33.33 / 100.01 = 6.33, and the other 12.67."""
    both = (
        "{id: '1', subscription: S, amount: 100.01, service_start: 2026-01-01, service_end: 2026-01-31,"
        " taxes: [{id: vat, amount: 19.00}], combines: [{subscribed_charge: a, amount: 33.33, quantity: 1,"
        " unit_price: 33.33}, {subscribed_charge: b, amount: 66.68, quantity: 1, unit_price: 66.68}]}"
    )
    two = "id: a, rate: 33.33, charged_through: 2026-04-01}, {id: b, rate: 66.68, charged_through: 2026-04-01"
    record = PERIOD.replace("INV00000001/1,", "INV00000001/1/a,").replace("seats", "a").replace("100.00", "33.33")
    found = book("quantity: 1", items=both, charge=two, record=record)
    (a,) = found.charge_periods.values()
    b = replace(a, id="INV00000001/1/b", charge="b", amount=Decimal("66.68"))
    assert billed(found.with_charge_periods([b])) == [
        f"1 a, {JANUARY}, 1 x 33.33 = 33.33 vat 6.33",
        f"2 b, {JANUARY}, 1 x 66.68 = 66.68 vat 12.67",
    ]


def test_time_without_a_line_is_billed_at_its_record() -> None:
    found = book(charge=CHARGE.replace("rate: 50.00, ", ""))
    (period,) = found.charge_periods.values()
    nowhere = replace(period, document=None, item=None, memo=None, amount=Decimal("99.00"))
    assert billed(found.with_charge_periods([nowhere])) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00"]
    # Without any rate it is passed over, as a charge without one is.
    no_rate = replace(period, document=None, item=None, rate=None, amount=None)
    assert told(found.with_charge_periods([no_rate]), AGAIN).startswith("nothing-due: ")


# -- what was given back before ------------------------------------------------------------------------------------


def goodwill(number: str, amount: str, tax: str, more: str = "") -> str:
    taxes = f"[{{id: vat, source_tax: vat, amount: {tax}}}]"
    head = f"number: {number}, account: acme, date: 2026-02-01, currency: EUR, source: INV00000001{more}"
    return f"- {{{head}, items: [{{id: '1', source_item: '1', subscription: S, amount: {amount}, taxes: {taxes}}}]}}"


def test_goodwill_is_carried_to_the_new_line() -> None:
    """CM00000002 and CM00000003 had given 30.00 and 5.55 back: billing again asks for the rest."""
    before = "\n".join((goodwill("CM00000003", "5.55", "1.11"), goodwill("CM00000002", "30.00", "6.00")))
    plan, after = run(book(memos=before), AGAIN)
    assert in_words(invoice(plan)) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"2 Credited before: CM00000002, {JANUARY}, = -30.00 vat -6.00 on 1",
        f"3 Credited before: CM00000003, {JANUARY}, = -5.55 vat -1.11 on 1",
    ]
    assert str(invoice(plan).amount) == "77.34"  # 120.00 - 36.00 - 6.66
    # It goes along when the new line is billed again itself.
    line = next(one for one in charge_periods(after, "S") if one.document == "INV00000002")
    assert (line.id, str(line.discount)) == ("INV00000002/1", "-35.55")
    reopened = after.with_charge_periods([replace(line, status="reopened", memo="CM00000001")])
    assert billed(reopened) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"2 Credited before: CM00000002, {JANUARY}, = -30.00 vat -6.00 on 1",
        f"3 Credited before: CM00000003, {JANUARY}, = -5.55 vat -1.11 on 1",
    ]


def test_no_more_is_carried_than_is_billed() -> None:
    """2 x 10.00 = 20.00 with 4.00 tax; of the 30.00 with 6.00 tax, 20.00 with 4.00."""
    assert billed(book("quantity: 2, rate: 10.00", memos=goodwill("CM00000002", "30.00", "6.00"))) == [
        f"1 Seats, {JANUARY}, 2 x 10.00 = 20.00 vat 4.00",
        f"2 Credited before: CM00000002, {JANUARY}, = -20.00 vat -4.00 on 1",
    ]


def test_tax_alone_is_carried_too() -> None:
    assert billed(book(memos=goodwill("CM00000002", "0.00", "6.00"))) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"2 Credited before: CM00000002, {JANUARY}, = 0.00 vat -6.00 on 1",
    ]


def test_of_a_write_off_what_was_not_asked_for_again_is_carried() -> None:
    written_off = goodwill("CM00000002", "30.00", "6.00", ", write_off: true")
    asked = goodwill("DM00000001", "10.00", "2.00").replace("source: INV00000001", "source: CM00000002")
    found = book(
        memos=f"{written_off}\ndebit_memos:\n{asked}\n"
        "applications: [{from: CM00000002, to: INV00000001, date: 2026-02-01, amount: 36.00,"
        " parts: [{item: '1', amount: 30.00, source_item: '1'},"
        " {item: '1', tax: vat, amount: 6.00, source_item: '1', source_tax: vat}]}]"
    )
    assert billed(found) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"2 Credited before: CM00000002, {JANUARY}, = -20.00 vat -4.00 on 1",
    ]


def test_what_a_bill_run_gave_back_is_carried() -> None:
    """The final bill of a cancellation on 16 January had given 16 of 31 days back, without tax."""
    item = (
        "{id: '1', subscription: S, subscribed_charge: seats, quantity: 2, unit_price: -50.00, amount: 51.61,"
        " service_start: 2026-01-16, service_end: 2026-01-31, source: INV00000001, source_item: '1'}"
    )
    final = "number: CM00000002, account: acme, date: 2026-01-16, currency: EUR, bill_run: BR"
    ended = CHARGE.replace("charged_through: 2026-04-01", "charged_through: 2026-01-16")
    found = book(memos=f"- {{{final}, items: [{item}]}}", charge=ended, subscription="canceled_on: 2026-01-16, ")
    for text in (AGAIN, ALL):
        assert billed(found, text) == [
            f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
            f"2 Credited before: CM00000002, {JANUARY}, = -51.61 on 1",
        ]


PROMO = (
    ", {id: '2', line: 2, name: Promo, subscription: S, subscribed_charge: promo, quantity: 1, unit_price: -20.00,"
    " amount: -20.00, discounts: '1', service_start: 2026-01-01, service_end: 2026-01-31,"
    " taxes: [{id: vat, name: VAT, rate: 0.20, amount: -4.00}]}"
)


def discounted(*, rate: str = "50.00", memos: str = "") -> Book:
    charge = f"{CHARGE}}}, {{id: promo, rate: -20.00, discounts: seats, charged_through: 2026-04-01"
    found = book(f"quantity: 2, rate: {rate}", charge=charge, items=LINE + PROMO, memos=memos)
    (period,) = found.charge_periods.values()
    off = replace(
        period,
        id="INV00000001/2",
        item="2",
        charge="promo",
        quantity=Decimal(1),
        rate=Decimal("-20.00"),
        amount=Decimal("-20.00"),
    )
    return found.with_charge_periods([off])


def of_both(amount: str, tax: str, off: str, off_tax: str) -> str:
    memo = goodwill("CM00000002", amount, tax)
    taxes = f"[{{id: vat, source_tax: vat, amount: {off_tax}}}]"
    more = f"{{id: '2', source_item: '2', subscription: S, discounts: '1', amount: {off}, taxes: {taxes}}}"
    return memo.removesuffix("]}") + f", {more}]}}"


def test_a_discount_is_billed_again_with_the_line_that_it_reduces() -> None:
    plan, _ = run(discounted(), AGAIN)
    assert in_words(invoice(plan)) == [
        f"1 promo, {JANUARY}, 1 x -20.00 = -20.00 vat -4.00 on 2",
        f"2 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
    ]
    assert recorded(plan) == ["INV00000001/1 rebilled INV00000002/2", "INV00000001/2 rebilled INV00000002/1"]


def test_what_was_given_back_of_a_discounted_line_is_carried_net() -> None:
    """90.00 less 18.00 were given back, with 18.00 less 3.60 tax: 8.00 and 1.60 are left."""
    plan, _ = run(discounted(memos=of_both("90.00", "18.00", "-18.00", "-3.60")), AGAIN)
    assert in_words(invoice(plan)) == [
        f"1 promo, {JANUARY}, 1 x -20.00 = -20.00 vat -4.00 on 2",
        f"2 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"3 Credited before: CM00000002, {JANUARY}, = -72.00 vat -14.40 on 2",
    ]
    assert str(invoice(plan).amount) == "9.60"


def test_a_discounted_line_carries_no_more_than_its_net() -> None:
    """2 x 30.00 less 20.00 is 40.00; of the 50.00 that were given back of the line, with 10.00 tax, 40.00 and 8.00."""
    assert billed(discounted(rate="30.00", memos=goodwill("CM00000002", "50.00", "10.00"))) == [
        f"1 promo, {JANUARY}, 1 x -20.00 = -20.00 vat -4.00 on 2",
        f"2 Seats, {JANUARY}, 2 x 30.00 = 60.00 vat 12.00",
        f"3 Credited before: CM00000002, {JANUARY}, = -40.00 vat -8.00 on 2",
    ]


def test_a_discount_that_is_no_charge_goes_along_less_what_was_given_back_of_it() -> None:
    by_hand = ", {id: '2', name: Courtesy, amount: -8.00, discounts: '1', taxes: [{id: vat, amount: -1.60}]}"
    found = book(items=LINE + by_hand, memos=of_both("10.00", "2.00", "-2.00", "-0.40"))
    assert billed(found) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        f"2 Courtesy, {JANUARY}, = -6.00 vat -1.20 on 1",
        f"3 Credited before: CM00000002, {JANUARY}, = -10.00 vat -2.00 on 1",
    ]


# -- beside what is new --------------------------------------------------------------------------------------------

MORE = CHARGE.replace("charged_through: 2026-04-01", "charged_through: 2026-03-01")


def test_it_goes_to_whom_it_was_billed_before_and_what_is_new_to_the_subscriptions_contact() -> None:
    plan, _ = run(book(charge=MORE), ALL)
    again, new = documents(plan)
    assert in_words(again) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00"]
    assert in_words(new) == ["1 Seats, 2026-03-01 to 2026-03-31, 2 x 50.00 = 100.00"]
    assert inherited(plan)["bill_to_contact"] == ("ray", "invoice")
    assert inherited(plan)["payment_term"] == ("Net 30", "account")
    assert inherited(plan, 1)["bill_to_contact"] == ("steve", "subscription")
    assert plan.documents[0].resolved.levels["invoice"].label == "invoice INV00000001"
    assert "invoice" not in plan.documents[1].resolved.levels
    assert [str(moved.after) for moved in plan.of(ChargedThrough)] == ["2026-04-01"]


def test_where_the_values_agree_they_share_a_document() -> None:
    plan, _ = run(book(charge=MORE), f"{ALL}, attributes: {{bill_to_contact: tom}}")
    assert in_words(invoice(plan)) == [
        f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00",
        "2 Seats, 2026-03-01 to 2026-03-31, 2 x 50.00 = 100.00",
    ]
    assert inherited(plan)["bill_to_contact"] == ("tom", "request")
    assert recorded(plan) == ["INV00000001/1 rebilled INV00000002/1"]


def test_nothing_else_is_billed_or_credited_where_only_the_reopened_is_asked_for() -> None:
    plan, _ = run(book(charge=MORE), AGAIN)
    assert [document.number for document in documents(plan)] == ["INV00000002"]
    assert plan.of(ChargedThrough) == ()


@pytest.mark.parametrize(
    ("charge", "target", "due"),
    [
        (CHARGE, "2025-12-31", False),
        (CHARGE, "2026-01-01", True),
        (f"{CHARGE}, timing: in_arrears", "2026-01-30", False),
        (f"{CHARGE}, timing: in_arrears", "2026-01-31", True),
    ],
)
def test_it_is_due_as_it_was(charge: str, target: str, due: bool) -> None:
    text = f"{AGAIN}, target_date: {target}"
    if due:
        assert len(billed(book(charge=charge), text)) == 1
    else:
        (problem,) = refused(book(charge=charge), text)
        assert problem.code == "nothing-due"
        assert problem.hint == "`seats` of `S` is reopened from 2026-01-01 to 2026-01-31"


def test_a_one_time_charge_is_billed_again_on_its_day() -> None:
    one_time = f"{CHARGE.replace('2026-04-01', '2026-01-02')}, period: one_time"
    line = LINE.replace("service_end: 2026-01-31", "service_end: 2026-01-01")
    found = book(charge=one_time, items=line, subscription="canceled_on: 2026-02-01, ")
    (period,) = found.charge_periods.values()
    found = found.with_charge_periods([replace(period, until=datetime.date(2026, 1, 2))])
    own = "operations: {bill_run: {credit_one_time: true}}"
    assert in_words(invoice(run(found, AGAIN, own)[0])) == [
        "1 Seats, 2026-01-01 to 2026-01-01, 2 x 50.00 = 100.00 vat 20.00"
    ]
    # Where a bill run would give it back it is not billed again.
    plan, after = run(found, ALL, own)
    assert documents(plan) == []
    assert recorded(plan) == ["INV00000001/1 credited None/None"]
    assert told(after, ALL, own).startswith("nothing-due: ")


def test_days_that_a_bill_run_would_give_back_are_not_billed_again() -> None:
    """Service ended on 16 January, and nothing was credited yet: 15 of 31 days of 100.00 are 48.39, with 9.68 tax; the
    days from February on are credited: 2 x 100.00."""
    found = book(subscription="canceled_on: 2026-01-16, ")
    plan, after = run(found, ALL)
    again, credit = documents(plan)
    assert in_words(again) == ["1 Seats: Proration, 2026-01-01 to 2026-01-15, 2 x 50.00 = 48.39 vat 9.68"]
    assert isinstance(credit, CreditMemo)
    assert [str(item.service_start) for item in credit.items] == ["2026-02-01", "2026-03-01"]
    assert str(after.subscriptions["S"].charges[0].charged_through) == "2026-01-16"
    assert told(after, ALL).startswith("nothing-due: ")
    # The policy says what is given back.
    kept = "operations: {bill_run: {partial_credits: none}}"
    assert in_words(documents(run(found, ALL, kept)[0])[0]) == [f"1 Seats, {JANUARY}, 2 x 50.00 = 100.00 vat 20.00"]


# -- usage ---------------------------------------------------------------------------------------------------------

CALLS = "id: seats, name: Calls, rate: 0.10, usage: true, included: 100"
USED = (
    "usage: [{id: u1, subscription: S, charge: seats, date: 2026-01-10, quantity: 60},"
    " {id: u2, subscription: S, charge: seats, date: 2026-01-20, quantity: 70}]"
)
CALLS_LINE = LINE.replace(
    "quantity: 2, unit_price: 50.00, amount: 100.00", "quantity: 30, unit_price: 0.10, amount: 3.00"
)
CALLS_LINE = CALLS_LINE.replace("amount: 20.00", "amount: 0.60")


def test_usage_is_rated_anew_at_the_rate_of_its_period() -> None:
    """130 less 100 at 0.20 are 6.00, and 20 % of that 1.20."""
    found = book("rate: 0.20", charge=CALLS, items=CALLS_LINE, amount="3.00", more=USED)
    plan, after = run(found, AGAIN)
    assert in_words(invoice(plan)) == [f"1 Calls, {JANUARY}, 30 x 0.20 = 6.00 vat 1.20"]
    assert [(one.billed_by, str(one.amount)) for one in after.usage.values()] == [
        ("INV00000002", "0.00"),
        ("INV00000002", "6.00"),
    ]
    assert told(after, ALL).startswith("nothing-due: ")
    # A bill run over all does not bill it a second time as new.
    assert billed(found, ALL) == [f"1 Calls, {JANUARY}, 30 x 0.20 = 6.00 vat 1.20"]


def test_unchanged_usage_costs_what_it_did() -> None:
    """Billed elsewhere at 3.33, in records of 0.00 and 3.33."""
    line = CALLS_LINE.replace("amount: 3.00", "amount: 3.33")
    plan, after = run(book("rate: 0.10", charge=CALLS, items=line, amount="3.33", more=USED), AGAIN)
    assert in_words(invoice(plan)) == [f"1 Calls, {JANUARY}, 30 x 0.10 = 3.33 vat 0.60"]
    assert [str(one.amount) for one in after.usage.values()] == ["0.00", "3.33"]


def test_usage_without_records_is_billed_by_the_quantity_of_the_line() -> None:
    without = book("rate: 0.10", charge=CALLS, items=CALLS_LINE, amount="3.00")
    assert billed(without) == [f"1 Calls, {JANUARY}, 30 x 0.10 = 3.00 vat 0.60"]
    dearer = book("rate: 0.20", charge=CALLS, items=CALLS_LINE, amount="3.00")
    assert billed(dearer) == [f"1 Calls, {JANUARY}, 30 x 0.20 = 6.00 vat 1.20"]


def test_usage_that_came_late_is_billed_again_with_that_of_its_period() -> None:
    """30 and 10 more at 0.10, with 0.60 and 0.20 tax, on one line."""
    late = CALLS_LINE.replace("id: '1'", "id: '2'").replace("quantity: 30", "quantity: 10")
    late = late.replace("amount: 3.00", "amount: 1.00").replace("amount: 0.60", "amount: 0.20")
    records = USED.replace("]", ", {id: u3, subscription: S, charge: seats, date: 2026-01-05, quantity: 10}]")
    found = book("rate: 0.10", charge=CALLS, items=f"{CALLS_LINE}, {late}", amount="3.00", more=records)
    (period,) = found.charge_periods.values()
    second = replace(period, id="INV00000001/2", item="2", amount=Decimal("1.00"))
    plan, _ = run(found.with_charge_periods([second]), AGAIN)
    assert in_words(invoice(plan)) == [f"1 Calls, {JANUARY}, 40 x 0.10 = 4.00 vat 0.80"]
    assert recorded(plan) == ["INV00000001/1 rebilled INV00000002/1", "INV00000001/2 rebilled INV00000002/1"]


def test_the_usage_of_one_line_is_billed_no_more_and_that_of_others_is() -> None:
    by = ", billed_by: INV00000001, amount: 0.00}"
    records = USED.replace("60}", f"60{by}").replace("70}", f"70{by}")
    february = CALLS_LINE.replace("id: '1'", "id: '2'").replace("2026-01-01", "2026-02-01")
    february = february.replace("2026-01-31", "2026-02-28")
    more = f"{{id: u3, subscription: S, charge: seats, date: 2026-02-05, quantity: 1{by}"
    found = book("", charge=CALLS, items=f"{CALLS_LINE}, {february}", more=records.replace("]", f", {more}]"))
    (asked,) = operations(AGAIN.replace(", ", "\n"))
    planning = Planning(versions(), found, asked, datetime.date(2026, 3, 10))
    document = found.numbered["INV00000001"]
    assert isinstance(document, Invoice)
    free_usage(planning, [(document, {"1"})])
    assert [one.id for one in planning.book.usage.values() if one.billed_by is None] == ["u1", "u2"]
    free_usage(planning, [(document, {"2"})])
    assert [one.id for one in planning.book.usage.values() if one.billed_by is not None] == []
