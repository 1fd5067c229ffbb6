"""`reverse_invoice`: docs/domain.md 1.2 row 8 and 4.1."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.changes import ChargedThrough, Reversed
from billpolicy.book.model import CreditMemo, Document
from tests.helpers.bill_runs import bill_run
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, credit_memo, inherited, made, numbers, parts, stored
from tests.helpers.scenes import book_after, plan, refused

NAME = "reverse_invoice"
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
    assert refused(levelled(), ASK + "attributes: {sequence_set: ACC}", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), ASK + "attributes: {due_date: x}", policy=LEVELS) == ["attribute-not-here"]


# -- what forbids it -----------------------------------------------------------------------------------------------


def scene(rest: str = "", invoice: str = "", items: str = "[{id: x, subscription: s, amount: 100.00}]") -> str:
    """A book with one invoice and one subscription; `invoice` is said of the invoice, `rest` after it."""
    return f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions: [{{id: s, account: a}}, {{id: t, account: a}}]
invoices:
- {{number: I1, account: a, date: 2026-05-10, currency: USD, {invoice}items: {items}}}
{rest}
"""


def another(number: str, day: str, subscription: str = "s", more: str = "") -> str:
    return (
        f"- {{number: {number}, account: a, date: {day}, currency: USD, {more}"
        f"items: [{{id: x, subscription: {subscription}, amount: 1.00}}]}}\n"
    )


def memo(status: str, source: str = "I1") -> str:
    return (
        f"credit_memos: [{{number: C1, account: a, date: 2026-05-11, currency: USD, source: {source}, "
        f"status: {status}, items: [{{id: x, amount: 5.00}}]}}]"
    )


PAYMENT = "payments: [{number: P1, account: a, date: 2026-05-12, currency: USD, amount: 50.00}]\n"


@pytest.mark.parametrize(
    ("in_book", "codes"),
    [
        (scene(invoice="status: draft, "), ["not-posted"]),
        (scene(invoice="status: canceled, "), ["not-posted"]),
        (scene(invoice="reversed: true, "), ["reversed"]),
        (scene(invoice="split: true, "), ["split-invoice"]),
        (scene(items="[{id: x, amount: -0.01}]"), ["negative-total"]),
        # docs/domain.md G11: a partly paid invoice
        (scene(PAYMENT + "applications: [{from: P1, to: I1, date: 2026-05-12, amount: 0.01}]"), ["already-applied"]),
        (scene(memo("posted")), ["has-memos"]),
        (scene(memo("draft")), ["has-memos"]),
        (scene(memo("posted").replace("credit_memos", "debit_memos")), ["has-memos"]),
        (scene(another("I2", "2026-05-11")), ["newer-invoice"]),
        (scene(another("I2", "2026-05-10")), ["newer-invoice"]),  # of the same day, with a higher number
        (
            scene(
                another("I2", "2026-05-11", "t"),
                items="[{id: x, subscription: s, amount: 1.00}, {id: y, subscription: t, amount: 1.00}]",
            ),
            ["newer-invoice"],  # any of its subscriptions
        ),
        (
            scene(another("I2", "2026-05-11") + memo("posted"), invoice="split: true, "),
            ["has-memos", "newer-invoice", "split-invoice"],
        ),
    ],
)
def test_an_invoice_that_cannot_be_reversed(in_book: str, codes: list[str]) -> None:
    assert refused(in_book, ASK) == codes


@pytest.mark.parametrize(
    "in_book",
    [
        scene(),
        scene(memo("canceled")),
        scene(memo("posted", source="I2").replace("credit_memos", another("I2", "2026-05-09") + "credit_memos")),
        scene(another("I0", "2026-05-10")),  # of the same day, with a lower number
        scene(another("I2", "2026-05-09")),
        scene(another("I2", "2026-05-11", "t")),
        scene(another("I2", "2026-05-11", more="status: draft, ")),
        scene(another("I2", "2026-05-11", more="reversed: true, ")),
    ],
)
def test_an_invoice_that_can_be_reversed(in_book: str) -> None:
    found = plan(in_book, ASK)
    assert balances(found)["I1"] == "0.00"
    assert tuple(one.number for one in found.of(Reversed)) == ("I1", "CM00000001")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("invoice: I9", ["document-unknown"]),
        ("invoice: I1\ndate: 2026-05-09", ["date-too-early"]),
        ("invoice: I1\napply_date: 2026-05-31", ["date-too-early"]),  # the memo is dated 2026-06-01
        ("invoice: I1\ndate: 2026-07-01", ["period-closed"]),
        ("invoice: I1\napply_date: 2026-07-01", ["period-closed"]),
        ("invoice: I1\nreason: Credit memo reversal", ["reason-unknown"]),  # a code of debit memos
    ],
)
def test_what_cannot_be_asked(text: str, codes: list[str]) -> None:
    closed = scene("accounting_periods: [{from: 2026-07-01, until: 2026-08-01, status: closed}]")
    assert refused(closed, f"operation: {NAME}\n{text}") == codes


