"""`change_cancellation` and `undo_cancellation`: a cancellation that has not taken effect is moved or taken back.

April has 30 days, so of 30.00 a month a day is 1.00. docs/domain.md 5.4.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import SubscriptionCanceled
from billpolicy.planning.plan import Plan, in_turn
from tests.helpers.books import book_from
from tests.helpers.steps import TODAY, refused, run, told

BOOK = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-04-01, term_end: 2027-04-01, charges: [{id: gym, name: Gym, rate: 30.00}]}
- {id: S2, account: ann, start: 2026-04-01, charges: [{id: pool, name: Pool, rate: 60.00}]}
"""
BILL = "operation: bill_run, date: 2026-04-01, subscriptions: [S]"
CANCEL = "operation: cancel_subscription, subscription: S, date: 2026-04-10, effective_date: 2026-04-20"
CHANGE = "operation: change_cancellation, subscription: S, date: 2026-04-12"
UNDO = "operation: undo_cancellation, subscription: S, date: 2026-04-12"


def after(*operations: str, own: str = "") -> Book:
    left = book_from(BOOK)
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def made(plan: Plan) -> list[tuple[str, str]]:
    return [(one.document.number, str(one.document.amount)) for step in in_turn(plan) for one in step.documents]


def asked(plan: Plan) -> list[str]:
    return [step.operation for step in in_turn(plan)][1:]


def state(book: Book) -> tuple[str, str]:
    """The first day without service, and the first day that is not billed."""
    subscription = book.subscriptions["S"]
    return str(subscription.canceled_on), str(subscription.charges[0].charged_through)


def open_of(book: Book) -> dict[str, str]:
    return {number: str(book.balance(one)) for number, one in book.numbered.items()}


# -- moved ---------------------------------------------------------------------------------------------------------


def test_moved_earlier_the_days_between_are_credited_too() -> None:
    canceled = after(BILL, CANCEL)  # 11 days from the 20th on: 11.00 on the invoice of 30.00
    assert open_of(canceled) == {"INV00000001": "19.00", "CM00000001": "0.00"}
    plan, left = run(canceled, f"{CHANGE}, effective_date: 2026-04-15")
    assert made(plan) == [("CM00000002", "5.00")]  # 04-15 to 04-19
    assert asked(plan) == ["bill_run", "apply_credit_memo"]
    assert state(left) == ("2026-04-15", "2026-04-15")
    assert open_of(left) == {"INV00000001": "14.00", "CM00000001": "0.00", "CM00000002": "0.00"}


def test_moved_later_the_days_between_are_billed_again() -> None:
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-25")
    assert made(plan) == [("INV00000002", "5.00")]  # 04-20 to 04-24
    assert state(left) == ("2026-04-25", "2026-04-25")
    assert plan.notes == ()


def test_moved_beyond_what_was_billed_the_rest_is_billed_when_it_is_due() -> None:
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-05-11")
    assert made(plan) == [("INV00000002", "11.00")]  # 04-20 to 04-30; May is due in May
    plan, left = run(left, "operation: bill_run, date: 2026-05-01, subscriptions: [S]")
    assert made(plan) == [("INV00000003", "9.68")]  # 10 of 31 days of May: 300.00 / 31 = 9.677...
    assert state(left) == ("2026-05-11", "2026-05-11")


def test_without_a_final_bill_the_next_bill_run_bills_the_days_between() -> None:
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-25, final_bill: false")
    assert made(plan) == []
    assert plan.notes == ("bill runs go on with `gym` from 2026-04-20 on",)
    plan, _ = run(left, BILL.replace("04-01", "04-13"))
    assert made(plan) == [("INV00000002", "5.00")]
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-15, final_bill: false")
    assert (made(plan), plan.notes) == ([], ())
    plan, _ = run(left, BILL.replace("04-01", "04-13"))
    assert made(plan) == [("CM00000002", "5.00")]


def test_what_was_not_credited_yet_is_credited_from_the_new_day_on() -> None:
    plan, left = run(after(BILL, f"{CANCEL}, final_bill: false"), f"{CHANGE}, effective_date: 2026-04-25")
    assert made(plan) == [("CM00000001", "6.00")]  # 04-25 to 04-30
    assert state(left) == ("2026-04-25", "2026-04-25")


def test_it_can_be_moved_to_the_end_of_the_term_or_into_the_past() -> None:
    _, left = run(after(BILL, CANCEL), f"{CHANGE}, at: end_of_term")
    assert state(left)[0] == "2027-04-01"
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-02")
    assert state(left) == ("2026-04-02", "2026-04-02")
    assert made(plan) == [("CM00000002", "18.00")]  # 04-02 to 04-19


def test_the_change_says_what_the_day_was_before() -> None:
    plan, _ = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-25")
    (change,) = plan.of(SubscriptionCanceled)
    assert (str(change.day), str(change.before)) == ("2026-04-25", "2026-04-20")


# -- taken back ----------------------------------------------------------------------------------------------------


