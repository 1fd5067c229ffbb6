"""`create_payment`: docs/domain.md 1.2 row 12, 1.3 point 5 (numbers), 2 (application), 9.5 (currencies)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.model import DebitMemo, Invoice
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import balances, inherited, numbers, parts, payment, stored
from tests.helpers.scenes import book_after, plan, refused

NAME = "create_payment"
ASK = f"operation: {NAME}\naccount: acme\namount: 30.00\n"
ON_I1 = ASK + "apply: [{document: I1, amount: 30.00}]\n"


# -- attributes and numbers ----------------------------------------------------------------------------------------


def test_the_set_is_always_the_accounts_and_never_the_invoices() -> None:
    found = plan(levelled(), ON_I1, policy=LEVELS)
    assert inherited(found) == {"sequence_set": ("ACC", "account")}
    assert numbers(found) == ["A-PAY-00000001"]
    assert stored(found) == {}  # a payment does not store the set that numbered it


def test_an_account_without_a_set_has_the_default_one() -> None:
    assert numbers(plan(levelled(account=NONE), ON_I1, policy=LEVELS)) == ["P-00000001"]
    assert refused(levelled(account=NONE), ON_I1, policy=changed(NAME, "sequence_set: [account]")) == [
        "chain-exhausted"
    ]


@pytest.mark.parametrize(
    ("default", "number"),
    [
        ("", "P-00000001"),
        ("payment: {prefix: PAY}", "PAY00000001"),
    ],
)
def test_a_set_without_payments_takes_the_prefix_of_default_then_the_last_resort(default: str, number: str) -> None:
    # docs/domain.md G19: the invoice has set FRN, the account INV-SET, which has no prefix for payments.
    sets = f"""sequence_sets:
  FRN: {{invoice: {{prefix: F-I}}, credit_memo: {{prefix: F-C}}, debit_memo: {{prefix: F-D}}, payment: {{prefix: F-P}}}}
  INV-SET: {{invoice: {{prefix: I-I}}, credit_memo: {{prefix: I-C}}, debit_memo: {{prefix: I-D}}}}
  DEFAULT: {{invoice: {{prefix: INV}}, credit_memo: {{prefix: CM}}, debit_memo: {{prefix: DM}}, {default}}}