def test_an_invoice_in_a_closed_period_can_be_reversed() -> None:
    assert plan(scene("accounting_periods: [{from: 2026-05-01, until: 2026-06-01, status: closed}]"), ASK)


def test_the_item_limit_is_inclusive() -> None:
    two = scene(items="[{id: x, amount: 1.00, taxes: [{id: vat, amount: 0.20}]}]")
    assert refused(two, ASK, policy=changed(NAME, "item_limit: 1", "")) == ["item-limit"]
    assert plan(two, ASK, policy=changed(NAME, "item_limit: 2", ""))


def test_the_newest_goes_first_and_then_the_one_before() -> None:
    both = scene(another("I2", "2026-05-11"))
    assert refused(both, ASK) == ["newer-invoice"]
    assert plan(book_after(both, ASK.replace("I1", "I2")), ASK)


def test_what_is_reversed_stays_as_it_is() -> None:
    after = book_after(scene(), ASK)
    assert refused(after, ASK) == ["reversed"]
    assert refused(after, ASK.replace("I1", "CM00000001")) == ["document-unknown"]
    for operation, field in (
        ("reverse_credit_memo", "credit_memo: CM00000001"),
        ("write_off_invoice", "invoice: I1"),
        ("credit_memo_from_invoice", "invoice: I1"),
        ("debit_memo_from_invoice", "invoice: I1\nitems: [{item: x}]"),
        ("create_refund", "of: CM00000001\namount: 1.00"),
        ("create_payment", "account: a\namount: 1.00\napply: [{document: I1, amount: 1.00}]"),
    ):
        assert "reversed" in refused(after, f"operation: {operation}\n{field}")


# -- amounts -------------------------------------------------------------------------------------------------------


def test_the_memo_mirrors_every_item_and_tax_and_settles_both() -> None:
    items = (
        "[{id: x, line: 1, quantity: 2, unit_price: 50.00, amount: 100.00, taxes: [{id: vat, amount: 20.00}]}, "
        "{id: d, line: 2, discounts: x, amount: -10.00, taxes: [{id: vat, amount: -2.00}]}, "
        "{id: free, line: 3, amount: 0.00}]"
    )
    found = plan(scene(items=items), ASK + "apply_date: 2026-06-05\ncomment: wrong size")
    reversing = credit_memo(found)
    # Whole amounts, not what is open: the discount stays a discount.
    assert amounts(reversing) == {"x": "100.00", "x/vat": "20.00", "d": "-10.00", "d/vat": "-2.00", "free": "0.00"}
    assert (str(reversing.amount), reversing.reason, reversing.source) == ("108.00", "Invoice reversal", "I1")
    assert (reversing.items[0].unit_price, reversing.items[1].discounts) == (Decimal("-50.00"), "1")
    assert reversing.comment == "wrong size"
    # The discount is settled with its item: 100 - 10.
    assert parts(found) == {(reversing.number, "I1"): {"x": "90.00", "x/vat": "20.00", "d/vat": "-2.00"}}
    (application,) = found.applications
    assert (str(reversing.date), str(application.date)) == ("2026-06-01", "2026-06-05")
    assert balances(found) == {reversing.number: "0.00", "I1": "0.00"}
    left_out = plan(scene(items=items), ASK, policy=changed(NAME, "zero_balance_items: leave_out", ""))
    assert list(amounts(credit_memo(left_out))) == ["x", "x/vat", "d", "d/vat"]


@pytest.mark.parametrize("zeros", ["mirror", "leave_out"])
def test_what_is_zero_is_reversed_without_a_memo_unless_the_policy_refuses(zeros: str) -> None:
    zero = scene(items="[{id: x, subscription: s, amount: 0.00}, {id: y, amount: 0.00}]")
    found = plan(zero, ASK, policy=changed(NAME, f"zero_balance_items: {zeros}", ""))
    assert (numbers(found), [one.number for one in found.of(Reversed)]) == ([], ["I1"])
    assert found.notes == ("every item of I1 is zero, so it is reversed without a memo (`empty_documents: skip`)",)
    own = changed(NAME, f"zero_balance_items: {zeros}\n    empty_documents: refuse", "")
    assert refused(zero, ASK, policy=own) == ["nothing-to-mirror"]


