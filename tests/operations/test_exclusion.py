"""Zero amounts and quantities, billed or left out of documents. docs/billing.md, "Zero amounts and quantities"."""

from __future__ import annotations

import pytest

from billpolicy.book.changes import PeriodsRecorded
from billpolicy.book.model import ChargePeriod
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.planning.plan import Plan
from tests.helpers.bill_runs import RUN, amounts, charges, moves, subscribed
from tests.helpers.plan_views import documents
from tests.helpers.scenes import book_after, plan, policy, refused

BOTH = "operations: {bill_run: {zero_amounts: exclude, zero_quantities: exclude}}"
FREE, NONE, PAID = "id: free, rate: 0.00", "id: none, rate: 5.00, quantity: 0", "id: paid, rate: 5.00"
SOME = subscribed(f"id: s, {charges(FREE, NONE, PAID)}")
NOTHING = subscribed(f"id: s, {charges(FREE, NONE)}")


def recorded(found: Plan) -> list[ChargePeriod]:
    return [period for one in found.of(PeriodsRecorded) for period in one.periods]


def statuses(found: Plan) -> dict[str, str]:
    return {period.id: period.status for period in recorded(found)}


def test_zero_lines_are_billed_where_the_policy_does_not_say_otherwise() -> None:
    found = plan(SOME, RUN)
    assert (amounts(found), recorded(found)) == ({"INV00000001": ["0.00", "0.00", "5.00"]}, [])


@pytest.mark.parametrize(
    ("own", "billed", "excluded"),
    [
        ("zero_amounts: exclude", ["5.00"], {"free": "amount", "none": "amount"}),
        ("zero_quantities: exclude", ["0.00", "5.00"], {"none": "quantity"}),
        ("zero_amounts: exclude, zero_quantities: exclude", ["5.00"], {"free": "amount", "none": "quantity"}),
    ],
)
def test_what_is_excluded_is_on_record_and_on_no_document(
    own: str, billed: list[str], excluded: dict[str, str]
) -> None:
    found = plan(SOME, RUN, policy=f"operations: {{bill_run: {{{own}}}}}")
    assert amounts(found) == {"INV00000001": billed}
    assert statuses(found) == {f"s/{id}/2026-01-01": f"excluded_zero_{why}" for id, why in excluded.items()}
    # All of them are charged through the month.
    assert moves(found) == [f"s/{id}: None -> 2026-02-01" for id in ("free", "none", "paid")]


def test_a_record_says_what_would_have_been_billed() -> None:
    (period,) = recorded(plan(SOME, RUN, policy="operations: {bill_run: {zero_quantities: exclude}}"))
    assert (str(period.from_), str(period.until), period.currency) == ("2026-01-01", "2026-02-01", "USD")
    assert (str(period.quantity), str(period.rate), str(period.amount)) == ("0", "5.00", "0.00")
    assert (period.document, period.operation) == (None, "op-1")


def test_a_run_of_which_everything_is_excluded_has_records_and_no_document() -> None:
    found = plan(NOTHING, RUN, policy=BOTH)
    assert (documents(found), len(recorded(found))) == ([], 2)
    assert found.resolved  # how that was decided is kept
    book = book_after(NOTHING, RUN, policy=BOTH)
    assert refused(book, RUN, policy=BOTH) == ["nothing-due"]
    assert [one.id for one in charge_periods(book, "s")] == ["s/free/2026-01-01", "s/none/2026-01-01"]
    assert statuses(plan(book, RUN + "target_date: 2026-02-01", policy=BOTH)) == {
        "s/free/2026-02-01": "excluded_zero_amount",
        "s/none/2026-02-01": "excluded_zero_quantity",
    }


def test_an_exception_excludes_for_some() -> None:
    own = """
exceptions:
- {id: short, operations: [bill_run], when: {subscription.plan: trial}, then: {zero_amounts: exclude}, because: short}
"""
    book = subscribed(f"id: s1, plan: trial, {charges(FREE)}", f"id: s2, {charges(FREE)}")
    found = plan(book, RUN, policy=own)
    assert (amounts(found), list(statuses(found))) == ({"INV00000001": ["0.00"]}, ["s1/free/2026-01-01"])


