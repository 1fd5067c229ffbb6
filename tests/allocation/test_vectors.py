"""The vectors of docs/domain.md 11, limits at their edge, refusals, and books with discounts, as `of` reads them."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.allocation.allocate import allocate, spread
from billpolicy.allocation.model import Allocation, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.load import book_of
from billpolicy.book.model import CreditMemo, Invoice, Payment
from billpolicy.source.tree import parse_text

DAY = datetime.date(2026, 1, 1)


def charges(*balances: str) -> tuple[Slot, ...]:
    return tuple(Slot(Place(f"i{n}"), Decimal(balance), "charge") for n, balance in enumerate(balances))


def payment(amount: str, currency: str = "USD") -> Source:
    return Source("P1", currency, Decimal(amount))


def memo(*balances: str, origin: str | None = None) -> Source:
    slots = charges(*balances)
    return Source("CM1", "USD", sum((slot.balance for slot in slots), Decimal(0)), slots, origin)


def parts(done: Allocation, document: int = 0) -> list[str]:
    return [str(part.amount) for part in done.applied[document].parts]


@pytest.mark.parametrize(
    ("amount", "balances", "rule", "currency", "expected"),
    [
        ("12.00", ("100", "20", "10", "2"), "proration", "USD", ["9.09", "1.82", "0.91", "0.18"]),  # G1
        ("10.00", ("10", "10", "10"), "proration", "USD", ["3.34", "3.33", "3.33"]),  # G2
        ("25.00", ("10", "10", "10"), "fifo", "USD", ["10.00", "10.00", "5.00"]),  # G3
        ("10", ("10", "10", "10"), "proration", "JPY", ["4", "3", "3"]),
        ("10", ("10", "10", "10"), "proration", "KWD", ["3.334", "3.333", "3.333"]),
    ],
)
def test_payments(amount: str, balances: tuple[str, ...], rule: str, currency: str, expected: list[str]) -> None:
    target = Target("INV1", DAY, charges(*balances))
    assert parts(allocate(payment(amount, currency), [target], Decimal(amount), Rules(item_rule=rule))) == expected


def test_each_item_of_a_memo_is_spread_over_every_item_g4() -> None:
    done = allocate(memo("60", "40"), [Target("INV1", DAY, charges("75", "25"))], Decimal(100), Rules())
    cells = {(part.source_item, part.item): str(part.amount) for part in done.applied[0].parts}
    assert cells == {("i0", "i0"): "45.00", ("i0", "i1"): "15.00", ("i1", "i0"): "30.00", ("i1", "i1"): "10.00"}


@pytest.mark.parametrize(("items", "rule"), [(150, "proration"), (151, "fifo")])
def test_the_grid_is_prorated_up_to_its_limit_g5(items: int, rule: str) -> None:
    source = memo(*["1.00"] * 100)
    done = allocate(source, [Target("INV1", DAY, charges(*["2.00"] * items))], Decimal(100), Rules())
    assert done.item_rule == rule
    assert done.grid == items * 100
    warning = (
        "151 open items x 100 of CM1 are 15100, more than the grid limit of 15000: "
        "spread by `fifo` instead of `proration`"
    )
    assert done.warnings == ((warning,) if rule == "fifo" else ())
    assert done.touched == (150 if rule == "proration" else 50)


def test_the_grid_counts_what_is_open_where_money_goes() -> None:
    paid = Target("INV2", datetime.date(2026, 2, 1), charges("5.00"))
    settled = Target("INV1", DAY, (Slot(Place("x"), Decimal(5), "charge"), Slot(Place("y"), Decimal(0), "charge")))
    done = allocate(payment("5"), [settled, paid], Decimal(5), Rules(grid_limit=1))
    assert (done.grid, done.warnings) == (1, ())


@pytest.mark.parametrize(("limit", "rule"), [(2, "proration"), (1, "fifo")])
def test_the_grid_counts_the_items_that_are_named(limit: int, rule: str) -> None:
    # One of three open items is named; the memo has two: 1 x 2.
    target = Target("INV1", DAY, charges("5.00", "5.00", "5.00"), amount=Decimal(5), parts={Place("i1"): Decimal(5)})
    done = allocate(memo("3.00", "2.00"), [target], Decimal(5), Rules(grid_limit=limit))
    assert (done.grid, done.item_rule, bool(done.warnings)) == (2, rule, limit == 1)


def test_by_component_keeps_its_components_above_the_limit() -> None:
    slots = (*charges("10.00", "10.00"), Slot(Place("i0", "vat"), Decimal(4), "tax"))
    how = Rules(item_rule="by_component", grid_limit=2)
    done = allocate(payment("9"), [Target("INV1", DAY, slots)], Decimal(9), how)
    assert [(part.item, part.tax, part.amount) for part in done.applied[0].parts] == [
        ("i0", None, Decimal(5)),
        ("i0", "vat", Decimal(4)),
    ]
    assert done.item_rule == "by_component"
    assert "with `fifo` within each component" in done.warnings[0]


def test_a_thousand_documents_g6() -> None:
    """The limit itself is the operation's; a thousand documents are spread all the same."""
    targets = [Target(f"INV{n:04d}", DAY, charges("1.00")) for n in range(1_001)]
    done = allocate(payment("1001"), targets, Decimal(1001), Rules())
    assert len(done.applied) == 1_001
    assert done.touched == 1_001


