"""Credit balances: transferring negative invoices to them, using, refunding and adjusting them.

docs/domain.md 2.7 (dates), 6.1 (what an adjustment is) and 6.3 (what is corrected comes first).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.model import CreditAdjustment, Invoice, Refund
from billpolicy.operations.shared.billed_time import corrected_by
from tests.helpers.books import book_from
from tests.helpers.credit_balances import (
    ACCOUNTS,
    ADJUST,
    APPLY,
    NEGATIVE,
    POSITIVE,
    REFUND,
    SCENE,
    TODAY,
    TRANSFER,
    adjustments,
    codes,
    credit,
    outcomes,
    planned,
    told,
    used,
)
from tests.helpers.plan_views import balances, documents, parts

# -- G15 and G16 (docs/domain.md 11) -----------------------------------------------------------------------------------


def test_g15_a_transfer_is_not_dated_before_its_invoice() -> None:
    # INV-001 -100 dated 09-10, today 09-01; adjustment on 09-01 / 09-10: refused / credit 100.
    assert told(SCENE, TRANSFER + "date: 2026-09-01") == (
        "date-too-early: the date 2026-09-01 is before INV-001 (2026-09-10); use 2026-09-10 or later"
    )
    assert codes(SCENE, TRANSFER) == ["date-too-early"]  # without a date: today
    plan, after = planned(SCENE, TRANSFER + "date: 2026-09-10")
    assert [credit(after, day) for day in ("2026-09-09", "2026-09-10")] == ["0.00", "100.00"]
    assert balances(plan) == {"INV-001": "0.00", "a": "100.00"}


def test_g16_money_is_used_only_when_it_is_there() -> None:
    # Then use 10 dated 09-05 / 09-10: refused (0 available on 09-05) / ok, 90 left.
    _, transferred = planned(SCENE, TRANSFER + "date: 2026-09-10")
    for text in (APPLY, REFUND, ADJUST + "type: decrease\n"):
        assert told(transferred, text + "amount: 10\ndate: 2026-09-05") == (
            "credit-unavailable: 10.00 is more than the 0.00 that can be used: "
            "the credit balance of account `a` is 0.00 USD on 2026-09-05; from 2026-09-10 on 100.00 USD can be used"
        )
        assert codes(transferred, text + "amount: 10\ndate: 2026-09-09") == ["credit-unavailable"]
        _, after = planned(transferred, text + "amount: 10\ndate: 2026-09-10")
        assert credit(after) == "90.00"
        _, after = planned(transferred, text + "amount: 10\ndate: 2026-09-11")
        assert [credit(after, day) for day in ("2026-09-10", "2026-09-11")] == ["100.00", "90.00"]


# -- transferring ------------------------------------------------------------------------------------------------------


def test_a_transfer_brings_every_item_and_tax_to_zero() -> None:
    # Down: -100 - 20 tax, with a discount that gives 10 less back and its tax 2; up: 15 + 3 tax. -90 in all.
    items = """\
- number: INV-001
  account: a
  date: 2026-08-01
  currency: USD
  items:
  - {id: back, amount: -100.00, taxes: [{id: t, amount: -20.00}]}
  - {id: off, amount: 10.00, taxes: [{id: t, amount: 2.00}]}
  - {id: fee, amount: 15.00, taxes: [{id: t, amount: 3.00}]}
