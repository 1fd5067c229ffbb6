"""What is undone is billed again, and once: write-offs, reversals, drafts and cancellations. docs/billing.md."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import CreditMemo, Document, Invoice
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.planning.plan import Plan, in_turn
from tests.helpers.books import book_from
from tests.helpers.steps import refused, run, told

GYM = "id: gym, name: Gym, rate: 100.00"
JANUARY = "operation: bill_run, date: 2026-01-01"
FEBRUARY = "operation: bill_run, date: 2026-02-01"
MARCH = "operation: bill_run, date: 2026-03-01"
OFF = "operation: write_off_invoice, invoice: INV00000001, date: 2026-03-02"
UNDO = "operation: undo_write_off, credit_memo: CM00000001, date: 2026-03-04"
AGAIN = "operation: bill_run, date: 2026-03-03"


def book(*charges: str) -> Book:
    each = ", ".join(f"{{{charge}}}" for charge in charges or (GYM,))
    return book_from(f"""
accounts: [{{id: ann, currency: USD, attributes: {{bill_to_contact: ann}}}}]
contacts: [{{id: ann, account: ann}}, {{id: bea, account: ann}}]
subscriptions:
- {{id: S, account: ann, start: 2026-01-01, charges: [{each}]}}
""")


def after(*operations: str, of: Book | None = None, own: str = "") -> Book:
    left = of or book()
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def billed(plan: Plan) -> list[str]:
    """Every line of a chain: its document, name, days and amount."""
    made = [one.document for step in in_turn(plan) for one in step.documents]
    return [
        f"{document.number} {item.name} {item.service_start} to {item.service_end} {item.amount}"
        for document in made
        if isinstance(document, Document)
        for item in document.items
    ]


def periods(left: Book) -> list[str]:
    """What is on record: id, status, the memo that took it and the line that billed it again."""
    found = sorted(left.charge_periods.values(), key=lambda one: one.id)
    return [
        " ".join(
            (
                one.id,
                one.status,
                *([f"by {one.memo}/{one.memo_item}"] if one.memo else []),
                *([f"on {one.rebilled_by}/{one.rebilled_item}"] if one.rebilled_by else []),
            )
        )
        for one in found
    ]


def through(left: Book) -> dict[str, str]:
    return {charge.id: str(charge.charged_through) for charge in left.subscriptions["S"].charges}


def codes(plan: Plan) -> list[str]:
    return [warning.code for warning in plan.warnings]


# -- write-offs ----------------------------------------------------------------------------------------------------


def test_written_off_time_with_later_time_billed_is_billed_again_beside_it() -> None:
    plan, left = run(after(JANUARY, FEBRUARY), OFF, id="off")
    (warning,) = plan.warnings
    assert warning.code == "time-reopened"
    assert warning.message == (
        "charge `gym` of subscription `S` has been billed for later time, so its time from 2026-01-01 to 2026-01-31 is "
        "reopened: the next bill run bills it once more"
    )
    assert plan.of(ChargedThrough) == ()
    assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]
    assert left.charge_periods["INV00000001/1"].operation == "off"
    plan, left = run(left, AGAIN)
    assert billed(plan) == [
        "INV00000003 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000003 Gym 2026-03-01 to 2026-03-31 100.00",
    ]
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on INV00000003/1"]
    assert told(left, AGAIN).startswith("nothing-due: ")


def test_it_is_billed_again_at_what_the_charge_says_then() -> None:
    left = after(JANUARY, FEBRUARY, OFF)
    gym = left.subscriptions["S"].charges[0]
    dearer = replace(left.subscriptions["S"], charges=(replace(gym, rate=Decimal(120)),))
    plan, _ = run(left.with_posted(subscriptions=[dearer]), AGAIN)
    assert billed(plan)[0] == "INV00000003 Gym 2026-01-01 to 2026-01-31 120.00"


def test_where_the_date_goes_back_the_line_is_on_record_as_taken_back() -> None:
    newest = OFF.replace("INV00000001", "INV00000002")
    plan, left = run(after(JANUARY, FEBRUARY), newest)
    assert codes(plan) == ["charged-through-reverted"]
    assert through(left) == {"gym": "2026-02-01"}
    assert periods(left) == ["INV00000002/1 credited by CM00000001/1"]
    # Then January, of which nothing later is billed any more.
    left = run(left, OFF, id="january")[1]
    assert through(left) == {"gym": "2026-01-01"}
    assert billed(run(left, AGAIN)[0]) == [
        "INV00000003 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000003 Gym 2026-02-01 to 2026-02-28 100.00",
        "INV00000003 Gym 2026-03-01 to 2026-03-31 100.00",
    ]


def test_where_the_policy_keeps_what_was_billed_nothing_is_reopened() -> None:
    paid = "operation: create_payment, account: ann, amount: 40.00, date: 2026-02-02, apply: [{document: INV00000001}]"
    for more, off in (((), f"{OFF}, amount: 60.00"), ((paid,), OFF)):
        plan, left = run(after(JANUARY, FEBRUARY, *more), off)
        assert (codes(plan), periods(left)) == ([], [])
        assert told(left, FEBRUARY).startswith("nothing-due: ")


def test_a_bill_run_can_follow_at_once() -> None:
    own = "follow_ups: [{id: again, after: charges_reopened, then: bill_run}]"
    plan, left = run(after(JANUARY, FEBRUARY), OFF, own)
    assert billed(plan)[1:] == [
        "INV00000003 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000003 Gym 2026-03-01 to 2026-03-31 100.00",
    ]
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on INV00000003/1"]


def test_what_billed_time_again_is_written_off_itself_at_the_same_price() -> None:
    """Corrected to 80.00 by the one who reopened it; where that is written off, it is billed again at that."""
    left = after(JANUARY, FEBRUARY, OFF)
    corrected = replace(left.charge_periods["INV00000001/1"], rate=Decimal(80))
    left = run(left.with_charge_periods([corrected]), AGAIN, id="again")[1]
    plan, left = run(left, "operation: write_off_invoice, invoice: INV00000003, date: 2026-03-05", id="off-2")
    assert codes(plan) == ["charged-through-reverted", "time-reopened"]
    assert periods(left) == [
        "INV00000001/1 rebilled by CM00000001/1 on INV00000003/1",
        "INV00000003/1 reopened by CM00000002/1",
        "INV00000003/2 credited by CM00000002/2",
    ]
    plan, left = run(left, "operation: bill_run, date: 2026-03-06")
    assert billed(plan) == [
        "INV00000004 Gym 2026-01-01 to 2026-01-31 80.00",
        "INV00000004 Gym 2026-03-01 to 2026-03-31 100.00",
    ]


def test_lines_between_which_others_were_unwound_go_back_alone() -> None:
    """Of January to March on one invoice February was unwound: March goes back, January is reopened, February stays."""
    left = after("operation: bill_run, date: 2026-01-01, target_date: 2026-03-01")
    february = next(one for one in charge_periods(left, "S") if one.item == "2")
    left = left.with_charge_periods([replace(february, status="credited")])
    plan, left = run(left, OFF)
    assert through(left) == {"gym": "2026-03-01"}
    assert codes(plan) == ["time-reopened", "charged-through-reverted"]
    assert periods(left) == [
        "INV00000001/1 reopened by CM00000001/1",
        "INV00000001/2 credited",
        "INV00000001/3 credited by CM00000001/2",  # which has nothing of the line that was unwound
    ]
    undone = run(left, UNDO)[1]
    assert through(undone) == {"gym": "2026-04-01"}
    assert periods(undone) == ["INV00000001/1 billed", "INV00000001/2 credited", "INV00000001/3 billed"]


def test_days_that_a_bill_run_has_given_back_are_not_reopened() -> None:
    """Of a year the days from July on were given back, and billed again by another invoice."""
    of = book_from("""
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-01-01,
   charges: [{id: gym, name: Gym, rate: 1200.00, period: year, charged_through: 2027-01-01}]}
