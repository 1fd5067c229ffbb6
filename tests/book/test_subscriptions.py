"""What a bill run reads of a subscription is checked where it stands."""

from __future__ import annotations

import pytest

from billpolicy.book.load import book_of
from billpolicy.diagnostics.diagnostic import Position, Refused
from billpolicy.source.tree import parse_text
from tests.helpers.refusals import refused

GOOD = """\
accounts: [{id: a, currency: USD}]
subscriptions:
- id: s
  account: a
  start: 2026-01-15
  term_end: 2027-01-15
  canceled_on: 2026-06-01
  bill_day: 31
  invoice_separately: true
  currency: EUR
  charges:
  - {id: seats, rate: 9.995, quantity: 0, period: quarter, timing: in_arrears, until: 2026-01-16}
  - {id: setup, rate: 100.00, period: one_time, start: 2026-02-01, until: 2026-02-02}
  - {id: less, rate: -1.00, discounts: seats}
"""


def test_all_of_it_can_stand_in_a_file() -> None:
    book = book_of(parse_text(GOOD, "book.yaml"))
    assert [charge.id for charge in book.subscriptions["s"].charges] == ["seats", "setup", "less"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("bill_day: 31", "bill_day: 32", "bill-day"),
        ("bill_day: 31", "bill_day: 0", "bill-day"),
        ("canceled_on: 2026-06-01", "canceled_on: 2026-01-14", "date-too-early"),
        ("term_end: 2027-01-15", "term_end: 2026-01-14", "date-too-early"),
        ("currency: EUR", "currency: EUC", "value-wrong"),
        ("period: quarter", "period: week", "value-not-allowed"),
        ("quantity: 0", "quantity: -1", "amount-sign"),
        # The first day after the last one is after the first one: of the charge, else of the subscription.
        ("until: 2026-01-16", "until: 2026-01-15", "period-empty"),
        ("until: 2026-02-02", "until: 2026-02-01", "period-empty"),
        ("discounts: seats", "discounts: seat", "reference-unknown"),
        ("discounts: seats", "discounts: less", "discount-of-discount"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(old: str, new: str, code: str) -> None:
    text = GOOD.replace(old, new)
    with pytest.raises(Refused) as raised:
        book_of(parse_text(text, "book.yaml"))
    (problem,) = raised.value.diagnostics
    assert problem.code == code
    assert problem.position is not None
    line = text.splitlines()[problem.position.line - 1]
    assert line[problem.position.column - 1 :].startswith(new.partition(": ")[2])
    assert problem.hint or code == "value-wrong"


@pytest.mark.parametrize("continues", ["seats-2", "seats-3"])
def test_what_continues_a_charge_names_the_first(continues: str) -> None:
    """Its periods are those of the charge that it names: by the one before it, they would begin on its start."""
    book = """
accounts: [{id: acme, currency: EUR}]
subscriptions:
- id: s
  account: acme
  start: 2026-01-01
  charges:
  - {id: seats, until: 2026-02-11}
  - {id: seats-2, start: 2026-02-11, until: 2026-05-11, continues: seats}
  - {id: seats-3, start: 2026-05-11, continues: %s}
"""
    (problem,) = refused(lambda: book_of(parse_text(book % continues, "book.yaml"))).diagnostics
    assert (problem.code, problem.position) == ("continues-not-first", Position("book.yaml", 10, 49, 10, 56))
    book_of(parse_text(book % "seats", "book.yaml"))


def test_canceled_on_its_first_day() -> None:
    # Nothing of it is served; it is still a subscription.
    book_of(parse_text(GOOD.replace("canceled_on: 2026-06-01", "canceled_on: 2026-01-15"), "book.yaml"))