def test_taken_back_what_was_credited_is_billed_by_the_next_bill_run() -> None:
    plan, left = run(after(BILL, CANCEL), UNDO)
    assert (made(plan), plan.applications) == ([], ())
    assert plan.notes == ("bill runs go on with `gym` from 2026-04-20 on",)
    assert state(left) == ("None", "2026-04-20")
    plan, left = run(left, BILL.replace("04-01", "04-12"))
    assert made(plan) == [("INV00000002", "11.00")]
    # As if nothing had been: 30.00 of April are owed, 19.00 and 11.00.
    assert open_of(left) == {"INV00000001": "19.00", "CM00000001": "0.00", "INV00000002": "11.00"}


def test_taken_back_before_anything_was_credited_nothing_is_billed_again() -> None:
    plan, left = run(after(BILL, f"{CANCEL}, final_bill: false"), UNDO)
    assert plan.notes == ("bill runs go on with `gym` from 2026-05-01 on",)
    assert told(left, BILL.replace("04-01", "04-12")).startswith("nothing-due: ")


def test_it_can_be_canceled_again() -> None:
    plan, left = run(after(BILL, CANCEL, UNDO), CANCEL.replace("04-20", "04-16"))
    # The days from the 20th on were credited and not billed since: 04-16 to 04-19.
    assert made(plan) == [("CM00000002", "4.00")]
    assert state(left) == ("2026-04-16", "2026-04-16")


def test_what_was_written_off_stays_so_until_that_is_undone() -> None:
    canceled = after(BILL, f"{CANCEL}, write_off: true")
    assert open_of(canceled) == {"INV00000001": "0.00", "CM00000001": "0.00", "CM00000002": "0.00"}
    _, left = run(canceled, UNDO)
    assert open_of(left)["INV00000001"] == "0.00"
    plan, _ = run(left, "operation: undo_write_off, credit_memo: CM00000002, date: 2026-04-12")
    assert made(plan) == [("DM00000001", "19.00")]


# -- what follows --------------------------------------------------------------------------------------------------

BILL_AGAIN = "follow_ups: [{id: again, after: charges_reopened, then: bill_run, because: test}]"


def test_what_was_credited_can_be_billed_again_at_once_by_a_follow_up() -> None:
    plan, _ = run(after(BILL, CANCEL), UNDO, BILL_AGAIN)
    assert made(plan) == [("INV00000002", "11.00")]
    plan, _ = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-25, final_bill: false", BILL_AGAIN)
    assert made(plan) == [("INV00000002", "5.00")]
    plan, _ = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-25", BILL_AGAIN)
    assert made(plan) == [("INV00000002", "5.00")]  # by the final bill, once
    # Moved earlier, no time is opened again.
    plan, _ = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-15, final_bill: false", BILL_AGAIN)
    assert made(plan) == []


def test_a_write_off_follows_a_move_only_where_that_asks_for_it() -> None:
    canceled = after(BILL, CANCEL)
    plan, left = run(canceled, f"{CHANGE}, effective_date: 2026-04-15, write_off: true")
    assert made(plan) == [("CM00000002", "5.00"), ("CM00000003", "14.00")]
    assert left.balance(left.numbered["INV00000001"]) == 0
    plan, left = run(canceled, f"{CHANGE}, effective_date: 2026-04-15")
    assert left.balance(left.numbered["INV00000001"]) == Decimal("14.00")
    own = "follow_ups: [{id: write-off-on-cancellation, then: nothing, because: test}]"
    message = told(canceled, f"{CHANGE}, effective_date: 2026-04-15, write_off: true", own)
    assert message.startswith("write-off-unknown: ")


def test_whether_there_is_a_final_bill_is_decided_for_the_move_itself() -> None:
    own = "operations: {change_cancellation: {final_bill: leave}}"
    plan, _ = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-15", own)
    assert made(plan) == []
    own = "operations: {change_cancellation: {final_credit: leave}}"
    plan, left = run(after(BILL, CANCEL), f"{CHANGE}, effective_date: 2026-04-15", own)
    assert open_of(left)["CM00000002"] == "5.00"


def test_shared_invoices_can_be_refused() -> None:
    own = "operations: {change_cancellation: {shared_invoices: refuse}}"
    both = after(BILL.replace("[S]", "[S, S2]"), f"{CANCEL}, final_bill: false")
    message = told(both, f"{CHANGE}, effective_date: 2026-04-15", own)
    assert message.startswith("invoice-shared: INV00000001 also bills S2, and rule `change_cancellation.shared_invoi")


def test_permission_is_asked_of_each() -> None:
    for operation, text in (
        ("change_cancellation", f"{CHANGE}, effective_date: 2026-04-15"),
        ("undo_cancellation", UNDO),
    ):
        own = f"operations: {{{operation}: {{permission: refused}}}}"
        assert told(after(BILL, CANCEL), text, own).startswith("not-permitted: ")


