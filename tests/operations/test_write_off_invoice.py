"""`write_off_invoice`: docs/domain.md 1.2 row 7, 3 (its worked cases) and 9.4 (closed periods)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.changes import ChargedThrough
from tests.helpers.books import book_from
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, credit_memo, inherited, numbers, parts, stored
from tests.helpers.scenes import book_after, plan, refused

NAME = "write_off_invoice"
ASK = f"operation: {NAME}\ninvoice: I1\n"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_invoice_gives_contact_and_set() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("ivan", "invoice"), "sequence_set": ("INV", "invoice")}
    assert stored(found) == {"bill_to_contact": "ivan", "sequence_set": "INV"}
    assert numbers(found) == ["I-CM-00000001"]


def test_what_the_invoice_lacks_comes_from_the_account_then_the_default() -> None:
    found = plan(levelled(invoice=NONE), ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("alma", "account"), "sequence_set": ("ACC", "account")}
    found = plan(levelled(invoice=NONE, account="{bill_to_contact: alma}"), ASK, policy=LEVELS)
    assert inherited(found)["sequence_set"] == ("DEFAULT", "default")
    assert refused(levelled(invoice=NONE, account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]


def test_the_request_is_not_heard() -> None:
    assert refused(levelled(), ASK + "attributes: {bill_to_contact: rita}", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), ASK + "attributes: {payment_term: Net 30}", policy=LEVELS) == ["attribute-not-here"]


def test_an_exception_can_take_the_subscriptions_contact_for_large_amounts() -> None:
    large = (
        LEVELS
        + "exceptions:\n- id: large\n  operations: [write_off_invoice]\n  when: {amount: {at_least: 120.00 EUR}}\n"
        + "  then: {bill_to_contact: [subscription, account]}\n  because: a test\n"
    )
    # The amount is that of the memo, which is what is still open.
    assert inherited(plan(levelled(), ASK, policy=large))["bill_to_contact"] == ("sara", "subscription")
    paid = levelled(
        rest="applications: [{from: P1, to: I1, date: 2026-05-03, amount: 0.01, parts: [{item: x, amount: 0.01}]}]"
    )
    assert inherited(plan(paid, ASK, policy=large))["bill_to_contact"] == ("ivan", "invoice")


# -- what forbids it -----------------------------------------------------------------------------------------------

SIMPLE = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- {number: I1, account: a, date: 2026-05-10, currency: USD, items: [{id: x, amount: 40.00}, {id: y, amount: 25.00}]}
- {number: I2, account: a, date: 2026-05-10, currency: USD, status: draft, items: [{id: x, amount: 1.00}]}
- {number: I3, account: a, date: 2026-05-10, currency: USD, items: [{id: x, amount: -1.00}]}
- {number: I4, account: a, date: 2026-05-10, currency: USD, items: [{id: x, amount: 10.00}]}
- {number: I5, account: a, date: 2026-05-10, currency: USD, reversed: true, items: [{id: x, amount: 10.00}]}
payments: [{number: P1, account: a, date: 2026-05-12, currency: USD, amount: 50.00}]
applications:
- {from: P1, to: I1, date: 2026-05-12, amount: 40.00, parts: [{item: x, amount: 40.00}]}
- {from: P1, to: I4, date: 2026-05-12, amount: 10.00}
accounting_periods:
- {from: 2026-05-01, until: 2026-06-01, status: closed}
- {from: 2026-06-01, until: 2026-07-01}
"""


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("invoice: I9", ["document-unknown"]),
        ("invoice: P1", ["document-unknown"]),
        ("invoice: I2", ["not-posted"]),
        ("invoice: I3", ["nothing-to-write-off"]),
        ("invoice: I4", ["nothing-to-write-off"]),  # paid
        ("invoice: I5", ["reversed"]),
        ("invoice: I1\ndate: 2026-05-31", ["period-closed"]),
        ("invoice: I1\ndate: 2026-05-09", ["date-too-early", "period-closed"]),
        ("invoice: I1\nreason: Bad luck", ["reason-unknown"]),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    assert refused(SIMPLE, f"operation: {NAME}\n{text}") == codes


def test_an_invoice_in_a_closed_period_is_written_off_in_an_open_one() -> None:
    assert str(credit_memo(plan(SIMPLE, ASK + "date: 2026-06-01")).date) == "2026-06-01"  # the invoice: 2026-05-10


def test_the_item_limit_is_inclusive() -> None:
    assert refused(SIMPLE, ASK, policy=changed(NAME, "item_limit: 1", "")) == ["item-limit"]
    assert plan(SIMPLE, ASK, policy=changed(NAME, "item_limit: 2", ""))


def test_what_was_written_off_cannot_be_written_off_again() -> None:
    assert refused(book_after(SIMPLE, ASK), ASK) == ["nothing-to-write-off"]


# -- amounts -------------------------------------------------------------------------------------------------------


def test_zuoras_case_of_a_partly_paid_invoice() -> None:
    # docs/domain.md G9: 430, of which 100 and 50 are paid: 280 = 230 (10 x -33) + 50 (1 x -100).
    found = plan(
        """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-05-10
  currency: USD
  items:
  - {id: x, line: 1, quantity: 10, unit_price: 33.00, amount: 330.00}
  - {id: y, line: 2, quantity: 1, unit_price: 100.00, amount: 100.00}
payments: [{number: P1, account: a, date: 2026-05-12, currency: USD, amount: 150.00}]
applications:
- {from: P1, to: I1, date: 2026-05-12, amount: 150.00, parts: [{item: x, amount: 100.00}, {item: y, amount: 50.00}]}
""",
        ASK,
    )
    memo = credit_memo(found)
    assert amounts(memo) == {"x": "230.00", "y": "50.00"}
    assert [(item.quantity, item.unit_price) for item in memo.items] == [
        (Decimal(10), Decimal("-33.00")),
        (Decimal(1), Decimal("-100.00")),
    ]
    assert (str(memo.amount), memo.reason, memo.source) == ("280.00", "Write-off", "I1")
    assert balances(found) == {memo.number: "0.00", "I1": "0.00"}
    assert parts(found) == {(memo.number, "I1"): {"x": "230.00", "y": "50.00"}}
    (application,) = found.applications
    assert [part.source_item for part in application.parts] == ["1", "2"]
    assert application.date == memo.date


