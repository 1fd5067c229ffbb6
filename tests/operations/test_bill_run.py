"""`bill_run`: docs/domain.md 1.2 rows 1 and 2, 5.3 and 6.2; G8, G12 and G13."""

from __future__ import annotations

import pytest

from billpolicy.book.model import CreditMemo, Invoice
from tests.helpers.bill_runs import MONTHLY, RUN, SETS, amounts, charges, moves, subscribed, summary
from tests.helpers.levels import changed
from tests.helpers.plan_views import balances, credit_memo, documents
from tests.helpers.scenes import book_after, plan, refused, run

CANCELED = "canceled_on: 2026-01-09, charges: [{id: c, name: Seats, rate: 100.00, charged_through: 2026-02-01}]"


# -- what is billed ------------------------------------------------------------------------------------------------


def test_what_is_due_is_invoiced_and_charged_through() -> None:
    found = plan(subscribed(f"id: s1, {MONTHLY}"), RUN + "comment: January")
    (invoice,) = documents(found)
    assert isinstance(invoice, Invoice)
    assert (invoice.number, invoice.status, invoice.bill_run) == ("INV00000001", "posted", "op-1")
    assert (str(invoice.date), str(invoice.due_date), invoice.comment) == ("2026-01-31", "2026-01-31", "January")
    assert (invoice.account, invoice.currency, str(invoice.amount)) == ("acme", "USD", "100.00")
    assert moves(found) == ["s1/c: None -> 2026-02-01"]
    assert balances(found) == {"INV00000001": "100.00"}
    assert found.basis == {"account:acme": 0, "subscription:s1": 0}


def test_the_second_run_bills_what_the_first_left() -> None:
    book = book_after(subscribed(f"id: s1, {MONTHLY}"), RUN)
    assert refused(book, RUN) == ["nothing-due"]
    assert moves(plan(book, RUN + "target_date: 2026-02-01")) == ["s1/c: 2026-02-01 -> 2026-03-01"]


def test_the_target_date_is_not_the_document_date() -> None:
    found = plan(subscribed(f"id: s1, {MONTHLY}"), RUN + "target_date: 2026-03-31")
    assert amounts(found) == {"INV00000001": ["100.00", "100.00", "100.00"]}
    assert {str(document.date) for document in documents(found)} == {"2026-01-31"}


def test_without_names_every_account_is_billed_each_on_its_own_invoice() -> None:
    book = subscribed(f"id: s1, {MONTHLY}", f"id: s2, {MONTHLY}").replace(
        "subscriptions:\n", f"subscriptions:\n- {{id: s0, account: other, start: 2026-01-01, {MONTHLY}}}\n"
    )
    found = plan(book, RUN)
    assert summary(found) == ["INV00000001 tom 200.00 s1+s2", "INV00000002 olga 100.00 s0"]
    assert {document.currency for document in documents(found)} == {"USD", "EUR"}
    assert summary(plan(book, RUN + "accounts: [other]")) == ["INV00000001 olga 100.00 s0"]
    assert summary(plan(book, RUN + "subscriptions: [s2]")) == ["INV00000001 tom 100.00 s2"]
    both = plan(book, RUN + "accounts: [other]\nsubscriptions: [s1]")
    assert summary(both) == ["INV00000001 tom 100.00 s1", "INV00000002 olga 100.00 s0"]


def test_nothing_depends_on_the_order_of_the_book() -> None:
    subscriptions = [f"id: s{n}, {charges('id: b, rate: 2.00', 'id: a, rate: 1.00')}" for n in (1, 2)]
    one, other = (plan(subscribed(*order), RUN) for order in (subscriptions, subscriptions[::-1]))
    assert one == other
    (invoice,) = documents(one)
    assert isinstance(invoice, Invoice)
    named = [(item.id, item.line, item.subscription, item.subscribed_charge) for item in invoice.items]
    assert named == [("1", 1, "s1", "a"), ("2", 2, "s1", "b"), ("3", 3, "s2", "a"), ("4", 4, "s2", "b")]


def test_a_discount_names_the_item_that_it_reduces() -> None:
    off = charges("id: c, charge: SEATS, rate: 100.00", "id: d, name: Spring, rate: -20.00, discounts: c")
    (invoice,) = documents(plan(subscribed(f"id: s1, {off}"), RUN))
    assert isinstance(invoice, Invoice)
    assert [(item.name, str(item.amount), item.discounts) for item in invoice.items] == [
        ("Seats", "100.00", None),
        ("Spring", "-20.00", "1"),
    ]


