"""`record_usage`, and what becomes of usage that is billed, undone and billed anew: docs/domain.md 5.5."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import UsageBilled, UsageRecorded
from billpolicy.book.model import UsageRecord
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.plan import Plan, in_turn
from tests.helpers.bill_runs import amounts, charges, subscribed
from tests.helpers.plan_views import documents
from tests.helpers.refusals import refused as refusal
from tests.helpers.scenes import book_after, operations, plan, refused, run

CALLS = "id: calls, name: Calls, rate: 0.10, usage: true, included: 100"
BOOK = subscribed("id: s1, " + charges(CALLS, "id: c, rate: 31.00, charged_through: 2026-03-01"))
RUN = "operation: bill_run\ndate: 2026-02-01\n"


def record(*each: str, id: str = "") -> str:
    """An operation that records usage of `calls`: each `id day quantity`, the day one of January."""
    lines = [f"id: {id}"] if id else []
    lines += ["operation: record_usage", "records:"]
    for one in each:
        name, day, quantity = one.split()
        lines.append(f"- {{id: {name}, subscription: s1, charge: calls, date: 2026-01-{day}, quantity: {quantity}}}")
    return "\n".join(lines) + "\n"


def billed(book: Book) -> dict[str, tuple[str | None, str]]:
    """Record -> what bills it, and at what."""
    return {id: (one.billed_by, str(one.amount)) for id, one in sorted(book.usage.items())}


# -- recording -----------------------------------------------------------------------------------------------------


def test_usage_is_recorded_and_moves_nothing() -> None:
    found = plan(BOOK, record("u1 10 12.50", "u2 11 -3", id="op"))
    (recorded,) = found.of(UsageRecorded)
    assert recorded.records[0] == UsageRecord(
        id="u1",
        subscription="s1",
        charge="calls",
        date=recorded.records[0].date,
        quantity=Decimal("12.50"),
        operation="op",
    )
    assert [str(one.quantity) for one in recorded.records] == ["12.50", "-3"]
    assert found.touched == frozenset()
    assert found.basis == {"subscription:s1": 0}
    assert (found.documents, found.balances) == ((), ())


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("id: u, subscription: s2, charge: calls, date: 2026-01-10, quantity: 1", "subscription-unknown"),
        ("id: u, subscription: s1, charge: call, date: 2026-01-10, quantity: 1", "charge-not-subscribed"),
        ("id: u, subscription: s1, charge: c, date: 2026-01-10, quantity: 1", "charge-not-by-usage"),
        ("id: u, subscription: s1, charge: calls, date: 2025-12-31, quantity: 1", "usage-outside-service"),
        ("id: known, subscription: s1, charge: calls, date: 2026-01-10, quantity: 1", "usage-known"),
    ],
)
def test_what_cannot_be_recorded(record: str, code: str) -> None:
    known = "usage: [{id: known, subscription: s1, charge: calls, date: 2026-01-10, quantity: 1}]"
    book = subscribed("id: s1, " + charges(CALLS, "id: c, rate: 31.00"), rest=known)
    assert refused(book, f"operation: record_usage\nrecords: [{{{record}}}]") == [code]


def test_a_charge_without_a_start_and_nothing_at_all() -> None:
    book = subscribed("id: s1, " + charges(CALLS)).replace("start: 2026-01-01, ", "")
    assert refused(book, record("u 10 1")) == ["start-missing"]
    assert refused(book, "operation: record_usage\nrecords: []") == ["usage-empty"]


@pytest.mark.parametrize("end", ["canceled_on: 2026-01-10", "term_end: 2026-01-10"])
def test_service_ends(end: str) -> None:
    book = subscribed(f"id: s1, {end}, " + charges(CALLS))
    assert refused(book, record("u 10 1")) == ["usage-outside-service"]
    plan(book, record("u 09 1"))


def test_a_charge_ends_before_its_subscription() -> None:
    book = subscribed("id: s1, " + charges(CALLS + ", until: 2026-01-10"))
    assert refused(book, record("u 10 1")) == ["usage-outside-service"]
    plan(book, record("u 09 1"))


def test_all_that_is_wrong_is_told_at_its_place() -> None:
    (one,) = run(BOOK, record("u 10 1", "u 11 1") + record("v 12 1").splitlines()[-1].replace("s1", "s3"))
    assert [(problem.code, problem.position.line) for problem in one.problems if problem.position] == [
        ("id-repeated", 6),
        ("subscription-unknown", 7),
    ]


def test_who_may_record_is_policy() -> None:
    policy = """
