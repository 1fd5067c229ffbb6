"""`reverse_credit_memo`: docs/domain.md 1.2 row 9 and 4.2."""

from __future__ import annotations

import pytest

from billpolicy.book.changes import ChargedThrough, Reversed
from tests.helpers.bill_runs import bill_run
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, debit_memo, inherited, made, numbers, parts, stored
from tests.helpers.scenes import book_after, plan, refused

NAME = "reverse_credit_memo"
ASK = f"operation: {NAME}\ncredit_memo: C1\n"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_subscription_gives_the_contact_the_account_the_term_and_the_memo_the_set() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {
        "bill_to_contact": ("sara", "subscription"),  # not cleo, the memo's
        "payment_term": ("Net 60", "account"),  # not Net 90, the subscription's
        "sequence_set": ("MEMO", "credit_memo"),
    }
    assert stored(found) == {"bill_to_contact": "sara", "payment_term": "Net 60", "sequence_set": "MEMO"}
    assert numbers(found) == ["M-DM-00000001"]
    assert str(debit_memo(found).due_date) == "2026-07-31"  # 2026-06-01 and 60 days: 29 of June, 31 of July


def test_what_they_lack_comes_from_the_account_then_the_default() -> None:
    assert inherited(plan(levelled(subscription=NONE, credit_memo=NONE), ASK, policy=LEVELS)) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Net 60", "account"),
        "sequence_set": ("ACC", "account"),
    }
    bare = levelled(subscription=NONE, credit_memo=NONE, account="{bill_to_contact: alma}")
    assert inherited(plan(bare, ASK, policy=LEVELS)) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Due Upon Receipt", "default"),
        "sequence_set": ("DEFAULT", "default"),
    }
    assert refused(levelled(subscription=NONE, account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]


def test_what_is_zero_is_reversed_without_a_memo_unless_the_policy_refuses() -> None:
    zero = levelled().replace("amount: 10.00, taxes: [{id: vat, amount: 2.00}]", "amount: 0.00")
    found = plan(zero, ASK, policy=LEVELS)
    assert (numbers(found), [one.number for one in found.of(Reversed)]) == ([], ["C1"])
    assert refused(zero, ASK, policy=LEVELS + changed(NAME, "empty_documents: refuse", "")) == ["nothing-to-mirror"]


def test_a_memo_without_subscriptions_takes_the_accounts_contact() -> None:
    free = levelled().replace("{id: x, subscription: s1, amount: 10.00", "{id: x, amount: 10.00")
    assert inherited(plan(free, ASK, policy=LEVELS))["bill_to_contact"] == ("alma", "account")


@pytest.mark.parametrize("other", ["{bill_to_contact: rita}", NONE])
def test_subscriptions_that_disagree_are_refused(other: str) -> None:
    two = (
        levelled()
        .replace("subscriptions:", f"subscriptions:\n- {{id: s2, account: acme, attributes: {other}}}", 1)
        .replace(
            "items: [{id: x, subscription: s1, amount: 10.00",
            "items: [{id: y, subscription: s2, amount: 1.00}, {id: x, subscription: s1, amount: 10.00",
        )
    )
    assert refused(two, ASK, policy=LEVELS) == ["level-ambiguous"]
    asked = changed(NAME, "bill_to_contact: [request, subscription, account]")
    found = plan(two, ASK + "attributes: {bill_to_contact: alma}", policy=asked)
    assert inherited(found)["bill_to_contact"] == ("alma", "request")


def test_the_request_is_not_heard() -> None:
    assert refused(levelled(), ASK + "attributes: {payment_term: Net 30}", policy=LEVELS) == ["request-not-heard"]


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("credit_memo: C9", ["document-unknown"]),
        ("credit_memo: I1", ["document-unknown"]),
        ("credit_memo: C1\ndate: 2026-05-01", ["date-too-early"]),  # the memo is of 2026-05-02
        ("credit_memo: C1\napply_date: 2026-05-31", ["date-too-early"]),
        ("credit_memo: C1\nreason: Invoice reversal", ["reason-unknown"]),  # a code of credit memos
    ],
)
def test_what_cannot_be_asked(text: str, codes: list[str]) -> None:
    assert refused(levelled(), f"operation: {NAME}\n{text}", policy=LEVELS) == codes


def refund_of_c1(status: str) -> str:
    return (
        f"refunds:\n- {{number: R1, account: acme, date: 2026-05-02, currency: EUR, amount: 1.00, of: C1, "
        f"status: {status}, parts: [{{item: x, amount: 1.00}}]}}"
    )


@pytest.mark.parametrize(
    ("change", "rest", "codes"),
    [
        ("status: draft", "", ["not-posted"]),
        ("reversed: true", "", ["reversed"]),
        (
            "status: posted",
            (
                "applications:\n- {from: C1, to: I1, date: 2026-05-02, amount: 1.00,"
                " parts: [{item: x, source_item: x, amount: 1.00}]}"
            ),
            ["already-applied"],
        ),
        (
            "status: posted",
            refund_of_c1("posted"),
            ["already-refunded"],
        ),
        (
            "status: posted",
            (
                "debit_memos:\n- {number: D1, account: acme, date: 2026-05-02, currency: EUR, source: C1,"
                " items: [{id: x, amount: 1.00}]}"
            ),
            ["has-memos"],
        ),
        (
            "status: posted",
            "accounting_periods: [{from: 2026-06-01, until: 2026-07-01, status: closed}]",
            ["period-closed"],
        ),
    ],
)
def test_a_memo_that_cannot_be_reversed(change: str, rest: str, codes: list[str]) -> None:
    in_book = levelled(rest=rest).replace("number: C1\n", f"number: C1\n  {change}\n")
    assert refused(in_book, ASK, policy=LEVELS) == codes