def test_the_latest_values_hold_also_for_old_periods() -> None:
    # docs/domain.md 1.2 row 1: the subscription as it is now, whatever was billed before.
    book = book_after(subscribed(f"id: s1, {MONTHLY}"), RUN)
    old = book.subscriptions["s1"]
    renewed = type(old)(
        id="s1", account="acme", start=old.start, attributes={"bill_to_contact": "ray"}, charges=old.charges
    )
    found = plan(book.with_posted(subscriptions=[renewed]), RUN + "target_date: 2026-02-01")
    assert summary(found) == ["INV00000002 ray 100.00 s1"]


# -- what is credited ----------------------------------------------------------------------------------------------


def test_january_canceled_on_the_ninth_is_credited_from_that_day() -> None:
    # Vector G8: 100.00 x 23/31 = 74.193...; the days from 01/09 to 01/31 are 23.
    found = plan(subscribed(f"id: s1, {CANCELED}"), RUN)
    memo = credit_memo(found)
    (item,) = memo.items
    assert (memo.number, memo.bill_run, memo.reason) == ("CM00000001", "op-1", "Negative periodic charges")
    assert (item.name, str(item.amount), str(item.unit_price)) == ("Seats: Proration Credit", "74.19", "-100.00")
    assert (str(item.service_start), str(item.service_end)) == ("2026-01-09", "2026-01-31")
    assert moves(found) == ["s1/c: 2026-02-01 -> 2026-01-09"]
    assert set(memo.attributes) == {"bill_to_contact", "sequence_set"}


def test_what_was_credited_is_not_credited_again() -> None:
    book = book_after(subscribed(f"id: s1, {CANCELED}"), RUN)
    assert refused(book, RUN) == ["nothing-due"]


def test_the_request_says_the_reason_and_a_policy_may() -> None:
    book = subscribed(f"id: s1, {CANCELED}")
    assert credit_memo(plan(book, RUN + "reason: Service unavailable")).reason == "Service unavailable"
    own = changed("bill_run", "reason_code: Ad hoc credit", "")
    assert credit_memo(plan(book, RUN, policy=own)).reason == "Ad hoc credit"
    assert refused(book, RUN + "reason: Because") == ["reason-unknown"]


def test_the_policy_says_what_is_credited() -> None:
    book = subscribed(f"id: s1, {CANCELED}")
    assert refused(book, RUN, policy=changed("bill_run", "partial_credits: none", "")) == ["nothing-due"]
    # 100.00 x 23/30 = 76.666...
    found = plan(book, RUN, policy=changed("bill_run", "month_length: thirty", ""))
    assert amounts(found) == {"CM00000001": ["76.67"]}
    setup = subscribed(
        "id: s1, canceled_on: 2026-01-09, "
        + charges("id: c, rate: 50.00, period: one_time, charged_through: 2026-01-02")
    )
    assert refused(setup, RUN) == ["nothing-due"]
    found = plan(setup, RUN, policy=changed("bill_run", "credit_one_time: true", ""))
    assert (amounts(found), moves(found)) == ({"CM00000001": ["50.00"]}, ["s1/c: 2026-01-02 -> 2026-01-01"])


# -- negative totals -----------------------------------------------------------------------------------------------

# -15.00 and +10.00 a month, three months: -45.00 and +30.00, together -15.00.
G12 = subscribed("id: s1, " + charges("id: off, rate: -15.00", "id: on, rate: 10.00"))
QUARTER = RUN + "target_date: 2026-03-31"


def split_by(rule: str) -> dict[str, list[str]]:
    return amounts(plan(G12, QUARTER, policy=changed("bill_run", f"negative_totals: {rule}", "")))


def test_net_negative_totals_are_an_invoice_of_30_and_a_memo_of_45() -> None:
    found = {"INV00000001": ["10.00"] * 3, "CM00000001": ["15.00"] * 3}
    assert split_by("by_charge_below_zero") == found
    assert split_by("negative_charges") == found
    assert split_by("negative_and_zero_charges") == found


def test_without_grouping_it_is_one_memo_of_15() -> None:
    assert split_by("one_document") == amounts(plan(G12, QUARTER))
    assert split_by("one_document") == {"CM00000001": ["15.00"] * 3 + ["-10.00"] * 3}
    assert str(credit_memo(plan(G12, QUARTER)).amount) == "15.00"


