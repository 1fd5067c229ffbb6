"""`credit_only`: docs/domain.md 7. Amounts are worked out from the lines; VAT is a fifth of each."""

from __future__ import annotations

import pytest

from billpolicy.book.changes import PeriodsRecorded
from billpolicy.book.model import ChargePeriod
from billpolicy.planning.plan import Plan
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import balances, book_from
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, credit_memo, inherited, numbers, put, stored
from tests.helpers.planning import plan_on
from tests.helpers.refusals import messages
from tests.helpers.refusals import refused as refusal
from tests.helpers.scenes import TODAY, book_after, operations, plan, refused, run, versions

ASK = "operation: credit_only\ndate: 2026-04-10\ninvoice: I1\n"
ONE = billed(invoice("I1", "jan", line("seats", "100.00", "jan")))
"""One line of 100.00 and 20.00 of tax."""
STREAMS = ("id: seats, item: crm, rate: 100.00", "id: support, item: crm, rate: 30.00", "id: phone, rate: 7.00")
TWO = billed(
    invoice(
        "I1",
        "jan",
        line("seats", "100.00", "jan"),
        line("support", "30.00", "jan", id="2"),
        line("phone", "7.00", "jan", id="3", tax="1.40"),
    ),
    charges=STREAMS,
)
"""An item with two streams, and another one."""


def periods(found: Plan) -> dict[str, ChargePeriod]:
    return {period.id: period for one in found.of(PeriodsRecorded) for period in one.periods}


def told(book: str, text: str, policy: str = "") -> str:
    """Why it is refused, in words."""
    (asked,) = operations(text)
    return messages(refusal(lambda: plan_on(versions(policy), book_from(book), asked, TODAY)))


# -- attributes ----------------------------------------------------------------------------------------------------

TIME = """
charge_periods:
- {id: I1/x, subscription: s1, charge: seats, from: 2026-05-01, until: 2026-06-01, currency: EUR, amount: 100.00,
   document: I1, item: x}
"""
"""A period that the book gives of a line without days."""
LEVEL_ASK = "operation: credit_only\ninvoice: I1\n"


def with_time(**values: str) -> str:
    return levelled(**values, rest=TIME).replace(
        "id: s1, account: acme,", "id: s1, account: acme, charges: [{id: seats}],"
    )


def test_the_memo_inherits_as_one_for_a_dispute() -> None:
    found = plan(with_time(), LEVEL_ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("ivan", "invoice"), "sequence_set": ("INV", "invoice")}
    assert stored(found) == {"bill_to_contact": "ivan", "sequence_set": "INV"}
    assert numbers(found) == ["I-CM-00000001"]
    assert inherited(plan(with_time(invoice=NONE), LEVEL_ASK, policy=LEVELS)) == {
        "bill_to_contact": ("alma", "account"),
        "sequence_set": ("ACC", "account"),
    }


def test_the_request_is_heard_where_the_policy_says_so() -> None:
    asked = LEVEL_ASK + "attributes: {bill_to_contact: rita}\n"
    assert refused(with_time(), asked, policy=LEVELS) == ["request-not-heard"]
    heard = changed("credit_only", "bill_to_contact: [request, invoice]")
    assert inherited(plan(with_time(), asked, policy=heard))["bill_to_contact"] == ("rita", "request")


def test_its_reason_is_the_one_asked_for_or_the_policys() -> None:
    assert credit_memo(plan(ONE, ASK)).reason == "Correcting invoice error"
    assert credit_memo(plan(ONE, ASK + "reason: Service unavailable")).reason == "Service unavailable"
    assert refused(ONE, ASK + "reason: Whim") == ["reason-unknown"]


# -- what is credited ----------------------------------------------------------------------------------------------


def test_a_line_with_its_tax_is_credited_and_settled_with_itself() -> None:
    found = plan(ONE, ASK)
    assert amounts(credit_memo(found)) == {"1": "100.00", "1/vat": "20.00"}
    assert put(found) == {"I1": {"1": "100.00", "1/vat": "20.00"}}
    after = balances(book_after(ONE, ASK))
    assert (str(after["I1"]), str(after["CM00000001"])) == ("0.00", "0.00")