def test_a_refund_that_was_canceled_forbids_nothing() -> None:
    assert plan(levelled(rest=refund_of_c1("canceled")), ASK, policy=LEVELS)


def test_the_item_limit_is_inclusive() -> None:
    assert refused(levelled(), ASK, policy=changed(NAME, "item_limit: 1")) == ["item-limit"]
    assert plan(levelled(), ASK, policy=changed(NAME, "item_limit: 2"))


# -- amounts -------------------------------------------------------------------------------------------------------


def test_the_debit_memo_mirrors_all_and_the_credit_memo_is_spent_on_it() -> None:
    found = plan(levelled(), ASK + "apply_date: 2026-06-30", policy=LEVELS)
    memo = debit_memo(found)
    assert amounts(memo) == {"x": "10.00", "x/vat": "2.00"}
    assert (str(memo.amount), memo.reason, memo.source) == ("12.00", "Credit memo reversal", "C1")
    assert parts(found) == {("C1", memo.number): {"1": "10.00", "1/vat": "2.00"}}
    (application,) = found.applications
    assert [(part.source_item, part.source_tax) for part in application.parts] == [("x", None), ("x", "vat")]
    assert str(application.date) == "2026-06-30"
    assert balances(found) == {memo.number: "0.00", "C1": "0.00"}
    assert tuple(one.number for one in found.of(Reversed)) == ("C1", memo.number)


def test_a_memo_that_was_made_here_can_be_reversed_here() -> None:
    # A memo over an invoice with a discount: 108 in all (docs/domain.md G10), both at zero after it.
    in_book = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-05-10
  currency: USD
  items:
  - {id: x, line: 1, amount: 100.00, quantity: 2, unit_price: 50.00, taxes: [{id: vat, amount: 20.00}]}
  - {id: d, line: 2, discounts: x, amount: -10.00, taxes: [{id: vat, amount: -2.00}]}
"""
    after = book_after(in_book, "operation: credit_memo_from_invoice\ninvoice: I1")
    found = plan(after, f"operation: {NAME}\ncredit_memo: CM00000001")
    memo = debit_memo(found)
    assert amounts(memo) == {"1": "100.00", "1/vat": "20.00", "2": "-10.00", "2/vat": "-2.00"}
    assert str(memo.items[0].unit_price) == "50.00"  # negated twice
    assert balances(found) == {memo.number: "0.00", "CM00000001": "0.00"}


# -- the same bill run ---------------------------------------------------------------------------------------------


def test_the_invoice_of_the_same_bill_run_and_charge_is_reversed_too() -> None:
    found = plan(bill_run(), ASK + "reason: Ad hoc debit")
    assert numbers(found) == ["DM00000001", "CM00000001"]
    assert tuple(one.number for one in found.of(Reversed)) == ("C1", "DM00000001", "I1", "CM00000001")
    assert [made(found, n).reason for n in (0, 1)] == ["Ad hoc debit", "Invoice reversal"]
    assert [found.documents[n].resolved.operation for n in (0, 1)] == [NAME, "reverse_invoice"]
    assert set(balances(found).values()) == {"0.00"}
    # The memo's period begins earlier than the invoice's, so the date moves once.
    assert [(str(m.before), str(m.after)) for m in found.of(ChargedThrough)] == [("2026-06-01", "2026-04-15")]


def test_both_directions_reverse_the_same() -> None:
    one, other = plan(bill_run(), ASK), plan(bill_run(), "operation: reverse_invoice\ninvoice: I1")
    assert sorted(r.number for r in one.of(Reversed)) == sorted(r.number for r in other.of(Reversed))
    assert balances(one) == balances(other)


def test_an_invoice_that_cannot_be_reversed_forbids_all() -> None:
    paid = bill_run() + (
        "payments: [{number: P1, account: a, date: 2026-05-03, currency: USD, amount: 1.00}]\n"
        "applications: [{from: P1, to: I1, date: 2026-05-03, amount: 1.00}]\n"
    )
    assert refused(paid, ASK) == ["already-applied"]
    assert numbers(plan(paid.replace("bill_run: BR-1", "bill_run: BR-2", 1), ASK)) == ["DM00000001"]


def test_a_memo_of_no_bill_run_leaves_the_charged_through_date() -> None:
    by_hand = bill_run().replace("  bill_run: BR-1\n", "")
    assert plan(by_hand, ASK).of(ChargedThrough) == ()
    kept = plan(bill_run(memo_run="BR-2"), ASK, policy=changed(NAME, "charged_through: keep", ""))
    assert kept.of(ChargedThrough) == ()
