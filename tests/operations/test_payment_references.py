"""References of payments and refunds: kept, and the same again is refused, warned of or allowed, as the policy says.

docs/domain.md 2.10.
"""

from __future__ import annotations

from typing import Any

import pytest

from billpolicy.book.book import Book
from billpolicy.source.scalars import read_reference
from tests.helpers.books import book_from
from tests.helpers.plan_views import payment, refund
from tests.helpers.steps import refused, run, told

BOOK = """
accounts: [{id: a, currency: USD}, {id: b, currency: USD}]
payments:
- {number: P1, account: a, date: 2026-03-02, currency: USD, amount: 50.00, reference: BANK-1}
- {number: P2, account: a, date: 2026-03-02, currency: USD, amount: 50.00, reference: BANK-2, status: canceled}
- {number: P3, account: a, date: 2026-03-02, currency: USD, amount: 50.00, reference: BANK-3, status: draft}
- {number: P4, account: a, date: 2026-03-02, currency: USD, amount: 50.00, reference: BANK-4, reversed: true}
- {number: P5, account: a, date: 2026-03-03, currency: USD, amount: 50.00, reference: BANK-5, reversed: true}
- {number: P6, account: a, date: 2026-03-02, currency: USD, amount: 50.00, reference: BANK-5}
- {number: P7, account: a, date: 2026-03-02, currency: USD, amount: 90.00, reference: BANK-7}
- {number: P8, account: a, date: 2026-03-02, currency: USD, amount: 90.00, reference: BANK-7}
refunds:
- {number: R1, account: a, date: 2026-03-02, currency: USD, amount: 5.00, of: P1, reference: BACK-1}
credit_adjustments:
- {number: K, account: a, date: 2026-03-01, currency: USD, amount: 15.00, type: increase}
"""
PAY = "operation: create_payment, account: a, amount: 50.00, reference: "
BACK = "operation: create_refund, of: P1, amount: 5.00, reference: "
CREDIT_BACK = "operation: refund_credit_balance, account: a, amount: 5.00, reference: "


@pytest.fixture(scope="module")
def book() -> Book:
    return book_from(BOOK)


def said(value: str) -> str:
    return f"every_operation:\n  repeated_reference: {{is: {value}, because: test}}\n"


def test_it_is_kept(book: Book) -> None:
    assert payment(run(book, f"{PAY} NEW")[0]).reference == "NEW"
    assert refund(run(book, f"{BACK} NEW")[0]).reference == "NEW"
    plan, _ = run(book, f"{CREDIT_BACK} NEW")
    assert [getattr(one.document, "reference", None) for one in plan.documents] == ["NEW", None]
    assert payment(run(book, PAY.removesuffix(", reference: "))[0]).reference is None


def test_a_transferred_payment_has_that_of_the_one_it_comes_from(book: Book) -> None:
    plan, there = run(book, "operation: transfer_payment, payment: P6, to_account: b")
    assert payment(plan).reference == "BANK-5"
    # So it is found where it went; a transfer itself is no new money, also on its way back.
    assert told(there, f"{PAY.replace('account: a', 'account: b')} BANK-5").startswith("reference-repeated")
    run(there, "operation: transfer_payment, payment: P-00000001, to_account: a")


# -- the same again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{PAY} BANK-1",
            "reference-repeated: `BANK-1` is the reference of P1 already, a payment of 50.00 USD on 2026-03-02",
        ),
        (
            f"{BACK} BACK-1",
            "reference-repeated: `BACK-1` is the reference of R1 already, a refund of 5.00 USD on 2026-03-02",
        ),
        (
            f"{CREDIT_BACK} BACK-1",
            "reference-repeated: `BACK-1` is the reference of R1 already, a refund of 5.00 USD on 2026-03-02",
        ),
        (
            f"{PAY} BANK-3",  # a draft will be posted
            "reference-repeated: `BANK-3` is the reference of P3 already, a payment of 50.00 USD on 2026-03-02",
        ),
        (
            f"{PAY} BANK-5",  # one of the two was reversed, the other stands
            "reference-repeated: `BANK-5` is the reference of P6 already, a payment of 50.00 USD on 2026-03-02",
        ),
    ],
)
def test_the_same_again_is_refused(book: Book, text: str, expected: str) -> None:
    assert told(book, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{PAY} BANK-9",
        f"{PAY} bank-1",  # capitals count
        f"{PAY} BANK-2",  # that one was canceled
        f"{PAY} BACK-1",  # that is a refund's
        f"{BACK} BANK-1",
        f"{PAY.replace('50.00', '50.01')} BANK-1",
        f"{PAY.replace('account: a', 'account: b')} BANK-1",
        f"{PAY} BANK-1, type: electronic",
        f"{BACK} BACK-1, type: electronic",
    ],
)
def test_something_else_is_not_the_same(book: Book, text: str) -> None:
    plan, _ = run(book, text)
    assert plan.warnings == ()