@pytest.mark.parametrize(
    "items",
    [
        "{id: x, amount: 0.00, taxes: [{id: t, amount: 5.00}]}",
        "{id: x, amount: 5.00}, {id: y, amount: -5.00}",
    ],
)
def test_a_memo_with_a_tax_or_with_items_that_come_to_zero_has_something_in_it(items: str) -> None:
    found = plan(scene(items=f"[{items}]"), ASK, policy=changed(NAME, "empty_documents: refuse", ""))
    assert [one.number for one in found.of(Reversed)] == ["I1", credit_memo(found).number]


def test_both_are_flagged_and_stay_posted() -> None:
    after = book_after(scene(), ASK)
    for number in ("I1", "CM00000001"):
        document = after.numbered[number]
        assert isinstance(document, Document)
        assert (document.status, document.reversed_) == ("posted", True)


# -- the same bill run ---------------------------------------------------------------------------------------------


def test_the_credit_memo_of_the_same_bill_run_and_charge_is_reversed_too() -> None:
    found = plan(bill_run(), ASK + "reason: Charge Dispute")
    assert numbers(found) == ["CM00000001", "DM00000001"]
    assert tuple(one.number for one in found.of(Reversed)) == ("I1", "CM00000001", "C1", "DM00000001")
    assert [made(found, n).source for n in (0, 1)] == ["I1", "C1"]
    # The reason that was asked for is that of the invoice's memo; each follows the policy of its own operation.
    assert [made(found, n).reason for n in (0, 1)] == ["Charge Dispute", "Credit memo reversal"]
    assert [found.documents[n].resolved.operation for n in (0, 1)] == ["reverse_invoice", "reverse_credit_memo"]
    assert inherited(found, 0)["bill_to_contact"] == ("c", "account")
    assert inherited(found, 1)["bill_to_contact"] == ("s", "subscription")
    assert parts(found) == {("CM00000001", "I1"): {"x": "100.00"}, ("C1", "DM00000001"): {"1": "7.00"}}
    assert set(balances(found).values()) == {"0.00"}
    # Back to the start of the invoice's period, then to the earlier one of the memo's.
    assert [(str(m.before), str(m.after)) for m in found.of(ChargedThrough)] == [
        ("2026-06-01", "2026-05-01"),
        ("2026-05-01", "2026-04-15"),
    ]


@pytest.mark.parametrize(
    "in_book",
    [
        bill_run(memo_run="BR-2"),
        bill_run(memo_charge="other"),
        bill_run(more="status: draft"),
        bill_run(more="reversed: true"),
    ],
)
def test_other_credit_memos_are_left_alone(in_book: str) -> None:
    found = plan(in_book, ASK)
    assert numbers(found) == ["CM00000001"]
    assert tuple(one.number for one in found.of(Reversed)) == ("I1", "CM00000001")


def test_a_sibling_that_cannot_be_reversed_forbids_all() -> None:
    unbilled = "- {number: I9, account: a, date: 2026-05-03, currency: USD, items: [{id: x, amount: 9.00}]}"
    applied = "applications: [{from: C1, to: I9, date: 2026-05-03, amount: 1.00}]\n"
    used = bill_run().replace("invoices:", f"invoices:\n{unbilled}") + applied
    assert refused(used, ASK) == ["already-applied"]


def test_each_policy_decides_about_its_own_charged_through_date() -> None:
    keep = changed(NAME, "charged_through: keep", "")
    assert [str(m.after) for m in plan(bill_run(), ASK, policy=keep).of(ChargedThrough)] == ["2026-04-15"]


def test_a_sibling_may_be_one_of_several() -> None:
    in_book = bill_run() + (
        "- {number: C0, account: a, date: 2026-05-01, currency: USD, bill_run: BR-1, "
        "items: [{id: x, subscription: s, subscribed_charge: seats, amount: 2.00}]}\n"
    )
    found = plan(in_book, ASK)
    assert numbers(found) == ["CM00000001", "DM00000001", "DM00000002"]
    assert tuple(one.number for one in found.of(Reversed)) == (
        "I1",
        "CM00000001",
        "C0",
        "DM00000001",
        "C1",
        "DM00000002",
    )  # by number
    assert isinstance(found.documents[0].document, CreditMemo)
