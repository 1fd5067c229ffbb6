"""A book is loaded only if it is consistent: references, currencies, dates and the document identities."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billpolicy.book.book import Book, Place
from billpolicy.book.load import book_of
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.tree import parse_text

ACCOUNT = "accounts: [{id: a, currency: USD}]\n"
INVOICE = (
    "invoices:\n"
    "- number: I1\n"
    "  account: a\n"
    "  date: 2026-01-10\n"
    "  currency: USD\n"
    "  items:\n"
    "  - {id: x, amount: 100.00, taxes: [{id: t, amount: 20.00}]}\n"
    "  - {id: d, amount: -10.00, discounts: x, taxes: [{id: t, amount: -2.00}]}\n"
)
PAYMENT = "payments: [{number: P1, account: a, date: 2026-01-20, currency: USD, amount: 50.00}]\n"


def load(text: str) -> Book:
    return book_of(parse_text(text, "book.yaml"))


def told(text: str) -> str:
    with pytest.raises(Refused) as refused:
        load(text)
    return str(refused.value)


def test_balances_come_from_applications() -> None:
    book = load(
        ACCOUNT
        + INVOICE
        + PAYMENT
        + "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 30.00, parts: "
        + "[{item: x, amount: 25.00}, {item: x, tax: t, amount: 5.00}]}]"
    )
    invoice, payment = book.numbered["I1"], book.numbered["P1"]
    assert book.balance(invoice) == Decimal("78.00")  # 108 - 30
    assert book.balance(payment) == Decimal("20.00")  # 50 - 30
    # docs/domain.md 3.2, the case with a discount: the item nets its discount (90), the discount's tax stays (-2).
    assert book.open_places(invoice) == {  # type: ignore[arg-type]
        Place("x"): Decimal("65.00"),  # 100 - 10 - 25
        Place("x", "t"): Decimal("15.00"),  # 20 - 5
        Place("d"): Decimal("0.00"),
        Place("d", "t"): Decimal("-2.00"),
    }


ALL = "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 108.00}]"
ENOUGH = PAYMENT.replace("50.00", "108.00")


def test_of_an_amount_that_settles_a_document_by_itself_the_parts_are_clear() -> None:
    without_taxed_discount = INVOICE.replace(", taxes: [{id: t, amount: -2.00}]", "")
    book = load(ACCOUNT + without_taxed_discount + ENOUGH.replace("108", "110") + ALL.replace("108", "110"))
    (made,) = book.applications_from["P1"]
    # docs/domain.md 3.2: the item nets its discount, 100 - 10; its tax is 20; nothing is open of the discount.
    assert [(part.item, part.tax, part.amount) for part in made.parts] == [
        ("x", None, Decimal("90.00")),
        ("x", "t", Decimal("20.00")),
    ]
    assert book.balance(book.numbered["I1"]) == 0


@pytest.mark.parametrize(
    "text",
    [
        INVOICE + ENOUGH + ALL,  # -2.00 of tax is open: it could stand on the other tax, or on the item
        INVOICE + ENOUGH + ALL.replace("108", "107"),
        # Two that settle it together: which of them paid the tax?
        INVOICE.replace("  - {id: d, amount: -10.00, discounts: x, taxes: [{id: t, amount: -2.00}]}\n", "")
        + ENOUGH.replace("108", "120")
        + "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 60.00},"
        " {from: P1, to: I1, date: 2026-01-20, amount: 60.00}]",
    ],
)
def test_where_an_amount_can_stand_in_two_ways_the_parts_must_be_said(text: str) -> None:
    assert "[parts-missing]" in told(ACCOUNT + text)


def test_a_payment_is_in_any_currency() -> None:
    book = load(ACCOUNT + INVOICE + PAYMENT.replace("USD", "EUR"))
    assert (book.accounts["a"].currency, book.numbered["P1"].currency) == ("USD", "EUR")


TERM = "attributes: {payment_term: Net 30}"
CREDIT = "credit_memos: [{number: C1, account: a, date: 2026-01-20, currency: USD, items: [{id: x, amount: 1.00}], %s}]"
REFUND = "refunds: [{number: R1, account: a, date: 2026-01-20, currency: USD, amount: 1.00, of: P1, %s}]"
PAID = PAYMENT.replace("}]", ", %s}]")


def test_what_is_owed_has_a_payment_term_and_others_hold_none() -> None:
    """docs/domain.md 1.1: credit memo, payment and refund lack it. Null holds none; the refusals are told below."""
    debit = CREDIT.replace("credit_memos", "debit_memos").replace("C1", "D1")
    none = TERM.replace("Net 30", "null")
    assert load(ACCOUNT + INVOICE + f"  {TERM}\n" + debit % TERM)
    assert load(ACCOUNT + PAID % none + CREDIT % none + "\n" + REFUND % none)


def test_amounts_get_the_decimals_of_their_currency() -> None:
    book = load(ACCOUNT + PAYMENT.replace("50.00", "50"))
    assert str(book.balance(book.numbered["P1"])) == "50.00"


@pytest.mark.parametrize(
    ("text", "code", "starts"),
    [
        (ACCOUNT + INVOICE.replace("account: a", "account: b"), "reference-unknown", "b\n"),
        (ACCOUNT + INVOICE.replace("discounts: x", "discounts: y"), "reference-unknown", "y, taxes"),
        (ACCOUNT + INVOICE + INVOICE.removeprefix("invoices:\n"), "id-repeated", "I1"),
        (ACCOUNT + INVOICE.replace("100.00", "100.001"), "amount-inexact", "100.001"),
        (ACCOUNT + INVOICE + "  total: 110.00\n", "total-differs", "110.00"),
        (ACCOUNT + INVOICE + "  balance: 110.00\n", "balance-differs", "110.00"),
        (ACCOUNT + INVOICE.replace("USD", "XXX1"), "value-wrong", "XXX1"),
        (ACCOUNT + PAYMENT.replace("50.00", "-1"), "amount-sign", "-1"),
        (ACCOUNT + CREDIT % TERM, "payment-term-odd", "Net 30"),
        (ACCOUNT + PAID % TERM, "payment-term-odd", "Net 30"),
        (ACCOUNT + PAYMENT + REFUND % TERM, "payment-term-odd", "Net 30"),
        (
            ACCOUNT + INVOICE + PAYMENT + "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 1.00}]",
            "parts-missing",
            "{from: P1",
        ),
        (
            ACCOUNT
            + INVOICE
            + PAYMENT
            + "applications: [{from: P1, to: I1, date: 2026-01-01, amount: 1.00, parts: [{item: x, amount: 1.00}]}]",
            "application-date",
            "2026-01-01",
        ),
        (
            ACCOUNT
            + INVOICE
            + PAYMENT
            + "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 1.00, parts: [{item: x, amount: 2.00}]}]",
            "parts-sum",
            "[{item: x, amount: 2.00}]",
        ),
        (
            ACCOUNT
            + INVOICE
            + PAYMENT
            + "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 91.00, parts: [{item: x, amount: 91.00}]}]",
            "over-applied",
            "number: I1",
        ),
        (
            ACCOUNT + "accounting_periods: [{from: 2026-02-01, until: 2026-01-01}]",
            "period-empty",
            "{from: 2026-02-01",
        ),
        (
            ACCOUNT
            + "accounting_periods: [{from: 2026-01-01, until: 2026-03-01}, {from: 2026-02-01, until: 2026-04-01}]",
            "period-overlap",
            "{from: 2026-02-01",
        ),
        (
            ACCOUNT + "credit_memos: [{number: C1, account: a, date: 2026-01-01, currency: USD, due_date: 2026-02-01}]",
            "key-unknown",
            "due_date",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, starts: str) -> None:
    with pytest.raises(Refused) as refused:
        load(text)
    diagnostic = next(d for d in refused.value.diagnostics if d.code == code)
    assert diagnostic.position is not None
    line = text.splitlines(keepends=True)[diagnostic.position.line - 1]
    assert line[diagnostic.position.column - 1 :].startswith(starts)


def test_an_amount_may_not_be_applied_twice_even_by_a_cent() -> None:
    applications = (
        "applications:\n"
        "- {from: P1, to: I1, date: 2026-01-20, amount: 50.00, parts: [{item: x, amount: 50.00}]}\n"
        "- {from: P1, to: I1, date: 2026-01-20, amount: 0.01, parts: [{item: x, amount: 0.01}]}\n"
    )
    assert "more was applied and refunded of P1 than its amount 50.00" in told(
        ACCOUNT + INVOICE + PAYMENT + applications
    )


PUT = "- {from: P1, to: I1, date: 2026-01-20, amount: 30.00, parts: [{item: x, amount: 30.00}]}\n"
BACK = "- {from: P1, to: I1, date: 2026-01-21, amount: -30.00, parts: [{item: x, amount: -30.00}]}\n"
OTHER = "- {number: P2, account: a, date: 2026-01-20, currency: USD, amount: 50.00}\n"
PAYMENTS = "payments:\n- {number: P1, account: a, date: 2026-01-20, currency: USD, amount: 50.00}\n"


def test_what_was_applied_may_be_taken_back_and_applied_again() -> None:
    again = PUT.replace("2026-01-20", "2026-01-21")
    book = load(ACCOUNT + INVOICE + PAYMENT + "applications:\n" + PUT + BACK + again + BACK)
    invoice, payment = book.numbered["I1"], book.numbered["P1"]
    assert (book.balance(invoice), book.balance(payment)) == (Decimal("108.00"), Decimal("50.00"))
    assert book.open_places(invoice)[Place("x")] == Decimal("90.00")  # type: ignore[arg-type]
    assert book.links_from("P1") == {"I1": ()}


@pytest.mark.parametrize(
    ("applications", "message"),
    [
        (PUT + BACK.replace("30.00", "30.01"), "30.01 of P1 is taken back from item `x` of I1, where 30.00 of it"),
        (PUT + BACK + BACK, "60.00 of P1 is taken back from item `x` of I1, where 30.00 of it"),
        (PUT + BACK.replace("item: x", "item: x, tax: t"), "30.00 of P1 is taken back from tax `t` of item `x` of I1"),
        (BACK, "30.00 of P1 is taken back from item `x` of I1, where 0 of it"),
        (BACK.replace("30.00", "0.01"), "0.01 of P1 is taken back from item `x` of I1, where 0 of it"),
        # Another payment's money, behind a sum that is sound.
        (
            PUT + "- {from: P2, to: I1, date: 2026-01-20, amount: 6.00, parts: "
            "[{item: x, amount: -9.00}, {item: x, tax: t, amount: 15.00}]}\n",
            "one source takes from item `x` of I1 what another one has put there",
        ),
        # Taken back a day before it was put.
        (PUT.replace("01-20", "01-22") + BACK, "where 0 of it had been put by then"),
    ],
)
def test_no_more_is_taken_back_than_was_put(applications: str, message: str) -> None:
    found = told(ACCOUNT + INVOICE + PAYMENTS + OTHER + "applications:\n" + applications)
    assert message in found
    assert "[over-unapplied]" in found


def test_what_one_application_takes_back_too_much_of_is_told_once() -> None:
    """It takes back 1.00 of an item and 1.00 of its tax, of which nothing had been put."""
    parts = "[{item: x, amount: -1.00}, {item: x, tax: t, amount: -1.00}]"
    both = BACK.replace("-30.00, parts: [{item: x, amount: -30.00}]", f"-2.00, parts: {parts}")
    assert both != BACK
    found = told(ACCOUNT + INVOICE + PAYMENTS + OTHER + "applications:\n" + both)
    assert found.count("is taken back from") == 1
    assert "1.00 of P1 is taken back from item `x` of I1, where 0 of it" in found


def test_more_than_was_applied_of_a_payment_is_told_at_the_payment() -> None:
    found = told(ACCOUNT + INVOICE + PAYMENTS + OTHER + "applications:\n" + PUT + BACK.replace("P1", "P2"))
    assert "more was taken back to P2 than was applied of it" in found


TWO = "accounts: [{id: a, currency: USD}, {id: b, currency: USD}]\n"
FROM_P1 = "- {number: P2, account: b, date: 2026-01-21, currency: USD, amount: 20.00, source: P1}\n"
TRANSFER = "- {from: P1, to: P2, date: 2026-01-21, amount: 20.00}\n"


def test_a_payment_may_come_from_one_of_another_account() -> None:
    book = load(TWO + PAYMENTS + FROM_P1 + "applications:\n" + TRANSFER)
    assert [book.balance(book.numbered[number]) for number in ("P1", "P2")] == [Decimal("30.00"), Decimal("20.00")]
    (transferred,) = book.applications_to["P2"]
    assert [(part.item, part.amount) for part in transferred.parts] == [("transferred", Decimal("20.00"))]
    stated = TRANSFER.replace("}", ", parts: [{item: transferred, amount: 20.00}]}")
    assert load(TWO + PAYMENTS + FROM_P1 + "applications:\n" + stated) == book


@pytest.mark.parametrize(
    ("payments", "applications", "code"),
    [
        (FROM_P1, "", "transfer-differs"),
        (FROM_P1, TRANSFER.replace("20.00", "19.99"), "transfer-differs"),
        (FROM_P1, TRANSFER + TRANSFER.replace("20.00", "-20.00"), "transfer-differs"),
        (FROM_P1, TRANSFER.replace("}", ", parts: [{item: x, amount: 20.00}]}"), "parts-unknown"),
        (FROM_P1.replace("account: b", "account: a"), TRANSFER, "account-same"),
        (FROM_P1.replace("source: P1", "source: P9"), TRANSFER, "reference-unknown"),
        (FROM_P1.replace(", source: P1", ""), TRANSFER, "application-kind"),
        (FROM_P1.replace("source: P1", "source: I1"), TRANSFER, "transfer-kind"),
    ],
)
def test_a_transferred_payment_has_its_money_from_its_source(payments: str, applications: str, code: str) -> None:
    text = TWO + INVOICE + PAYMENTS + payments + (f"applications:\n{applications}" if applications else "")
    assert f"[{code}]" in told(text)


def test_periods_may_touch_and_stand_in_any_order() -> None:
    """Newest first; each begins on the very day on which the one before ends."""
    periods = ["{from: 2026-03-01, until: 2026-04-01}", "{from: 2026-02-01, until: 2026-03-01, status: closed}"]
    for order in (periods, periods[::-1]):
        book = load(ACCOUNT + f"accounting_periods: [{', '.join(order)}]")
        assert [str(period.from_) for period in book.periods] == ["2026-02-01", "2026-03-01"]


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        # The day that both have, 02-28; told at the later one, whichever stands first.
        (
            ["{from: 2026-02-28, until: 2026-04-01}", "{from: 2026-02-01, until: 2026-03-01}"],
            "book.yaml:3:3: error: this period begins on 2026-02-28, before the one from 2026-02-01 ends",
        ),
        (
            ["{from: 2026-02-01, until: 2026-03-01}", "{from: 2026-04-01, until: 2026-04-01}"],
            "book.yaml:4:3: error: this",
        ),
    ],
)
def test_periods_are_wrong_by_a_day(periods: list[str], message: str) -> None:
    found = told(ACCOUNT + "accounting_periods:\n" + "".join(f"- {period}\n" for period in periods))
    assert found.startswith(message)
    assert found.count("error: ") == 1


def test_what_is_repeated_is_told_in_order() -> None:
    twice = ", ".join(f"{{id: {name}}}" for name in ("c", "b", "a", "c", "a"))
    found = told(ACCOUNT + f"subscriptions: [{{id: s, account: a, charges: [{twice}]}}]")
    assert re.findall(r"charge `(.)` stands", found) == ["a", "c"]


def test_what_does_not_add_up_is_told_once_all_references_hold() -> None:
    wrong = ACCOUNT + INVOICE + "  total: 110.00\n"
    assert "[total-differs]" in told(wrong)
    found = told(wrong.replace("account: a", "account: b"))
    assert "[reference-unknown]" in found
    assert "[total-differs]" not in found


def test_the_items_that_there_are_are_told_in_order() -> None:
    items = ", ".join(f"{{id: {name}, amount: 10.00}}" for name in ("c", "e", "a", "d", "b"))
    invoice = f"invoices: [{{number: I1, account: a, date: 2026-01-10, currency: USD, items: [{items}]}}]\n"
    wrong = "applications: [{from: P1, to: I1, date: 2026-01-20, amount: 1.00, parts: [{item: z, amount: 1.00}]}]"
    found = told(ACCOUNT + invoice + PAYMENT + wrong)
    assert "I1 has no item `z`" in found
    assert "hint: items of I1: `a`, `b`, `c`, `d`, `e`" in found