def test_its_period_is_credited_and_nothing_bills_it_again() -> None:
    (period,) = periods(plan(ONE, ASK)).values()
    assert (period.id, period.status, period.memo, period.memo_item) == ("I1/1", "credited", "CM00000001", "1")
    assert (str(period.amount), str(period.tax), period.operation) == ("100.00", "20.00", "op-1")
    bill = "operation: bill_run\ndate: 2026-03-31\nsubscriptions: [s]"
    assert refused(book_after(ONE, ASK), bill) == ["nothing-due"]


def test_lines_of_the_same_item_come_along_and_others_do_not() -> None:
    found = plan(TWO, ASK + "lines: ['1']")
    assert amounts(credit_memo(found)) == {"1": "100.00", "1/vat": "20.00", "2": "30.00", "2/vat": "6.00"}
    assert sorted(periods(found)) == ["I1/1", "I1/2"]
    alone = "operations: {credit_only: {related_charges: selected_only}}"
    assert amounts(credit_memo(plan(TWO, ASK + "lines: ['1']", policy=alone))) == {"1": "100.00", "1/vat": "20.00"}
    assert amounts(credit_memo(plan(TWO, ASK + "lines: ['3']"))) == {"3": "7.00", "3/vat": "1.40"}


def test_later_periods_never_come_along() -> None:
    later = billed(
        invoice("I1", "jan", line("seats", "100.00", "jan")), invoice("I2", "feb", line("seats", "100.00", "feb"))
    )
    assert sorted(periods(plan(later, ASK))) == ["I1/1"]


def test_related_lines_on_another_invoice_have_a_memo_of_their_own() -> None:
    apart = billed(
        invoice("I1", "jan", line("seats", "100.00", "jan")),
        invoice("I2", "feb", line("support", "30.00", "jan")),
        charges=STREAMS,
    )
    found = plan(apart, ASK)
    assert [(one.document.source, str(one.document.amount)) for one in found.documents] == [  # type: ignore[union-attr]
        ("I2", "36.00"),  # both bill January: the newer invoice comes first
        ("I1", "120.00"),
    ]
    assert refused(apart, ASK.replace("2026-04-10", "2026-01-20")) == ["date-too-early"]  # I2 is of 1 February


def test_a_discount_goes_with_what_it_reduces() -> None:
    """Seats 100.00 less 25.00, each with its tax: 75.00 and 15.00 are left to credit."""
    book = billed(
        invoice(
            "I1",
            "jan",
            line("seats", "100.00", "jan"),
            line("off", "-25.00", "jan", id="2", more=", discounts: '1'"),
        ),
        charges=("id: seats, rate: 100.00", "id: off, rate: -25.00, discounts: seats"),
    )
    for policy in ("", "operations: {credit_only: {related_charges: selected_only}}"):
        for name in ("1", "2"):
            found = plan(book, ASK + f"lines: ['{name}']", policy=policy)
            assert amounts(credit_memo(found)) == {"1": "100.00", "1/vat": "20.00", "2": "-25.00", "2/vat": "-5.00"}
            assert put(found) == {"I1": {"1": "75.00", "1/vat": "20.00", "2/vat": "-5.00"}}
            assert sorted(periods(found)) == ["I1/1", "I1/2"]


def test_what_was_credited_before_is_not_credited_again() -> None:
    """30.00 and its 6.00 of tax were goodwill: 70.00 and 14.00 are left."""
    goodwill = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 30.00}]"
    found = plan(book_after(ONE, goodwill), ASK)
    assert amounts(credit_memo(found)) == {"1": "70.00", "1/vat": "14.00"}
    # Of what is open, 84.00 is settled with these places: the goodwill is still unapplied.
    assert put(found) == {"I1": {"1": "70.00", "1/vat": "14.00"}}


