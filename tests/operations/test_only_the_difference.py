"""`credit_rebill` with `correction_style: difference`: docs/credit-rebill.md. VAT is a fifth of each amount."""

from __future__ import annotations

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import Issued
from billpolicy.book.identities import broken
from billpolicy.book.model import CreditMemo, Document, Invoice
from billpolicy.planning.plan import Plan, in_turn, left_by
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import balances, book_from
from tests.helpers.scenes import book_after, plan, refused

POLICY = "operations: {credit_rebill: {correction_style: {is: difference, because: FIN-1}}}"
ASK = "operation: credit_rebill\ndate: 2026-04-10\ninvoice: I1\n"
LOWER = ASK + "correct: [{line: '1', rate: 80.00}]\n"
HIGHER = ASK + "correct: [{line: '1', rate: 130.00}]\n"
ONE = billed(invoice("I1", "mar", line("seats", "100.00", "mar")))


def made(found: Plan) -> list[Document]:
    return [one.document for each in in_turn(found) for one in each.documents if isinstance(one.document, Document)]


def items(document: Document) -> list[str]:
    return [
        f"{item.source or 'new'}/{item.source_item}: {item.amount} + {', '.join(str(tax.amount) for tax in item.taxes)}"
        for item in document.items
    ]


def after(in_book: Book | str, text: str, policy: str = POLICY) -> Book:
    book = book_from(in_book) if isinstance(in_book, str) else in_book
    return left_by(plan(book, text, policy=policy), book)


def test_where_more_is_due_one_invoice_has_the_difference() -> None:
    """130.00 + 26.00 less 100.00 + 20.00: an invoice of 36.00, and what was open stays open."""
    (document,) = made(plan(ONE, HIGHER, policy=POLICY))
    assert isinstance(document, Invoice)
    assert items(document) == ["new/None: 130.00 + 26.00", "I1/1: -100.00 + -20.00"]
    assert balances(after(ONE, HIGHER)) == {"I1": 120, "INV00000001": 36}


def test_where_less_is_due_a_credit_memo_has_it_and_is_put_on_what_is_open() -> None:
    """80.00 + 16.00 less 100.00 + 20.00: the invoice gives as much back, and a memo of 20.00 + 4.00 the rest."""
    bill, memo = made(plan(ONE, LOWER, policy=POLICY))
    assert isinstance(bill, Invoice)
    assert items(bill) == ["new/None: 80.00 + 16.00", "I1/1: -80.00 + -16.00"]
    assert isinstance(memo, CreditMemo)
    assert items(memo) == ["I1/1: 20.00 + 4.00"]
    assert balances(after(ONE, LOWER)) == {"I1": 96, "INV00000001": 0, "CM00000001": 0}


def test_unchanged_it_is_refused() -> None:
    assert refused(ONE, ASK, policy=POLICY) == ["nothing-changes"]


def test_a_minimum_that_takes_up_the_difference_is_a_change_of_both_lines() -> None:
    """60.00 and a minimum of 100.00: at 90.00 the fee is 30.00 more and the minimum 30.00 less."""
    least = line("least", "40.00", "mar", id="2").replace("quantity: 1, unit_price: 40", "quantity: 1, unit_price: 100")
    book = billed(
        invoice("I1", "mar", line("fee", "60.00", "mar"), least.replace("100.00", "100")),
        charges=("id: fee, item: shop, rate: 60.00", "id: least, item: shop, bills: minimum, rate: 100.00"),
    )
    (document,) = made(plan(book, ASK + "lines: ['1']\ncorrect: [{line: '1', rate: 90.00}]", policy=POLICY))
    assert items(document) == [
        "new/None: 90.00 + 18.00",
        "I1/1: -60.00 + -12.00",
        "new/None: 10.00 + 2.00",
        "I1/2: -40.00 + -8.00",
    ]


def test_one_line_more_and_one_less_are_on_one_invoice() -> None:
    """30.00 + 6.00 more for seats and 20.00 + 4.00 less for phones: 12.00 is due."""
    both = billed(
        invoice("I1", "mar", line("seats", "100.00", "mar"), line("phone", "50.00", "mar", id="2")),
        charges=("id: seats, rate: 100.00", "id: phone, rate: 50.00"),
    )
    text = ASK + "correct: [{line: '1', rate: 130.00}, {line: '2', rate: 30.00}]"
    (document,) = made(plan(both, text, policy=POLICY))
    assert str(document.amount) == "12.00"
    # The other way round it is a credit memo of 12.00, over the line that costs less.
    text = ASK + "correct: [{line: '1', rate: 70.00}, {line: '2', rate: 70.00}]"
    bill, memo = made(plan(both, text, policy=POLICY))
    assert (str(bill.amount), items(memo)) == ("0.00", ["I1/1: 10.00 + 2.00"])