BOOK = """
accounts: [{id: acme, currency: USD}]
invoices:
- number: INV1
  account: acme
  date: 2026-01-01
  due_date: 2026-01-31
  currency: USD
  items:
  - {id: A, amount: 100.00, line: 1, taxes: [{id: t, name: VAT, rate: 0.20, amount: 20.00}]}
  - {id: D, amount: -20.00, line: 2, discounts: A, taxes: [{id: t, name: VAT, rate: 0.20, amount: -4.00}]}
  - {id: B, amount: 50.00, line: 3}
credit_memos:
- number: CM1
  account: acme
  date: 2026-01-05
  currency: USD
  source: INV1
  items:
  - {id: x, amount: 30.00, source_item: A, taxes: [{id: t, source_tax: t, amount: 6.00}]}
  - {id: y, amount: 10.00, source_item: B}
debit_memos:
- {number: DM1, account: acme, date: 2026-01-05, currency: USD, items: [{id: A, amount: 5.00}]}
payments: [{number: P1, account: acme, date: 2026-01-09, currency: USD, amount: 200.00}]
"""


@pytest.fixture(scope="module")
def book() -> Book:
    return book_of(parse_text(BOOK, "book.yaml"))


def invoice(book: Book, amount: str | None = None) -> Target:
    found = book.numbered["INV1"]
    assert isinstance(found, Invoice)
    return Target.of(book, found, None if amount is None else Decimal(amount))


def source(book: Book, number: str) -> Source:
    found = book.numbered[number]
    assert isinstance(found, Payment | CreditMemo)
    return Source.of(book, found)


def test_a_document_as_it_stands_in_the_book(book: Book) -> None:
    target = invoice(book)
    assert (target.balance, target.due_date, target.kind) == (Decimal(146), datetime.date(2026, 1, 31), "invoice")
    assert [(slot.place, slot.balance, slot.component, slot.discount) for slot in target.slots] == [
        (Place("A"), Decimal(80), "charge", Decimal(20)),
        (Place("A", "t"), Decimal(20), "tax", Decimal(0)),
        (Place("D", "t"), Decimal(-4), "tax", Decimal(0)),
        (Place("B"), Decimal(50), "charge", Decimal(0)),
    ]
    assert target.slots[2].reduces == Place("A", "t")
    memo_ = source(book, "CM1")
    assert (memo_.unapplied, memo_.origin) == (Decimal(46), "INV1")
    assert [slot.mirrors for slot in memo_.slots] == [Place("A"), Place("A", "t"), Place("B")]
    assert source(book, "P1") == Source("P1", "USD", Decimal(200))


@pytest.mark.parametrize(
    ("compatible", "expected"),
    [
        (False, {"A": "40.00", "A/t": "8.00", "B": "25.00"}),  # G7, and its tax: weights 80, 16, 50
        (True, {"A": "42.94", "A/t": "8.59", "B": "21.47"}),  # weights 100, 20, 50
    ],
)
def test_discounts_g7(book: Book, compatible: bool, expected: dict[str, str]) -> None:
    how = Rules(zuora_compatible=compatible)
    done = allocate(source(book, "P1"), [invoice(book)], Decimal(73), how)
    found = {f"{part.item}/{part.tax}" if part.tax else part.item: str(part.amount) for part in done.applied[0].parts}
    assert found == expected


