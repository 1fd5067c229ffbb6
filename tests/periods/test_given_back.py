"""What of a line was given back, and what is left: worked out by hand on books of a few lines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from billpolicy.book.book import Place
from billpolicy.book.model import Invoice, Item, TaxItem
from billpolicy.periods.given_back import Left, given_back, given_back_of, left_in, left_of, tax_of
from tests.helpers.books import book_from

OF = "subscription: S, subscribed_charge: gym"
APRIL = "service_start: 2026-04-01, service_end: 2026-04-30"
MAY = "service_start: 2026-05-01, service_end: 2026-05-31"


def scene(rest: str, items: str = "") -> str:
    """April and May of a subscription, 30.00 and 31.00, each with 20% of tax."""
    return f"""
accounts: [{{id: a, currency: EUR, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- {{id: S, account: a, start: 2026-04-01, charges: [{{id: gym, rate: 30.00, charged_through: 2026-06-01}}]}}
invoices:
- number: I4
  account: a
  date: 2026-04-01
  currency: EUR
  items:
  - {{id: x, line: 1, amount: 30.00, unit_price: 30.00, {OF}, {APRIL}, taxes: [{{id: vat, amount: 6.00}}]}}
  {items}
- number: I5
  account: a
  date: 2026-05-01
  currency: EUR
  items: [{{id: x, amount: 31.00, unit_price: 31.00, {OF}, {MAY}, taxes: [{{id: vat, amount: 6.20}}]}}]
{rest}"""


def invoice(text: str, number: str = "I4") -> tuple[Invoice, Left]:
    book = book_from(text)
    found = book.numbered[number]
    assert isinstance(found, Invoice)
    return found, left_in(book, found)


def told(text: str, number: str = "I4") -> list[str]:
    """`by how place amount [days]`."""
    book = book_from(text)
    found = book.numbered[number]
    assert isinstance(found, Invoice)
    return [
        f"{one.by} {one.how} {one.place.item}{'/' + one.place.tax if one.place.tax else ''} {one.amount}"
        + (f" {one.days[0]}..{one.days[1]}" if one.days else "")
        for one in given_back(book, found)
    ]


def memo(number: str, items: str, more: str = "", kind: str = "credit_memos") -> str:
    return f"{kind}:\n- {{number: {number}, account: a, date: 2026-05-20, currency: EUR, {more}items: [{items}]}}\n"


# -- by memos --------------------------------------------------------------------------------------------------------

HALF = "{id: m, source_item: x, amount: 15.00, taxes: [{id: t, source_tax: vat, amount: 3.00}]}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("source: I4, ", ["C1 credit_memo x 15.00", "C1 credit_memo x/vat 3.00"]),
        ("source: I4, status: draft, ", []),
        ("source: I4, status: canceled, ", []),
        ("source: I4, reversed: true, ", []),
    ],
)
def test_a_posted_memo_takes_from_the_item_whatever_the_day(more: str, expected: list[str]) -> None:
    assert told(scene(memo("C1", HALF, more))) == expected
    assert told(scene(memo("C1", HALF, more)), "I5") == []


WRITTEN_OFF = """
credit_memos:
- {number: C1, account: a, date: 2026-05-20, currency: EUR, source: I4, write_off: true, items:
   [{id: m, source_item: x, amount: 30.00, taxes: [{id: t, source_tax: vat, amount: 6.00}]}]}
MORE
applications:
- {from: C1, to: I4, date: 2026-05-20, amount: 36.00, parts:
   [{item: x, source_item: m, amount: 30.00}, {item: x, tax: vat, source_item: m, source_tax: t, amount: 6.00}]}
AND
"""
AGAIN = (
    "debit_memos:\n- {number: D1, account: a, date: 2026-05-21, currency: EUR, source: C1, items:"
    " [{id: d, source_item: m, amount: 10.00, taxes: [{id: u, source_tax: t, amount: 2.00}]}]}"
)
OFF_AGAIN = (
    "- {number: C2, account: a, date: 2026-05-22, currency: EUR, source: D1, write_off: true, items:"
    " [{id: n, source_item: d, amount: 10.00, taxes: [{id: v, source_tax: u, amount: 2.00}]}]}\n"
)
ON_DEBIT = """
- {from: C2, to: D1, date: 2026-05-22, amount: 12.00, parts:
   [{item: d, source_item: n, amount: 10.00}, {item: d, tax: u, source_item: n, source_tax: v, amount: 2.00}]}
"""


def written_off(more: str = "", applied: str = "") -> str:
    return scene(WRITTEN_OFF.replace("MORE", more).replace("AND", applied))


def test_what_was_written_off_counts_less_what_was_asked_for_again_and_so_on() -> None:
    assert told(written_off()) == ["C1 write_off x 30.00", "C1 write_off x/vat 6.00"]
    asked = told(written_off(AGAIN))
    assert asked == [
        "C1 write_off x 30.00",
        "C1 write_off x/vat 6.00",
        "D1 write_off x -10.00",
        "D1 write_off x/vat -2.00",
    ]
    again = written_off(f"{OFF_AGAIN}{AGAIN}", ON_DEBIT)
    assert told(again)[2:4] == ["C2 write_off x 10.00", "C2 write_off x/vat 2.00"]
    _, left = invoice(written_off(AGAIN))
    assert (left.net("x"), left.in_all) == (Decimal("10.00"), Decimal("12.00"))
    assert invoice(again)[1].net("x") == 0


def test_of_a_reversed_invoice_the_memo_gives_all_of_it_back() -> None:
    whole = "{id: m, source_item: x, amount: 30.00, taxes: [{id: t, source_tax: vat, amount: 6.00}]}"
    text = scene(memo("C1", whole, "source: I4, reversed: true, ")).replace(
        "number: I4", "number: I4\n  reversed: true"
    )
    assert told(text) == ["C1 reversal x 30.00", "C1 reversal x/vat 6.00"]


# -- by bill runs ----------------------------------------------------------------------------------------------------

LAST_DAYS = f"{OF}, service_start: 2026-04-21, service_end: 2026-04-30"
TAX = "taxes: [{id: t, source_tax: vat, amount: 2.00}]"
TIED = f"{{id: m, source: I4, source_item: x, amount: 10.00, {LAST_DAYS}, {TAX}}}"


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ("", True),
        ("status: draft, bill_run: BR, ", True),  # its days are taken
        ("status: draft, ", False),
        ("status: draft, bill_run: BR, posted_as: C9, ", False),
        ("status: canceled, bill_run: BR, ", False),
        ("reversed: true, ", False),
    ],
)
def test_a_line_that_says_what_it_corrects(more: str, counts: bool) -> None:
    days = " 2026-04-21..2026-05-01"
    expected = [f"C1 bill_run x 10.00{days}", f"C1 bill_run x/vat 2.00{days}"] if counts else []
    posted = "- {number: C9, account: a, date: 2026-05-20, currency: EUR, items: [{id: m, amount: 12.00}]}\n"
    assert told(scene(memo("C1", TIED, more) + posted)) == expected


def test_on_an_invoice_it_has_the_other_sign() -> None:
    line = TIED.replace("amount: 10.00", "amount: -10.00").replace("amount: 2.00", "amount: -2.00")
    text = scene("").replace("items: [{id: x, amount: 31.00", f"items: [{line}, {{id: x, amount: 31.00")
    assert [one.split(" 2026")[0] for one in told(text)] == ["I5 bill_run x 10.00", "I5 bill_run x/vat 2.00"]


@pytest.mark.parametrize(
    ("item", "april", "may"),
    [
        (f"amount: 10.00, unit_price: -30.00, {LAST_DAYS}", ["C1 bill_run x 10.00 2026-04-21..2026-05-01"], []),
        (f"amount: 10.00, {LAST_DAYS}", ["C1 bill_run x 10.00 2026-04-21..2026-05-01"], []),  # without a price
        # 41 days from 21 April to 31 May: 10 of 41 of 41.01 are 10.00, and the rest 31.01.
        (
            f"amount: 41.01, {OF}, service_start: 2026-04-21, service_end: 2026-05-31",
            ["C1 bill_run x 10.00 2026-04-21..2026-05-01"],
            ["C1 bill_run x 31.01 2026-05-01..2026-06-01"],
        ),
        (f"amount: 10.00, unit_price: 30.00, {LAST_DAYS}", [], []),  # it bills them
        (f"amount: 10.00, {OF}", [], []),
        ("amount: 10.00, subscription: S, service_start: 2026-04-21, service_end: 2026-04-30", [], []),
        (f"amount: 10.00, {OF}, service_start: 2026-06-01, service_end: 2026-06-30", [], []),
    ],
)
def test_a_line_of_elsewhere_takes_from_those_of_its_days(item: str, april: list[str], may: list[str]) -> None:
    text = scene(memo("C1", f"{{id: m, {item}}}"))
    assert (told(text), told(text, "I5")) == (april, may)


def test_nor_from_those_in_another_currency() -> None:
    """The currency of a subscription may have changed; an amount of one is none of the other."""
    item = f"{{id: m, amount: 8.00, unit_price: -30.00, {OF}, {APRIL}}}"
    assert told(scene(memo("C1", item))) == ["C1 bill_run x 8.00 2026-04-01..2026-05-01"]
    assert told(scene(memo("C1", item).replace("EUR", "USD"))) == []


def test_many_invoices_are_asked_about_at_once() -> None:
    text = scene(memo("C1", f"{{id: m, amount: 41.01, {OF}, service_start: 2026-04-21, service_end: 2026-05-31}}"))
    book = book_from(text)
    invoices = [book.numbered[number] for number in ("I4", "I5")]
    assert given_back_of(book, [one for one in invoices if isinstance(one, Invoice)]) == {
        one.number: given_back(book, one) for one in invoices if isinstance(one, Invoice)
    }


# -- what is left ----------------------------------------------------------------------------------------------------

DISCOUNT = "- {id: d, line: 2, discounts: x, amount: -6.00, taxes: [{id: vat, amount: -1.20}]}"


def test_a_discount_leaves_less_of_its_item() -> None:
    of, left = invoice(scene(memo("C1", "{id: m, source_item: x, amount: 20.00}", "source: I4, "), DISCOUNT))
    assert {place.words: str(amount) for place, amount in left_of(book_from(scene("", DISCOUNT)), of).items()} == {
        "item `x`": "30.00",
        "tax `vat` of item `x`": "6.00",
        "item `d`": "-6.00",
        "tax `vat` of item `d`": "-1.20",
    }
    assert [str(left.part("x", Decimal(n))) for n in ("3.99", "4.00", "4.01")] == ["3.99", "4.00", "4.00"]
    assert str(left.part("d", Decimal("-7.00"))) == "-6.00"
    left.take({Place("d"): Decimal("-3.00")})  # with it 7.00 are left of `x`
    assert str(left.part("x", Decimal("30.00"))) == "7.00"
    left.take({Place("x"): Decimal("7.00")})
    assert [left.net("x"), left.part("x", Decimal("1.00")), left.part("d", Decimal("-1.00"))] == [Decimal(0)] * 3


def test_what_is_left_of_the_invoice_bounds_what_is_left_of_an_item() -> None:
    """All of `x` was credited, 36.00, and its money put on both items; of what was open then 40.00 was written off. By
    itself `y` has 25.00 left, but of 86.00 the two have taken 76.00."""
    text = """
credit_memos:
- {number: C1, account: a, date: 2026-05-20, currency: EUR, source: I4, items: [{id: m, source_item: x, amount: 30.00,
   taxes: [{id: t, source_tax: vat, amount: 6.00}]}]}
- {number: C2, account: a, date: 2026-05-20, currency: EUR, source: I4, write_off: true, items:
   [{id: m, source_item: x, amount: 15.00}, {id: n, source_item: y, amount: 25.00}]}
applications:
- {from: C2, to: I4, date: 2026-05-20, amount: 40.00, parts:
   [{item: x, source_item: m, amount: 15.00}, {item: y, source_item: n, amount: 25.00}]}
"""
    _, left = invoice(scene(text, "- {id: y, line: 2, amount: 50.00}"))
    assert (left.of(Place("y")), left.in_all) == (Decimal("25.00"), Decimal("10.00"))
    assert left.part("y", Decimal("50.00")) == Decimal("10.00")


def test_what_is_below_zero_by_itself_leaves_no_less_of_others() -> None:
    """A stop of -40.00 on the same invoice is no discount on the gym."""
    _, left = invoice(scene("", "- {id: stop, line: 2, amount: -40.00}"))
    assert left.in_all == Decimal("36.00")
    assert left.part("x", Decimal("30.00")) == Decimal("30.00")
    assert left.part("stop", Decimal("-50.00")) == Decimal("-40.00")


def test_of_what_was_given_beyond_an_item_nothing_is_left() -> None:
    of, left = invoice(scene(memo("C1", "{id: m, source_item: x, amount: 33.00}", "source: I4, ")))
    assert left.of(Place("x")) == left.net("x") == 0
    assert left.part("x", Decimal("1.00")) == 0
    assert left.taken_by("x") == left.taken_by() == {"C1": Decimal("33.00")}
    assert of.number == "I4"


# -- tax -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "taxes"),
    [
        (["30.00"], ["6.00"]),
        (["10.01", "10.01", "9.98"], ["2.00", "2.00", "2.00"]),  # 2.002, 4.004, 6.00
        (["0.02", "0.01", "29.97"], ["0.00", "0.01", "5.99"]),  # 0.004, 0.006, 6.00
    ],
)
def test_tax_of_parts_adds_up(parts: list[str], taxes: list[str]) -> None:
    for sign in (1, -1):
        item = Item(id="x", amount=sign * Decimal("30.00"), taxes=(TaxItem(id="vat", amount=sign * Decimal("6.00")),))
        given: dict[Place, Decimal] = {Place("x"): Decimal(0), Place("x", "vat"): Decimal(0)}
        for part, tax in zip(parts, taxes, strict=True):
            found = tax_of(item, sign * Decimal(part), "EUR", given)
            assert found.get(Place("x", "vat"), Decimal(0)) == sign * Decimal(tax)
            given[Place("x")] += sign * Decimal(part)
            given[Place("x", "vat")] += found.get(Place("x", "vat"), Decimal(0))


def test_tax_goes_as_far_as_anything_is_left_of_the_invoice() -> None:
    of, left = invoice(
        scene(
            memo(
                "C1",
                "{id: m, source_item: x, amount: 20.00, taxes: [{id: t, source_tax: vat, amount: 6.00}]}",
                "source: I4, ",
            )
        )
    )
    assert left.taxes(of.items[0], Decimal("10.00")) == {}  # all of it was named before


def test_days_of_a_line_are_those_from_its_first_to_its_last() -> None:
    book = book_from(scene(memo("C1", TIED)))
    found = book.numbered["I4"]
    assert isinstance(found, Invoice)
    assert given_back(book, found)[0].days == (datetime.date(2026, 4, 21), datetime.date(2026, 5, 1))