GOODWILL = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 30.00}]"


def test_goodwill_goes_along_and_is_not_given_back_again() -> None:
    """70.00 + 14.00 is left; 80.00 less the goodwill is 50.00 + 10.00: 20.00 + 4.00 less."""
    before = book_after(ONE, GOODWILL)
    bill, memo = made(plan(before, LOWER, policy=POLICY))
    assert items(bill) == ["new/None: 80.00 + 16.00", "new/None: -30.00 + -6.00", "I1/1: -50.00 + -10.00"]
    assert items(memo) == ["I1/1: 20.00 + 4.00"]
    assert balances(after(before, LOWER)) == {"I1": 96, "INV00000001": 0, "CM00000001": 36, "CM00000002": 0}


def test_a_line_that_was_given_back_in_full_is_billed_again_with_that() -> None:
    """The 100.00 of March are carried: of either month 30.00 + 6.00 is due."""
    two = billed(*(invoice(id, month, line("seats", "100.00", month)) for id, month in (("I1", "feb"), ("I2", "mar"))))
    before = book_after(two, GOODWILL.replace("I1", "I2").replace("30.00", "100.00"))
    (bill,) = made(plan(before, HIGHER, policy=POLICY))
    assert items(bill) == [
        "new/None: 130.00 + 26.00",
        "I1/1: -100.00 + -20.00",
        "new/None: 130.00 + 26.00",
        "new/None: -100.00 + -20.00",
    ]
    period = after(before, HIGHER).charge_periods["I2/1"]
    assert (period.status, period.memo, period.rebilled_by) == ("rebilled", None, "INV00000001")


DISCOUNTED = billed(
    invoice("I1", "mar", line("seats", "100.00", "mar"), line("off", "-10.00", "mar", id="2", more=", discounts: '1'")),
    charges=("id: seats, item: crm, rate: 100.00", "id: off, rate: -10.00, discounts: seats"),
)


def test_a_discount_is_given_back_as_it_was_and_taken_off_again() -> None:
    bill, memo = made(plan(DISCOUNTED, LOWER, policy=POLICY))
    assert sorted(items(bill)) == [
        "I1/1: -80.00 + -16.00",
        "I1/2: 10.00 + 2.00",
        "new/None: -10.00 + -2.00",
        "new/None: 80.00 + 16.00",
    ]
    assert {item.id: item.discounts for item in bill.items if item.discounts} == {"1": "3"}
    assert items(memo) == ["I1/1: 20.00 + 4.00"]


def test_a_larger_discount_gives_back_of_what_it_reduces() -> None:
    text = ASK + "correct: [{line: '2', rate: -25.00}]"
    bill, memo = made(plan(DISCOUNTED, text, policy=POLICY))
    assert (str(bill.amount), items(memo)) == ("0.00", ["I1/1: 15.00 + 3.00"])


def test_charges_on_one_line_are_given_back_on_one() -> None:
    """Seats 100.00 and help 50.00 on one line; seats at 80.00: 20.00 less, in proportion to what each was billed at."""
    combines = ", ".join(
        f"{{subscribed_charge: {id}, quantity: 1, unit_price: {amount}, amount: {amount}}}"
        for id, amount in (("help", "50.00"), ("seats", "100.00"))
    )
    one = line("seats", "150.00", "mar", more=f", combines: [{combines}]")
    one = one.replace("subscribed_charge: seats, amount", "amount").replace("quantity: 1, unit_price: 150.00, s", "s")
    book = billed(
        invoice("I1", "mar", one),
        charges=("id: help, rate: 50.00, profile: Office", "id: seats, rate: 100.00, profile: Office"),
    )
    text = ASK + "correct: [{line: '1', charge: seats, rate: 80.00}]"
    bill, memo = made(plan(book, text, policy=POLICY))
    assert items(bill) == ["new/None: 130.00 + 26.00", "I1/1: -130.00 + -26.00"]
    assert items(memo) == ["I1/1: 20.00 + 4.00"]
    for item in (*bill.items, *memo.items):
        assert sum(each.amount for each in item.combines) == item.amount
    told = {id: (one.memo, one.memo_item, one.rebilled_by) for id, one in after(book, text).charge_periods.items()}
    assert told == {f"I1/1/{id}": ("CM00000001", "1", "INV00000001") for id in ("help", "seats")}


