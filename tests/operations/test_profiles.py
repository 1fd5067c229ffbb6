"""Charges of a billing profile, billed on one line, and what becomes of that. docs/billing.md, "Billing profiles"."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.changes import Reversed
from billpolicy.book.model import CombinedCharge, CreditMemo, Document, Invoice, Item
from billpolicy.operations.shared.billed_time import corrects
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.periods.given_back import given_back, left_of
from billpolicy.periods.trail import called, trails_of
from billpolicy.planning.plan import Plan, left_by
from tests.helpers.bill_runs import RUN, bill_run, charges, moves, subscribed
from tests.helpers.books import book_from
from tests.helpers.ledgers import ledger_of, post_it, whole
from tests.helpers.plan_views import documents
from tests.helpers.properties import examples
from tests.helpers.scenes import book_after, plan, refused, run

SEATS = "id: seats, charge: SEATS, rate: 100.00, quantity: 2, profile: Platform"
HELP = "id: help, rate: 30.33, profile: Platform"
BOTH = subscribed(f"id: s, {charges(SEATS, HELP)}")
CANCEL = "operation: cancel_subscription\nsubscription: s\neffective_date: 2026-01-09\ndate: 2026-01-31"
PART = "operation: credit_memo_from_invoice\ninvoice: INV00000001\ndate: 2026-01-31\nitems: [{{item: '1', amount: {}}}]"
D = Decimal
VAT = """
tax_rates:
  standard: [{country: EE, name: VAT, rate: 24%, from: 2020-01-01}]
  reduced: [{country: EE, name: VAT, rate: 9%, from: 2020-01-01}]
