"""Applying, unapplying and transferring: what is done and every reason to refuse. docs/domain.md 2."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book, Place
from tests.helpers.books import balances, book_from, open_at
from tests.helpers.plan_views import put, totals
from tests.helpers.steps import refused, run, told

BOOK = """
accounts: [{id: a, currency: USD}, {id: b, currency: USD}, {id: e, currency: EUR}]
invoices:
- number: I1
  account: a
  date: 2026-01-01
  due_date: 2026-01-31
  currency: USD
  items: [{id: x, amount: 100.00, taxes: [{id: t, amount: 20.00}]}, {id: y, amount: 50.00}]
- {number: I2, account: a, date: 2026-02-01, due_date: 2026-03-03, currency: USD, items: [{id: x, amount: 80.00}]}
- {number: I3, account: a, date: 2026-03-01, currency: USD, status: draft, items: [{id: x, amount: 80.00}]}
- {number: I4, account: a, date: 2026-01-01, currency: USD, reversed: true, items: [{id: x, amount: 80.00}]}
- {number: I5, account: b, date: 2026-01-01, currency: USD, items: [{id: x, amount: 80.00}]}
- {number: I6, account: e, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 80.00}]}
- {number: I7, account: a, date: 2026-03-01, currency: USD, auto_apply: false, items: [{id: x, amount: 40.00}]}
- {number: I8, account: a, date: 2026-03-01, currency: USD, status: canceled, items: [{id: x, amount: 80.00}]}
- {number: I9, account: a, date: 2026-03-31, currency: USD, items: [{id: x, amount: 10.00}]}
debit_memos:
- {number: D1, account: a, date: 2026-01-15, due_date: 2026-02-14, currency: USD, items: [{id: x, amount: 30.00}]}
payments:
- {number: P1, account: a, date: 2026-02-02, currency: USD, amount: 200.00}
- {number: P2, account: a, date: 2026-03-15, currency: USD, amount: 10.00, auto_apply: false}
- {number: P3, account: a, date: 2026-02-02, currency: USD, status: draft, amount: 10.00}
- {number: P4, account: a, date: 2026-04-01, currency: USD, amount: 10.00}
- {number: P6, account: b, date: 2026-02-02, currency: USD, amount: 500.00}
credit_memos:
- number: C1
  account: a
  date: 2026-02-02
  currency: USD
  source: I1
  items: [{id: 1, amount: 30.00, source_item: x, taxes: [{id: 1, amount: 6.00, source_tax: t}]}]