invoices:
- {number: INV00000001, account: ann, date: 2026-01-01, currency: USD,
   items: [{id: '1', subscription: S, subscribed_charge: gym, quantity: 1, unit_price: 1200.00, amount: 1200.00,
            service_start: 2026-01-01, service_end: 2026-12-31}]}
- {number: INV00000002, account: ann, date: 2026-02-20, currency: USD,
   items: [{id: '1', subscription: S, subscribed_charge: gym, quantity: 1, unit_price: 1200.00, amount: 604.93,
            service_start: 2026-07-01, service_end: 2026-12-31}]}
credit_memos:
- {number: CM00000009, account: ann, date: 2026-02-10, currency: USD,
   items: [{id: '1', source: INV00000001, source_item: '1', subscription: S, subscribed_charge: gym, quantity: 1,
            unit_price: -1200.00, amount: 604.93, service_start: 2026-07-01, service_end: 2026-12-31}]}
applications: [{from: CM00000009, to: INV00000001, date: 2026-02-10, amount: 604.93}]
""")
    own = (
        "exceptions:\n- {id: again, operations: [write_off_invoice], overrides: [partly-paid-time-is-not-billed-again],"
        " then: {charged_through: revert}, because: test}\n"
    )
    plan, left = run(of, OFF, own, id="off")
    assert "its time from 2026-01-01 to 2026-06-30 is reopened" in plan.warnings[-1].message
    assert through(left) == {"gym": "2027-01-01"}
    # 1200.00 x 181 / 365 = 595.07; the 604.93 that were given back are of other days.
    assert billed(run(left, AGAIN)[0]) == ["INV00000003 Gym: Proration 2026-01-01 to 2026-06-30 595.07"]


# -- undone write-offs ---------------------------------------------------------------------------------------------


def test_an_undone_write_off_takes_reopened_time_back() -> None:
    left = after(JANUARY, FEBRUARY, OFF)
    plan, left = run(left, UNDO)
    assert [one.document.kind for one in plan.documents] == ["debit_memo"]
    assert periods(left) == ["INV00000001/1 billed"]
    (line,) = [one for one in charge_periods(left, "S") if one.document == "INV00000001"]
    assert (str(line.rate), str(line.amount)) == ("100.00", "100.00")
    assert billed(run(left, AGAIN)[0]) == ["INV00000003 Gym 2026-03-01 to 2026-03-31 100.00"]
    # Of a part, the rest stays written off, and is not billed again either.
    part = run(after(JANUARY, FEBRUARY, OFF), f"{UNDO}, amount: 30.00")[1]
    assert billed(run(part, AGAIN)[0]) == ["INV00000003 Gym 2026-03-01 to 2026-03-31 100.00"]


def test_time_that_was_billed_again_is_not_asked_for_twice() -> None:
    left = after(JANUARY, FEBRUARY, OFF, AGAIN)
    message = "billed-since: INV00000003 has billed the time of INV00000001 again, so it would be asked for twice"
    assert told(left, UNDO) == message
    reversed_ = run(left, "operation: reverse_invoice, invoice: INV00000003, date: 2026-03-04", id="back")[1]
    assert periods(reversed_) == ["INV00000001/1 reopened by CM00000001/1"]
    undone = run(reversed_, UNDO)[1]
    assert periods(undone) == ["INV00000001/1 billed"]
    assert billed(run(undone, MARCH)[0]) == ["INV00000004 Gym 2026-03-01 to 2026-03-31 100.00"]


def test_nor_is_time_that_is_due_again_with_earlier_time() -> None:
    """February is written off, then January: bill runs go on from January."""
    off = (OFF.replace("INV00000001", "INV00000002"), OFF)
    left = after(JANUARY, FEBRUARY, *off)
    (problem,) = refused(left, UNDO)
    assert problem.code == "time-due-again"
    assert problem.message == (
        "charge `gym` of subscription `S` is charged through 2026-01-01, so a bill run will bill the time of "
        "INV00000002 from 2026-02-01 on again, and it would be asked for twice"
    )
    # Once January was billed again, or its write-off undone.
    january = "operation: bill_run, date: 2026-03-03, target_date: 2026-01-01"
    for first in (january, UNDO.replace("CM00000001", "CM00000002")):
        undone = run(run(left, first, id="first")[1], UNDO, id="undo")[1]
        assert through(undone) == {"gym": "2026-03-01"}
    # Where there is no service any more nothing bills it again.
    ended = run(left, "operation: cancel_subscription, subscription: S, effective_date: 2026-02-01, final_bill: false")[
        1
    ]
    assert through(run(ended, UNDO, id="undo")[1]) == {"gym": "2026-01-01"}


@pytest.mark.parametrize("before", [(JANUARY, FEBRUARY), (JANUARY,)])
def test_nor_is_time_that_waits_on_a_draft(before: tuple[str, ...]) -> None:
    left = after(*before, OFF, f"{AGAIN}, bill_as: draft")
    (problem,) = refused(left, UNDO)
    assert (problem.code, problem.hint) == ("billed-since", "cancel TMP-INV-00000001 first")
    canceled = run(left, "operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-03-04", id="cancel")[1]
    assert periods(run(canceled, UNDO)[1]) == ["INV00000001/1 billed"]


# -- reversals -----------------------------------------------------------------------------------------------------


def test_the_reversal_of_what_billed_time_again_reopens_it_as_it_was() -> None:
    """The invoice bills January again at a corrected rate, and March as new."""
    left = after(JANUARY, FEBRUARY, OFF)
    corrected = replace(left.charge_periods["INV00000001/1"], quantity=Decimal(1), rate=Decimal(80))
    left = run(left.with_charge_periods([corrected]), AGAIN, id="again")[1]
    plan, left = run(left, "operation: reverse_invoice, invoice: INV00000003, date: 2026-03-04", id="back")
    assert codes(plan) == ["charged-through-reverted", "time-reopened"]
    assert plan.warnings[1].message == (
        "charge `gym` of subscription `S`: its time from 2026-01-01 to 2026-01-31 is reopened: the next bill run bills "
        "it once more"
    )
    assert through(left) == {"gym": "2026-03-01"}
    plan, left = run(left, "operation: bill_run, date: 2026-03-05")
    assert billed(plan) == [
        "INV00000004 Gym 2026-01-01 to 2026-01-31 80.00",
        "INV00000004 Gym 2026-03-01 to 2026-03-31 100.00",
    ]
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on INV00000004/1"]


def test_where_the_policy_keeps_what_was_billed_a_reversal_leaves_it_taken_back() -> None:
    own = "operations: {reverse_invoice: {charged_through: keep}}"
    left = after(JANUARY, FEBRUARY, OFF, AGAIN)
    plan, left = run(left, "operation: reverse_invoice, invoice: INV00000003, date: 2026-03-04", own, "back")
    assert (codes(plan), through(left)) == ([], {"gym": "2026-04-01"})
    assert periods(left) == ["INV00000001/1 credited by CM00000001/1"]
    assert told(left, MARCH).startswith("nothing-due: ")
    # The write-off of January can be undone, since nothing asks for January any more.
    undone = run(left, UNDO.replace("2026-03-04", "2026-03-05"))[1]
    assert (periods(undone), through(undone)) == (["INV00000001/1 billed"], {"gym": "2026-04-01"})


def test_a_reversal_while_later_time_is_on_a_draft_reopens_its_time() -> None:
    left = after(JANUARY, f"{FEBRUARY}, bill_as: draft")
    plan, left = run(left, "operation: reverse_invoice, invoice: INV00000001, date: 2026-02-02", id="back")
    assert codes(plan) == ["time-reopened"]
    assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]
    left = run(left, "operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-02-03", id="cancel")[1]
    assert billed(run(left, FEBRUARY)[0]) == [
        "INV00000002 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000002 Gym 2026-02-01 to 2026-02-28 100.00",
    ]


def test_a_reversed_memo_that_billed_a_charge_below_zero_reopens_its_time() -> None:
    """No line of an invoice has billed it, so it is a period of its own."""
    own = "operations: {bill_run: {negative_totals: negative_charges}}"
    of = book("id: off, name: Off, rate: -15.00")
    left = after(JANUARY, f"{FEBRUARY}, bill_as: draft", of=of, own=own)
    back = "operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-02-02"
    left = run(left, back, own, id="back")[1]
    assert periods(left) == ["S/off/2026-01-01 reopened"]
    plan, left = run(left, f"{FEBRUARY}, reopened_only: true", own, id="again")
    assert billed(plan) == ["CM00000002 Off 2026-01-01 to 2026-01-31 15.00"]
    assert periods(left) == ["S/off/2026-01-01 rebilled on CM00000002/1"]


# -- drafts --------------------------------------------------------------------------------------------------------

DRAFT = f"{AGAIN}, bill_as: draft"
POST = "operation: post_draft, draft: TMP-INV-00000001, date: 2026-03-04"
CANCEL = "operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-03-04"


def test_a_draft_that_bills_time_again_and_is_posted() -> None:
    left = after(JANUARY, FEBRUARY, OFF, DRAFT)
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on TMP-INV-00000001/1"]
    assert told(left, AGAIN).startswith("nothing-due: ")
    left = run(left, POST, id="post")[1]
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on INV00000003/1"]
    assert left.charge_periods["INV00000001/1"].operation == "post"
    assert told(left, AGAIN).startswith("nothing-due: ")


def test_a_draft_that_bills_time_again_and_is_canceled() -> None:
    left = after(JANUARY, FEBRUARY, OFF, DRAFT)
    plan, left = run(left, CANCEL, id="cancel")
    assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]
    assert [str(one.after) for one in plan.of(ChargedThrough)] == ["2026-03-01"]
    assert billed(run(left, AGAIN)[0]) == [
        "INV00000003 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000003 Gym 2026-03-01 to 2026-03-31 100.00",
    ]


def test_a_draft_with_nothing_but_reopened_time_can_be_canceled_though_later_time_is_billed() -> None:
    left = after(JANUARY, FEBRUARY, OFF, f"{DRAFT}, reopened_only: true", MARCH)
    left = run(left, CANCEL, id="cancel")[1]
    assert through(left) == {"gym": "2026-04-01"}
    assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]


EXCLUDE = "operations: {bill_run: {zero_amounts: exclude}}"
FREE = "id: free, name: Free, rate: 0.00"


def test_what_the_run_of_a_canceled_draft_left_out_is_due_again() -> None:
    left = after(f"{JANUARY}, bill_as: draft", of=book(GYM, FREE), own=EXCLUDE)
    assert periods(left) == ["S/free/2026-01-01 excluded_zero_amount"]
    left = run(left, CANCEL, id="cancel")[1]
    assert through(left) == {"gym": "2026-01-01", "free": "2026-01-01"}
    assert periods(left) == ["S/free/2026-01-01 credited"]
    # Left out again, it is on record again; billed, it is not.
    assert periods(run(left, JANUARY, EXCLUDE)[1]) == ["S/free/2026-01-01 excluded_zero_amount"]
    assert len(billed(run(left, JANUARY)[0])) == 2


def test_where_later_time_was_left_out_since_it_stays_left_out() -> None:
    left = after(f"{JANUARY}, bill_as: draft", of=book(GYM, FREE), own=EXCLUDE)
    ended = "operation: end_subscribed_charge, subscription: S, charge: gym, until: 2026-02-01, date: 2026-01-02"
    left = run(left, ended, EXCLUDE, id="end")[1]
    left = run(left, FEBRUARY, EXCLUDE, id="february")[1]
    left = run(left, CANCEL, id="cancel")[1]
    assert through(left) == {"gym": "2026-01-01", "free": "2026-03-01"}
    assert periods(left) == ["S/free/2026-01-01 excluded_zero_amount", "S/free/2026-02-01 excluded_zero_amount"]


def test_a_part_of_a_run_over_all_accounts_left_it_out() -> None:
    text = "operation: bill_run, date: 2026-01-01, bill_as: draft, part_of: run, accounts: [ann]"
    left = run(book(GYM, FREE), text, EXCLUDE, id="run/ann")[1]
    assert periods(run(left, CANCEL, id="cancel")[1]) == ["S/free/2026-01-01 credited"]


# -- cancellations -------------------------------------------------------------------------------------------------

END = "operation: cancel_subscription, subscription: S, date: 2026-03-03, effective_date: 2026-03-16"


def test_a_final_bill_bills_what_is_reopened() -> None:
    left = after(JANUARY, FEBRUARY, OFF)
    plan, left = run(left, END)
    # 15 of 31 days of March: 48.39.
    assert billed(plan) == [
        "INV00000003 Gym 2026-01-01 to 2026-01-31 100.00",
        "INV00000003 Gym: Proration 2026-03-01 to 2026-03-15 48.39",
    ]
    assert periods(left) == ["INV00000001/1 rebilled by CM00000001/1 on INV00000003/1"]


def test_without_a_final_bill_the_next_bill_run_does() -> None:
    left = after(JANUARY, FEBRUARY, OFF, f"{END}, final_bill: false")
    assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]
    back = run(left, "operation: undo_cancellation, subscription: S, date: 2026-03-04", id="back")[1]
    assert [len(billed(run(one, AGAIN)[0])) for one in (left, back)] == [2, 2]


def test_time_without_service_is_not_billed_again_and_not_given_back() -> None:
    """Moved to before all of it, the final bill gives February back; nothing is left of January to be billed."""
    left = after(JANUARY, FEBRUARY, OFF, END.replace("2026-03-16", "2026-01-01"))
    assert periods(left) == ["INV00000001/1 credited by CM00000001/1"]
    assert through(left) == {"gym": "2026-01-01"}
    assert told(left, AGAIN).startswith("nothing-due: ")
    (memo,) = [one for one in left.numbered.values() if isinstance(one, CreditMemo) and one.bill_run is not None]
    assert [(str(item.service_start), str(item.amount)) for item in memo.items] == [("2026-02-01", "100.00")]


# -- beside other things -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [(JANUARY, FEBRUARY), (JANUARY, FEBRUARY, MARCH)])
def test_a_minimum_counts_what_was_taken_back_once(before: tuple[str, ...]) -> None:
    """Seats at 60.00 and a minimum of 100.00: 40.00 for January, also where all of it is written off and billed again,
    as it was or by its date."""
    charges = ("id: seats, rate: 60.00, item: x", "id: least, rate: 100.00, item: x, bills: minimum")
    left = after(*before, of=book(*charges))
    january = next(
        one.number
        for one in left.numbered.values()
        if isinstance(one, Invoice) and any(item.subscribed_charge == "least" for item in one.items)
    )
    off = f"operation: write_off_invoice, invoice: {january}, date: 2026-03-02"
    left = run(left, off, id="off")[1]
    left = run(left, AGAIN, id="again")[1]
    found: dict[str, list[str]] = {}
    for number in left.numbers_on["S"]:
        document = left.numbered[number]
        for item in document.items if isinstance(document, Invoice) and number != january else ():
            found.setdefault(f"{item.subscribed_charge} {item.service_start}", []).append(str(item.amount))
    assert {name: amounts for name, amounts in found.items() if name.startswith("least")}["least 2026-01-01"] == [
        "40.00"
    ]
    assert all(len(amounts) == 1 for amounts in found.values())


def test_what_usage_drew_stays_drawn_where_its_prepaid_time_is_billed_again() -> None:
    """60 x 0.50 = 30.00 of 50.00 were drawn; late usage of 40.00 finds 20.00, whichever line bills the prepaid."""
    of = book("id: pre, name: Prepaid, rate: 50.00, drawn_by: [calls]", "id: calls, rate: 0.50, usage: true")
    one = "{{id: {}, subscription: S, charge: calls, date: 2026-01-10, quantity: {}}}"
    record = f"operation: record_usage, records: [{one}]"
    used = after(JANUARY, record.format("u1", 60), FEBRUARY, of=of)
    for off in (OFF, f"{OFF}, subscription: S"):
        left = run(used, off, id="off")[1]
        assert periods(left) == ["INV00000001/1 reopened by CM00000001/1"]
        late = run(left, record.format("late", 80), id="late")[1]
        for steps in ((AGAIN,), (f"{AGAIN}, reopened_only: true", AGAIN)):
            book_after = late
            for count, step in enumerate(steps):
                book_after = run(book_after, step, id=f"again-{count}")[1]
            assert (str(book_after.usage["late"].drawn), str(book_after.usage["late"].amount)) == ("20.00", "20.00")