"""


def taxed(*each: str) -> str:
    """A book of an account in Estonia whose subscription has these charges."""
    text = subscribed(f"id: s, {charges(*each)}")
    return text.replace("{id: acme, currency: USD,", "{id: acme, country: EE, currency: EUR,")


def lines(found: Plan | Book) -> list[str]:
    """Each item, of a book by number of the document: its name, amount, taxes, and what it has of each charge."""
    of = documents(found) if isinstance(found, Plan) else [found.numbered[number] for number in sorted(found.numbered)]
    return [_in_words(item) for document in of if isinstance(document, Document) for item in document.items]


def _in_words(item: Item) -> str:
    taxes = "".join(f" {tax.name} {tax.amount}" for tax in item.taxes)
    shares = ", ".join(f"{one.subscribed_charge} {one.amount}" for one in item.combines)
    reduces = f" on {item.discounts}" if item.discounts else ""
    return f"{item.id} {item.name} {item.amount}{taxes}{reduces}" + (f" = {shares}" if shares else "")


# -- what goes on one line -----------------------------------------------------------------------------------------


def test_charges_of_a_profile_are_on_one_line() -> None:
    found = plan(BOTH, RUN)
    (invoice,) = documents(found)
    assert isinstance(invoice, Invoice)
    (item,) = invoice.items
    assert (item.name, str(item.amount), item.subscription) == ("Platform", "230.33", "s")
    assert (item.subscribed_charge, item.charge, item.quantity, item.unit_price) == (None, None, None, None)
    assert (str(item.service_start), str(item.service_end)) == ("2026-01-01", "2026-01-31")
    assert item.combines == (
        CombinedCharge(subscribed_charge="help", amount=D("30.33"), quantity=D(1), unit_price=D("30.33")),
        CombinedCharge(
            subscribed_charge="seats", charge="SEATS", amount=D("200.00"), quantity=D(2), unit_price=D("100.00")
        ),
    )
    assert moves(found) == ["s/help: None -> 2026-02-01", "s/seats: None -> 2026-02-01"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("id: help, rate: 30.00, profile: Support", ["1 help 30.00", "2 Seats 200.00"]),
        ("id: help, rate: 30.00", ["1 help 30.00", "2 Seats 200.00"]),
        # of other days
        ("id: help, rate: 31.00, start: 2026-01-02, profile: Platform", ["1 help 31.00", "2 Seats 200.00"]),
        ("id: help, rate: 31.00, period: quarter, profile: Platform", ["1 help 31.00", "2 Seats 200.00"]),
        # of another sign
        ("id: help, rate: -30.00, profile: Platform", ["1 help -30.00", "2 Seats 200.00"]),
        ("id: help, rate: 0.00, profile: Platform", ["1 Platform 200.00 = help 0.00, seats 200.00"]),
    ],
)
def test_what_does_not_go_together_stays_by_itself(other: str, told: list[str]) -> None:
    assert lines(plan(subscribed(f"id: s, {charges(SEATS, other)}"), RUN)) == told


def test_the_charges_of_another_subscription_do_not_go_along() -> None:
    book = subscribed(f"id: s1, {charges(HELP)}", f"id: s2, {charges(HELP)}")
    assert lines(plan(book, RUN)) == ["1 help 30.33", "2 help 30.33"]


def test_each_period_has_a_line_and_only_what_is_a_part_is_called_so() -> None:
    seats, help = (f"{one}, until: 2026-02-15" for one in (SEATS, HELP))
    # 14 of 28 days: 100.00 and 15.165, up to the cent.
    assert lines(plan(subscribed(f"id: s, {charges(seats, help)}"), RUN + "target_date: 2026-02-01")) == [
        "1 Platform 230.33 = help 30.33, seats 200.00",
        "2 Platform: Proration 115.17 = help 15.17, seats 100.00",
    ]


def test_a_discount_stays_by_itself_and_reduces_the_line() -> None:
    promo = "id: promo, name: Spring, rate: -20.00, discounts: seats"
    found = plan(subscribed(f"id: s, {charges(SEATS, HELP, promo)}"), RUN)
    assert lines(found) == ["1 Platform 230.33 = help 30.33, seats 200.00", "2 Spring -20.00 on 1"]


def test_usage_and_what_is_billed_in_arrears_go_together_and_its_records_say_so() -> None:
    calls = "id: calls, rate: 0.50, usage: true, profile: Platform"
    used = "usage: [{id: u, subscription: s, charge: calls, date: 2026-01-10, quantity: 5}]"
    book = subscribed(f"id: s, {charges(SEATS + ', timing: in_arrears', calls)}", rest=used)
    after = book_after(book, RUN)
    assert lines(after) == ["1 Platform 202.50 = calls 2.50, seats 200.00"]
    record = after.usage["u"]
    assert (record.billed_by, str(record.amount)) == ("INV00000001", "2.50")
    freed = book_after(after, "operation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-02-01")
    assert freed.usage["u"].billed_by is None


def test_the_tax_is_that_of_the_line() -> None:
    """24% of 0.02 is nothing, and of 3 x 0.02 a cent."""
    each = [f"id: {id}, rate: 0.02, tax_code: standard, profile: P" for id in "abc"]
    found = plan(taxed(*each), RUN, policy=VAT)
    assert lines(found) == ["1 P 0.06 VAT 0.01 = a 0.02, b 0.02, c 0.02"]


def test_charges_of_another_tax_code_have_a_line_of_their_own() -> None:
    codes = {"a": "standard", "b": "reduced", "c": "standard"}
    each = [f"id: {id}, rate: 1.00, tax_code: {code}, profile: P" for id, code in codes.items()]
    assert lines(plan(taxed(*each, "id: d, rate: 1.00, profile: P"), RUN, policy=VAT)) == [
        "1 P 2.00 VAT 0.48 = a 1.00, c 1.00",
        "2 b 1.00 VAT 0.09",
        "3 d 1.00",
    ]


def test_charges_that_go_on_two_documents_have_a_line_on_each() -> None:
    each = ["a, rate: 10.00", "b, rate: 5.00", "c, rate: -2.00", "d, rate: -1.00"]
    book = subscribed(f"id: s, {charges(*(f'id: {one}, profile: P' for one in each))}")
    found = plan(book, RUN, policy="operations: {bill_run: {negative_totals: negative_charges}}")
    assert lines(found) == ["1 P 15.00 = a 10.00, b 5.00", "1 P 3.00 = c 2.00, d 1.00"]
    assert [type(one) for one in documents(found)] == [Invoice, CreditMemo]


def test_a_minimum_goes_along_but_not_what_changes_it_later() -> None:
    calls = "id: calls, item: line, rate: 1.00, usage: true, profile: P"
    least = "id: least, item: line, rate: 100.00, bills: minimum, profile: P"

    def used(id: str, quantity: int) -> str:
        record = f"{{id: {id}, subscription: s, charge: calls, date: 2026-01-10, quantity: {quantity}}}"
        return f"operation: record_usage\nrecords: [{record}]"

    after = book_after(subscribed(f"id: s, {charges(calls, least)}"), used("u", 60), RUN, used("late", 10))
    assert lines(after) == ["1 P 100.00 = calls 60.00, least 40.00"]
    assert lines(plan(after, RUN)) == ["1 calls 10.00", "2 least: Credit -10.00"]


# -- what was billed of each charge ---------------------------------------------------------------------------------


def test_each_charge_has_a_period_with_its_part_of_the_line() -> None:
    """The discount of seats is theirs; a tax of 48.00 on 200.00 is 3:1 on 150.00 and 50.00."""
    promo = "id: promo, rate: -20.00, discounts: seats, tax_code: standard"
    seats = "id: seats, rate: 150.00, tax_code: standard, profile: P"
    after = book_after(taxed(seats, "id: help, rate: 50.00, tax_code: standard, profile: P", promo), RUN, policy=VAT)
    told = {one.id: (str(one.amount), str(one.discount), str(one.tax)) for one in charge_periods(after, "s")}
    assert told == {
        "INV00000001/1/help": ("50.00", "0.00", "12.00"),
        "INV00000001/1/seats": ("150.00", "-20.00", "36.00"),
        "INV00000001/2": ("-20.00", "0.00", "-4.80"),
    }


def test_of_a_prepaid_charge_usage_draws_what_was_paid_for_it_alone() -> None:
    """A memo of 46.00 over 230.00 leaves four fifths of each: 40.00 of 50.00."""
    pool = "id: pool, rate: 50.00, drawn_by: [calls], profile: P"
    book = subscribed(
        f"id: s, {charges(pool, 'id: seats, rate: 180.00, profile: P', 'id: calls, rate: 1.00, usage: true')}"
    )
    used = "operation: record_usage\nrecords: [{id: u, subscription: s, charge: calls, date: 2026-01-10, quantity: 90}]"
    memo = PART.format("46.00")
    first = "operation: bill_run\ndate: 2026-01-01\n"
    assert book_after(book, first, used, RUN).usage["u"].drawn == D("50.00")
    assert book_after(book, first, memo, used, RUN).usage["u"].drawn == D("40.00")


# -- what becomes of the line ---------------------------------------------------------------------------------------


def test_a_cancellation_gives_days_of_all_of_them_back_on_one_line() -> None:
    """23 of 31 days are 148.39 of 200.00 and 22.50 of 30.33."""
    after = book_after(BOTH, RUN, CANCEL)
    assert lines(after)[0] == "1 Platform: Proration Credit 170.89 = help 22.50, seats 148.39"
    credit = after.numbered["CM00000001"]
    assert isinstance(credit, CreditMemo)
    assert [str(one.unit_price) for one in credit.items[0].combines] == ["-30.33", "-100.00"]
    # Nothing that gives back is a period that was billed.
    assert [one.id for one in charge_periods(after, "s")] == ["INV00000001/1/help", "INV00000001/1/seats"]
    invoice = after.numbered["INV00000001"]
    assert isinstance(invoice, Invoice)
    assert [str(amount) for amount in left_of(after, invoice).values()] == ["59.44"]
    assert {one.charge: str(one.amount) for one in given_back(after, invoice)} == {"help": "22.50", "seats": "148.39"}
    assert corrects(credit, [invoice])[invoice.number]


def test_a_credit_of_one_charge_corrects_the_line_of_all() -> None:
    after = book_after(
        BOTH, RUN, "operation: end_subscribed_charge\nsubscription: s\ncharge: help\nuntil: 2026-01-09", RUN
    )
    assert lines(after)[0] == "1 help: Proration Credit 22.50"
    credit, invoice = after.numbered["CM00000001"], after.numbered["INV00000001"]
    assert isinstance(credit, CreditMemo)
    assert isinstance(invoice, Invoice)
    assert corrects(credit, [invoice])[invoice.number]
    assert [str(amount) for amount in left_of(after, invoice).values()] == ["207.83"]


@pytest.mark.parametrize(
    "undo",
    [
        "operation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-02-01",
        "operation: write_off_invoice\ninvoice: INV00000001\ndate: 2026-02-01",
    ],
)
def test_what_undoes_the_line_lets_all_its_charges_be_billed_again(undo: str) -> None:
    found = plan(book_after(BOTH, RUN), undo)
    assert moves(found) == ["s/help: 2026-02-01 -> 2026-01-01", "s/seats: 2026-02-01 -> 2026-01-01"]
    assert lines(found) == ["1 Platform 230.33 = help 30.33, seats 200.00"]
    again = book_after(BOTH, RUN, undo, RUN)
    assert lines(again)[-1] == "1 Platform 230.33 = help 30.33, seats 200.00"


def test_a_write_off_that_is_undone_lets_no_charge_be_billed_again() -> None:
    off = "operation: write_off_invoice\ninvoice: INV00000001\ndate: 2026-02-01"
    undo = "operation: undo_write_off\ncredit_memo: CM00000001\ndate: 2026-02-01"
    assert moves(plan(book_after(BOTH, RUN, off), undo)) == [
        "s/help: 2026-01-01 -> 2026-02-01",
        "s/seats: 2026-01-01 -> 2026-02-01",
    ]


def test_a_draft_is_canceled_or_posted_with_all_its_charges() -> None:
    draft = book_after(BOTH, RUN + "bill_as: draft")
    assert moves(plan(draft, "operation: cancel_draft\ndraft: TMP-INV-00000001\ndate: 2026-02-01")) == [
        "s/help: 2026-02-01 -> 2026-01-01",
        "s/seats: 2026-02-01 -> 2026-01-01",
    ]
    posted = plan(draft, "operation: post_draft\ndraft: TMP-INV-00000001\ndate: 2026-02-01")
    assert lines(posted) == ["1 Platform 230.33 = help 30.33, seats 200.00"]


def test_the_invoice_and_the_memo_of_one_run_are_reversed_together() -> None:
    """They share a charge that the invoice has on a line with another one."""
    each = "{subscribed_charge: other, amount: 40.00}, {subscribed_charge: seats, amount: 60.00}"
    of_both = f"amount: 100.00, combines: [{each}]"
    book = bill_run(memo_charge="other").replace("subscribed_charge: seats, amount: 100.00", of_both)
    found = plan(book, "operation: reverse_invoice\ninvoice: I1\ndate: 2026-06-01")
    assert {one.number for one in found.of(Reversed)} == {"I1", "C1", "CM00000001", "DM00000001"}


def test_a_memo_over_a_part_of_the_line_has_parts_of_its_charges() -> None:
    """10.00 of 230.33: 1.3168 of help, and the rest."""
    found = plan(book_after(BOTH, RUN), PART.format("10.00"))
    assert lines(found) == ["1 Platform 10.00 = help 1.32, seats 8.68"]


# -- billed again ---------------------------------------------------------------------------------------------------


def reopened(text: str, *, more: str = "", policy: str = "") -> Book:
    """After the bill run, with what was credited of it by a memo and reopened."""
    memo = "operation: credit_memo_from_invoice\ninvoice: INV00000001\ndate: 2026-01-31"
    after = book_after(text, RUN, memo, policy=policy)
    periods = [replace(one, status="reopened", memo="CM00000001") for one in charge_periods(after, "s")]
    return after.with_charge_periods(periods)


AGAIN = "operation: bill_run\ndate: 2026-02-01\nreopened_only: true"


def test_what_was_on_one_line_is_billed_again_on_one_with_its_tax() -> None:
    each = [f"id: {id}, rate: 0.02, tax_code: standard, profile: P" for id in "abc"]
    after = book_after(reopened(taxed(*each), policy=VAT), AGAIN, policy=VAT)
    assert lines(after)[1:] == ["1 P 0.06 VAT 0.01 = a 0.02, b 0.02, c 0.02"] * 2
    told = {id: (one.status, one.rebilled_by, one.rebilled_item) for id, one in after.charge_periods.items()}
    assert told == {f"INV00000001/1/{id}": ("rebilled", "INV00000002", "1") for id in "abc"}


def test_of_one_that_is_corrected_the_line_is_another() -> None:
    book = reopened(BOTH)
    first = replace(book.charge_periods["INV00000001/1/seats"], rate=D("90.00"))
    assert lines(plan(book.with_charge_periods([first]), AGAIN)) == ["1 Platform 210.33 = help 30.33, seats 180.00"]
    late = replace(first, until=first.until.replace(month=1, day=17))
    assert lines(plan(book.with_charge_periods([late]), AGAIN)) == [
        "1 help 30.33",
        "2 Seats: Proration 92.90",  # 16 of 31 days of 180.00
    ]


REVERSE = "operation: reverse_invoice\ninvoice: {}\ndate: 2026-02-01"
WRITE_OFF = "operation: write_off_invoice\ninvoice: {}\ndate: 2026-02-01"


@pytest.mark.parametrize("undo", [REVERSE, WRITE_OFF])
def test_what_was_billed_again_is_reopened_with_all_its_charges(undo: str) -> None:
    after = book_after(reopened(BOTH), AGAIN, undo.format("INV00000002"))
    waiting = {one.id: one.charge for one in after.charge_periods.values() if one.status == "reopened"}
    number = "INV00000001" if undo == REVERSE else "INV00000002"
    assert waiting == {f"{number}/1/help": "help", f"{number}/1/seats": "seats"}
    assert lines(plan(after, AGAIN)) == ["1 Platform 230.33 = help 30.33, seats 200.00"]


def test_where_later_time_was_billed_all_its_charges_are_reopened() -> None:
    later = RUN.replace("01-31", "02-01")
    after = book_after(BOTH, RUN, later, WRITE_OFF.format("INV00000001"))
    waiting = {one.id: one.charge for one in after.charge_periods.values() if one.status == "reopened"}
    assert waiting == {"INV00000001/1/help": "help", "INV00000001/1/seats": "seats"}


def test_of_a_charge_that_was_credited_the_days_before_are_billed_again() -> None:
    """Help was given back from 9 January on, and seats were not."""
    ended = "operation: end_subscribed_charge\nsubscription: s\ncharge: help\nuntil: 2026-01-09"
    all_of_it = "operations: {reverse_invoice: {over_credit: warn}}"
    found = plan(book_after(BOTH, RUN, ended, RUN), REVERSE.format("INV00000001"), policy=all_of_it)
    assert moves(found) == ["s/help: 2026-01-09 -> 2026-01-01", "s/seats: 2026-02-01 -> 2026-01-01"]


def test_a_draft_of_which_a_charge_was_billed_later_is_not_canceled() -> None:
    draft = book_after(BOTH, RUN + "bill_as: draft", RUN.replace("01-31", "02-01"))
    assert refused(draft, "operation: cancel_draft\ndraft: TMP-INV-00000001\ndate: 2026-02-01") == ["billed-since"]


def test_what_a_book_from_elsewhere_gives_back_of_a_line_is_found_by_its_charges() -> None:
    """The credit does not name the line."""
    after = book_after(BOTH, RUN, CANCEL)
    credit = after.numbered["CM00000001"]
    assert isinstance(credit, CreditMemo)
    unnamed = replace(credit, items=tuple(replace(item, source=None, source_item=None) for item in credit.items))
    invoice = after.numbered["INV00000001"]
    assert isinstance(invoice, Invoice)
    book = Book().with_posted([invoice, unnamed], (), after.subscriptions.values())
    (trail,) = trails_of(book, called(book, "INV00000001/1"))
    assert [(step.what, step.by) for step in trail.steps] == [
        ("billed", ("INV00000001", "1")),
        ("credited", ("CM00000001", "1")),
    ]
    assert {one.charge: str(one.amount) for one in given_back(book, invoice)} == {"help": "22.50", "seats": "148.39"}


# -- in a ledger ----------------------------------------------------------------------------------------------------


def test_a_ledger_keeps_the_line_and_what_became_of_it(empty_file: Path) -> None:
    part = PART.format("10.00")
    undo = "operation: reverse_credit_memo\ncredit_memo: CM00000001\ndate: 2026-02-01"
    more = "operation: bill_run\ndate: 2026-02-01\n"
    with ledger_of(book_from(BOTH), empty_file) as ledger:
        for number, text in enumerate((RUN, part, undo, more, CANCEL.replace("01-31", "02-01")), start=1):
            post_it(ledger, partial(plan, text=f"id: {number}\n{text}"))
            assert ledger.check() == []
        kept = whole(ledger)
    assert [line for line in lines(kept) if "Credit" in line] == [
        "1 Platform: Proration Credit 170.89 = help 22.50, seats 148.39",
        "2 Platform: Credit 230.33 = help 30.33, seats 200.00",
    ]


# -- combined or not ------------------------------------------------------------------------------------------------


@st.composite
def _charges(draw: st.DrawFn) -> list[str]:
    """Charges of two profiles or none, some with a discount, some in arrears, some ended."""
    found = []
    for id in "abcd"[: draw(st.integers(1, 4))]:
        cents = draw(st.integers(-500, 20_000))
        profile = draw(st.sampled_from(["", ", profile: P", ", profile: P", ", profile: Q"]))
        timing = draw(st.sampled_from(["", ", timing: in_arrears"]))
        until = draw(st.sampled_from(["", "", f", until: 2026-02-{draw(st.integers(2, 28)):02d}"]))
        found.append(f"id: {id}, rate: {cents / 100:.2f}{profile}{timing}{until}")
        if cents > 0 and draw(st.booleans()):
            found.append(f"id: off-{id}, rate: {-(cents // 3) / 100:.2f}, discounts: {id}{timing}{until}")
    return found


@examples(60)
@given(
    of=_charges(),
    first=st.integers(2, 28),
    end=st.integers(2, 28),
    rule=st.sampled_from(["one_document", "negative_charges", "negative_invoice"]),
)
def test_combined_or_not_documents_come_to_the_same(of: list[str], first: int, end: int, rule: str) -> None:
    """So they do when they are undone: the same days are billed again, and the same is left."""
    policy = f"operations: {{bill_run: {{negative_totals: {rule}}}}}"
    cancel = f"operation: cancel_subscription\nsubscription: s\neffective_date: 2026-02-{end:02d}\ndate: 2026-03-01"
    ends = f"operation: end_subscribed_charge\nsubscription: s\ncharge: a\nuntil: 2026-02-{first:02d}\ndate: 2026-02-28"
    more = "operation: bill_run\ndate: 2026-02-28\n"
    runs = RUN, more, ends, more, cancel
    with_profiles = subscribed(f"id: s, {charges(*of)}")
    without = with_profiles.replace(", profile: P", "").replace(", profile: Q", "")
    one, other = [outcome(book, runs, policy) for book in (with_profiles, without)]
    assert one == other


def outcome(text: str, texts: tuple[str, ...], policy: str) -> list[object]:
    """What each document comes to, what each charge is charged through, and what is left of each invoice; and the same
    after the newest invoice is reversed, or why it cannot be."""
    told: list[object] = []
    book = book_from(text)
    for asked in texts:
        (planned,) = run(book, asked, policy=policy)
        if planned.plan is None:
            told.append(sorted(problem.code for problem in planned.problems))
            continue
        book = left_by(planned.plan, book)
        told.append(_in_all(book))
    for number in [number for number, one in book.numbered.items() if isinstance(one, Invoice)][-1:]:
        (undone,) = run(book, f"operation: reverse_invoice\ninvoice: {number}\ndate: 2026-03-01", policy=policy)
        codes = sorted(problem.code for problem in undone.problems)
        told.append(codes if undone.plan is None else _in_all(left_by(undone.plan, book)))
    return told


def _in_all(book: Book) -> list[object]:
    return [
        [(one.number, one.amount) for one in book.numbered.values() if isinstance(one, Document)],
        [(one.id, one.charged_through) for one in book.subscriptions["s"].charges],
        [sum(left_of(book, one).values()) for one in book.numbered.values() if isinstance(one, Invoice)],
        [(one.charge, one.from_, one.until, one.amount, one.status) for one in charge_periods(book, "s")],
    ]