@pytest.mark.parametrize("rule", ["proration", "by_component"])  # of one component, the two are the same
@pytest.mark.parametrize(("compatible", "expected"), [(False, ["40.00", "25.00"]), (True, ["43.33", "21.67"])])
def test_discounts_without_tax_g7(compatible: bool, expected: list[str], rule: str) -> None:
    slots = (Slot(Place("A"), Decimal(80), "charge", discount=Decimal(20)), Slot(Place("B"), Decimal(50), "charge"))
    how = Rules(item_rule=rule, zuora_compatible=compatible)
    done = allocate(payment("65"), [Target("INV1", DAY, slots)], Decimal(65), how)
    assert parts(done) == expected


def test_a_settled_document_is_settled_everywhere(book: Book) -> None:
    done = allocate(source(book, "P1"), [invoice(book)], Decimal(200), Rules(item_rule="fifo"))
    assert parts(done) == ["80.00", "20.00", "-4.00", "50.00"]
    assert done.left == Decimal(54)


def test_the_earlier_entry_is_the_same(book: Book) -> None:
    document = book.numbered["INV1"]
    assert isinstance(document, Invoice)
    put = spread("proration", Decimal(73), document, book.open_places(document))
    assert put == {Place("A"): Decimal(40), Place("A", "t"): Decimal(8), Place("B"): Decimal(25)}


def test_a_memo_goes_home(book: Book) -> None:
    how = Rules(item_rule="source_item")
    done = allocate(source(book, "CM1"), [invoice(book, "23.00")], Decimal(46), how)
    assert [(p.item, p.tax, p.source_item, p.source_tax, str(p.amount)) for p in done.applied[0].parts] == [
        ("A", None, "x", None, "15.00"),
        ("A", "t", "x", "t", "3.00"),
        ("B", None, "y", None, "5.00"),
    ]
    assert done.left == Decimal(23)


def test_a_memo_of_all_that_is_open_goes_home(book: Book) -> None:
    """46.00 on 46.00, and each of its items is all that is open where it belongs; a cent less is too much."""
    cm, inv = source(book, "CM1"), invoice(book)
    open_ = [
        slot._replace(balance=Decimal(balance), discount=Decimal(0))
        for slot, balance in ((inv.slots[0], 30), (inv.slots[1], 6), (inv.slots[3], 10))
    ]
    how = Rules(item_rule="source_item")
    done = allocate(cm, [replace(inv, slots=tuple(open_))], Decimal(46), how)
    assert (parts(done), done.left) == (["30.00", "6.00", "10.00"], ZERO)
    short = (*open_[:2], open_[2]._replace(balance=Decimal("9.99")))
    done = allocate(cm, [replace(inv, slots=short)], Decimal(46), how)
    assert [problem.message for problem in done.problems] == [
        "46 is more than the 45.99 that is open on INV1",
        "CM1 has 10.00 for item `B` of INV1, where 9.99 is open",
    ]


def test_what_source_item_refuses(book: Book) -> None:
    how = Rules(item_rule="source_item")
    cm, inv = source(book, "CM1"), invoice(book)

    def codes(cm: Source, *targets: Target) -> list[str]:
        done = allocate(cm, targets, min(cm.unapplied, Decimal(46)), how)
        assert not done.applied
        return [problem.code for problem in done.problems]

    assert codes(source(book, "P1"), inv) == ["source-item-origin"], "a payment came from no invoice"
    assert codes(cm, inv, replace(inv, number="INV2")) == ["source-item-documents"]
    assert codes(cm) == ["source-item-documents"]
    assert codes(cm, replace(inv, kind="debit_memo")) == ["source-item-documents"]
    assert codes(cm, replace(inv, number="INV2")) == ["source-item-origin"]
    assert codes(replace(cm, origin=None), inv) == ["source-item-origin"]
    named = replace(inv, amount=Decimal(1), parts={Place("B"): Decimal(1)})
    assert codes(cm, named) == ["source-item-named"]
    unknown = replace(cm, slots=(*cm.slots[:2], cm.slots[2]._replace(mirrors=None)))
    assert codes(unknown, inv) == ["source-item-unknown"]
    elsewhere = replace(cm, slots=(*cm.slots[:2], cm.slots[2]._replace(mirrors=Place("Z"))))
    assert codes(elsewhere, inv) == ["source-item-too-much"]