def test_or_a_negative_invoice() -> None:
    assert split_by("negative_invoice") == {"INV00000001": ["-15.00"] * 3 + ["10.00"] * 3}


def test_a_total_of_zero_is_an_invoice() -> None:
    even = subscribed("id: s1, " + charges("id: off, rate: -10.00", "id: on, rate: 10.00"))
    assert amounts(plan(even, RUN)) == {"INV00000001": ["-10.00", "10.00"]}


# -- draft or posted -----------------------------------------------------------------------------------------------


def test_the_request_or_else_the_policy_says_whether_it_leaves_drafts() -> None:
    book, own = subscribed(f"id: s1, {MONTHLY}"), changed("bill_run", "bill_as: draft", "")
    assert [document.number for document in documents(plan(book, RUN, policy=own))] == ["TMP-INV-00000001"]
    assert [document.number for document in documents(plan(book, RUN + "bill_as: draft"))] == ["TMP-INV-00000001"]
    assert [document.number for document in documents(plan(book, RUN + "bill_as: posted", policy=own))] == [
        "INV00000001"
    ]


def test_a_draft_names_its_sequence_set_and_moves_the_charged_through_date() -> None:
    book = subscribed(f"id: s1, attributes: {{sequence_set: FR}}, {MONTHLY}")
    found = plan(book, RUN + "bill_as: draft", policy=SETS)
    (draft,) = documents(found)
    assert (draft.status, draft.attributes["sequence_set"]) == ("draft", "FR")
    assert moves(found) == ["s1/c: None -> 2026-02-01"]


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("accounts: [acmee]", ["account-unknown"]),
        ("subscriptions: [s2]\naccounts: [nobody]", ["account-unknown", "subscription-unknown"]),
        ("target_date: 2025-12-31", ["nothing-due"]),
        ("accounts: [other]", ["nothing-due"]),
        ("date: 2025-12-31", ["period-closed"]),
        ("target_date: 9999-12-31", ["date-too-late"]),
        ("attributes: {payment_term: Net 30}", ["request-not-heard"]),
    ],
)
def test_what_cannot_be_billed_is_refused(asked: str, codes: list[str]) -> None:
    closed = subscribed(
        f"id: s1, {MONTHLY}", rest="accounting_periods: [{from: 2025-12-01, until: 2026-01-01, status: closed}]"
    )
    text = RUN.replace("date: 2026-01-31\n", "") if asked.startswith("date") else RUN
    assert refused(closed, text + asked) == codes


def test_a_charge_that_says_nowhere_when_it_starts_is_refused() -> None:
    book = subscribed(f"id: s1, {MONTHLY}", f"id: s2, {MONTHLY}").replace("start: 2026-01-01, ", "")
    (planned,) = run(book, RUN)
    assert [(problem.code, problem.message) for problem in planned.problems] == [
        ("start-missing", f"charge `c` of subscription `{name}` has a rate, but nothing says when it starts")
        for name in ("s1", "s2")
    ]
    assert all(problem.hint for problem in planned.problems)
    assert refused(book.replace("rate: 100.00", "name: c"), RUN) == ["nothing-due"]


def test_what_no_level_has_is_told_of_each_subscription() -> None:
    book = subscribed(f"id: s1, {MONTHLY}", f"id: s2, {MONTHLY}", account="{}")
    (planned,) = run(book, RUN)
    assert [problem.code for problem in planned.problems] == ["chain-exhausted"] * 2


def test_amounts_that_are_too_large_are_refused() -> None:
    large = charges("id: c, rate: 900000000000000.00")
    assert refused(subscribed(f"id: s1, {large}", f"id: s2, {large}"), RUN) == ["amount-too-large"]
    assert refused(subscribed(f"id: s1, {large.replace('900', '90000')}"), RUN) == ["amount-too-large"]


def test_a_memo_of_a_run_is_a_credit_memo_of_its_own() -> None:
    book = subscribed(f"id: s1, {CANCELED}", f"id: s2, {MONTHLY}, invoice_separately: true")
    kinds = [type(document) for document in documents(plan(book, RUN))]
    assert kinds == [CreditMemo, Invoice]


# -- drafts beside the days that are credited ----------------------------------------------------------------------

