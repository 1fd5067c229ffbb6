"""Write-offs of a named amount, of debit memos, and undone in parts. docs/domain.md 3.2, 3.5, vectors G2, G9, G10."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import CreditMemo
from billpolicy.planning.plan import Plan
from tests.helpers.books import book_from
from tests.helpers.levels import LEVELS, levelled
from tests.helpers.plan_views import amounts, balances, credit_memo, debit_memo, inherited, numbers, put
from tests.helpers.scenes import book_after, plan
from tests.helpers.steps import run, told

# G9: 330.00 and 100.00, of which 100.00 and 50.00 are paid: 230.00 and 50.00 are open.
G9 = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- {number: I1, account: a, date: 2026-02-10, currency: USD, items: [{id: x, amount: 330.00}, {id: y, amount: 100.00}]}
payments: [{number: P1, account: a, date: 2026-02-12, currency: USD, amount: 150.00}]
applications:
- {from: P1, to: I1, date: 2026-02-12, amount: 150.00, parts: [{item: x, amount: 100.00}, {item: y, amount: 50.00}]}
"""
# G10: 100.00 with a discount of 10.00, and a tax of 20.00 with one of -2.00 on the discount: 108.00.
G10 = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-02-10
  currency: USD
  items:
  - {id: x, line: 1, amount: 100.00, taxes: [{id: vat, name: VAT, rate: 0.20, amount: 20.00}]}
  - {id: d, line: 2, amount: -10.00, discounts: x, taxes: [{id: vat, name: VAT, rate: 0.20, amount: -2.00}]}