roles: {clerk: [mia], boss: [ben]}
exceptions:
- {id: clerks-only, operations: [record_usage], when: {actor.role: boss}, then: {permission: refused}, because: test}
"""
    assert refused(BOOK, record("u 10 1") + "actor: ben", policy=policy) == ["not-permitted"]
    plan(BOOK, record("u 10 1") + "actor: mia", policy=policy)


# -- billing -------------------------------------------------------------------------------------------------------


def test_what_is_billed_says_so_and_the_plan_says_of_how_much() -> None:
    book = book_after(BOOK, record("u1 10 60", "u2 11 70"))
    found = plan(book, RUN)
    assert amounts(found) == {"INV00000001": ["3.00"]}
    (invoice,) = documents(found)
    (item,) = invoice.items  # type: ignore[union-attr]
    assert (item.name, str(item.quantity), str(item.unit_price)) == ("Calls", "30", "0.10")
    assert (str(item.service_start), str(item.service_end)) == ("2026-01-01", "2026-01-31")
    (one,) = found.of(UsageBilled)
    assert (one.before, one.after) == (None, "INV00000001")
    assert [(each.id, str(each.amount)) for each in one.records] == [("u1", "0.00"), ("u2", "3.00")]
    assert found.notes == ("s1/calls from 2026-01-01 to 2026-01-31: 130 in 2 records, 100 included, 30 billed",)
    assert found.basis["subscription:s1"] == 0


def test_it_is_billed_beside_time_on_one_document() -> None:
    book = book_after(BOOK, record("u1 10 110"))
    found = plan(book, RUN + "target_date: 2026-03-01")
    assert amounts(found) == {"INV00000001": ["31.00", "1.00"]}


def test_nothing_is_billed_twice_and_late_records_by_themselves() -> None:
    book = book_after(BOOK, record("u1 10 60"), "id: b1\n" + RUN)
    assert refused(book, "id: b2\n" + RUN) == ["nothing-due"]
    book = book_after(book, record("u2 11 70", id="late"), "id: b2\n" + RUN)
    assert billed(book) == {"u1": ("INV00000001", "0.00"), "u2": ("INV00000002", "3.00")}


def test_a_charge_without_a_rate_and_a_period_that_is_not_over_wait() -> None:
    book = book_after(subscribed("id: s1, " + charges("id: calls, usage: true")), record("u1 10 60"))
    assert refused(book, RUN) == ["nothing-due"]
    assert refused(book_after(BOOK, record("u1 10 160")), "operation: bill_run\ndate: 2026-01-30") == ["nothing-due"]


def test_what_no_bill_run_could_bill_is_not_recorded() -> None:
    # 10**17 cents are too much: at 0.10, 10**16 units are.
    assert refused(BOOK, record("u1 10 1" + "0" * 16)) == ["amount-too-large"]
    assert refused(BOOK, record("u1 10 -1" + "0" * 16)) == ["amount-too-large"]
    most = "9" * 16
    book = book_after(BOOK, record(f"u1 10 {most}", f"u2 10 {most}"))
    assert refused(book, RUN) == ["amount-too-large"]
    book = book_after(book, record(f"u3 10 -{most}", f"u4 10 -{most}", "u5 10 110", id="mended"))
    assert amounts(plan(book, RUN)) == {"INV00000001": ["1.00"]}


# -- undoing -------------------------------------------------------------------------------------------------------


def test_a_draft_that_is_posted_hands_its_usage_on_and_one_that_is_canceled_frees_it() -> None:
    book = book_after(BOOK, record("u1 10 130"), "id: b1\n" + RUN + "bill_as: draft")
    assert billed(book) == {"u1": ("TMP-INV-00000001", "3.00")}
    assert refused(book, "id: b2\n" + RUN) == ["nothing-due"]
    posted = book_after(book, "operation: post_draft\ndraft: TMP-INV-00000001")
    assert billed(posted) == {"u1": ("INV00000001", "3.00")}
    canceled = book_after(book, "operation: cancel_draft\ndraft: TMP-INV-00000001")
    assert billed(canceled) == {"u1": (None, "None")}
    assert billed(book_after(canceled, "id: b2\n" + RUN)) == {"u1": ("INV00000001", "3.00")}


def test_a_reversal_frees_it_where_the_policy_reverts_time() -> None:
    book = book_after(BOOK, record("u1 10 130"), "id: b1\n" + RUN)
    undo = "id: undo\noperation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-02-01"
    assert billed(book_after(book, undo)) == {"u1": (None, "None")}
    keep = "operations: {reverse_invoice: {charged_through: keep}}"
    assert billed(book_after(book, undo, policy=keep)) == {"u1": ("INV00000001", "3.00")}


def test_a_credit_memo_of_a_bill_run_frees_it_too() -> None:
    book = book_after(BOOK, record("u1 10 -20"), "id: b1\n" + RUN)
    assert billed(book) == {"u1": ("CM00000001", "-2.00")}
    undone = book_after(book, "id: undo\noperation: reverse_credit_memo\ncredit_memo: CM00000001\ndate: 2026-02-01")
    assert billed(undone) == {"u1": (None, "None")}


def test_undone_in_any_order_all_of_it_comes_to_the_same() -> None:
    """60 are included; 70 late ones cost 3.00 beside them. The first draft is canceled: its 60 cost nothing, again."""
    book = book_after(BOOK, record("u1 10 60"), "id: b1\n" + RUN + "bill_as: draft")
    book = book_after(book, record("u2 11 70", id="late"), "id: b2\n" + RUN)
    book = book_after(book, "operation: cancel_draft\ndraft: TMP-INV-00000001", "id: b3\n" + RUN)
    assert billed(book) == {"u1": ("INV00000002", "0.00"), "u2": ("INV00000001", "3.00")}


def test_a_write_off_keeps_it_and_can_be_undone_though_more_of_its_time_was_billed_since() -> None:
    book = book_after(BOOK, record("u1 10 130"), "id: b1\n" + RUN)
    book = book_after(book, "id: off\noperation: write_off_invoice\ninvoice: INV00000001\ndate: 2026-02-02")
    assert billed(book) == {"u1": ("INV00000001", "3.00")}
    assert refused(book, "id: b2\n" + RUN) == ["nothing-due"]
    book = book_after(book, record("u2 11 10", id="late"), "id: b2\n" + RUN)
    undone = plan(book, "id: undo\noperation: undo_write_off\ncredit_memo: CM00000001\ndate: 2026-02-03")
    assert amounts(undone) == {}
    assert [str(one.document.amount) for one in undone.documents] == ["3.00"]


def test_freed_usage_can_be_billed_at_once_by_a_follow_up() -> None:
    again = "follow_ups: [{id: again, after: charges_reopened, then: bill_run, because: test}]"
    book = book_after(subscribed("id: s1, " + charges(CALLS)), record("u1 10 130"), "id: b1\n" + RUN)
    undone = plan(book, "operation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-02-01", policy=again)
    assert _made(undone) == {"CM00000001": "3.00", "INV00000002": "3.00"}


def _made(found: Plan) -> dict[str, str]:
    return {one.document.number: str(one.document.amount) for step in in_turn(found) for one in step.documents}


# -- cancellation --------------------------------------------------------------------------------------------------


def test_the_final_bill_has_the_usage_until_the_end_and_says_what_it_leaves() -> None:
    book = book_after(subscribed("id: s1, " + charges(CALLS)), record("u1 10 60", "u2 16 5"))
    found = plan(book, "operation: cancel_subscription\nsubscription: s1\ndate: 2026-01-20\neffective_date: 2026-01-16")
    # 15 of 31 days of 100 are 48: 60 - 48 = 12.
    assert _made(found) == {"INV00000001": "1.20"}
    (warning,) = found.warnings
    assert warning.code == "usage-after-end"
    assert "`u2`" in warning.message


# -- a plan that was made before -----------------------------------------------------------------------------------


def test_the_same_record_in_two_operations_is_refused_the_second_time() -> None:
    first, second = run(BOOK, record("u1 10 1", id="a"), record("u1 10 1", id="b"))
    assert first.plan is not None
    assert [problem.code for problem in second.problems] == ["usage-known"]


@pytest.mark.parametrize("quantity", ["", "1e3", "abc", "1,5"])
def test_a_quantity_is_a_decimal(quantity: str) -> None:
    told = refusal(lambda: operations(record("u 10 1").replace("quantity: 1", f"quantity: '{quantity}'")))
    assert isinstance(told, Refused)
    assert [problem.code for problem in told.diagnostics] == ["value-wrong"]
