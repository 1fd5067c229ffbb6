"""Credit balances in a book file: what may stand there, what is filled in, and what is told at its line.

docs/domain.md 6.1: never below zero on any date; an increase comes from a negative invoice, a decrease is used on an
invoice or debit memo or paid back.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.book.model import Invoice
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.tree import parse_text

ACCOUNTS = "accounts: [{id: a, currency: USD}, {id: b, currency: USD}]\n"
# N1: -100 + 20 and taxes -20 + 4, so -96.
N1 = """\
- number: N1
  account: a
  date: 2026-01-10
  currency: USD
  items:
  - {id: back, amount: -100.00, taxes: [{id: t, amount: -20.00}]}
  - {id: fee, amount: 20.00, taxes: [{id: t, amount: 4.00}]}
"""
I1 = "- {number: I1, account: a, date: 2026-01-15, currency: USD, items: [{id: x, amount: 50.00}]}\n"
INVOICES = f"invoices:\n{N1}{I1}"
UP = "- {number: CBA-00000001, account: a, date: 2026-01-10, currency: USD, amount: 96, type: increase, document: N1}\n"
USED = (
    "- {number: CBA-00000002, account: a, date: 2026-01-20, currency: USD, amount: 30, type: decrease, document: I1}\n"
)
PAID = (
    "- {number: CBA-00000003, account: a, date: 2026-01-21, currency: USD, amount: 10, type: decrease, document: R1}\n"
)
GIFT = "- {number: CBA-00000004, account: a, date: 2026-01-12, currency: USD, amount: 5, type: increase}\n"
REFUNDS = "refunds:\n- {number: R1, account: a, date: 2026-01-21, currency: USD, amount: 10}\n"
GIVEN = "- {from: N1, to: CBA-00000001, date: 2026-01-10, amount: 96}\n"
PUT = "- {from: CBA-00000002, to: I1, date: 2026-01-20, amount: 30}\n"


def written(
    *,
    invoices: str = INVOICES,
    adjustments: str = UP + USED + PAID + GIFT,
    applications: str = GIVEN + PUT,
    refunds: str = REFUNDS,
    rest: str = "",
) -> str:
    text = f"{ACCOUNTS}{invoices}{refunds}{rest}"
    text += f"credit_adjustments:\n{adjustments}" if adjustments else ""
    return text + (f"applications:\n{applications}" if applications else "")


def load(text: str) -> Book:
    return book_of(parse_text(text, "book.yaml"))


def told(text: str) -> set[tuple[str, str]]:
    """(code, the line of the file that it points at) of everything that is wrong."""
    with pytest.raises(Refused) as refused:
        load(text)
    lines = text.splitlines()
    found: set[tuple[str, str]] = set()
    for problem in refused.value.diagnostics:
        assert problem.position is not None
        assert problem.hint
        found.add((problem.code, lines[problem.position.line - 1].strip()))
    return found


def test_everything_that_changes_a_credit_balance_can_stand_in_a_file() -> None:
    book = load(written())
    days = ("2026-01-09", "2026-01-10", "2026-01-12", "2026-01-20", "2026-01-21", "2027-01-01")
    on = [book.credit_balance("a", "USD", datetime.date.fromisoformat(day)) for day in days]
    # 0, + 96, + 5, - 30, - 10, nothing more
    assert [str(balance) for balance in on] == ["0.00", "96.00", "101.00", "71.00", "61.00", "61.00"]
    assert book.credit_balance("b", "USD") == 0
    assert {n: str(book.balance(book.numbered[n])) for n in ("N1", "I1")} == {"N1": "0.00", "I1": "20.00"}


def test_a_whole_transfer_brings_every_place_to_zero_without_being_spelled_out() -> None:
    book = load(written())
    invoice = book.numbered["N1"]
    assert isinstance(invoice, Invoice)
    assert set(book.open_places(invoice).values()) == {Decimal(0)}
    (given,) = book.applications_from["N1"]
    assert {(part.item, part.source_item, part.source_tax): str(part.amount) for part in given.parts} == {
        ("transferred", "back", None): "100.00",
        ("transferred", "back", "t"): "20.00",
        ("transferred", "fee", None): "-20.00",
        ("transferred", "fee", "t"): "-4.00",
    }


def test_a_part_of_a_negative_invoice_says_where_it_comes_from() -> None:
    part = UP.replace("96", "40")
    given = GIVEN.replace("96", "40")
    named = given.replace("}", ", parts: [{item: transferred, source_item: back, amount: 40}]}")
    book = load(written(adjustments=part, applications=named, refunds=""))
    assert str(book.balance(book.numbered["N1"])) == "-56.00"  # -96 + 40
    assert told(written(adjustments=part, applications=given, refunds="")) == {("parts-missing", given.strip())}
    # An invoice with one item has only one place to take it from.
    one = INVOICES.replace(", taxes: [{id: t, amount: -20.00}]", "").replace(
        "  - {id: fee, amount: 20.00, taxes: [{id: t, amount: 4.00}]}\n", ""
    )
    book = load(written(invoices=one, adjustments=part, applications=given, refunds=""))
    assert [(p.source_item, str(p.amount)) for p in book.applications_from["N1"][0].parts] == [("back", "40.00")]


def test_a_stated_balance_of_a_negative_invoice_is_checked() -> None:
    stated = INVOICES.replace(I1, "  balance: 0.00\n" + I1)
    assert load(written(invoices=stated)) == load(written())
    assert told(written(invoices=stated.replace("balance: 0.00", "balance: -96.00"))) == {
        ("balance-differs", "balance: -96.00")
    }


def test_an_adjustment_is_in_the_currency_of_what_it_names_else_in_any() -> None:
    euros = written(refunds="", adjustments=UP, applications=GIVEN).replace("currency: USD", "currency: EUR")
    euros = euros.replace(ACCOUNTS.replace("currency: USD", "currency: EUR"), ACCOUNTS)
    assert str(load(euros).credit_balance("a", "EUR")) == "96.00"
    both = load(written(adjustments=GIFT.replace("USD", "EUR"), applications="", refunds=""))
    assert [str(both.credit_balance("a", currency)) for currency in ("EUR", "USD")] == ["5.00", "0.00"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (GIFT, GIFT.replace("account: a", "account: z"), "reference-unknown"),
        (GIFT, GIFT.replace("CBA-00000004", "I1"), "id-repeated"),
        (GIFT, GIFT.replace("amount: 5", "amount: 0"), "amount-sign"),
        (GIFT, GIFT.replace("amount: 5", "amount: -5"), "amount-sign"),
        (GIFT, GIFT.replace("amount: 5", "amount: 5.001"), "amount-inexact"),
        (GIFT, GIFT.replace("type: increase", "type: increase, document: Z9"), "reference-unknown"),
        # An increase comes from a negative invoice and from nothing else.
        (GIFT, GIFT.replace("type: increase", "type: increase, document: I1"), "adjustment-kind"),
        (GIFT, GIFT.replace("type: increase", "type: increase, document: R1"), "adjustment-kind"),
        (GIFT, GIFT.replace("type: increase", "type: increase, document: CBA-00000001"), "adjustment-kind"),
        (GIFT, GIFT.replace("type: increase", "type: decrease, document: CBA-00000001"), "adjustment-kind"),
        (GIFT, GIFT.replace("type: increase", "type: increase, document: N1"), "document-repeated"),
        # Dated before what it names.
        (USED, USED.replace("2026-01-20", "2026-01-14"), "date-too-early"),
        # Named twice, or by the wrong amount.
        (GIFT, GIFT.replace("01-12", "01-22").replace("increase", "decrease, document: R1"), "document-repeated"),
        (PAID, PAID.replace("amount: 10", "amount: 9.99"), "refund-differs"),
    ],
)
def test_what_is_wrong_with_an_adjustment_is_told_at_its_line(old: str, new: str, code: str) -> None:
    assert (code, new.strip()) in told(written(adjustments=(UP + USED + PAID + GIFT).replace(old, new)))


@pytest.mark.parametrize(
    ("applications", "message", "hint"),
    [
        (
            PUT,
            "CBA-00000001 amounts to 96.00, but 0 was transferred to it from N1",
            "add or mend the application from N1 to CBA-00000001",
        ),
        (
            GIVEN + PUT.replace("30", "29.99"),
            "CBA-00000002 amounts to 30.00, but 29.99 was put on I1",
            "add or mend the application from CBA-00000002 to I1",
        ),
    ],
)
def test_what_did_not_move_is_told_with_both_ends(applications: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        load(written(applications=applications))
    assert [(problem.message, problem.hint) for problem in refused.value.diagnostics] == [(message, hint)]


def test_a_document_that_is_named_again_is_told_for_what() -> None:
    for again, message in (
        (GIFT.replace("type: increase", "type: increase, document: N1"), "N1 has been transferred already"),
        (GIFT.replace("01-12", "01-22").replace("increase", "decrease, document: R1"), "R1 has been paid out already"),
    ):
        with pytest.raises(Refused) as refused:
            load(written(adjustments=UP + USED + PAID + again))
        found = [problem for problem in refused.value.diagnostics if problem.code == "document-repeated"]
        assert [(problem.message, problem.hint) for problem in found] == [(message, "name it once")]


def test_an_adjustment_is_of_the_account_and_currency_of_what_it_names() -> None:
    other = USED.replace("account: a", "account: b")
    assert ("account-mismatch", other.strip()) in told(written(adjustments=UP + other + PAID + GIFT))
    other = USED.replace("USD", "EUR")
    assert ("currency-mismatch", other.strip()) in told(written(adjustments=UP + other + PAID + GIFT))


@pytest.mark.parametrize("status", ["draft", "canceled"])
def test_only_what_is_posted_changes_a_credit_balance(status: str) -> None:
    draft = INVOICES.replace(I1, I1.replace("}]", f"}}], status: {status}"))
    assert {code for code, _ in told(written(invoices=draft))} == {"adjustment-unposted", "application-unposted"}


@pytest.mark.parametrize(
    ("applications", "code", "at"),
    [
        # What is said to be transferred or used is applied, all of it.
        (PUT, "transfer-differs", UP),
        (GIVEN, "transfer-differs", USED),
        (GIVEN + PUT.replace("30", "29.99"), "transfer-differs", USED),
        # Money goes only where the adjustment says.
        (GIVEN + PUT + "- {from: I1, to: CBA-00000001, date: 2026-01-20, amount: 1}\n", "application-kind", ""),
        (GIVEN + PUT + "- {from: N1, to: CBA-00000004, date: 2026-01-20, amount: 1}\n", "application-kind", ""),
        (GIVEN + PUT + "- {from: N1, to: I1, date: 2026-01-20, amount: 1}\n", "application-kind", ""),
        (GIVEN + PUT + "- {from: CBA-00000001, to: I1, date: 2026-01-20, amount: 1}\n", "application-kind", ""),
        (GIVEN + PUT + "- {from: CBA-00000002, to: N1, date: 2026-01-20, amount: 1}\n", "application-kind", ""),
        (
            GIVEN + PUT + "- {from: CBA-00000002, to: CBA-00000004, date: 2026-01-20, amount: 1}\n",
            "application-kind",
            "",
        ),
        # Its parts are of the invoice, on the one place of the increase, and add up.
        (GIVEN.replace("}", ", parts: [{item: transferred, amount: 96}]}") + PUT, "parts-source", ""),
        (GIVEN.replace("}", ", parts: [{item: x, source_item: back, amount: 96}]}") + PUT, "parts-unknown", ""),
        (
            GIVEN.replace("}", ", parts: [{item: transferred, source_item: y, amount: 96}]}") + PUT,
            "reference-unknown",
            "",
        ),
        (GIVEN.replace("}", ", parts: [{item: transferred, source_item: back, amount: 95}]}") + PUT, "parts-sum", ""),
        (GIVEN.replace("01-10", "01-09") + PUT, "application-date", GIVEN.replace("01-10", "01-09")),
        # No place of the invoice gives more than it has.
        (
            GIVEN.replace(
                "}",
                ", parts: [{item: transferred, source_item: back, amount: 101},"
                " {item: transferred, source_item: fee, amount: -5}]}",
            )
            + PUT,
            "over-applied",
            "- number: N1",
        ),
    ],
)
def test_the_money_of_an_adjustment_is_in_its_applications(applications: str, code: str, at: str) -> None:
    found = told(written(applications=applications))
    assert code in {code for code, _ in found}
    assert not at or (code, at.strip()) in found


@pytest.mark.parametrize(
    ("from_", "to"), [("P1", "CBA-00000004"), ("CBA-00000001", "CBA-00000004"), ("N1", "P1"), ("I1", "R1")]
)
def test_money_that_cannot_go_there_is_told_of_that_alone(from_: str, to: str) -> None:
    payments = "payments: [{number: P1, account: a, date: 2026-01-02, currency: USD, amount: 10}]\n"
    wrong = f"- {{from: {from_}, to: {to}, date: 2026-01-22, amount: 1}}\n"
    assert told(written(applications=GIVEN + PUT + wrong, rest=payments)) == {("application-kind", wrong.strip())}


def test_a_refund_is_of_something_or_paid_by_one_decrease() -> None:
    refund = REFUNDS.splitlines()[1]
    assert told(written(adjustments=UP + USED + GIFT)) == {("refund-unpaid", refund)}
    # A canceled one has paid nothing.
    canceled = REFUNDS.replace("amount: 10", "amount: 10, status: canceled")
    assert load(written(adjustments=UP + USED + GIFT, refunds=canceled)).credit_balance("a", "USD") == 71
    assert {code for code, _ in told(written(refunds=canceled))} == {"adjustment-unposted"}
    # One of a payment has taken its money from there.
    payments = "payments: [{number: P1, account: a, date: 2026-01-02, currency: USD, amount: 10}]\n"
    of_payment = REFUNDS.replace("amount: 10", "amount: 10, of: P1")
    assert told(written(refunds=of_payment, rest=payments)) == {("adjustment-kind", PAID.strip())}
    parts = REFUNDS.replace("amount: 10", "amount: 10, parts: [{item: x, amount: 10}]")
    assert {code for code, _ in told(written(refunds=parts))} == {"parts-unknown"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        # (type, day, amount); `wrong`: the one that takes too much, by its place.
        ([("increase", 10, 5), ("decrease", 10, 5)], None),
        ([("decrease", 10, 5), ("increase", 10, 5)], None),  # of one day, increases come first
        ([("decrease", 9, 5), ("increase", 10, 5)], 0),
        ([("increase", 10, 5), ("decrease", 11, 3), ("decrease", 12, 2)], None),
        ([("increase", 10, 5), ("decrease", 11, 3), ("decrease", 12, 3)], 2),
        # Enough in the end, but not on the twelfth.
        ([("increase", 10, 5), ("increase", 13, 9), ("decrease", 12, 6)], 2),
        ([("increase", 10, 5), ("decrease", 20, 5), ("decrease", 12, 1)], 1),
    ],
)
def test_never_below_zero_on_any_date(changes: list[tuple[str, int, int]], wrong: int | None) -> None:
    common = "account: a, currency: USD"
    lines = [
        f"- {{number: CBA-0000000{n}, {common}, date: 2026-01-{day:02}, amount: {amount}, type: {type_}}}\n"
        for n, (type_, day, amount) in enumerate(changes, start=1)
    ]
    text = written(adjustments="".join(lines), applications="", refunds="")
    if wrong is None:
        load(text)
    else:
        assert told(text) == {("credit-below-zero", lines[wrong].strip())}


UNDONE = (
    GIFT.replace("00004", "00005").replace("01-12", "01-22").replace("increase", "decrease, document: CBA-00000004")
)


def test_what_was_done_by_hand_is_undone_by_its_opposite() -> None:
    book = load(written(adjustments=UP + USED + PAID + GIFT + UNDONE))
    assert str(book.credit_balance("a", "USD")) == "56.00"  # 96 - 30 - 10 + 5 - 5
    taken = "- {number: C6, account: a, date: 2026-01-22, currency: USD, amount: 2, type: decrease}\n"
    back = "- {number: C7, account: a, date: 2026-01-22, currency: USD, amount: 2, type: increase, document: C6}\n"
    assert str(load(written(adjustments=UP + USED + PAID + taken + back)).credit_balance("a", "USD")) == "56.00"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (UNDONE.replace("amount: 5", "amount: 4"), "adjustment-differs"),
        (UNDONE.replace("01-22", "01-11"), "date-too-early"),
        (UNDONE.replace("decrease", "increase"), "adjustment-kind"),
        (UNDONE.replace("CBA-00000004", "CBA-00000002").replace("decrease", "increase"), "adjustment-kind"),  # used
        (UNDONE.replace("CBA-00000004", "CBA-00000001"), "adjustment-kind"),  # transferred
        (UNDONE.replace("USD", "EUR"), "currency-mismatch"),
        (UNDONE.replace("account: a", "account: b"), "account-mismatch"),
        (UNDONE.replace("00005", "00006"), "document-repeated"),
        (
            UNDONE.replace("00005", "00006").replace("CBA-00000004", "CBA-00000005").replace("decrease", "increase"),
            "adjustment-kind",
        ),
    ],
)
def test_what_is_wrong_with_undoing_is_told_at_its_line(new: str, code: str) -> None:
    before = UP + USED + PAID + GIFT + (UNDONE if "00006" in new else "")
    assert told(written(adjustments=before + new)) >= {(code, new.strip())}


DRAFT = (
    "- {number: TMP-INV-00000001, account: a, date: 2026-01-15, currency: USD, status: draft, posted_as: I1, "
    "items: [{id: x, amount: 50}]}\n"
)


def test_a_draft_that_was_posted_names_what_it_became() -> None:
    book = load(written(invoices=INVOICES + DRAFT))
    draft = book.numbered["TMP-INV-00000001"]
    assert isinstance(draft, Invoice)
    assert draft.posted_as == "I1"


@pytest.mark.parametrize(
    ("invoices", "code"),
    [
        (DRAFT.replace("status: draft, ", ""), "posted-as"),
        (DRAFT.replace("draft,", "canceled,"), "posted-as"),
        (DRAFT.replace("posted_as: I1", "posted_as: Z9"), "reference-unknown"),
        (DRAFT.replace("posted_as: I1", "posted_as: R1"), "posted-as"),
        (DRAFT.replace("posted_as: I1", "posted_as: TMP-INV-00000001"), "posted-as"),
        (DRAFT.replace("account: a", "account: b"), "posted-as"),
        (DRAFT.replace("USD", "EUR"), "posted-as"),
        (DRAFT + DRAFT.replace("00000001", "00000002"), "posted-as"),
    ],
)
def test_only_a_draft_was_posted_as_another_document(invoices: str, code: str) -> None:
    found = told(written(invoices=INVOICES + invoices))
    assert found == {(code, invoices.splitlines()[-1].strip())}