"""
WRITE_OFF = "operation: write_off_invoice, invoice: I1, date: 2026-03-01"
UNDO = "operation: undo_write_off, credit_memo: CM00000001, date: 2026-03-02"
AGAIN = "operation: write_off_debit_memo, debit_memo: DM00000001, date: 2026-03-03"
FIFO = "operations: {write_off_invoice: {partial_write_offs: fifo}, undo_write_off: {partial_write_offs: fifo}}"


def after(book: str, *operations: str, own: str = "") -> Book:
    left = book_from(book)
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def open_at(book: Book, number: str) -> dict[str, str]:
    document = book.numbered[number]
    assert not isinstance(document, CreditMemo)
    return {f"{p.item}/{p.tax}" if p.tax else p.item: str(a) for p, a in book.open_places(document).items()}  # type: ignore[arg-type]


# -- a part of an invoice ------------------------------------------------------------------------------------------


def test_g9_half_is_spread_in_proportion_to_what_is_open() -> None:
    found, left = run(book_from(G9), f"{WRITE_OFF}, amount: 140.00")
    assert amounts(credit_memo(found)) == {"x": "115.00", "y": "25.00"}  # 140 of 280: half of 230.00 and of 50.00
    assert balances(found) == {"CM00000001": "0.00", "I1": "140.00"}
    assert found.notes == ("140.00 of 280.00 USD, spread over the items by `proration` (`partial_write_offs`)",)
    found, left = run(left, WRITE_OFF)
    assert amounts(credit_memo(found)) == {"x": "115.00", "y": "25.00"}
    assert left.balance(left.numbered["I1"]) == 0
    assert found.notes == ()


def test_g9_first_in_first_out_fills_one_item_before_the_next() -> None:
    found, _ = run(book_from(G9), f"{WRITE_OFF}, amount: 240.00", FIFO)
    assert {place: amount for place, amount in amounts(credit_memo(found)).items() if amount != "0.00"} == {
        "x": "230.00",
        "y": "10.00",
    }


def test_g2_the_first_cents_go_to_the_first_items() -> None:
    three = G9.partition("payments:")[0].replace(
        "[{id: x, amount: 330.00}, {id: y, amount: 100.00}]",
        "[{id: x, amount: 10}, {id: y, amount: 10}, {id: z, amount: 10}]",
    )
    found, _ = run(book_from(three), f"{WRITE_OFF}, amount: 10.00")
    assert amounts(credit_memo(found)) == {"x": "3.34", "y": "3.33", "z": "3.33"}


def test_g10_a_discount_is_netted_and_its_tax_settled_last() -> None:
    found, left = run(book_from(G10), f"{WRITE_OFF}, amount: 54.00")
    # Net 90.00 and 18.00: half is 45.00 and 9.00.
    assert put(found) == {"I1": {"x": "45.00", "x/vat": "9.00"}}
    assert open_at(left, "I1") == {"x": "45.00", "x/vat": "11.00", "d": "0", "d/vat": "-2.00"}
    found, left = run(left, WRITE_OFF)
    assert put(found) == {"I1": {"x": "45.00", "x/vat": "11.00", "d/vat": "-2.00"}}
    assert {Decimal(amount) for amount in open_at(left, "I1").values()} == {Decimal(0)}


def test_an_amount_that_is_all_of_it_is_no_part() -> None:
    own = (
        "exceptions:\n- {id: parts, operations: [write_off_invoice], when: {partial: true},"
        " then: {permission: refused}, because: test}\n"
    )
    found, _ = run(book_from(G9), f"{WRITE_OFF}, amount: 280.00", own)
    whole, _ = run(book_from(G9), WRITE_OFF, own)
    assert (found.documents[0].document, found.applications) == (whole.documents[0].document, whole.applications)
    assert told(book_from(G9), f"{WRITE_OFF}, amount: 279.99", own).startswith("not-permitted: ")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "amount-sign"),
        ("-1.00", "amount-sign"),
        ("0.001", "amount-inexact"),
        ("280.01", "over-written-off"),
    ],
)
def test_amounts_that_cannot_be_written_off(amount: str, code: str) -> None:
    assert told(book_from(G9), f"{WRITE_OFF}, amount: {amount}").startswith(f"{code}: ")


def test_too_much_says_how_much_there_is() -> None:
    assert told(book_from(G9), f"{WRITE_OFF}, amount: 300.00") == (
        "over-written-off: 300.00 is more than the 280.00 that is open of I1"
    )


SHARED = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-01-01, charges: [{id: gym, rate: 100.00, charged_through: 2026-02-01}]}
- {id: T, account: ann, start: 2026-01-01, charges: [{id: pool, rate: 40.00, charged_through: 2026-02-01}]}
invoices:
- number: I1
  account: ann
  date: 2026-01-01
  currency: USD
  items:
  - {id: gym, amount: 100.00, subscription: S, subscribed_charge: gym, JANUARY}
  - {id: pool, amount: 40.00, subscription: T, subscribed_charge: pool, JANUARY}
""".replace("JANUARY", "service_start: 2026-01-01, service_end: 2026-01-31")


def test_of_a_shared_invoice_a_part_of_what_one_subscription_owes() -> None:
    found, left = run(book_from(SHARED), f"{WRITE_OFF}, subscription: T, amount: 10.00")
    assert put(found) == {"I1": {"pool": "10.00"}}
    assert amounts(credit_memo(found)) == {"pool": "10.00"}
    assert told(left, f"{WRITE_OFF}, subscription: T, amount: 30.01") == (
        "over-written-off: 30.01 is more than the 30.00 that is open of I1 of subscription `T`"
    )


def test_time_of_which_a_part_was_written_off_is_not_billed_again() -> None:
    whole, _ = run(book_from(SHARED), WRITE_OFF)
    assert {one.charge for one in whole.of(ChargedThrough)} == {"gym", "pool"}
    part, left = run(book_from(SHARED), f"{WRITE_OFF}, amount: 139.99")
    assert part.of(ChargedThrough) == ()
    rest, _ = run(left, WRITE_OFF)  # since a part of the invoice is settled
    assert rest.of(ChargedThrough) == ()
    own = (
        "exceptions:\n- {id: mine, operations: [write_off_invoice], when: {partial: true}, overrides:"
        " [partly-written-off-time-is-not-billed-again, partly-paid-time-is-not-billed-again,"
        " canceled-time-is-not-billed-again], then: {charged_through: revert}, because: test}\n"
    )
    part, _ = run(book_from(SHARED), f"{WRITE_OFF}, amount: 139.99", own)
    assert {one.charge for one in part.of(ChargedThrough)} == {"gym", "pool"}