def test_an_item_of_a_memo_with_more_than_is_open_is_refused_even_in_part(book: Book) -> None:
    inv = invoice(book)
    paid = replace(inv, slots=(inv.slots[0]._replace(balance=Decimal("29.99")), *inv.slots[1:]))
    done = allocate(source(book, "CM1"), [paid], Decimal(1), Rules(item_rule="source_item"))
    assert [problem.message for problem in done.problems] == [
        "CM1 has 30.00 for item `A` of INV1, where 29.99 is open",
    ]


def test_what_is_refused_whatever_the_rule() -> None:
    target = Target("INV1", DAY, charges("10.00", "5.00"))

    def codes(amount: str, *targets: Target) -> list[str]:
        done = allocate(payment("20.00"), targets, Decimal(amount), Rules())
        assert not done.applied
        return [problem.code for problem in done.problems]

    assert codes("20.01", target) == ["over-applied"]
    assert codes("0", target) == ["amount-sign"]
    assert codes("-1", target) == ["amount-sign"]
    assert codes("0", replace(target, amount=Decimal(1))) == ["amount-sign"]
    assert codes("20.00", replace(target, amount=Decimal("15.01"))) == ["over-applied"]
    assert codes("20.00", replace(target, amount=Decimal(0))) == ["over-applied"]
    other = replace(target, number="INV2", amount=Decimal(10))
    assert codes("19.99", replace(target, amount=Decimal(10)), other) == ["over-applied"]
    assert codes("20.00", target, target) == ["document-repeated"]
    parts = {Place("i1"): Decimal("5.01")}
    assert codes("20.00", replace(target, amount=Decimal("5.01"), parts=parts)) == ["over-applied"]
    assert codes("20.00", replace(target, amount=Decimal(4), parts={Place("i1"): Decimal(5)})) == ["parts-sum"]
    assert codes("20.00", replace(target, amount=Decimal(1), parts={Place("no"): Decimal(1)})) == ["over-applied"]


def test_documents_that_are_named_twice_are_told_in_order() -> None:
    targets = [Target(number, DAY, charges("5.00")) for number in ("INV3", "INV1", "INV3", "INV2", "INV1")]
    done = allocate(payment("20.00"), targets, Decimal(20), Rules())
    assert [problem.document for problem in done.problems] == ["INV1", "INV3"]


def test_asked_amounts_come_first_and_the_rest_by_the_order() -> None:
    targets = [
        Target("INV1", DAY, charges("10.00"), due_date=DAY),
        Target("INV2", DAY, charges("10.00"), amount=Decimal(7)),
    ]
    done = allocate(payment("9"), targets, Decimal(9), Rules())
    assert [(applied.document, str(applied.amount)) for applied in done.applied] == [("INV1", "2.00"), ("INV2", "7.00")]


def test_documents_with_nothing_open_are_passed_over() -> None:
    targets = [Target("INV1", DAY, charges("-10.00")), Target("INV2", DAY, ()), Target("INV3", DAY, charges("3.00"))]
    for order in ("oldest_due_first", "equal_spread", "as_named"):
        done = allocate(payment("9"), targets, Decimal(9), Rules(document_order=order))
        assert [applied.document for applied in done.applied] == ["INV3"]
        assert done.left == Decimal(6)
    assert allocate(payment("9"), [], Decimal(9), Rules()).left == Decimal(9)


def test_named_items_that_settle_a_document_settle_what_is_netted(book: Book) -> None:
    named = {Place("A"): Decimal(80), Place("A", "t"): Decimal(16), Place("B"): Decimal(50)}
    target = replace(invoice(book, "146"), parts=named)
    assert parts(allocate(source(book, "P1"), [target], Decimal(146), Rules())) == ["80.00", "20.00", "-4.00", "50.00"]


def test_a_grid_far_above_the_limit_is_one_walk() -> None:
    source_ = memo(*["1.00"] * 3_000)
    done = allocate(source_, [Target("INV1", DAY, charges(*["1.00"] * 3_000))], Decimal(3_000), Rules())
    assert len(done.applied[0].parts) == 3_000
    assert all(part.item == part.source_item for part in done.applied[0].parts)