def test_nothing_is_given_back_of_what_was_excluded() -> None:
    book = book_after(SOME, RUN, policy=BOTH)
    cancel = "operation: cancel_subscription\nsubscription: s\neffective_date: 2026-01-09\ndate: 2026-01-31"
    after = book_after(book, cancel, policy=BOTH)
    # 5.00 for 23 of 31 days.
    assert [str(item.amount) for item in after.numbered["CM00000001"].items] == ["3.71"]  # type: ignore[union-attr]
    assert {str(charge.charged_through) for charge in after.subscriptions["s"].charges} == {"2026-01-09"}
    assert after.charge_periods == book.charge_periods


def test_usage_is_billed_also_where_all_of_it_is_included() -> None:
    used = "\nusage: [{id: u, subscription: s, charge: calls, date: 2026-01-10, quantity: 5}]"
    book = subscribed(f"id: s, {charges('id: calls, rate: 1.00, usage: true, included: 10')}", rest=used)
    found = plan(book, RUN, policy=BOTH)
    assert (amounts(found), recorded(found)) == ({"INV00000001": ["0.00"]}, [])


def test_a_minimum_that_was_excluded_comes_in_when_something_is_given_back() -> None:
    each = charges(
        "id: calls, item: line, rate: 1.00, usage: true", "id: least, item: line, rate: 100.00, bills: minimum"
    )

    def used(id: str, quantity: int) -> str:
        record = f"{{id: {id}, subscription: s, charge: calls, date: 2026-01-10, quantity: {quantity}}}"
        return f"operation: record_usage\nrecords: [{record}]"

    book = book_after(subscribed(f"id: s, {each}"), used("u", 120), RUN, used("late", -50), policy=BOTH)
    assert list(book.charge_periods) == ["s/least/2026-01-01"]
    found = plan(book, RUN, policy=BOTH)
    assert amounts(found) == {"CM00000001": ["50.00", "-30.00"]}


def test_it_is_warned_of_where_it_is_said() -> None:
    own = "operations: {bill_run: {zero_amounts: exclude}}\n"
    own += "exceptions:\n- id: x\n  operations: [bill_run]\n  when: {account.country: US}\n"
    own += "  then: {zero_quantities: exclude}\n  because: x\n"
    found = policy(own).warnings
    assert [(one.code, one.severity) for one in found] == [("excluded-blocks-rebill", "warning")] * 2
    assert ["zero_amounts" in found[0].message, "zero_quantities" in found[1].message] == [True, True]
    assert [one.position.line for one in found if one.position] == [4, 9]
    assert policy().warnings == ()


# -- empty documents -----------------------------------------------------------------------------------------------

SKIP = "operations: {bill_run: {empty_documents: skip}}"


def test_a_document_of_zeros_is_issued_where_the_policy_does_not_say_otherwise() -> None:
    assert amounts(plan(NOTHING, RUN)) == {"INV00000001": ["0.00", "0.00"]}


def test_a_document_of_zeros_is_skipped_with_all_its_lines_on_record_and_draws_no_number() -> None:
    found = plan(NOTHING, RUN, policy=SKIP)
    assert documents(found) == []
    assert statuses(found) == {f"s/{id}/2026-01-01": "excluded_zero_amount" for id in ("free", "none")}
    assert moves(found) == [f"s/{id}: None -> 2026-02-01" for id in ("free", "none")]
    assert found.notes == ("there is no document: every line on it would be zero (`empty_documents: skip`)",)


def test_zeros_beside_something_stay_on_the_document() -> None:
    found = plan(SOME, RUN, policy=SKIP)
    assert (amounts(found), recorded(found)) == ({"INV00000001": ["0.00", "0.00", "5.00"]}, [])


def test_what_skips_documents_warns_of_what_it_blocks() -> None:
    (warning,) = policy(SKIP).warnings
    assert warning.code == "excluded-blocks-rebill"
    assert warning.message.startswith("what `empty_documents: skip` leaves out")
    assert (warning.hint or "").startswith("write `issue`")