- {number: C2, account: a, date: 2026-02-02, currency: USD, reversed: true, items: [{id: 1, amount: 5.00}]}
accounting_periods:
- {from: 2025-01-01, until: 2026-02-06, status: closed}
- {from: 2026-02-06, until: 2026-05-01}
- {from: 2026-05-01, until: 2026-06-01, status: closed}
"""


WINTER = "period-closed: 2026-02-05 lies in a closed accounting period (2025-01-01 until 2026-02-06)"
MAY = "period-closed: 2026-05-0{} lies in a closed accounting period (2026-05-01 until 2026-06-01)"


@pytest.fixture(scope="module")
def book() -> Book:
    return book_from(BOOK)


def after(book: Book, *operations: str, own: str = "") -> Book:
    for text in operations:
        _, book = run(book, text, own)
    return book


def said(key: str, value: str | int, *operations: str) -> str:
    lines = [f"  {operation}:\n    {key}: {{is: {value}, because: test}}\n" for operation in operations]
    return "operations:\n" + "".join(lines)


# -- applying ----------------------------------------------------------------------------------------------------------

APPLY = "operation: apply_payment, payment: P1"


@pytest.mark.parametrize(
    ("more", "expected", "left"),
    [
        # 200: what is due first is settled first: I1 170 (due 01-31), then 30 of 30 of D1 (due 02-14), nothing of I2.
        ("", {"I1": "170.00", "D1": "30.00"}, "0.00"),
        ("amount: 170", {"I1": "170.00"}, "30.00"),
        ("amount: 170.01", {"I1": "170.00", "D1": "0.01"}, "29.99"),
        # The whole document where there is enough; named documents come in the policy's order, not as named.
        ("apply: [{document: I2}, {document: D1}]", {"D1": "30.00", "I2": "80.00"}, "90.00"),
        ("amount: 100, apply: [{document: I2}, {document: I1}]", {"I1": "100.00"}, "100.00"),
        # A named amount is taken first: 60 of 100 for I2, the other 40 for I1.
        ("amount: 100, apply: [{document: I2, amount: 60}, {document: I1}]", {"I1": "40.00", "I2": "60.00"}, "100.00"),
        # Only named amounts: they are the amount, 85 + 30 = 115.
        ("apply: [{document: I1, amount: 85}, {document: D1, amount: 30}]", {"I1": "85.00", "D1": "30.00"}, "85.00"),
        # More is to be applied than the documents take: the rest stays unapplied. 200 - 30 = 170.
        ("amount: 200, apply: [{document: D1}]", {"D1": "30.00"}, "170.00"),
        # Opted out of rules, but named.
        ("apply: [{document: I7, amount: 40}]", {"I7": "40.00"}, "160.00"),
    ],
)
def test_apply(book: Book, more: str, expected: dict[str, str], left: str) -> None:
    plan, now = run(book, f"{APPLY}{more and ', ' + more}")
    assert totals(plan) == expected
    assert str(balances(now)["P1"]) == left
    for number, amount in expected.items():
        assert balances(now)[number] == balances(book)[number] - Decimal(amount)
    assert plan.documents == ()
    assert {a.date.isoformat() for a in plan.applications} == {"2026-03-15"}  # the day of planning


def test_item_amounts_follow_the_rule_or_are_named(book: Book) -> None:
    # Proration of 85 over 100, 20, 50 (of 170): exactly a half each.
    plan, _ = run(book, f"{APPLY}, apply: [{{document: I1, amount: 85}}]")
    assert put(plan) == {"I1": {"x": "50.00", "x/t": "10.00", "y": "25.00"}}
    plan, _ = run(book, f"{APPLY}, apply: [{{document: I1, amount: 85}}]", said("allocation", "fifo", "apply_payment"))
    assert put(plan) == {"I1": {"x": "85.00"}}
    items = "[{item: y, amount: 50}, {item: x, tax: t, amount: 12.5}]"
    plan, now = run(book, f"{APPLY}, apply: [{{document: I1, amount: 62.50, items: {items}}}]")
    assert put(plan) == {"I1": {"x/t": "12.50", "y": "50.00"}}
    assert open_at(now)["I1"] == {Place("x"): 100, Place("x", "t"): Decimal("7.50"), Place("y"): 0}  # 20 - 12.50


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("amount: 200.01", "over-applied: 200.01 is more than the 200.00 that is unapplied of P1"),
        ("amount: 0", "amount-sign: the amount is 0, but must be above zero"),
        ("amount: -0.01", "amount-sign: the amount is -0.01, but must be above zero"),
        ("amount: 1.001", "amount-inexact: `1.001` has more decimals than USD has (2)"),
        ("date: 2026-02-05", WINTER),
        ("date: 2026-05-01", MAY.format(1)),
        ("apply: [{document: I9}]", "date-too-early: the date 2026-03-15 is before I9 (2026-03-31)"),
        ("apply: [{document: P1}]", "document-unknown: `P1` is a payment, not an invoice or a debit memo"),
        ("apply: [{document: C1}]", "document-unknown: `C1` is a credit memo, not an invoice or a debit memo"),
        ("apply: [{document: ZZ}]", "document-unknown: there is no invoice or debit memo `ZZ`"),
        ("apply: [{document: I3}]", "not-posted: I3 is a draft; this is done to posted documents only"),
        ("apply: [{document: I8}]", "not-posted: I8 is canceled; this is done to posted documents only"),
        ("apply: [{document: I4}]", "reversed: I4 has been reversed; it cannot change any more"),
        ("apply: [{document: I5}]", "account-mismatch: I5 belongs to account `b`, not to `a`"),
        ("apply: [{document: I1}, {document: I2}, {document: I1}]", "document-repeated: I1 is named more than once"),
        ("apply: [{document: I1, amount: 170.01}]", "over-applied: 170.01 is more than the 170.00 that is open on I1"),
        # 170 + 30.01 = 200.01
        (
            "apply: [{document: I1, amount: 170}, {document: I2, amount: 30.01}]",
            "over-applied: 200.01 is more than the 200.00 that is unapplied of P1",
        ),
        # 60 + 40.01 = 100.01
        (
            "amount: 100, apply: [{document: I1, amount: 60}, {document: I2, amount: 40.01}]",
            "over-applied: 100.01 is put on documents, but only 100.00 of P1 is to be applied",
        ),
        (
            "apply: [{document: I1, items: [{item: x, amount: 5}]}]",
            "amount-missing: items of I1 are named, but no amount for all of it",
        ),
        (
            "apply: [{document: I1, amount: 10, items: [{item: x, amount: 9.99}]}]",
            "parts-sum: the items of I1 add up to 9.99, not to 10.00",
        ),
        (
            "apply: [{document: I1, amount: 10, items: [{item: x, amount: 5}, {item: x, amount: 5}]}]",
            "item-repeated: item `x` is named twice",
        ),
        ("apply: [{document: I1, amount: 9, items: [{item: z, amount: 9}]}]", "item-unknown: I1 has no item `z`"),
        (
            "apply: [{document: I1, amount: 9, items: [{item: x, tax: q, amount: 9}]}]",
            "item-unknown: I1 has no tax `q` of item `x`",
        ),
        (
            "apply: [{document: I1, amount: 50.01, items: [{item: y, amount: 50.01}]}]",
            "over-applied: 50.01 cannot be put on item `y` of I1, where 50.00 is open",
        ),
    ],
)
def test_apply_is_refused(book: Book, more: str, expected: str) -> None:
    assert told(book, f"{APPLY}, {more}") == expected


def test_other_currency_is_refused(book: Book) -> None:
    codes = [problem.code for problem in refused(book, f"{APPLY}, apply: [{{document: I6}}]")]
    assert codes == ["account-mismatch", "currency-mismatch"]


def test_hints_name_the_taxes_of_the_item(book: Book) -> None:
    text = APPLY + ", apply: [{document: I1, amount: 9, items: [{item: %s, tax: q, amount: 9}]}]"
    assert refused(book, text % "x")[0].hint == "known here: `t`"
    assert refused(book, text % "y")[0].hint == "leave `tax` out: this item has no tax"
    assert refused(book, text % "z")[0].hint == "known here: `x`, `y`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("payment: P3", "not-posted: P3 is a draft; this is done to posted documents only"),
        ("payment: C1", "document-unknown: `C1` is a credit memo, not a payment"),
        ("payment: P9", "document-unknown: there is no payment `P9`"),
        ("payment: P2, date: 2026-03-14", "date-too-early: the date 2026-03-14 is before P2 (2026-03-15)"),
    ],
)
def test_the_source_is_looked_at(book: Book, text: str, expected: str) -> None:
    assert told(book, f"operation: apply_payment, {text}") == expected


def test_dates_on_the_edge(book: Book) -> None:
    # The payment's own day, the first open day, the invoice's own day.
    assert totals(run(book, "operation: apply_payment, payment: P2, date: 2026-03-15")[0]) == {"I1": "10.00"}
    assert totals(run(book, f"{APPLY}, date: 2026-02-06, amount: 1")[0]) == {"I1": "1.00"}
    assert totals(run(book, f"{APPLY}, date: 2026-03-31, apply: [{{document: I9}}]")[0]) == {"I9": "10.00"}


def test_the_remaining_balance_counts(book: Book) -> None:
    book = after(book, "operation: apply_payment, payment: P1, apply: [{document: I1, amount: 120}]")
    # I1: 170 - 120 = 50; P1: 200 - 120 = 80.
    assert told(book, f"{APPLY}, apply: [{{document: I1, amount: 50.01}}]") == (
        "over-applied: 50.01 is more than the 50.00 that is open on I1"
    )
    assert told(book, f"{APPLY}, amount: 80.01") == "over-applied: 80.01 is more than the 80.00 that is unapplied of P1"
    plan, book = run(book, APPLY)
    assert totals(plan) == {"I1": "50.00", "D1": "30.00"}
    assert told(book, APPLY) == "nothing-unapplied: nothing of P1 is unapplied"
    assert told(book, "operation: create_refund, of: P1, amount: 0.01").startswith("over-refunded: ")


def test_refunded_money_is_not_there(book: Book) -> None:
    book = after(book, "operation: create_refund, of: P1, amount: 199.99")
    assert told(book, f"{APPLY}, amount: 0.02") == "over-applied: 0.02 is more than the 0.01 that is unapplied of P1"
    assert totals(run(book, APPLY)[0]) == {"I1": "0.01"}


def test_nothing_open(book: Book) -> None:
    # 170 + 30 + 80 = 280 settle everything of account a that rules take; I7 opted out, I9 is later, drafts never count.
    book = after(book, "operation: create_payment, account: a, amount: 280, apply_to_open: true")
    why = "I9 is dated after 2026-03-15; I7 is not applied to by rules (`auto_apply: false`)"
    assert told(book, APPLY) == f"nothing-open: account `a` has no open document in USD to apply P1 to: {why}"
    assert told(book, "operation: apply_credits, account: a") == (
        f"nothing-open: account `a` has no open document: {why}"
    )
    assert totals(run(book, f"{APPLY}, apply: [{{document: I7}}]")[0]) == {"I7": "40.00"}
    assert told(book, f"{APPLY}, apply: [{{document: I1, amount: 0.01}}]") == (
        "over-applied: 0.01 is more than the 0.00 that is open on I1"
    )


# -- credit memos ------------------------------------------------------------------------------------------------------

CREDIT = "operation: apply_credit_memo, credit_memo: C1"


def test_a_credit_memo_is_applied(book: Book) -> None:
    plan, now = run(book, f"{CREDIT}, apply: [{{document: D1, amount: 20}}, {{document: I2, amount: 15}}]")
    assert totals(plan) == {"D1": "20.00", "I2": "15.00"}
    assert balances(now)["C1"] == 1  # 36 - 20 - 15
    # 35 of 30 and 6: 35 x 30/36 = 29.166.., 35 x 6/36 = 5.833..; the cent to the larger remainder.
    assert open_at(now)["C1"] == {Place("1"): Decimal("0.83"), Place("1", "1"): Decimal("0.17")}


def test_a_credit_memo_goes_back_to_its_source(book: Book) -> None:
    own = said("allocation", "source_item", "apply_credit_memo")
    plan, _ = run(book, f"{CREDIT}, apply: [{{document: I1}}]", own)
    assert put(plan) == {"I1": {"x": "30.00", "x/t": "6.00"}}
    assert told(book, f"{CREDIT}, apply: [{{document: I2}}]", own).startswith("source-item-origin: ")
    assert told(book, CREDIT, own).startswith("source-item-documents: ")
    named = f"{CREDIT}, apply: [{{document: I1, amount: 1, items: [{{item: x, amount: 1}}]}}]"
    assert told(book, named, own).startswith("source-item-named: ")
    paid = after(book, f"{APPLY}, apply: [{{document: I1, amount: 20, items: [{{item: x, tax: t, amount: 20}}]}}]")
    assert told(paid, f"{CREDIT}, apply: [{{document: I1}}]", own).startswith("source-item-too-much: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{CREDIT}, amount: 36.01", "over-applied: 36.01 is more than the 36.00 that is unapplied of C1"),
        ("operation: apply_credit_memo, credit_memo: C2", "reversed: C2 has been reversed; it cannot change any more"),
        ("operation: apply_credit_memo, credit_memo: P1", "document-unknown: `P1` is a payment, not a credit memo"),
        ("operation: unapply_credit_memo, credit_memo: C1", "nothing-applied: nothing of C1 is applied"),
        (
            "operation: unapply_credit_memo, credit_memo: C2",
            "reversed: C2 has been reversed; it cannot change any more",
        ),
    ],
)
def test_a_credit_memo_is_refused(book: Book, text: str, expected: str) -> None:
    assert told(book, text) == expected


# -- unapplying --------------------------------------------------------------------------------------------------------

UNAPPLY = "operation: unapply_payment, payment: P1"


@pytest.fixture(scope="module")
def paid(book: Book) -> Book:
    """P1 on I1 with 85 (50, 10 and 25) and on D1 with 30, on 2026-03-10; 85 is unapplied."""
    text = "date: 2026-03-10, apply: [{document: I1, amount: 85}, {document: D1, amount: 30}]"
    return after(book, f"{APPLY}, {text}")


def test_unapply_undoes_the_links(book: Book, paid: Book) -> None:
    plan, now = run(paid, UNAPPLY)
    assert put(plan) == {"I1": {"x": "-50.00", "x/t": "-10.00", "y": "-25.00"}, "D1": {"x": "-30.00"}}
    assert (balances(now), open_at(now)) == (balances(book), open_at(book))
    plan, now = run(paid, f"{UNAPPLY}, unapply: [{{document: D1}}]")
    assert totals(plan) == {"D1": "-30.00"}
    assert balances(now)["P1"] == 115  # 85 + 30


def test_a_part_is_unapplied_by_its_rule(paid: Book) -> None:
    text = f"{UNAPPLY}, unapply: [{{document: I1, amount: 55}}]"
    # fifo over 50, 10, 25: 50 + 5
    plan, now = run(paid, text)
    assert put(plan) == {"I1": {"x": "-50.00", "x/t": "-5.00"}}
    # What is left on it is 85 - 55 = 30: 5 and 25.
    assert put(run(now, UNAPPLY)[0])["I1"] == {"x/t": "-5.00", "y": "-25.00"}
    # 55 / 85 of 50, 10, 25: 32.3529.., 6.4705.., 16.1764..; 32.35 + 6.47 + 16.17 = 54.99, the cent to .64
    plan, _ = run(paid, text, said("allocation", "proration", "unapply_payment"))
    assert put(plan) == {"I1": {"x": "-32.35", "x/t": "-6.47", "y": "-16.18"}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("date: 2026-03-09", "date-too-early: the date 2026-03-09 is before the latest use of P1 (2026-03-10)"),
        ("date: 2026-05-02", MAY.format(2)),
        ("unapply: [{document: I2}]", "over-unapplied: nothing of P1 is applied to I2"),
        ("unapply: [{document: ZZ}]", "over-unapplied: nothing of P1 is applied to ZZ"),
        (
            "unapply: [{document: I1, amount: 85.01}]",
            "over-unapplied: 85.01 is more than the 85.00 of P1 that is applied to I1",
        ),
        ("unapply: [{document: I1, amount: 0}]", "amount-sign: the amount is 0, but must be above zero"),
        ("unapply: [{document: I1, amount: 0.001}]", "amount-inexact: `0.001` has more decimals than USD has (2)"),
        ("unapply: [{document: I1}, {document: I1}]", "document-repeated: I1 is named twice"),
    ],
)
def test_unapply_is_refused(paid: Book, more: str, expected: str) -> None:
    assert told(paid, f"{UNAPPLY}, {more}") == expected


def test_unapply_counts_what_is_applied_now(paid: Book) -> None:
    book = after(paid, f"{UNAPPLY}, unapply: [{{document: I1, amount: 80}}]")
    assert told(book, f"{UNAPPLY}, unapply: [{{document: I1, amount: 5.01}}]") == (
        "over-unapplied: 5.01 is more than the 5.00 of P1 that is applied to I1"
    )
    book = after(book, UNAPPLY)
    assert told(book, UNAPPLY) == "nothing-applied: nothing of P1 is applied"
    # What was unapplied can be used again.
    assert totals(run(book, APPLY)[0]) == {"I1": "170.00", "D1": "30.00"}


def test_unapply_is_not_before_a_refund(paid: Book) -> None:
    book = after(paid, "operation: create_refund, of: P1, amount: 5, date: 2026-03-20")
    assert told(book, f"{UNAPPLY}, date: 2026-03-19") == (
        "date-too-early: the date 2026-03-19 is before the latest use of P1 (2026-03-20)"
    )


# -- everything of an account ------------------------------------------------------------------------------------------

CREDITS = "operation: apply_credits, account: a"


def flow(book: Book, own: str = "") -> list[tuple[str, str, str]]:
    plan, _ = run(book, CREDITS, own)
    return [(a.from_, a.to, str(a.amount)) for a in plan.applications]


def test_apply_credits(book: Book) -> None:
    # C1 36 and P1 200 (P2 opted out, P3 is a draft, P4 is later) over I1 170, D1 30, I2 80 (I7 opted out, I9 is later):
    # 36 + 134 = 170, 30, and 200 - 134 - 30 = 36 for I2.
    expected = [("C1", "I1", "36.00"), ("P1", "I1", "134.00"), ("P1", "D1", "30.00"), ("P1", "I2", "36.00")]
    assert flow(book) == expected
    # Cash first: 170 + 30 = 200, then the memo on I2.
    own = said("source_order", "cash_first", "apply_credits")
    assert flow(book, own) == [("P1", "I1", "170.00"), ("P1", "D1", "30.00"), ("C1", "I2", "36.00")]
    # Of the same day: by number.
    assert flow(book, said("source_order", "oldest_first", "apply_credits")) == expected


def test_oldest_money_first() -> None:
    book = book_from(
        "accounts: [{id: a, currency: USD}]\n"
        "invoices: [{number: I, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: 25.00}]}]\n"
        "payments: [{number: P, account: a, date: 2026-02-01, currency: USD, amount: 10.00}]\n"
        "credit_memos:\n"
        "- {number: C1, account: a, date: 2026-02-02, currency: USD, items: [{id: 1, amount: 10.00}]}\n"
        "- {number: C2, account: a, date: 2026-01-31, currency: USD, items: [{id: 1, amount: 10.00}]}\n"
    )
    # The third of each is cut: 25 - 10 - 10 = 5.
    assert flow(book) == [("C2", "I", "10.00"), ("C1", "I", "10.00"), ("P", "I", "5.00")]
    assert flow(book, said("source_order", "cash_first", "apply_credits")) == [
        ("P", "I", "10.00"),
        ("C2", "I", "10.00"),
        ("C1", "I", "5.00"),
    ]
    assert flow(book, said("source_order", "oldest_first", "apply_credits")) == [
        ("C2", "I", "10.00"),
        ("P", "I", "10.00"),
        ("C1", "I", "5.00"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("operation: apply_credits, account: e", ["nothing-unapplied"]),
        ("operation: apply_credits, account: zz", ["account-unknown"]),
        ("operation: apply_credits, account: a, date: 2026-02-05", ["period-closed"]),
    ],
)
def test_apply_credits_is_refused(book: Book, text: str, expected: list[str]) -> None:
    assert [problem.code for problem in refused(book, text)] == expected


# -- transferring ------------------------------------------------------------------------------------------------------

TRANSFER = "operation: transfer_payment, payment: P1"


def test_transfer(paid: Book) -> None:
    plan, now = run(paid, f"{TRANSFER}, to_account: b")
    (new,) = (planned.document for planned in plan.documents)
    assert (new.number, new.account, new.date.isoformat()) == ("P-00000001", "b", "2026-03-15")
    assert getattr(new, "source", None) == "P1"
    # 200 - 85 - 30 = 85 is unapplied, and all of it goes.
    assert balances(now)["P1"] == 0
    assert balances(now)["P-00000001"] == 85
    plan, now = run(paid, f"{TRANSFER}, to_account: b, amount: 84.99")
    assert balances(now)["P1"] == Decimal("0.01")
    # It is a payment like any other there: 80 are open on I5.
    now = after(now, "operation: apply_payment, payment: P-00000001")
    assert balances(now)["I5"] == 0
    assert balances(now)["P-00000001"] == Decimal("4.99")  # 84.99 - 80


def test_what_was_transferred_cannot_be_unapplied(paid: Book) -> None:
    """It would be in both accounts."""
    book = after(paid, f"{TRANSFER}, to_account: b")
    assert told(book, f"{UNAPPLY}, unapply: [{{document: P-00000001}}]") == (
        "over-unapplied: nothing of P1 is applied to P-00000001"
    )
    _, now = run(book, UNAPPLY)
    assert balances(now)["P1"] == 115  # 85 + 30 from the documents, not the 85 that account b has
    assert balances(now)["P-00000001"] == 85
    # The way back is another transfer.
    now = after(now, "operation: transfer_payment, payment: P-00000001, to_account: a")
    assert balances(now)["P-00000001"] == 0
    assert balances(now)["P-00000002"] == 85


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("to_account: a", "account-same: P1 is of account `a` already"),
        ("to_account: zz", "account-unknown: there is no account `zz`"),
        ("to_account: b, amount: 85.01", "over-applied: 85.00 of P1 is unapplied; only that can be transferred"),
        ("to_account: b, amount: 0", "amount-sign: the amount is 0, but must be above zero"),
        (
            "to_account: b, date: 2026-05-02",
            MAY.format(2),
        ),
    ],
)
def test_transfer_is_refused(paid: Book, more: str, expected: str) -> None:
    assert told(paid, f"{TRANSFER}, {more}") == expected


def test_nothing_to_transfer(book: Book) -> None:
    book = after(book, APPLY)
    assert told(book, f"{TRANSFER}, to_account: b").startswith("over-applied: 0.00 of P1 is unapplied")


# -- new payments ------------------------------------------------------------------------------------------------------

PAY = "operation: create_payment, account: a"


@pytest.mark.parametrize(
    ("more", "expected", "left"),
    [
        ("amount: 50", {}, "50.00"),
        ("amount: 50, apply: [{document: I1, amount: 20}]", {"I1": "20.00"}, "30.00"),
        ("amount: 50, apply: [{document: I1}]", {"I1": "50.00"}, "0.00"),
        ("amount: 250, apply: [{document: I2}, {document: I1}]", {"I1": "170.00", "I2": "80.00"}, "0.00"),
        # 170 + 30 + 80 = 280; 20 stay unapplied.
        ("amount: 300, apply_to_open: true", {"I1": "170.00", "D1": "30.00", "I2": "80.00"}, "20.00"),
        ("amount: 180, apply_to_open: true", {"I1": "170.00", "D1": "10.00"}, "0.00"),
    ],
)
def test_create_payment(book: Book, more: str, expected: dict[str, str], left: str) -> None:
    plan, now = run(book, f"{PAY}, {more}")
    assert totals(plan) == expected
    assert str(balances(now)["P-00000001"]) == left


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("amount: 0", "amount-sign: the amount is 0, but must be above zero"),
        (
            "amount: 50, apply: [{document: I1, amount: 50.01}]",
            "over-applied: 50.01 is put on documents, but the payment is 50.00",
        ),
        (
            "amount: 500, apply: [{document: I1, amount: 170.01}]",
            "over-applied: 170.01 is more than the 170.00 that is open on I1",
        ),
        (
            "amount: 50, apply_to_open: true, apply: [{document: I1}]",
            "apply-both: `apply` names documents and `apply_to_open` takes all of them",
        ),
        ("amount: 50, apply: [{document: I5}]", "account-mismatch: I5 belongs to account `b`, not to `a`"),
        ("amount: 50, apply: [{document: I3}]", "not-posted: I3 is a draft; this is done to posted documents only"),
        (
            "amount: 50, date: 2026-02-05",
            WINTER,
        ),
    ],
)
def test_create_payment_is_refused(book: Book, more: str, expected: str) -> None:
    assert told(book, f"{PAY}, {more}") == expected


def test_a_document_dated_after_the_payment(book: Book) -> None:
    # The money is put on it on its own day...
    plan, _ = run(book, f"{PAY}, amount: 10, apply: [{{document: I9}}]")
    assert [a.date.isoformat() for a in plan.applications] == ["2026-03-31"]
    # ... which must be in an open period like any other.
    closed = book_from(BOOK.replace("date: 2026-03-31", "date: 2026-05-31"))
    assert told(closed, f"{PAY}, amount: 10, apply: [{{document: I9}}]").startswith("period-closed: 2026-05-31 lies in")


# -- limits ------------------------------------------------------------------------------------------------------------

ALL = ("create_payment", "apply_payment", "apply_credits")


@pytest.mark.parametrize(
    "text",
    [
        f"{PAY}, amount: 280, apply_to_open: true",
        f"{PAY}, amount: 280, apply: [{{document: I1}}, {{document: I2}}, {{document: D1}}]",
        "operation: apply_payment, payment: PX",
        "operation: apply_payment, payment: PX, apply: [{document: I1}, {document: I2}, {document: D1}]",
        "operation: apply_credits, account: a",
    ],
)
def test_limits_are_inclusive(text: str) -> None:
    book = book_from(
        BOOK.replace(
            "payments:\n", "payments:\n- {number: PX, account: a, date: 2026-03-15, currency: USD, amount: 280.00}\n"
        )
    )
    # Three documents; I1 has x, its tax and y, the others one item each: 3 + 1 + 1 = 5.
    assert len(totals(run(book, text, said("document_limit", 3, *ALL))[0])) == 3
    assert told(book, text, said("document_limit", 2, *ALL)) == (
        "document-limit: 3 documents would be settled at once; the policy allows 2"
    )
    run(book, text, said("touched_limit", 5, *ALL))
    assert told(book, text, said("touched_limit", 4, *ALL)) == (
        "touched-limit: 5 items and taxes would be touched; the policy allows 4"
    )


def test_named_documents_count_even_if_they_get_nothing(book: Book) -> None:
    text = f"{APPLY}, amount: 1, apply: [{{document: I1}}, {{document: I2}}, {{document: D1}}]"
    assert told(book, text, said("document_limit", 2, *ALL)).startswith("document-limit: 3 documents")


def test_above_the_grid_limit_it_is_fifo_with_a_warning(book: Book) -> None:
    # I1 has 3 open places; a payment counts as one item: 3 x 1 = 3. The memo has an item and a tax: 3 x 2 = 6.
    for text, at in (
        (f"{APPLY}, apply: [{{document: I1, amount: 85}}]", 3),
        (f"{CREDIT}, apply: [{{document: I1}}]", 6),
    ):
        operations = ("apply_payment", "apply_credit_memo")
        plan, _ = run(book, text, said("grid_limit", at, *operations))
        assert plan.warnings == ()
        assert len(put(plan)["I1"]) == 3
        plan, _ = run(book, text, said("grid_limit", at - 1, *operations))
        (warning,) = plan.warnings
        assert (warning.code, warning.severity) == ("allocation-fallback", "warning")
        assert f"more than the grid limit of {at - 1}" in warning.message
        assert list(put(plan)["I1"]) == ["x"]