"""
    in_book = levelled(invoice="{sequence_set: FRN}", account="{sequence_set: INV-SET}")
    assert numbers(plan(in_book, ON_I1, policy=sets)) == [number]


def test_numbers_go_on_where_the_book_ends() -> None:
    in_book = levelled(account=NONE).replace("number: P1", "number: P-00000050")
    assert numbers(plan(in_book, ASK, policy=LEVELS)) == ["P-00000051"]


def test_the_request_cannot_name_a_set_or_a_contact() -> None:
    assert refused(levelled(), ASK + "attributes: {sequence_set: INV}", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), ASK + "attributes: {bill_to_contact: rita}", policy=LEVELS) == ["attribute-not-here"]


# -- what forbids it -----------------------------------------------------------------------------------------------

BOOK = """
accounts:
- {id: acme, currency: EUR}
- {id: other, currency: EUR}
invoices:
- {number: I1, account: acme, date: 2026-05-10, currency: EUR, items: [{id: x, amount: 10.00}, {id: y, amount: 20.00}]}
- {number: I2, account: other, date: 2026-05-10, currency: EUR, items: [{id: x, amount: 10.00}]}
- {number: I3, account: acme, date: 2026-05-10, currency: USD, items: [{id: x, amount: 10.00}]}
- {number: I4, account: acme, date: 2026-05-10, currency: EUR, status: draft, items: [{id: x, amount: 10.00}]}
- {number: I5, account: acme, date: 2026-05-10, currency: EUR, reversed: true, items: [{id: x, amount: 10.00}]}
credit_memos:
- {number: C1, account: acme, date: 2026-05-10, currency: EUR, items: [{id: x, amount: 10.00}]}
debit_memos:
- {number: D1, account: acme, date: 2026-07-10, currency: EUR, items: [{id: x, amount: 5.00}]}
accounting_periods: [{from: 2026-04-01, until: 2026-05-01, status: closed}]
"""
FIVE_ON_I1 = "account: acme\namount: 5.00\napply: [{document: I1, amount: 5.00, items: "


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("account: nobody\namount: 1.00", ["account-unknown"]),
        ("account: acme\namount: 0", ["amount-sign"]),
        ("account: acme\namount: -1.00", ["amount-sign"]),
        ("account: acme\namount: 1.005", ["amount-inexact"]),
        ("account: acme\namount: 1.00\ndate: 2026-04-30", ["period-closed"]),
        ("account: acme\namount: 1.00\napply: [{document: I9, amount: 1.00}]", ["document-unknown"]),
        ("account: acme\namount: 1.00\napply: [{document: C1, amount: 1.00}]", ["document-unknown"]),
        ("account: acme\namount: 1.00\napply: [{document: I2, amount: 1.00}]", ["account-mismatch"]),
        ("account: acme\namount: 1.00\ncurrency: EUR\napply: [{document: I3, amount: 1.00}]", ["currency-mismatch"]),
        ("account: acme\namount: 1.00\napply: [{document: I4, amount: 1.00}]", ["not-posted"]),
        ("account: acme\namount: 1.00\napply: [{document: I5, amount: 1.00}]", ["reversed"]),
        ("account: acme\namount: 1.00\napply: [{document: I1, amount: 0.00}]", ["amount-sign"]),
        ("account: acme\namount: 1.00\napply: [{document: I1, amount: 0.001}]", ["amount-inexact"]),
        ("account: acme\namount: 1.00\napply: [{document: I1, amount: 1.01}]", ["over-applied"]),
        ("account: acme\namount: 99.00\napply: [{document: I1, amount: 30.01}]", ["over-applied"]),
        (
            "account: acme\namount: 9.00\napply: [{document: I1, amount: 1.00}, {document: I1, amount: 1.00}]",
            ["document-repeated"],
        ),
        (
            "account: acme\namount: 9.00\napply: [{document: I1, amount: 5.00}, {document: D1, amount: 4.01}]",
            ["over-applied"],
        ),
        (
            FIVE_ON_I1 + "[{item: z, amount: 5.00}]}]",
            ["item-unknown"],
        ),
        (
            FIVE_ON_I1 + "[{item: x, tax: t, amount: 5.00}]}]",
            ["item-unknown"],
        ),
        (
            FIVE_ON_I1 + "[{item: x, amount: 4.99}]}]",
            ["parts-sum"],
        ),
        (
            "account: acme\namount: 11.00\napply: [{document: I1, amount: 11.00, items: [{item: x, amount: 11.00}]}]",
            ["over-applied"],
        ),
        (
            FIVE_ON_I1 + "[{item: x, amount: 2.00}, {item: x, amount: 3.00}]}]",
            ["item-repeated"],
        ),
        (
            FIVE_ON_I1 + "[{item: x, amount: 0.00}, {item: y, amount: 5.00}]}]",
            ["over-applied"],
        ),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    assert refused(BOOK, f"operation: {NAME}\n{text}") == codes


def test_the_document_limit_is_inclusive() -> None:
    two = ASK + "apply: [{document: I1, amount: 1.00}, {document: D1, amount: 1.00}]"
    assert refused(BOOK, two, policy=changed(NAME, "document_limit: 1", "")) == ["document-limit"]
    assert plan(BOOK, two, policy=changed(NAME, "document_limit: 2", ""))


def test_what_is_paid_cannot_be_paid_again() -> None:
    assert refused(book_after(BOOK, ON_I1), ASK + "apply: [{document: I1, amount: 0.01}]") == ["over-applied"]


# -- amounts -------------------------------------------------------------------------------------------------------


def test_what_is_put_on_nothing_stays_unapplied() -> None:
    found = plan(BOOK, ASK + "apply: [{document: I1, amount: 12.00}, {document: D1, amount: 5.00}]\ncomment: wire")
    money = payment(found)
    assert (str(money.amount), money.currency, money.type, money.comment) == ("30.00", "EUR", "external", "wire")
    assert balances(found) == {"P-00000001": "13.00", "I1": "18.00", "D1": "0.00"}  # 30 - 12 - 5
    assert balances(plan(BOOK, ASK + "type: electronic")) == {"P-00000001": "30.00"}


def test_money_meets_a_document_on_the_later_of_their_dates() -> None:
    found = plan(BOOK, ASK + "date: 2026-06-15\napply: [{document: I1, amount: 1.00}, {document: D1, amount: 1.00}]")
    assert [str(one.date) for one in found.applications] == ["2026-06-15", "2026-07-10"]


def items(*amounts: str) -> str:
    """A book with one invoice of so many items, in this order."""
    each = ", ".join(f"{{id: i{n}, line: {n}, amount: {amount}}}" for n, amount in enumerate(amounts, start=1))
    return (
        "accounts: [{id: acme, currency: EUR}]\n"
        f"invoices: [{{number: I1, account: acme, date: 2026-05-10, currency: EUR, items: [{each}]}}]\n"
    )


def on_i1(amount: str) -> str:
    return f"operation: {NAME}\naccount: acme\namount: {amount}\napply: [{{document: I1, amount: {amount}}}]"


def test_proration_shares_by_what_is_open() -> None:
    # docs/domain.md G1 and G2.
    found = plan(items("100.00", "20.00", "10.00", "2.00"), on_i1("12.00"))
    assert list(parts(found)["P-00000001", "I1"].values()) == ["9.09", "1.82", "0.91", "0.18"]
    found = plan(items("10.00", "10.00", "10.00"), on_i1("10.00"))
    assert list(parts(found)["P-00000001", "I1"].values()) == ["3.34", "3.33", "3.33"]


def test_first_in_first_out_fills_one_item_after_the_other() -> None:
    # docs/domain.md G3.
    found = plan(items("10.00", "10.00", "10.00"), on_i1("25.00"), policy=changed(NAME, "allocation: fifo", ""))
    assert list(parts(found)["P-00000001", "I1"].values()) == ["10.00", "10.00", "5.00"]


def test_named_items_win_over_the_rule() -> None:
    named = ASK + "apply: [{document: I1, amount: 11.00, items: [{item: y, amount: 10.50}, {item: x, amount: 0.5}]}]"
    assert parts(plan(BOOK, named)) == {("P-00000001", "I1"): {"x": "0.50", "y": "10.50"}}


def test_a_discount_is_paid_net_and_settled_with_the_whole() -> None:
    in_book = """