"""
    plan, after = planned(f"{ACCOUNTS}invoices:\n{items}", TRANSFER + "comment: final bill\nreason: Cancellation")
    (change,) = adjustments(plan)
    assert (change.number, change.type, str(change.amount)) == ("CBA-00000001", "increase", "90.00")
    assert (change.document, change.date, change.reason) == ("INV-001", TODAY, "Cancellation")
    assert change.comment == "final bill"
    invoice = after.numbered["INV-001"]
    assert isinstance(invoice, Invoice)
    assert after.balance(invoice) == 0
    assert set(after.open_places(invoice).values()) == {Decimal(0)}
    (application,) = plan.applications
    found = {(part.source_item, part.source_tax): str(part.amount) for part in application.parts}
    assert found == {
        ("back", None): "100.00",
        ("back", "t"): "20.00",
        ("off", None): "-10.00",
        ("off", "t"): "-2.00",
        ("fee", None): "-15.00",
        ("fee", "t"): "-3.00",
    }


def test_the_reason_is_the_policys_unless_it_is_given() -> None:
    plan, _ = planned(SCENE, TRANSFER + "date: 2026-09-10")
    assert adjustments(plan)[0].reason == "Standard Adjustment"
    assert "Cancellation, Other, Standard Adjustment" in told(SCENE, TRANSFER + "date: 2026-09-10\nreason: Write-off")


def test_an_invoice_is_transferred_once() -> None:
    _, after = planned(SCENE, TRANSFER + "date: 2026-09-10")
    assert told(after, TRANSFER + "date: 2026-09-11") == (
        "transferred-already: INV-001 was transferred to the credit balance on 2026-09-10, by CBA-00000001; "
        "an invoice is transferred once"
    )


NOT_NEGATIVE = (
    "not-negative: the balance of INV-002 is {} USD, which is not below zero; "
    "only a negative balance becomes credit balance"
)
DRAFT = "not-posted: INV-001 is a draft; this is done to posted documents only; post it first, with `post_draft`"


@pytest.mark.parametrize(
    ("invoice", "text", "expected"),
    [
        (POSITIVE, "invoice: INV-002", NOT_NEGATIVE.format("30.00")),
        (POSITIVE.replace("}]", "}, {id: y, amount: -30.00}]"), "invoice: INV-002", NOT_NEGATIVE.format("0.00")),
        (NEGATIVE.replace("}]}", "}], status: draft}"), "invoice: INV-001\ndate: 2026-09-10", DRAFT),
    ],
)
def test_what_cannot_be_transferred(invoice: str, text: str, expected: str) -> None:
    scene = f"{ACCOUNTS}invoices:\n{invoice}"
    assert told(scene, f"operation: transfer_negative_invoice\n{text}") == expected


def test_the_other_refusals_of_a_transfer() -> None:
    unknown = "operation: transfer_negative_invoice\ninvoice: {}\ndate: 2026-09-10"
    assert codes(SCENE, unknown.format("INV-009")) == ["document-unknown"]
    assert codes(SCENE.replace("}]}\n", "}], status: canceled}\n"), unknown.format("INV-001")) == ["not-posted"]
    closed = SCENE + "accounting_periods: [{from: 2026-09-01, until: 2026-10-01, status: closed}]"
    assert told(closed, TRANSFER + "date: 2026-09-10") == (
        "period-closed: 2026-09-10 lies in a closed accounting period (2026-09-01 until 2026-10-01); "
        "the next open day is 2026-10-01"
    )
    # All reasons at once.
    assert codes(closed, TRANSFER + "reason: x") == ["date-too-early", "period-closed", "reason-unknown"]


def test_each_currency_has_a_balance_of_its_own() -> None:
    euros = SCENE.replace("currency: USD, items", "currency: EUR, items")
    _, after = planned(euros, TRANSFER + "date: 2026-09-10")
    assert (credit(after), str(after.credit_balance("a", "EUR"))) == ("0.00", "100.00")
    assert codes(after, APPLY + "date: 2026-09-10") == ["credit-unavailable", "nothing-open"]
    plan, _ = planned(after, APPLY + "date: 2026-09-10\ncurrency: EUR")
    assert used(plan) == {"INV-002": "30.00"}


# -- using it ----------------------------------------------------------------------------------------------------------

OPEN = f"""{ACCOUNTS}
credit_adjustments:
- {{number: CBA-00000001, account: a, date: 2026-08-01, currency: USD, amount: 100.00, type: increase}}
invoices:
- number: I1
  account: a
  date: 2026-07-01
  due_date: 2026-08-30
  currency: USD
  items: [{{id: x, amount: 50.00, taxes: [{{id: t, amount: 10.00}}]}}]