# -- undone in parts -----------------------------------------------------------------------------------------------


def asked_again(found: Plan) -> dict[str, str]:
    return amounts(debit_memo(found))


def test_g9_undone_in_parts_up_to_the_whole() -> None:
    first, left = run(after(G9, WRITE_OFF), f"{UNDO}, amount: 28.00")
    assert asked_again(first) == {"1": "23.00", "2": "5.00"}  # a tenth of 230.00 and 50.00
    assert first.notes == ("28.00 of 280.00 USD, spread over the items by `proration` (`partial_write_offs`)",)
    second, left = run(left, f"{UNDO}, amount: 126.00")
    assert asked_again(second) == {"1": "103.50", "2": "22.50"}  # half of 207.00 and 45.00
    assert told(left, f"{UNDO}, amount: 126.01") == (
        "over-written-off: 126.01 is more than the 126.00 that is left of the write-off CM00000001"
    )
    third, left = run(left, UNDO)
    assert asked_again(third) == {"1": "103.50", "2": "22.50"}
    assert told(left, f"{UNDO}, amount: 0.01") == (
        "undone-already: the write-off CM00000001 was undone already, by DM00000001 and DM00000002 and DM00000003"
    )
    assert {number: str(left.balance(left.numbered[number])) for number in ("I1", "CM00000001", "DM00000002")} == {
        "I1": "0.00",
        "CM00000001": "0.00",
        "DM00000002": "126.00",
    }


def test_g10_undone_in_parts_also_the_tax_of_the_discount_comes_back() -> None:
    first, left = run(after(G10, WRITE_OFF), f"{UNDO}, amount: 54.00")
    assert asked_again(first) == {"1": "45.00", "1/vat": "9.00"}
    second, _ = run(left, UNDO)
    # 90.00, 20.00 and -2.00 less 45.00 and 9.00; the item of the discount stands for its tax.
    assert asked_again(second) == {"1": "45.00", "1/vat": "11.00", "2": "0.00", "2/vat": "-2.00"}


def test_fifo_asks_for_the_first_items_first() -> None:
    first, left = run(after(G9, WRITE_OFF), f"{UNDO}, amount: 240.00", FIFO)
    assert asked_again(first) == {"1": "230.00", "2": "10.00"}
    second, _ = run(left, UNDO, FIFO)
    assert asked_again(second) == {"2": "40.00"}


def test_what_a_partial_write_off_wrote_off_can_be_undone() -> None:
    found, _ = run(after(G9, f"{WRITE_OFF}, amount: 140.00"), UNDO)
    assert asked_again(found) == {"1": "115.00", "2": "25.00"}


def test_of_a_part_that_is_asked_for_again_the_rest_is_not_billed_again() -> None:
    written_off = after(SHARED, WRITE_OFF)
    assert {str(one.charges[0].charged_through) for one in written_off.subscriptions.values()} == {"2026-01-01"}
    found, left = run(written_off, f"{UNDO}, amount: 14.00")
    assert asked_again(found) == {"1": "10.00", "2": "4.00"}
    assert {str(one.charges[0].charged_through) for one in left.subscriptions.values()} == {"2026-02-01"}
    found, left = run(left, UNDO)
    assert found.of(ChargedThrough) == ()


def test_debit_memos_that_do_not_say_where_their_money_is_from_count_as_well() -> None:
    imported = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- {number: I1, account: a, date: 2026-01-10, currency: USD, items: [{id: x, amount: 60.00}, {id: y, amount: 40.00}]}