OFF = subscribed("id: s1, canceled_on: 2026-01-09, charges: [{id: c, rate: 100.00, charged_through: 2026-02-01}]")
"""Of January, the days from 01-09 to 01-31 are credited."""


def with_draft(item: str) -> str:
    draft = "number: D1, account: acme, date: 2026-01-01, currency: USD, status: draft"
    return OFF + f"invoices: [{{{draft}, items: [{{id: x, amount: 10.00, {item}}}]}}]"


OF_C = "subscription: s1, subscribed_charge: c"


@pytest.mark.parametrize(
    ("item", "is_credited"),
    [
        (f"{OF_C}, service_start: 2026-01-01, service_end: 2026-01-08", False),  # ends the day before
        (f"{OF_C}, service_start: 2026-01-01, service_end: 2026-01-09", True),
        (f"{OF_C}, service_start: 2026-01-31, service_end: 2026-02-28", True),
        (f"{OF_C}, service_start: 2026-02-01, service_end: 2026-02-28", False),  # begins the day after
        (f"{OF_C}, service_start: 2026-01-08", False),  # without a last day, it is its first one
        (f"{OF_C}, service_start: 2026-01-09", True),
        (f"{OF_C}, service_end: 2026-01-20", False),  # nobody knows since when
        ("subscription: s1, subscribed_charge: d, service_start: 2026-01-09", False),
        ("subscription: s1, service_start: 2026-01-09", False),
    ],
)
def test_days_that_only_a_draft_bills_are_not_credited(item: str, is_credited: bool) -> None:
    in_book = with_draft(item)
    if is_credited:
        assert refused(in_book, RUN) == ["draft-open"]
    else:
        assert amounts(plan(in_book, RUN)) == {"CM00000001": ["74.19"]}


# -- why nothing is due --------------------------------------------------------------------------------------------


def test_it_says_what_the_first_three_are_charged_through_in_order_and_which_draft_waits() -> None:
    paid = "rate: 1.00, charged_through: 2026-03-01"
    subscriptions = [f"id: s{n}, {charges(f'id: b, {paid}', f'id: a, {paid}', 'id: n, name: Free')}" for n in (2, 1)]
    in_book = subscribed(*subscriptions)
    (planned,) = run(in_book, RUN)
    told = "`a` of `s1` is charged through 2026-03-01; `b` of `s1` is charged through 2026-03-01; "
    told += "`a` of `s2` is charged through 2026-03-01"
    assert [problem.hint for problem in planned.problems] == [told]
    drafts = [
        f"{{number: {number}, account: acme, date: 2026-01-01, currency: USD, status: {status}, "
        "items: [{id: x, subscription: s1, amount: 1.00}]}"
        for number, status in (("D2", "draft"), ("D1", "draft"), ("C1", "canceled"), ("B1", "posted"))
    ]
    (planned,) = run(in_book + f"invoices: [{', '.join(drafts)}]", RUN)
    assert [problem.hint for problem in planned.problems] == [f"{told}; D1 waits to be posted"]
    (planned,) = run(subscribed("id: s1, charges: [{id: n, name: Free}]"), RUN)
    assert [problem.hint for problem in planned.problems] == [
        "check the target date, and the rate and the start of each charge"
    ]


# -- a part of a run -----------------------------------------------------------------------------------------------


def test_a_part_is_one_account_under_the_id_of_the_run_and_of_the_account() -> None:
    part = f"id: BR/acme\n{RUN}part_of: BR\naccounts: [acme]"
    (invoice,) = documents(plan(subscribed(f"id: s1, {MONTHLY}"), part))
    assert isinstance(invoice, Invoice)
    assert invoice.bill_run == "BR"


@pytest.mark.parametrize(
    ("id", "more"),
    [
        ("X", "accounts: [acme]"),
        ("BR", "accounts: [acme]"),
        ("BR/bolt", "accounts: [acme]"),
        ("BR/acme", ""),
        ("BR/acme", "subscriptions: [s1]"),
        ("BR/acme", "accounts: [acme]\nsubscriptions: [s1]"),
        ("BR/acme", "accounts: [acme, acme]"),
    ],
)
def test_what_is_not_written_as_a_part_is_none(id: str, more: str) -> None:
    part = f"id: {id}\n{RUN}part_of: BR\n{more}"
    assert refused(subscribed(f"id: s1, {MONTHLY}"), part) == ["bill-run-part"]