- {{number: I2, account: a, date: 2026-07-02, due_date: 2026-08-01, currency: USD, items: [{{id: x, amount: 25.00}}]}}
- {{number: I3, account: a, date: 2026-07-03, currency: USD, auto_apply: false, items: [{{id: x, amount: 9.00}}]}}
- {{number: I4, account: a, date: 2026-09-15, currency: USD, items: [{{id: x, amount: 40.00}}]}}
- {{number: I5, account: b, date: 2026-07-01, currency: USD, items: [{{id: x, amount: 9.00}}]}}
- {{number: I6, account: a, date: 2026-07-01, currency: USD, status: draft, items: [{{id: x, amount: 9.00}}]}}
- {{number: I7, account: a, date: 2026-07-01, currency: USD, items: [{{id: x, amount: -9.00}}]}}
debit_memos:
- {{number: D1, account: a, date: 2026-07-05, due_date: 2026-08-10, currency: USD, items: [{{id: x, amount: 5.00}}]}}
"""


@pytest.mark.parametrize(
    ("more", "expected", "left"),
    [
        # By due date: I2 25, D1 5, I1 60; not I3 (opted out), I4 (later), I5 (another account) nor I6 (a draft).
        ("", {"I2": "25.00", "D1": "5.00", "I1": "60.00"}, "10.00"),
        ("amount: 36", {"I2": "25.00", "D1": "5.00", "I1": "6.00"}, "64.00"),
        # On its date I4 is open too: due never, so last; 100 - 90 are left for it.
        ("date: 2026-09-15", {"I2": "25.00", "D1": "5.00", "I1": "60.00", "I4": "10.00"}, "0.00"),
        ("date: 2026-09-14", {"I2": "25.00", "D1": "5.00", "I1": "60.00"}, "10.00"),
        # Named, so also what has opted out; the amounts are the amount.
        ("apply: [{document: I3, amount: 4}, {document: I1, amount: 6}]", {"I1": "6.00", "I3": "4.00"}, "90.00"),
        ("apply: [{document: I3}]", {"I3": "9.00"}, "91.00"),
        # What is named by its amount comes first: 60 for I1, then of 10 that are left I2 gets all.
        ("amount: 70, apply: [{document: I2}, {document: I1, amount: 60}]", {"I2": "10.00", "I1": "60.00"}, "30.00"),
    ],
)
def test_what_is_used_on_which_document(more: str, expected: dict[str, str], left: str) -> None:
    plan, after = planned(OPEN, APPLY + more.replace(", apply", "\napply"))
    assert used(plan) == expected
    assert credit(after) == left
    before = book_from(OPEN)
    for number, amount in expected.items():
        document = before.numbered[number]
        assert after.balance(document) == before.balance(document) - Decimal(amount)


def test_items_and_taxes_get_their_share_by_the_rules_of_the_policy() -> None:
    # 30 of 60 by proration of 50 and 10: 25 and 5. Fifo fills the item first.
    asked = APPLY + "apply: [{document: I1, amount: 30}]"
    plan, _ = planned(OPEN, asked)
    assert parts(plan) == {("CBA-00000002", "I1"): {"x": "25.00", "x/t": "5.00"}}
    fifo = "operations: {apply_credit_balance: {allocation: {is: fifo, because: test}}}"
    plan, _ = planned(OPEN, asked, policy=fifo)
    assert parts(plan) == {("CBA-00000002", "I1"): {"x": "30.00"}}
    named = APPLY + "apply: [{document: I1, amount: 12, items: [{item: x, amount: 2}, {item: x, tax: t, amount: 10}]}]"
    plan, _ = planned(OPEN, named)
    assert parts(plan) == {("CBA-00000002", "I1"): {"x": "2.00", "x/t": "10.00"}}


def test_the_document_order_is_the_policys() -> None:
    newest = "operations: {apply_credit_balance: {document_order: {is: newest_document_first, because: test}}}"
    plan, _ = planned(OPEN, APPLY + "amount: 29", policy=newest)
    assert used(plan) == {"D1": "5.00", "I2": "24.00"}  # D1 of 07-05, I2 of 07-02
    equal = "operations: {apply_credit_balance: {document_order: {is: equal_spread, because: test}}}"
    plan, _ = planned(OPEN, APPLY + "amount: 30", policy=equal)
    assert used(plan) == {"I2": "12.50", "D1": "5.00", "I1": "12.50"}  # D1 takes 5 of its 10: 25 / 2 for the others


def test_a_decrease_is_not_dated_before_its_document() -> None:
    later = APPLY + "date: 2026-09-01\napply: [{document: I4, amount: 40}, {document: I1, amount: 60}]"
    plan, after = planned(OPEN, later)
    assert {c.document: str(c.date) for c in adjustments(plan)} == {"I1": "2026-09-01", "I4": "2026-09-15"}
    assert [credit(after, day) for day in ("2026-09-14", "2026-09-15")] == ["40.00", "0.00"]
    closed = OPEN + "accounting_periods: [{from: 2026-09-10, until: 2026-10-01, status: closed}]"
    assert codes(closed, later) == ["period-closed"]


def test_what_is_there_only_later_can_be_used_later() -> None:
    # 100 on 08-01 and 20 more on 09-15, the date of I4: 60 + 40 named, and I2 and D1 get what is left of 120.
    change = "- {number: CBA-00000002, account: a, date: 2026-09-15, currency: USD, amount: 20.00, type: increase}"
    more = OPEN.replace("invoices:", f"{change}\ninvoices:")
    asked = (
        "apply: [{document: I4, amount: 40}, {document: I1, amount: 60}, {document: I2, amount: %s}, {document: D1}]"
    )
    plan, after = planned(more, APPLY + asked % "18")
    # On 09-01: 60 + 18, then 2 are left of the 80 that 09-15 does not need: 120 - 40.
    assert used(plan) == {"I1": "60.00", "I2": "18.00", "D1": "2.00", "I4": "40.00"}
    assert [credit(after, day) for day in ("2026-09-14", "2026-09-15")] == ["20.00", "0.00"]
    assert told(more, APPLY + asked % "20.01") == (
        "credit-unavailable: 120.01 is more than the 120.00 that can be used: "
        "the credit balance of account `a` is 120.00 USD on 2026-09-15; use at most 120.00 USD"
    )


def test_what_is_used_later_is_not_used_before() -> None:
    # 100, of which 70 go on 09-20: on 09-01 only 30 are free, though 100 are there.
    taken = ADJUST + "type: decrease\namount: 70\ndate: 2026-09-20"
    _, after = planned(OPEN, taken)
    assert told(after, APPLY + "amount: 30.01") == (
        "credit-unavailable: 30.01 is more than the 30.00 that can be used: the credit balance of account `a` is "
        "100.00 USD on 2026-09-01, and 70.00 of it is used on later dates; use at most 30.00 USD"
    )
    plan, after = planned(after, APPLY)
    assert used(plan) == {"I2": "25.00", "D1": "5.00"}
    assert told(after, APPLY) == (
        "credit-unavailable: the credit balance of account `a` is 70.00 USD on 2026-09-01, "
        "and 70.00 of it is used on later dates; there is nothing to use in USD, on that date or later"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount: 0", ["amount-sign"]),
        ("amount: -1", ["amount-sign"]),
        ("amount: 1.001", ["amount-inexact"]),
        ("amount: 100.01", ["credit-unavailable"]),
        ("date: 2026-07-31", ["credit-unavailable"]),  # 100 are there from 08-01 on
        ("date: 2026-06-30", ["credit-unavailable", "nothing-open"]),
        ("reason: Write-off", ["reason-unknown"]),
        ("apply: [{document: I1, amount: 60.01}]", ["over-applied"]),
        ("apply: [{document: I1, amount: 0}]", ["amount-sign"]),
        ("apply: [{document: I7}]", ["nothing-open"]),  # which is below zero itself
        ("apply: [{document: I5}]", ["account-mismatch"]),
        ("apply: [{document: I6}]", ["not-posted"]),
        ("apply: [{document: I9}]", ["document-unknown"]),
        ("apply: [{document: CBA-00000001}]", ["document-unknown"]),
        ("apply: [{document: I2}, {document: I2}]", ["document-repeated"]),
        ("amount: 9\napply: [{document: I2, amount: 10}]", ["over-applied"]),
        # 60 + 40 + 1: 101 of 100
        (
            "apply: [{document: I1, amount: 60}, {document: I4, amount: 40}, {document: D1, amount: 1}]",
            ["credit-unavailable"],
        ),
        ("currency: EUR", ["credit-unavailable", "nothing-open"]),
        ("negative_invoice: I1", ["not-negative"]),
        ("negative_invoice: I9", ["document-unknown"]),
    ],
)
def test_what_cannot_be_used(text: str, expected: list[str]) -> None:
    assert codes(OPEN, APPLY + text) == expected


def test_limits_of_the_policy() -> None:
    limits = "operations: {{apply_credit_balance: {{{}: {{is: {}, because: test}}}}}}"
    assert codes(OPEN, APPLY, policy=limits.format("document_limit", 2)) == ["document-limit"]  # 3 documents
    assert codes(OPEN, APPLY, policy=limits.format("touched_limit", 3)) == ["touched-limit"]  # 2 items with 1 tax and 1
    planned(OPEN, APPLY, policy=limits.format("document_limit", 3))
    planned(OPEN, APPLY, policy=limits.format("touched_limit", 4))


# -- what is corrected comes first (docs/domain.md 6.3) ----------------------------------------------------------------


def corrections(*negative: str, rest: str = "") -> str:
    """A negative invoice N over -50 in `items`; I1 and I2 bill charges `seats` of s1 in July and August."""
    billed = "subscription: s1, subscribed_charge: seats"
    return f"""{ACCOUNTS}