PAYMENT = "operation: create_payment\ndate: 2026-03-05\naccount: a\namount: 120.00\napply: [{document: I1}]"


def test_what_was_paid_goes_where_the_policy_says() -> None:
    before = book_after(ONE, PAYMENT)
    assert balances(after(before, LOWER))["CM00000001"] == 24
    refund = "operations: {credit_rebill: {correction_style: {is: difference, because: FIN-1}, "
    refund += "paid_credit: {is: refund, because: FIN-2}}}"
    found = plan(before, LOWER, policy=refund)
    assert [step.plan.operation for step in found.follow_ups] == ["bill_run", "create_refund"]
    assert balances(after(before, LOWER, refund))["CM00000001"] == 0


def test_the_new_line_is_corrected_in_its_turn_either_way() -> None:
    """80.00 was too low: 90.00 is 10.00 + 2.00 more than that, and 10.00 + 2.00 less than the first line."""
    before = after(ONE, LOWER)
    text = "id: again\n" + ASK.replace("I1", "INV00000001") + "correct: [{line: '1', rate: 90.00}]"
    (bill,) = made(plan(before, text, policy=POLICY))
    assert items(bill) == ["new/None: 90.00 + 18.00", "INV00000001/1: -80.00 + -16.00"]
    restated = left_by(plan(before, text), before)
    assert sum(balances(after(before, text)).values()) == 96 + 12
    assert restated.balance(restated.numbered["INV00000002"]) == 108 - 96
    assert not list(broken(restated))


def test_time_that_is_not_used_is_given_back_of_the_new_line() -> None:
    """The service ends on 17 March: 15 of 31 days of 80.00 are given back, of the line that bills them now."""
    before = after(ONE, LOWER)
    cancel = "id: end\noperation: cancel_subscription\ndate: 2026-04-11\nsubscription: s\nat: date\n"
    ended = book_after(before, cancel + "effective_date: 2026-03-17\nfinal_bill: false")
    run = "id: run\noperation: bill_run\ndate: 2026-04-12\nsubscriptions: [s]"
    (memo,) = (one for one in made(plan(ended, run)) if isinstance(one, CreditMemo))
    assert items(memo) == ["INV00000001/1: 38.71 + 7.74"]


@pytest.mark.parametrize("text", [LOWER, HIGHER])
def test_what_gives_the_line_back_is_locked(text: str) -> None:
    """The document is never reversed, nor written off, and the line is unwound once."""
    before = after(ONE, text)
    assert refused(before, "id: x\n" + text, policy=POLICY) == ["unwound-already"]
    reverse = "id: x\noperation: reverse_invoice\ndate: 2026-04-11\ninvoice: INV00000001"
    assert "line-locked" in refused(before, reverse)
    if "CM00000001" in before.numbered:
        reverse = "id: x\noperation: reverse_credit_memo\ndate: 2026-04-11\ncredit_memo: CM00000001"
        assert "line-locked" in refused(before, reverse)


def test_an_invoice_that_gives_back_of_another_changes_that() -> None:
    """Whoever relied on what was left of it must look again."""
    found = plan(ONE, HIGHER, policy=POLICY)
    (issued,) = (change for each in in_turn(found) for change in each.of(Issued))
    assert "I1" in set(issued.touched())


def test_it_is_posted_also_where_bill_runs_make_drafts() -> None:
    policy = POLICY[:-1] + ", bill_run: {bill_as: {is: draft, because: FIN-3}}}"
    assert [one.status for one in made(plan(ONE, LOWER, policy=policy))] == ["posted", "posted"]
    assert refused(ONE, ASK + "attributes: {bill_to_contact: zoe}", policy=POLICY) == ["contact-unknown"]


def test_where_the_time_comes_to_less_than_nothing_it_is_refused() -> None:
    """20.00 less 9 x 5.00: no invoice can stand for that, and a credit memo alone would be no record of the time."""
    thanks = line("thanks", "-5.00", "mar", id="2")
    book = billed(
        invoice("I1", "mar", line("seats", "20.00", "mar"), thanks),
        charges=("id: seats, rate: 20.00", "id: thanks, rate: -5.00"),
    )
    text = ASK + "correct: [{line: '2', quantity: 9}]"
    assert refused(book, text, policy=POLICY) == ["negative-total"]
    assert sum(one.amount for one in made(plan(book, text)) if isinstance(one, CreditMemo)) == 18 + 30
