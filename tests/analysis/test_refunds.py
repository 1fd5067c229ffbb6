"""What there can be together of a refund and of the dates of documents: what is said to be impossible is, and else
there is a book that shows it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis.domain import Domain
from billpolicy.analysis.together import aged
from billpolicy.policy.condition import Box, Fact, Numbers, Values, Words
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.witness.witness import witness
from tests.helpers.scenes import policy, refusals

DAY = datetime.date(2026, 3, 1)


# -- how old documents are -----------------------------------------------------------------------------------------

SMALL = st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 3)), min_size=1, max_size=2)


def numbers(pairs: list[tuple[int, int]]) -> Numbers:
    found = Numbers(())
    for low, more in pairs:
        found |= Numbers(((low, low + more),))
    return found


@given(st.tuples(SMALL, SMALL, SMALL, SMALL, SMALL))
def test_days_are_found_where_there_are_any(drawn: tuple[list[tuple[int, int]], ...]) -> None:
    """A day, and two documents, each with a date and how long before that day this is."""
    day, one, old, other, older = (Values(numbers(pairs)) for pairs in drawn)
    members = [[n for n in range(-8, 9) if n in values.members] for values in (day, one, old, other, older)]
    fits = {(on, a, b, c, d) for on, a, b, c, d in product(*members) if on - a == b and on - c == d}
    found = aged(0, day, one, old, other, older)
    assert (found is None) is (not fits)
    assert found is None or found in fits


def test_open_ranges_add_up() -> None:
    above, below = Numbers(((3, None),)), Numbers(((None, 5),))
    assert above.plus(Numbers.only(2)) == Numbers(((5, None),))
    assert above.plus(below) == Numbers(((None, None),))
    assert above.negated() == Numbers(((None, -3),))


# -- what is behind a refund ---------------------------------------------------------------------------------------

FACTS: dict[str, tuple[Fact | None, ...]] = {
    "refund.of": ("payment", "credit_memo"),
    "refund.paid": ("all", "part", "nothing"),
    "payment.number": ("P-00000009", None),
    "payment.currency": ("EUR", "USD"),
    "credit_memo.number": ("CM00000009", None),
    "credit_memo.currency": ("EUR", "USD"),
    "invoice.number": ("INV00000009", None),
    "invoice.currency": ("EUR", "USD"),
    "days_since.payment": (3, None),
    "days_since.invoice": (3, None),
    "days_since.credit_memo": (3, None),
}


Bounds = tuple[str | None, str | None]


def _between(days: Bounds) -> Values:
    first, last = (None if day is None else datetime.date.fromisoformat(day).toordinal() for day in days)
    return Values(Numbers(((first, last),)))


def cases() -> Iterator[dict[str, Fact | None]]:
    """Two or three facts at a time."""
    for count in (2, 3):
        for names in combinations(FACTS, count):
            for values in product(*(FACTS[name] for name in names)):
                yield dict(zip(names, values, strict=True))


def box_of(facts: dict[str, Fact | None]) -> Box:
    found = {}
    for name, value in facts.items():
        members = Numbers(()) if name.startswith("days") else Words(frozenset())
        if value is not None:
            members = Numbers.only(value) if isinstance(value, int) else Words(frozenset((value,)))
        found[name] = Values(members, unset=value is None)
    return found


@pytest.mark.parametrize("operation", ["create_refund", "write_off_invoice", "bill_run"])
@pytest.mark.parametrize(
    ("date", "dated", "old", "can"),
    [
        # By 10 June an invoice of 1 June or later is 9 days old at most.
        ((None, "2026-06-10"), ("2026-06-01", None), (10, None), False),
        ((None, "2026-06-10"), ("2026-06-01", None), (9, None), True),
        # From 10 June on one of 1 June or before is 9 days old at least.
        (("2026-06-10", None), (None, "2026-06-01"), (0, 8), False),
        (("2026-06-10", None), (None, "2026-06-01"), (0, 9), True),
    ],
)
def test_how_old_an_invoice_is_goes_with_both_dates(
    operation: str, date: Bounds, dated: Bounds, old: tuple[int | None, int | None], can: bool
) -> None:
    domain = Domain.of_operation(policy(), VOCABULARY[operation])
    box = {"date": _between(date), "invoice.date": _between(dated), "days_since.invoice": Values(Numbers((old,)))}
    facts = domain.possible(box)
    assert (facts is not None) is can
    if facts is not None:
        assert int(facts["date"]) - int(facts["invoice.date"]) == facts["days_since.invoice"]


def test_an_example_of_a_conflict_has_days_that_go_together() -> None:
    """From 10 June on, and dated 1 June or before: 9 days at most are those from the one to the other."""
    (problem,) = refusals("""exceptions:
- {id: early, operations: [unapply_payment], when: {payment.date: {at_most: 2026-06-01}, date: {at_least: 2026-06-10}},
   then: {permission: refused}}
- {id: soon, operations: [unapply_payment], when: {days_since.payment: {at_most: 9 days}}, then: {permission: approval}}
""")
    shown = "for example on 2026-06-10 with `days_since.payment: 9 days` and `payment.date: 2026-06-01`"
    assert problem.message.endswith(shown)


PAYMENT: dict[str, Fact | None] = {"refund.of": "payment", "payment.number": "P-00000009"}
ON_INVOICE: dict[str, Fact | None] = {"invoice.number": "INV00000009"}
NO_INVOICE: dict[str, Fact | None] = {"invoice.number": None, "days_since.invoice": None}
TWO_INVOICES: dict[str, Fact | None] = {"invoice.number": None, "days_since.invoice": 3}


@pytest.mark.parametrize("paid", ["all", "part", "nothing"])
@pytest.mark.parametrize("behind", [{}, ON_INVOICE, NO_INVOICE, TWO_INVOICES])
def test_of_a_payment_memos_may_have_paid_back_all_a_part_or_nothing(paid: str, behind: dict[str, Fact | None]) -> None:
    """Memos of one invoice, of several, or of a debit memo where it was on no invoice."""
    facts = {**PAYMENT, **behind, "refund.paid": paid}
    assert Domain.of_operation(policy(), VOCABULARY["create_refund"]).possible(box_of(facts)) is not None
    assert witness([policy()], "create_refund", facts, date=DAY) is not None


def test_of_a_payment_that_was_used_and_known_before_a_part_was_paid() -> None:
    """It is 100.00, of which 60.00 are unapplied; 20.00 were paid back by the same reference before."""
    sized: dict[str, Fact | None] = {"payment.amount": 10000, "payment.balance": 6000, "amount": 2000}
    facts = {**PAYMENT, **sized, "refund.paid": "part", "reference_is": "known", "amount.currency": "EUR"}
    assert witness([policy()], "create_refund", facts, date=DAY) is not None


@pytest.mark.parametrize("part", range(8))
def test_what_can_be_is_shown_and_what_cannot_is_not(part: int) -> None:
    standard = policy()
    domain = Domain.of_operation(standard, VOCABULARY["create_refund"])
    wrong = []
    for number, facts in enumerate(cases()):
        if number % 8 == part:
            can = domain.possible(box_of(facts)) is not None
            shown = witness([standard], "create_refund", facts, date=DAY) is not None
            if can is not shown:
                wrong.append((facts, can, shown))
    assert wrong == []