def test_what_was_written_off_counts_as_given_back() -> None:
    written_off = "operation: write_off_invoice\ndate: 2026-04-01\ninvoice: I1"
    keep = "operations: {write_off_invoice: {charged_through: keep}}"
    assert refused(book_after(ONE, written_off, policy=keep), ASK) == ["credited-in-full"]
    # By the standard policy its time is billed again, so that nothing of it is this line's any more.
    assert refused(book_after(ONE, written_off), ASK) == ["unwound-already"]
    part = written_off + "\namount: 60.00"  # half of 120.00: 50.00 and 10.00
    assert amounts(credit_memo(plan(book_after(ONE, part), ASK))) == {"1": "50.00", "1/vat": "10.00"}


PAID = (
    ONE
    + """
payments: [{number: P1, account: a, date: 2026-02-01, currency: EUR, amount: 120.00}]
applications: [{from: P1, to: I1, date: 2026-02-01, amount: 120.00,
  parts: [{item: '1', amount: 100.00}, {item: '1', tax: vat, amount: 20.00}]}]
"""
)


def test_what_was_paid_stays_unapplied() -> None:
    found = plan(PAID, ASK)
    assert not found.applications
    assert str(balances(book_after(PAID, ASK))["CM00000001"]) == "120.00"


def test_of_a_line_paid_in_part_the_rest_is_settled() -> None:
    """Paid 30.00, spread over 100.00 and 20.00 as 25.00 and 5.00: 75.00 and 15.00 were open."""
    part = ONE + "payments: [{number: P1, account: a, date: 2026-02-01, currency: EUR, amount: 30.00}]\n"
    paid = book_after(part, "operation: apply_payment\ndate: 2026-02-01\npayment: P1")
    assert put(plan(paid, ASK)) == {"I1": {"1": "75.00", "1/vat": "15.00"}}
    after = balances(book_after(paid, ASK))
    assert (str(after["I1"]), str(after["CM00000001"])) == ("0.00", "30.00")


def test_the_policy_can_say_that_what_was_paid_is_refunded() -> None:
    refund = "operations: {credit_only: {paid_credit: refund}}"
    found = plan(PAID, ASK, policy=refund)
    (step,) = found.follow_ups
    assert (step.plan.operation, step.plan.id, step.rule) == (
        "create_refund",
        "op-1/credit_only.paid_credit/CM00000001",
        "credit_only.paid_credit",
    )
    assert [str(one.document.amount) for one in step.plan.documents] == ["120.00"]
    assert not plan(ONE, ASK, policy=refund).follow_ups  # nothing was paid


def test_a_debit_memo_of_the_line_stays_and_that_is_said() -> None:
    more = "operation: debit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 5.00}]"
    found = plan(book_after(ONE, more), ASK)
    assert [one.code for one in found.warnings] == ["debit-stays"]
    assert found.warnings[0].message == "DM00000001 asks 5.00 EUR more for I1/1: it is not unwound with it"
    assert amounts(credit_memo(found)) == {"1": "100.00", "1/vat": "20.00"}


def test_without_lines_all_that_bill_time_are_credited_and_the_others_told() -> None:
    mixed = billed(invoice("I1", "jan", line("seats", "100.00", "jan"), "{id: fee, amount: 9.00}"))
    found = plan(mixed, ASK)
    assert amounts(credit_memo(found)) == {"1": "100.00", "1/vat": "20.00"}
    assert found.notes == ("of I1, left alone: fee (it names no subscription)",)


def test_excluded_charges_do_not_hinder_a_credit() -> None:
    """Zone Billing, credit/rebill: "the 'Credit Only' option may be used in these scenarios"."""
    excluded = """
charge_periods:
- {id: s/support/2026-01-01, subscription: s, charge: support, from: 2026-01-01, until: 2026-02-01, currency: EUR,
   status: excluded_zero_amount}
"""
    assert amounts(credit_memo(plan(TWO + excluded, ASK + "lines: ['1']")))["1"] == "100.00"