# -- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "is_pending"),
    [
        ("2026-04-19", True),  # the last day of service
        ("2026-04-20", False),  # the first day without
        ("2026-05-20", False),
        ("2026-01-20", True),  # before today
    ],
)
def test_pending_is_what_takes_effect_after_the_document_date(day: str, is_pending: bool) -> None:
    canceled = after(BILL, CANCEL)
    for operation, verb in (
        ("change_cancellation, effective_date: 2026-04-15", "moved"),
        ("undo_cancellation", "taken back"),
    ):
        text = f"operation: {operation}, subscription: S, date: {day}"
        if is_pending:
            assert run(canceled, text)[1].subscriptions["S"].canceled_on != canceled.subscriptions["S"].canceled_on
        else:
            assert told(canceled, text) == (
                "cancellation-in-effect: the cancellation of subscription `S` has taken effect on 2026-04-20, "
                f"so it cannot be {verb}"
            )


@pytest.mark.parametrize(("end", "is_pending"), [(0, False), (1, True)])
def test_and_after_today(end: int, is_pending: bool) -> None:
    day = TODAY.replace(day=TODAY.day + end)
    text = BOOK.replace("id: S,", f"id: S, canceled_on: {day},").replace("2026-04-01", "2026-01-01")
    dated_back = UNDO.replace("2026-04-12", "2026-02-01")
    if is_pending:
        assert run(book_from(text), dated_back)[1].subscriptions["S"].canceled_on is None
    else:
        assert told(book_from(text), dated_back).startswith("cancellation-in-effect: ")


def test_what_is_not_canceled_cannot_be_moved_or_taken_back() -> None:
    assert told(after(BILL), UNDO) == "not-canceled: subscription `S` is not canceled"
    assert (
        told(after(BILL), f"{CHANGE}, effective_date: 2026-04-15") == "not-canceled: subscription `S` is not canceled"
    )
    assert told(after(BILL, CANCEL, UNDO), UNDO) == "not-canceled: subscription `S` is not canceled"
    assert told(after(BILL), UNDO.replace("S,", "T,")).startswith("subscription-unknown: ")


def test_it_is_moved_to_another_day_within_the_term() -> None:
    canceled = after(BILL, CANCEL)
    same = "canceled-already: subscription `S` is canceled already, on 2026-04-20"
    assert told(canceled, f"{CHANGE}, effective_date: 2026-04-20") == same
    # What the final bill has credited is not invoiced any more.
    assert told(canceled, f"{CHANGE}, at: end_of_invoiced_period") == same
    assert told(canceled, f"{CHANGE}, effective_date: 2026-03-31").startswith("date-outside-term: ")
    assert told(canceled, f"{CHANGE}, effective_date: 2027-04-02").startswith("date-outside-term: ")
    assert told(canceled, CHANGE).startswith("date-missing: ")
    assert told(canceled, f"{CHANGE}, effective_date: 2026-04-15, reason: Bored").startswith("reason-unknown: ")


def test_no_closed_period() -> None:
    closed = BOOK + "accounting_periods: [{from: 2026-04-01, until: 2026-05-01, status: closed}]\n"
    canceled = book_from(closed.replace("id: S,", "id: S, canceled_on: 2026-06-01,"))
    for text in (UNDO, f"{CHANGE}, effective_date: 2026-05-15"):
        assert told(canceled, text).startswith("period-closed: ")


def test_whoever_cancels_once_more_is_led_on() -> None:
    (pending,) = refused(after(BILL, CANCEL), CANCEL.replace("04-20", "04-15"))
    assert pending.hint == "move it with `change_cancellation`, or take it back with `undo_cancellation`"
    (in_effect,) = refused(after(BILL, CANCEL), CANCEL.replace("04-10", "04-20"))
    assert in_effect.hint is not None
    assert "change_cancellation" not in in_effect.hint
    for text in (UNDO, f"{CHANGE}, effective_date: 2026-04-25"):
        (late,) = refused(after(BILL, CANCEL), text.replace("04-12", "04-20"))
        assert late.hint == in_effect.hint


def test_many_charges_are_told_as_a_few() -> None:
    charges = ", ".join(f"{{id: c{n}, rate: 30.00}}" for n in range(5))
    left = book_from(BOOK.replace("{id: gym, name: Gym, rate: 30.00}", charges))
    for count, text in enumerate((BILL, CANCEL)):
        left = run(left, text, id=f"op-{count}")[1]
    assert run(left, UNDO)[0].notes == ("bill runs go on with `c0`, `c1`, `c2` and 2 more from 2026-04-20 on",)


def test_a_charge_that_has_ended_is_not_told() -> None:
    charges = "{id: gym, rate: 30.00}, {id: locker, rate: 30.00, until: 2026-04-20}, {id: towel}"
    left = book_from(BOOK.replace("{id: gym, name: Gym, rate: 30.00}", charges))
    for count, text in enumerate((BILL, CANCEL)):
        left = run(left, text, id=f"op-{count}")[1]
    assert run(left, UNDO)[0].notes == ("bill runs go on with `gym` from 2026-04-20 on",)
    to_the_end = book_from(BOOK.replace("term_end: 2027-04-01", "term_end: 2026-05-01"))
    for count, text in enumerate((BILL, f"{CANCEL}, final_bill: false")):
        to_the_end = run(to_the_end, text, id=f"op-{count}")[1]
    assert run(to_the_end, UNDO)[0].notes == ()