credit_memos:
- number: CM00000001
  account: a
  date: 2026-01-12
  currency: USD
  source: I1
  write_off: true
  items: [{id: x, source_item: x, amount: 60.00}, {id: y, source_item: y, amount: 40.00}]
debit_memos:
- {number: D1, account: a, date: 2026-01-13, currency: USD, source: CM00000001, items: [{id: z, amount: 50.00}]}
- {number: D2, account: a, date: 2026-01-13, currency: USD, source: CM00000001, reversed: true,
   items: [{id: z, amount: 50.00}]}
applications:
- {from: CM00000001, to: I1, date: 2026-01-12, amount: 100.00,
   parts: [{item: x, source_item: x, amount: 60.00}, {item: y, source_item: y, amount: 40.00}]}
"""
    assert told(book_from(imported), f"{UNDO}, amount: 50.01").startswith(
        "over-written-off: 50.01 is more than the 50.00"
    )
    found, left = run(book_from(imported), UNDO)
    assert asked_again(found) == {"x": "50.00"}  # what it is taken from, the last items give first
    assert told(left, UNDO).startswith("undone-already: ")
    said = imported.replace("{id: z, amount: 50.00}", "{id: z, source_item: x, amount: 50.00}")
    assert asked_again(run(book_from(said), UNDO)[0]) == {"x": "10.00", "y": "40.00"}
    # More than was written off of `x`: none of it comes back below zero.
    said = said.replace("amount: 50.00}", "amount: 80.00}")
    assert asked_again(run(book_from(said), UNDO)[0]) == {"y": "20.00"}


# -- debit memos ---------------------------------------------------------------------------------------------------


def test_a_debit_memo_gives_contact_and_set() -> None:
    debit = "operation: debit_memo_from_invoice\ninvoice: I1\nitems: [{item: x, amount: 50.00}]"
    of_invoice = book_after(levelled(), debit, policy=LEVELS)
    found = plan(of_invoice, "id: w\noperation: write_off_debit_memo\ndebit_memo: I-DM-00000001", policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("ivan", "debit_memo"), "sequence_set": ("INV", "debit_memo")}
    assert numbers(found) == ["I-CM-00000001"]
    memo = credit_memo(found)
    assert (memo.source, memo.write_off, memo.reason) == ("I-DM-00000001", True, "Write-off")
    assert amounts(memo) == {"1": "50.00", "1/vat": "10.00"}
    assert balances(found) == {"I-CM-00000001": "0.00", "I-DM-00000001": "0.00"}


def test_without_values_it_is_the_account_then_the_default() -> None:
    charged = "operation: debit_memo_from_charge\naccount: acme\ncharges: [{charge: setup, amount: 5.00}]\n"
    left = book_after(levelled(), charged, policy=LEVELS)
    found = plan(left, "id: w\noperation: write_off_debit_memo\ndebit_memo: A-DM-00000001", policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("alma", "account"), "sequence_set": ("ACC", "debit_memo")}


def test_what_an_undone_write_off_left_is_written_off_and_undone_again() -> None:
    undone = after(SHARED, WRITE_OFF, f"{UNDO}, amount: 70.00")
    found, left = run(undone, AGAIN)
    memo = credit_memo(found)
    assert (memo.number, memo.source, str(memo.amount)) == ("CM00000002", "DM00000001", "70.00")
    # No time is opened: what was written off of January stays billed.
    assert found.of(ChargedThrough) == ()
    assert told(left, AGAIN).startswith("nothing-to-write-off: DM00000001 has a balance of 0.00")
    found, left = run(left, UNDO.replace("0001", "0002").replace("03-02", "03-04"))
    asked = debit_memo(found)
    assert (asked.number, asked.source, str(asked.amount)) == ("DM00000002", "CM00000002", "70.00")
    assert amounts(asked) == {"1": "50.00", "2": "20.00"}
    assert [item.unit_price for item in memo.items] == [None, None]
    # Of the first write-off 70.00 are left, of the second nothing.
    assert run(left, UNDO)[0].documents[0].document.amount == Decimal("70.00")
    assert told(left, UNDO.replace("0001", "0002").replace("03-02", "03-04")).startswith("undone-already: ")


def test_the_term_is_that_of_the_debit_memo() -> None:
    text = SHARED.replace("currency: USD\n", "currency: USD\n  attributes: {payment_term: Net 30}\n")
    written_off = after(text, WRITE_OFF)
    first, left = run(written_off, UNDO)
    assert inherited(first)["payment_term"] == ("Net 30", "invoice")
    _, left = run(left, AGAIN)
    second, _ = run(left, UNDO.replace("0001", "0002").replace("03-02", "03-04"))
    assert inherited(second)["payment_term"] == ("Net 30", "debit_memo")


def test_time_that_was_billed_again_is_not_asked_for_by_undoing_the_second_write_off() -> None:
    """The invoice itself, from which it all came, has not billed its time again."""
    left = after(SHARED, WRITE_OFF, UNDO, AGAIN)
    assert run(left, UNDO.replace("0001", "0002").replace("03-02", "03-04"))[0].documents
    again = "operation: bill_run, date: 2026-03-02, target_date: 2026-01-01"
    twice = after(SHARED, WRITE_OFF, f"{again}, subscriptions: [S]")
    assert told(twice, UNDO).startswith("billed-since: INV00000001 has billed the time of I1 again")


def test_a_part_of_a_debit_memo() -> None:
    undone = after(SHARED, WRITE_OFF, UNDO)
    found, left = run(undone, f"{AGAIN}, amount: 7.00, reason: Ad hoc credit, apply_date: 2026-03-05")
    memo = credit_memo(found)
    assert amounts(memo) == {"1": "5.00", "2": "2.00"}
    assert (memo.reason, str(found.applications[0].date)) == ("Ad hoc credit", "2026-03-05")
    assert {str(amount) for amount in left.open_places(left.numbered["DM00000001"]).values()} == {"95.00", "38.00"}  # type: ignore[arg-type]
    assert told(left, f"{AGAIN}, amount: 133.01").startswith(
        "over-written-off: 133.01 is more than the 133.00 that is open"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (AGAIN.replace("03-03", "03-01"), "date-too-early"),
        (AGAIN.replace("DM00000001", "I1"), "document-unknown"),
        (f"{AGAIN}, reason: Bored", "reason-unknown"),
        (f"{AGAIN}, apply_date: 2026-03-02", "date-too-early"),
        (f"{AGAIN}, amount: 0", "amount-sign"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    assert told(after(SHARED, WRITE_OFF, UNDO), text).startswith(f"{code}: ")


def test_no_debit_memo_is_written_off_in_a_closed_period() -> None:
    closed = "accounting_periods: [{from: 2026-03-03, until: 2026-03-04, status: closed}]\n"
    left = after(SHARED + closed, WRITE_OFF, UNDO)
    assert told(left, AGAIN).startswith("period-closed: ")
    assert told(left, f"{AGAIN.replace('03-03', '03-02')}, apply_date: 2026-03-03").startswith("period-closed: ")


def test_a_memo_over_items_that_are_settled_leaves_them_out_if_the_policy_says_so() -> None:
    own = "operations: {write_off_debit_memo: {zero_balance_items: leave_out}}"
    paid = after(
        SHARED,
        WRITE_OFF,
        UNDO,
        "operation: create_payment, account: ann, amount: 40.00, date: 2026-03-02,"
        " apply: [{document: DM00000001, amount: 40.00, items: [{item: '2', amount: 40.00}]}]",
    )
    assert amounts(credit_memo(run(paid, AGAIN, own)[0])) == {"1": "100.00"}
    assert amounts(credit_memo(run(paid, AGAIN)[0])) == {"1": "100.00", "2": "0.00"}