# -- what forbids it -----------------------------------------------------------------------------------------------

LINES = billed(
    invoice(
        "I1",
        "jan",
        line("seats", "100.00", "jan"),
        "{id: fee, amount: 9.00}",
        "{id: gone, subscription: s, subscribed_charge: gone, amount: 9.00, service_start: 2026-01-01, "
        "service_end: 2026-01-31}",
        "{id: open, subscription: s, subscribed_charge: seats, amount: 9.00, service_start: 2026-01-01}",
        "{id: back, subscription: s, subscribed_charge: seats, amount: -9.00, unit_price: -100.00, "
        "service_start: 2026-01-01, service_end: 2026-01-31}",
        "{id: nil, subscription: s, subscribed_charge: seats, amount: 0.00, service_start: 2026-01-01, "
        "service_end: 2026-01-31}",
    )
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("lines: ['9']", ["item-unknown"]),
        ("lines: ['1', '1']", ["item-repeated"]),
        ("lines: [fee]", ["not-by-billing"]),
        ("lines: [gone]", ["not-by-billing"]),
        ("lines: [open]", ["not-by-billing"]),
        ("lines: [back]", ["not-by-billing"]),
        ("lines: [nil, fee, '9']", ["item-unknown", "not-by-billing"]),
    ],
)
def test_lines_that_cannot_be_unwound(text: str, codes: list[str]) -> None:
    assert refused(LINES, ASK + text) == codes


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fee", "it names no subscription"),
        ("gone", "it names no charge of subscription `s`"),
        ("open", "it does not say which days it bills"),
        ("back", "it gives time back"),
    ],
)
def test_why_a_line_was_not_made_by_billing(name: str, why: str) -> None:
    assert told(LINES, ASK + f"lines: [{name}]") == f"I1/{name} was not made by billing: {why}"


def test_an_invoice_without_such_a_line_is_refused_with_its_lines() -> None:
    book = billed(invoice("I1", "jan", "{id: fee, amount: 9.00}", "{id: tip, amount: 1.00}"))
    assert told(book, ASK) == (
        "no line of I1 was made by billing: fee (it names no subscription), tip (it names no subscription)"
    )


def test_lines_that_come_to_nothing_have_no_memo() -> None:
    alone = "operations: {credit_only: {related_charges: selected_only}}"
    assert refused(LINES, ASK + "lines: [nil]", policy=alone) == ["nothing-to-credit"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("status: draft", ["not-posted"]),
        ("status: canceled", ["not-posted"]),
        ("reversed: true", ["reversed"]),
        ("split: true", ["split-invoice"]),
    ],
)
def test_invoices_that_cannot_be_unwound(text: str, codes: list[str]) -> None:
    book = billed(invoice("I1", "jan", line("seats", "100.00", "jan"), more=f"  {text}\n"))
    assert refused(book, ASK) == codes


def test_of_a_split_invoice_the_policy_can_warn() -> None:
    book = billed(invoice("I1", "jan", line("seats", "100.00", "jan"), more="  split: true\n"))
    found = plan(book, ASK, policy="operations: {credit_only: {split_invoices: warn}}")
    assert [one.code for one in found.warnings] == ["split-unwound"]


def test_a_line_of_which_nothing_is_left_is_refused_with_what_took_it() -> None:
    one = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 60.00}]"
    rest = one.replace("60.00", "40.00")
    book = book_after(ONE, one, rest)
    (problem,) = run(book, ASK + "lines: ['1']")[0].problems
    assert problem.code == "credited-in-full"
    assert problem.message == (
        "I1/1 cannot be credited: nothing of it is left: 60.00 was given back by CM00000001 and 40.00 by CM00000002"
    )
    assert refused(book, ASK) == ["credited-in-full"]