DISCOUNTED = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-05-10
  currency: USD
  items:
  - {id: x, line: 1, amount: 100.00, taxes: [{id: vat, rate: 0.20, amount: 20.00}]}
  - {id: d, line: 2, discounts: x, amount: -10.00, taxes: [{id: vat, rate: 0.20, amount: -2.00}]}
"""


def test_zuoras_case_of_a_discount_with_taxes() -> None:
    # docs/domain.md G10: 100 (balance 90), tax 20, discount -10 (balance 0), its tax -2: 108, and all balances 0.
    found = plan(DISCOUNTED, ASK)
    memo = credit_memo(found)
    assert amounts(memo) == {"x": "90.00", "x/vat": "20.00", "d": "0.00", "d/vat": "-2.00"}
    assert str(memo.amount) == "108.00"
    after = book_after(DISCOUNTED, ASK)
    invoice = book_from(DISCOUNTED).numbered["I1"]
    assert set(after.open_places(invoice).values()) == {Decimal(0)}  # type: ignore[arg-type]
    assert set(after.open_places(memo).values()) == {Decimal(0)}


@pytest.mark.parametrize(
    ("zero", "expected"),
    [("mirror", {"x": "0.00", "y": "25.00"}), ("leave_out", {"y": "25.00"})],
)
def test_what_is_paid_is_mirrored_with_nothing_or_left_out(zero: str, expected: dict[str, str]) -> None:
    found = plan(SIMPLE, ASK, policy=changed(NAME, f"zero_balance_items: {zero}", ""))
    assert amounts(credit_memo(found)) == expected
    assert balances(found)["I1"] == "0.00"
    assert parts(found) == {("CM00000001", "I1"): {"y": "25.00"}}


def test_a_credit_line_without_an_item_of_its_own_is_settled_too() -> None:
    with_credit = SIMPLE.replace("{id: y, amount: 25.00}", "{id: y, amount: 25.00}, {id: z, amount: -5.00}")
    found = plan(with_credit, ASK)
    assert amounts(credit_memo(found)) == {"x": "0.00", "y": "25.00", "z": "-5.00"}
    assert str(credit_memo(found).amount) == "20.00"
    assert balances(found)["I1"] == "0.00"


# -- charged through -----------------------------------------------------------------------------------------------

BILLED = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- id: s
  account: a
  charges: [{id: seats, charged_through: 2026-06-01}, {id: setup, charged_through: 2026-06-01}, {id: usage}]
invoices:
- number: I1
  account: a
  date: 2026-05-01
  currency: USD
  items:
  - {id: a, subscription: s, subscribed_charge: seats, amount: 10.00, service_start: 2026-05-10}
  - {id: b, subscription: s, subscribed_charge: seats, amount: 10.00, service_start: 2026-05-01}
  - {id: c, subscription: s, subscribed_charge: setup, amount: 5.00}
  - {id: d, subscription: s, subscribed_charge: usage, amount: 5.00, service_start: 2026-05-01}
"""


def test_the_charged_through_date_goes_back_to_where_the_billing_began() -> None:
    found = plan(BILLED, ASK)
    # Of two items the earlier one counts; an item without a period and a charge that was never billed stay.
    assert [(m.subscription, m.charge, str(m.before), str(m.after)) for m in found.of(ChargedThrough)] == [
        ("s", "seats", "2026-06-01", "2026-05-01")
    ]
    assert [warning.code for warning in found.warnings] == ["charged-through-reverted"]
    assert [str(c.charged_through) for c in book_after(BILLED, ASK).subscriptions["s"].charges] == [
        "2026-05-01",
        "2026-06-01",
        "None",
    ]


def test_the_policy_can_keep_it() -> None:
    found = plan(BILLED, ASK, policy=changed(NAME, "charged_through: keep", ""))
    assert (found.of(ChargedThrough), found.warnings) == ((), ())


def test_a_date_that_is_earlier_already_never_moves_forward() -> None:
    earlier = BILLED.replace("{id: seats, charged_through: 2026-06-01}", "{id: seats, charged_through: 2026-04-01}")
    assert plan(earlier, ASK).of(ChargedThrough) == ()


@pytest.mark.parametrize(("canceled", "codes"), [("", []), ("canceled_on: 2026-05-01, ", ["credit-unused"])])
def test_a_credit_of_a_canceled_subscription_must_be_used_first_and_of_no_other(
    canceled: str, codes: list[str]
) -> None:
    """I1 is open, and I2 holds 5.00 for the same subscription."""
    book = f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions: [{{id: s, account: a, start: 2026-01-01, {canceled}charges: [{{id: seat}}]}}]
invoices:
- {{number: I1, account: a, date: 2026-05-01, currency: USD, items: [{{id: x, subscription: s, amount: 40.00}}]}}
- {{number: I2, account: a, date: 2026-05-02, currency: USD, items: [{{id: x, subscription: s, amount: -5.00}}]}}
"""
    if codes:
        assert refused(book, ASK) == codes
    else:
        assert balances(plan(book, ASK))["I1"] == "0.00"
