"""However often a pending cancellation is moved, and whether it is taken back: in the end each day is billed as if only
the last word had ever been said.

April has 30 days, and a price of 30 times a number of cents is that number for each day: so nothing is rounded.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.books import book_from
from tests.helpers.properties import examples
from tests.helpers.steps import run

Charges = list[tuple[Decimal, bool]]
Ends = list[tuple[int, bool]]
BILL = "operation: bill_run, date: 2026-04-01"
LAST = "operation: bill_run, date: 2026-04-30"
UNDO = "operation: undo_cancellation, date: 2026-04-02, subscription: S"
prices = st.lists(
    st.tuples(st.integers(-999, 999).map(lambda cents: Decimal(30 * cents) / 100), st.booleans()),
    min_size=1,
    max_size=3,
)
words = st.lists(st.tuples(st.integers(3, 30), st.booleans()), min_size=1, max_size=4)
"""Days of April on which service is to end, and whether there is a final bill."""


def book(charges: Charges) -> Book:
    each = (
        f"{{id: c{n}, rate: {rate}, timing: {'in_arrears' if in_arrears else 'in_advance'}}}"
        for n, (rate, in_arrears) in enumerate(charges)
    )
    return book_from(f"""
accounts: [{{id: ann, currency: USD, attributes: {{bill_to_contact: ann}}}}]
contacts: [{{id: ann, account: ann}}]
subscriptions: [{{id: S, account: ann, start: 2026-04-01, charges: [{", ".join(each)}]}}]
""")


def billed(charges: Charges, *operations: str) -> dict[str, Decimal]:
    """Charge -> what it is billed less what it is credited, after a last bill run."""
    left = book(charges)
    for n, text in enumerate((BILL, *operations, LAST)):
        try:
            left = run(left, text, id=f"op-{n}")[1]
        except Refused as refused:
            (problem,) = refused.diagnostics
            assert problem.code == "nothing-due", problem
    net: dict[str, Decimal] = defaultdict(Decimal)
    for document in left.numbered.values():
        for item in document.items if isinstance(document, Invoice | CreditMemo) else ():
            net[item.subscribed_charge or ""] += item.amount if isinstance(document, Invoice) else -item.amount
    return {charge: amount for charge, amount in net.items() if amount}


def said(operation: str, day: int, final_bill: bool) -> str:
    end = datetime.date(2026, 4, day)
    more = f"effective_date: {end}, final_bill: {str(final_bill).lower()}"
    return f"operation: {operation}, date: 2026-04-02, subscription: S, {more}"


def in_turn(ends: Ends) -> list[str]:
    """The cancellation, and each move of it that is one."""
    (first, *others), before = ends, ends[0][0]
    operations = [said("cancel_subscription", *first)]
    for day, final_bill in others:
        if day != before:
            operations.append(said("change_cancellation", day, final_bill))
        before = day
    return operations


@examples(60)
@given(prices, words)
def test_moved_often_it_is_as_if_canceled_once(charges: Charges, ends: Ends) -> None:
    day = ends[-1][0]
    once = billed(charges, said("cancel_subscription", day, True))
    assert billed(charges, *in_turn(ends)) == once
    assert once == {f"c{n}": rate * (day - 1) / 30 for n, (rate, _) in enumerate(charges) if rate}


@examples(60)
@given(prices, words)
def test_taken_back_it_is_as_if_never_canceled(charges: Charges, ends: Ends) -> None:
    assert billed(charges, *in_turn(ends), UNDO) == {f"c{n}": rate for n, (rate, _) in enumerate(charges) if rate}