subscriptions:
- {{id: s1, account: a, charges: [{{id: seats}}, {{id: disk}}]}}
- {{id: s2, account: a, charges: [{{id: seats}}]}}
invoices:
- number: I0
  account: a
  date: 2026-06-01
  currency: USD
  items: [{{id: x, amount: 30, {billed.replace("seats", "disk")}, service_start: 2026-08-01, service_end: 2026-08-31}}]
- number: I1
  account: a
  date: 2026-07-01
  currency: USD
  items: [{{id: x, amount: 30, {billed}, service_start: 2026-07-01, service_end: 2026-07-31}}]
- number: I2
  account: a
  date: 2026-08-01
  currency: USD
  items: [{{id: x, amount: 30, {billed}, service_start: 2026-08-01, service_end: 2026-08-31}}]
- number: N
  account: a
  date: 2026-08-20
  currency: USD
  items:
  {"".join(f"- {{{item}}}" + chr(10) + "  " for item in negative)}
{rest}credit_adjustments:
- {{number: CBA-00000001, account: a, date: 2026-08-20, currency: USD, amount: 50, type: increase}}
"""


OF_AUGUST = "id: x, amount: -50, subscription: s1, subscribed_charge: seats, service_start: {}, service_end: {}"
ASKED = APPLY + "negative_invoice: N"


def test_the_invoice_that_is_corrected_comes_first() -> None:
    scene = corrections(OF_AUGUST.format("2026-08-20", "2026-08-31"))
    plan, _ = planned(scene, ASKED)
    assert used(plan) == {"I2": "30.00", "I0": "20.00"}
    (note,) = plan.notes
    assert note == (
        "I2 before all others, since N corrects it (`corrected_first`); "
        "by `oldest_due_first` alone, I0 would have come first"
    )
    plan, _ = planned(scene, APPLY)  # where the money came from is not said
    assert (used(plan), plan.notes) == ({"I0": "30.00", "I1": "20.00"}, ())
    never = "operations: {apply_credit_balance: {corrected_first: {is: false, because: test}}}"
    plan, _ = planned(scene, ASKED, policy=never)
    assert (used(plan), plan.notes) == ({"I0": "30.00", "I1": "20.00"}, ())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Both days of a period are of it.
        ("2026-07-31", "2026-07-31", {"I1": "30.00", "I0": "20.00"}),
        ("2026-07-31", "2026-08-01", {"I1": "30.00", "I2": "20.00"}),
        ("2026-08-01", "2026-08-01", {"I2": "30.00", "I0": "20.00"}),
        ("2026-09-01", "2026-09-30", {"I0": "30.00", "I1": "20.00"}),
    ],
)
def test_what_is_corrected_has_the_same_charge_at_the_same_time(start: str, end: str, expected: dict[str, str]) -> None:
    plan, _ = planned(corrections(OF_AUGUST.format(start, end)), ASKED)
    assert used(plan) == expected


def test_what_is_corrected_is_of_the_same_charge_and_subscription_and_given_back() -> None:
    plain = {"I0": "30.00", "I1": "20.00"}
    august = OF_AUGUST.format("2026-08-01", "2026-08-31")
    for item in (
        august.replace("s1", "s2"),
        august.replace(", subscription: s1", ""),
        august.replace(", subscribed_charge: seats", ""),
    ):
        plan, _ = planned(corrections(item), ASKED)
        assert (used(plan), plan.notes) == (plain, ())
    # What is asked for on the negative invoice corrects nothing.
    plan, _ = planned(corrections("id: y, amount: -60", august.replace("-50", "10")), ASKED)
    assert used(plan) == plain
    # Of charges without a period, each is of the same time.
    plan, _ = planned(corrections("id: x, amount: -50, subscription: s1, subscribed_charge: seats"), ASKED)
    assert used(plan) == {"I1": "30.00", "I2": "20.00"}
    assert [note.partition(" (")[0] for note in plan.notes] == ["I1, I2 before all others, since N corrects them"]


def test_no_note_where_the_order_is_the_same() -> None:
    plan, _ = planned(corrections(OF_AUGUST.format("2026-08-01", "2026-08-31").replace("seats", "disk")), ASKED)
    assert (used(plan), plan.notes) == ({"I0": "30.00", "I1": "20.00"}, ())


def test_the_document_order_decides_among_what_is_corrected() -> None:
    newest = "operations: {apply_credit_balance: {document_order: {is: newest_document_first, because: test}}}"
    plan, _ = planned(corrections(OF_AUGUST.format("2026-07-01", "2026-08-31")), ASKED, policy=newest)
    assert used(plan) == {"I2": "30.00", "I1": "20.00"}


def test_a_negative_invoice_of_another_account_corrects_nothing_here() -> None:
    scene = corrections(OF_AUGUST.format("2026-08-01", "2026-08-31"))
    assert codes(scene.replace("number: N\n  account: a", "number: N\n  account: b"), ASKED) == ["account-mismatch"]


# -- refunding ---------------------------------------------------------------------------------------------------------


def test_a_refund_and_the_decrease_that_names_it() -> None:
    asked = REFUND + "amount: 40\nreason: Account Closure\ntype: electronic\ncomment: bye"
    plan, after = planned(OPEN, asked)
    back, change = documents(plan)
    assert isinstance(back, Refund)
    assert isinstance(change, CreditAdjustment)
    assert (back.of, str(back.amount), back.type, back.reason) == (None, "40.00", "electronic", "Account Closure")
    assert (back.number, back.comment, back.parts) == ("R-00000001", "bye", ())
    assert (change.type, str(change.amount), change.document) == ("decrease", "40.00", "R-00000001")
    assert (change.reason, change.date, change.comment) == ("Account Closure", TODAY, "bye")
    assert credit(after) == "60.00"
    plan, _ = planned(OPEN, REFUND + "amount: 1")
    assert [change.reason for change in adjustments(plan)] == ["Standard Refund"]


def test_a_refund_takes_its_number_from_the_accounts_set() -> None:
    prefixes = ("invoice", "credit_memo", "debit_memo", "payment", "refund")
    own = "sequence_sets: {{OWN: {{{}}}}}".format(", ".join(f"{kind}: {{prefix: {kind[:2]}-}}" for kind in prefixes))
    own = own.replace("credit_memo: {prefix: cr-}", "credit_memo: {prefix: cm-}")
    scene = OPEN.replace("{id: a, currency: USD}", "{id: a, currency: USD, attributes: {sequence_set: OWN}}")
    plan, _ = planned(scene, REFUND + "amount: 1", policy=own)
    assert [document.number for document in documents(plan)] == ["re-00000001", "CBA-00000002"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount: 100.01", ["credit-unavailable"]),
        ("amount: 0", ["amount-sign"]),
        ("amount: 1.001", ["amount-inexact"]),
        ("amount: 1\ndate: 2026-07-31", ["credit-unavailable"]),
        ("amount: 1\nreason: Chargeback", ["reason-unknown"]),
    ],
)
def test_what_cannot_be_refunded(text: str, expected: list[str]) -> None:
    assert codes(OPEN, REFUND + text) == expected


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_adjustments_by_hand_also_in_the_future() -> None:
    _, after = planned(
        OPEN,
        ADJUST + "type: increase\namount: 50\ndate: 2026-12-01\nreason: Other",
        ADJUST + "type: decrease\namount: 120\ndate: 2026-12-24",
    )
    days = ("2026-11-30", "2026-12-01", "2026-12-23", "2026-12-24")
    assert [credit(after, day) for day in days] == ["100.00", "150.00", "150.00", "30.00"]
    # 100 are there today, but only 30 will be left at Christmas.
    assert codes(after, ADJUST + "type: decrease\namount: 30.01") == ["credit-unavailable"]
    _, after = planned(after, ADJUST + "type: decrease\namount: 30")
    assert [credit(after, day) for day in days] == ["70.00", "120.00", "120.00", "0.00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: decrease\namount: 100.01", ["credit-unavailable"]),
        ("type: decrease\namount: 1\ndate: 2026-07-31", ["credit-unavailable"]),
        ("type: increase\namount: 0", ["amount-sign"]),
        ("type: increase\namount: 1\nreason: Standard Refund", ["reason-unknown"]),
    ],
)
def test_what_cannot_be_adjusted(text: str, expected: list[str]) -> None:
    assert codes(OPEN, ADJUST + text) == expected


def test_numbers_have_no_gaps_and_belong_to_no_sequence_set() -> None:
    plan, after = planned(OPEN, APPLY, ADJUST + "type: increase\namount: 1")
    assert sorted(n for n in after.numbered if n.startswith("CBA")) == [f"CBA-0000000{n}" for n in range(1, 6)]
    assert adjustments(plan)[0].attributes == {}


@pytest.mark.parametrize(
    ("item", "amount", "is_first"),
    [
        (
            "service_start: 2026-03-31, service_end: 2026-04-30",
            "0.01",
            True,
        ),  # the last day is the first one given back
        ("service_start: 2026-04-30, service_end: 2026-05-31", "0.01", True),
        ("service_start: 2026-05-01, service_end: 2026-05-31", "0.01", False),
        ("service_start: 2026-03-01, service_end: 2026-03-31", "0.01", False),
        ("service_start: 2026-03-01", "0.01", True),  # without a last day it is open on that side
        ("service_end: 2026-04-01", "0.01", True),
        ("service_end: 2026-03-31", "0.01", False),
        ("service_start: 2026-04-01, service_end: 2026-04-30", "0.00", False),  # nothing is open
        ("service_start: 2026-04-01, service_end: 2026-04-30", "-0.01", False),
    ],
)
def test_a_final_credit_first_clears_what_it_gives_back(item: str, amount: str, is_first: bool) -> None:
    """April is given back: the invoice with an item of that charge and a day of April, with a cent open on it."""
    of_gym = "subscription: S, subscribed_charge: gym"
    scene = book_from(f"""