def test_an_amount_is_the_same_however_it_is_written(book: Book) -> None:
    assert told(book, f"{PAY.replace('50.00', '50')} BANK-1").startswith("reference-repeated")


def test_the_policy_can_warn_or_allow(book: Book) -> None:
    plan, now = run(book, f"{PAY} BANK-1", said("warn"))
    assert [(one.code, one.message) for one in plan.warnings] == [
        ("reference-known", "`BANK-1` is the reference of P1 already, a payment of 50.00 USD on 2026-03-02")
    ]
    plan, _ = run(now, f"{PAY} BANK-1", said("allow"))
    assert plan.warnings == ()


def test_what_was_reversed_may_come_again_with_a_warning(book: Book) -> None:
    """A cheque is presented once more: policies/standard/payments.yaml."""
    plan, now = run(book, f"{PAY} BANK-4")
    (warning,) = plan.warnings
    assert warning.message == (
        "`BANK-4` is the reference of P4 already, a payment of 50.00 USD on 2026-03-02, which was reversed"
    )
    # Once it is there, it is there.
    assert told(now, f"{PAY} BANK-4").startswith("reference-repeated: `BANK-4` is the reference of P-00000001 already")
    _, now = run(now, "operation: reverse_payment, payment: P-00000001")
    assert [one.code for one in run(now, f"{PAY} BANK-4")[0].warnings] == ["reference-known"]


def test_a_company_can_refuse_that_as_well(book: Book) -> None:
    own = """
exceptions:
- {id: never-again, operations: [create_payment], when: {reference_is: [reversed, known]},
   then: {repeated_reference: refuse}, overrides: [a-payment-that-bounced-may-come-again], because: test}
"""
    assert [problem.code for problem in refused(book, f"{PAY} BANK-4", own)] == ["reference-repeated"]


@pytest.mark.parametrize(("reference", "asks"), [("BANK-9", "new"), ("BANK-1", "known"), ("BANK-4", "reversed")])
def test_conditions_can_ask_for_it(book: Book, reference: str, asks: str) -> None:
    own = f"""
{said("allow")}
exceptions:
- {{id: asked, operations: [create_payment], when: {{reference_is: {asks}}}, then: {{permission: refused}},
   because: test}}
- {{id: none-is-unset, operations: [create_payment], when: {{reference_is: {{is: unset}}}},
   then: {{actor: required}}, because: test}}
"""
    assert [problem.code for problem in refused(book, f"{PAY} {reference}", own)] == ["not-permitted"]
    without = PAY.removesuffix(", reference: ")
    assert [problem.code for problem in refused(book, without, own)] == ["actor-missing"]


def test_the_hint_says_what_to_do(book: Book) -> None:
    (problem,) = refused(book, f"{PAY} BANK-1")
    assert problem.hint == "it is the same money: leave it out; if it is not, give it a reference of its own"


def test_a_book_may_hold_the_same_twice() -> None:
    """P7 and P8 were booked elsewhere, by whatever rules; of two it is the first that is told."""
    assert told(book_from(BOOK), f"{PAY.replace('50.00', '90.00')} BANK-7").startswith(
        "reference-repeated: `BANK-7` is the reference of P7 already"
    )


# -- which texts are the same --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("BANK-1", "BANK-1"),
        ("  BANK   1 ", "BANK 1"),
        ("BANK\t1", None),  # a control character
        ("BANK\u00a01", "BANK 1"),  # a space that does not break
        ("Mu\u0308ller", "M\u00fcller"),  # one letter, or the letter and its mark
        ("bank-1", "bank-1"),
        ("   ", None),
        ("x" * 256, None),
        (None, None),
    ],
)
def test_a_reference_is_read_in_one_form(written: Any, read: str | None) -> None:
    if read is None:
        with pytest.raises(ValueError, match="text"):
            read_reference(written)
    else:
        assert read_reference(written) == read


def test_so_it_is_found_however_it_is_typed(book: Book) -> None:
    _, now = run(book, f"{PAY} 'Miete  M\u00e4rz '")
    assert told(now, f"{PAY} 'Miete Ma\u0308rz'").startswith("reference-repeated: `Miete M\u00e4rz`")