def test_of_all_lines_those_with_nothing_left_are_left_out_and_told() -> None:
    took = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '2'}]"
    found = plan(book_after(TWO, took), ASK)
    assert sorted(amounts(credit_memo(found))) == ["1", "1/vat", "3", "3/vat"]
    why = "nothing of it is left: 30.00 was given back by CM00000001"
    assert found.notes == (f"of I1, left alone: 2 ({why})",)
    assert found.closure is not None
    assert {one.line.item: one.left_out for one in found.closure.lines} == {"1": None, "2": why, "3": None}
    assert sorted(periods(found)) == ["I1/1", "I1/3"]


def test_a_line_is_unwound_once() -> None:
    after = book_after(ONE, ASK)
    for text in ("", "lines: ['1']"):
        (problem,) = run(after, "id: again\n" + ASK + text)[0].problems
        assert problem.code == "unwound-already"
        assert problem.message == "I1/1 was credited by CM00000001/1; a line is unwound once"
        assert problem.hint == "nothing of it is asked for any more; name other lines"


def test_a_line_that_was_billed_again_is_refused_with_the_line_that_did() -> None:
    (problem,) = run(book_after(ONE, ASK.replace("credit_only", "credit_rebill")), "id: op-2\n" + ASK)[0].problems
    assert problem.message == (
        "I1/1 was credited by CM00000001/1 and billed again by INV00000001/1; a line is unwound once"
    )
    assert problem.hint == "correct INV00000001/1 instead, with `credit_rebill`"


def test_a_draft_with_a_related_line_is_posted_or_canceled_first() -> None:
    draft = invoice("D1", "jan", line("support", "30.00", "jan"), more="  status: draft\n")
    book = billed(invoice("I1", "jan", line("seats", "100.00", "jan")), draft, charges=STREAMS)
    assert told(book, ASK) == "D1 is a draft and bills `support` from 2026-01-01 on, which belongs to I1/1"
    alone = "operations: {credit_only: {related_charges: selected_only}}"
    assert amounts(credit_memo(plan(book, ASK, policy=alone))) == {"1": "100.00", "1/vat": "20.00"}


DRAFT_PAYMENT = """
payments:
- {number: P9, account: a, date: 2026-04-01, currency: EUR, amount: 5.00, reference: I1, status: draft}
"""
DRAFT_MEMO = """
credit_memos:
- {number: C9, account: a, date: 2026-04-01, currency: EUR, source: I1, status: draft,
   items: [{id: '1', source_item: '1', amount: 5.00}]}
"""


@pytest.mark.parametrize("rest", [DRAFT_PAYMENT, DRAFT_MEMO])
def test_what_names_the_invoice_and_is_not_posted_yet_comes_first(rest: str) -> None:
    assert refused(ONE + rest, ASK) == ["in-flight"]
    assert plan(ONE + rest.replace("status: draft", "status: canceled"), ASK).documents


def test_a_day_in_a_closed_period_and_a_limit_are_refused_like_for_other_memos() -> None:
    closed = ONE + "accounting_periods: [{from: 2026-04-01, until: 2026-05-01, status: closed}]"
    assert refused(closed, ASK) == ["period-closed"]
    assert refused(ONE, ASK, policy="operations: {credit_only: {item_limit: 1}}") == ["item-limit"]
    assert refused(ONE, ASK.replace("2026-04-10", "2025-12-31")) == ["date-too-early"]


def test_it_may_need_a_second_person() -> None:
    two = "operations: {credit_only: {permission: approval}}"
    assert refused(ONE, ASK + "actor: ann", policy=two) == ["approval-missing"]


def test_what_is_left_unapplied_can_be_followed() -> None:
    follow = "follow_ups:\n- {id: use, after: credit_memo_posted, then: apply_credits, because: test}"
    other = PAID.replace("payments:", invoice("I2", "feb", line("seats", "100.00", "feb")) + "payments:")
    found = plan(other, ASK, policy=follow)
    assert [step.plan.operation for step in found.follow_ups] == ["apply_credits"]
    assert put(found.follow_ups[0].plan) == {"I2": {"1": "100.00", "1/vat": "20.00"}}
