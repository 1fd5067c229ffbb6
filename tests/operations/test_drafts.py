"""`post_draft` and `cancel_draft`: docs/domain.md 4.4, 8 and 9.3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billpolicy.book.changes import DraftCanceled, DraftPosted
from billpolicy.book.model import CreditMemo, Invoice
from tests.helpers.bill_runs import MONTHLY, RUN, SETS, amounts, charges, moves, subscribed
from tests.helpers.levels import changed
from tests.helpers.plan_views import documents
from tests.helpers.scenes import book_after, plan, refused, run

DRAFTS = RUN + "bill_as: draft"
POST = "operation: post_draft\ndraft: "
CANCEL = "operation: cancel_draft\ndraft: "
BY_CHARGE = changed("bill_run", "negative_totals: negative_charges", "")
TWO_SIDES = subscribed("id: s1, " + charges("id: off, rate: -15.00", "id: on, rate: 10.00"))
"""With `BY_CHARGE`, a draft invoice of 10.00 and a draft credit memo of 15.00."""
CANCELED = subscribed("id: s1, canceled_on: 2026-01-09, " + charges("id: c, rate: 100.00, charged_through: 2026-02-01"))
"""A draft credit memo of 74.19."""


def test_a_draft_is_numbered_when_it_is_posted_and_stays_as_it_is() -> None:
    book = book_after(subscribed(f"id: s1, attributes: {{sequence_set: FR}}, {MONTHLY}"), DRAFTS, policy=SETS)
    draft = book.numbered["TMP-INV-00000001"]
    assert isinstance(draft, Invoice)
    found = plan(book, POST + draft.number, policy=SETS)
    (invoice,) = documents(found)
    assert isinstance(invoice, Invoice)
    assert (invoice.number, invoice.status) == ("FR-INV00000001", "posted")
    assert (invoice.items, invoice.date, invoice.due_date) == (draft.items, draft.date, draft.due_date)
    assert (invoice.attributes, invoice.bill_run) == (draft.attributes, "op-1")
    assert {one.draft: one.number for one in found.of(DraftPosted)} == {"TMP-INV-00000001": "FR-INV00000001"}
    assert moves(found) == []
    after = book_after(book, POST + draft.number, policy=SETS)
    kept = after.numbered[draft.number]
    assert isinstance(kept, Invoice)
    assert (kept.status, kept.posted_as) == ("draft", "FR-INV00000001")


def test_an_invoice_and_the_memo_of_its_bill_run_are_posted_together() -> None:
    book = book_after(TWO_SIDES, DRAFTS, policy=BY_CHARGE)
    for number in ("TMP-INV-00000001", "TMP-CM-00000001"):
        found = plan(book, POST + number)
        assert amounts(found) == {"INV00000001": ["10.00"], "CM00000001": ["15.00"]}
        assert {one.draft: one.number for one in found.of(DraftPosted)} == {
            "TMP-CM-00000001": "CM00000001",
            "TMP-INV-00000001": "INV00000001",
        }


def test_drafts_of_other_subscriptions_or_other_runs_stay() -> None:
    book = book_after(
        subscribed(f"id: s1, {MONTHLY}", f"id: s2, invoice_separately: true, {MONTHLY}"),
        f"id: january\n{DRAFTS}",
        f"id: february\n{DRAFTS}\ntarget_date: 2026-02-01",
    )
    assert len(book.numbered) == 4
    assert len(documents(plan(book, POST + "TMP-INV-00000001"))) == 1


def test_canceled_drafts_are_billed_again() -> None:
    book = book_after(TWO_SIDES, DRAFTS, policy=BY_CHARGE)
    found = plan(book, CANCEL + "TMP-CM-00000001")
    assert tuple(one.draft for one in found.of(DraftCanceled)) == ("TMP-INV-00000001", "TMP-CM-00000001")
    assert moves(found) == ["s1/on: 2026-02-01 -> 2026-01-01", "s1/off: 2026-02-01 -> 2026-01-01"]
    assert found.documents == ()
    after = book_after(book, f"id: undo\n{CANCEL}TMP-CM-00000001")
    assert {document.status for document in after.numbered.values()} == {"canceled"}
    again = plan(after, f"id: again\n{DRAFTS}", policy=BY_CHARGE)
    # What was canceled keeps its number.
    assert amounts(again) == {"TMP-INV-00000002": ["10.00"], "TMP-CM-00000002": ["15.00"]}


def test_a_canceled_credit_is_credited_again() -> None:
    book = book_after(CANCELED, DRAFTS)
    found = plan(book, CANCEL + "TMP-CM-00000001")
    assert moves(found) == ["s1/c: 2026-01-09 -> 2026-02-01"]
    again = plan(book_after(book, f"id: undo\n{CANCEL}TMP-CM-00000001"), f"id: again\n{DRAFTS}")
    assert amounts(again) == {"TMP-CM-00000002": ["74.19"]}


def test_a_credit_of_several_periods_goes_back_as_a_whole() -> None:
    book = CANCELED.replace("charged_through: 2026-02-01", "charged_through: 2026-04-01")
    found = plan(book_after(book, DRAFTS), CANCEL + "TMP-CM-00000001")
    assert moves(found) == ["s1/c: 2026-01-09 -> 2026-04-01"]


def test_what_was_billed_of_several_periods_goes_back_as_a_whole() -> None:
    book = book_after(subscribed(f"id: s1, {MONTHLY}"), DRAFTS + "\ntarget_date: 2026-03-01")
    assert moves(plan(book, CANCEL + "TMP-INV-00000001")) == ["s1/c: 2026-04-01 -> 2026-01-01"]


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [POST, CANCEL])
def test_only_a_draft_is_posted_or_canceled(operation: str) -> None:
    posted = book_after(subscribed(f"id: s1, {MONTHLY}"), RUN)
    assert refused(posted, f"id: x\n{operation}INV00000001") == ["not-a-draft"]
    assert refused(posted, f"id: x\n{operation}INV0000000") == ["document-unknown"]
    drafts = book_after(subscribed(f"id: s1, {MONTHLY}"), DRAFTS)
    once = book_after(drafts, f"id: post\n{POST}TMP-INV-00000001")
    assert refused(once, f"id: x\n{operation}TMP-INV-00000001") == ["draft-posted"]
    canceled = book_after(drafts, f"id: cancel\n{CANCEL}TMP-INV-00000001")
    assert refused(canceled, f"id: x\n{operation}TMP-INV-00000001") == ["not-a-draft"]
    payment = "payments: [{number: P1, account: acme, date: 2026-01-01, currency: USD, amount: 1.00}]"
    paid = subscribed(f"id: s1, {MONTHLY}", rest=payment)
    assert refused(paid, f"{operation}P1") == ["document-unknown"]


def test_each_refusal_says_what_to_do() -> None:
    drafts = book_after(subscribed(f"id: s1, {MONTHLY}"), DRAFTS)
    (planned,) = run(drafts, f"id: x\n{POST}TMP-INV-0000001")
    assert [(p.message, p.hint) for p in planned.problems] == [
        ("there is no draft `TMP-INV-0000001`", "did you mean `TMP-INV-00000001`?")
    ]
    once = book_after(drafts, f"id: post\n{POST}TMP-INV-00000001")
    (planned,) = run(once, f"id: x\n{POST}TMP-INV-00000001")
    assert [(p.message, p.hint) for p in planned.problems] == [
        ("TMP-INV-00000001 is posted already, as INV00000001", "correct INV00000001 with a memo, or reverse it")
    ]


def test_a_draft_of_a_period_that_was_closed_is_canceled_not_posted() -> None:
    closed = "accounting_periods: [{from: 2026-01-01, until: 2026-02-01, status: STATUS}]"
    book = book_after(subscribed(f"id: s1, {MONTHLY}", rest=closed.replace("STATUS", "open")), DRAFTS)
    (period,) = book.periods
    shut = replace(book, periods=(replace(period, status="closed"),))
    assert refused(shut, POST + "TMP-INV-00000001") == ["period-closed"]
    assert plan(shut, CANCEL + "TMP-INV-00000001").of(DraftCanceled) == (DraftCanceled("TMP-INV-00000001"),)


def test_the_policy_says_who_may_post() -> None:
    own = (
        "exceptions:\n- {id: large-drafts-need-two, operations: [post_draft], "
        "when: {amount: {above: 50.00 USD}}, then: {permission: approval}}\n"
    )
    book = book_after(subscribed(f"id: s1, {MONTHLY}"), DRAFTS)
    assert refused(book, POST + "TMP-INV-00000001", policy=own) != []
    assert plan(book, POST + "TMP-INV-00000001\nactor: ines\napproved_by: maria", policy=own)


def test_credit_memos_keep_their_reason() -> None:
    book = book_after(CANCELED, DRAFTS + "\nreason: Service unavailable")
    (memo,) = documents(plan(book, POST + "TMP-CM-00000001"))
    assert isinstance(memo, CreditMemo)
    assert memo.reason == "Service unavailable"


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("{}", "TMP-INV-00000001 does not say which sequence set numbers it"),
        ("{sequence_set: null}", "TMP-INV-00000001 does not say which sequence set numbers it"),
        ("{sequence_set: XX}", "TMP-INV-00000001 names the sequence set `XX`, which the policy does not have"),
        ("{sequence_set: DEFAULT}", None),
    ],
)
def test_a_draft_is_numbered_by_a_set_that_there_is(attributes: str, words: str | None) -> None:
    draft = f"number: TMP-INV-00000001, account: acme, date: 2026-01-01, currency: USD, attributes: {attributes}"
    in_book = subscribed(rest=f"invoices: [{{{draft}, status: draft, items: [{{id: x, amount: 1.00}}]}}]")
    (planned,) = run(in_book.replace("subscriptions:\n", ""), POST + "TMP-INV-00000001\ndate: 2026-01-31")
    assert [problem.message for problem in planned.problems] == ([] if words is None else [words])