accounts: [{{id: a, currency: USD}}]
subscriptions: [{{id: S, account: a, charges: [{{id: gym}}]}}]
invoices:
- {{number: I1, account: a, date: 2026-04-01, currency: USD, items: [{{id: x, {of_gym}, {item}, amount: {amount}}}]}}
- {{number: BACK, account: a, date: 2026-05-01, currency: USD,
   items: [{{id: x, {of_gym}, service_start: 2026-04-01, service_end: 2026-04-30, amount: -5.00}}]}}
""")
    negative = scene.numbered["BACK"]
    assert isinstance(negative, Invoice)
    assert list(corrected_by(scene, negative)) == (["I1"] if is_first else [])


@pytest.mark.parametrize(("amount", "codes"), [("0.01", ["not-negative"]), ("0.00", ["not-negative"]), ("-0.01", [])])
def test_what_it_came_from_is_below_zero(amount: str, codes: list[str]) -> None:
    scene = SCENE.replace("-100.00", amount) + (
        "credit_adjustments:\n- {number: C1, account: a, date: 2026-08-01, currency: USD, amount: 5, type: increase}\n"
    )
    (found,) = outcomes(scene, APPLY + "date: 2026-09-10\nnegative_invoice: INV-001")
    assert [problem.code for problem in found.problems] == codes


@pytest.mark.parametrize(("day", "expected"), [("2026-08-31", ["period-closed"]), ("2026-09-01", [])])
@pytest.mark.parametrize("text", [APPLY, REFUND + "amount: 1\n", ADJUST + "type: decrease\namount: 1\n"])
def test_nothing_is_dated_in_a_closed_period(text: str, day: str, expected: list[str]) -> None:
    scene = (
        f"{ACCOUNTS}accounting_periods: [{{from: 2026-08-01, until: 2026-09-01, status: closed}}]\n"
        "invoices: [{number: I1, account: a, date: 2026-07-01, currency: USD, items: [{id: x, amount: 30.00}]}]\n"
        "credit_adjustments: [{number: C1, account: a, date: 2026-07-01, currency: USD, amount: 5, type: increase}]\n"
    )
    (found,) = outcomes(scene, f"{text}date: {day}")
    assert [problem.code for problem in found.problems] == expected


@pytest.mark.parametrize(("paid", "why"), [("30.00", ["nothing-open"]), ("29.99", [])])
def test_credit_is_put_on_a_document_that_is_named_while_a_cent_is_open_on_it(paid: str, why: list[str]) -> None:
    book = f"""{SCENE}credit_adjustments:
- {{number: CBA-00000001, account: a, date: 2026-09-01, currency: USD, type: increase, amount: 50.00}}
payments: [{{number: P1, account: a, date: 2026-09-01, currency: USD, amount: {paid}}}]
applications: [{{from: P1, to: INV-002, date: 2026-09-01, amount: {paid}, parts: [{{item: x, amount: {paid}}}]}}]
"""
    asked = APPLY + "apply: [{document: INV-002}]"
    if why:
        assert codes(book, asked) == why
    else:
        found, _ = planned(book, asked)
        assert used(found) == {"INV-002": "0.01"}  # 30.00 - 29.99