accounts: [{id: acme, currency: EUR}]
invoices:
- number: I1
  account: acme
  date: 2026-05-10
  currency: EUR
  items:
  - {id: x, line: 1, amount: 100.00, taxes: [{id: vat, amount: 20.00}]}
  - {id: d, line: 2, discounts: x, amount: -10.00, taxes: [{id: vat, amount: -2.00}]}
"""
    # Net weights: 90 and 20 - 2 = 18 of 108.
    assert parts(plan(in_book, on_i1("54.00"))) == {("P-00000001", "I1"): {"x": "45.00", "x/vat": "9.00"}}
    # All of it, 108.00 (docs/domain.md G10): every place is settled exactly.
    found = plan(in_book, on_i1("108.00"))
    assert parts(found) == {("P-00000001", "I1"): {"x": "90.00", "x/vat": "20.00", "d/vat": "-2.00"}}
    after = book_after(in_book, on_i1("54.00"), on_i1("54.00"))
    invoice = after.numbered["I1"]
    assert isinstance(invoice, Invoice)
    assert set(after.open_places(invoice).values()) == {Decimal(0)}


def test_a_debit_memo_that_was_made_here_can_be_paid_here() -> None:
    charge = "operation: debit_memo_from_charge\naccount: acme\ncharges: [{charge: setup, amount: 30.00}]"
    after = book_after(levelled(), charge, policy=LEVELS)
    found = plan(after, ASK + "apply: [{document: A-DM-00000001, amount: 30.00}]", policy=LEVELS)
    assert balances(found) == {"A-PAY-00000001": "0.00", "A-DM-00000001": "0.00"}
    assert isinstance(after.numbered["A-DM-00000001"], DebitMemo)
