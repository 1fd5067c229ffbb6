"""Items of a bill run: names, signs, dates, order, and the item that a discount reduces."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.billing.documents import items_of
from billpolicy.billing.rating import Line
from billpolicy.book.model import Charge, SubscribedCharge, Subscription
from tests.helpers.rating import day

OF = Subscription(id="s", account="a")
SEATS = SubscribedCharge(id="seats", charge="SEATS", rate=Decimal(100), quantity=Decimal(2))
PROMO = SubscribedCharge(id="promo", name="Spring", rate=Decimal(-20), discounts="seats")
CHARGES = {"SEATS": Charge(id="SEATS", name="Seats a month")}


def charged(charge: SubscribedCharge, amount: int, month: int = 1) -> Line:
    return Line(OF, charge, False, day(f"2026-{month:02d}-01"), day(f"2026-{month + 1:02d}-01"), amount, "")


def credited(charge: SubscribedCharge, amount: int) -> Line:
    return Line(OF, charge, True, day("2026-01-09"), day("2026-02-01"), amount, "Proration Credit")


def test_an_item_says_what_it_bills() -> None:
    (item,) = items_of([charged(SEATS, 20000)], "invoice", "USD", CHARGES)
    assert (item.id, item.line, item.name, str(item.amount)) == ("1", 1, "Seats a month", "200.00")
    assert (item.subscription, item.subscribed_charge, item.charge) == ("s", "seats", "SEATS")
    assert (item.quantity, item.unit_price) == (Decimal(2), Decimal(100))
    assert (item.service_start, item.service_end) == (day("2026-01-01"), day("2026-01-31"))


def test_the_name_is_the_charges_own_else_the_products_else_the_id() -> None:
    names = [items_of([charged(c, 0)], "invoice", "USD", CHARGES)[0].name for c in (PROMO, SEATS)]
    assert names == ["Spring", "Seats a month"]
    assert items_of([charged(SEATS, 0)], "invoice", "USD", {})[0].name == "seats"


def test_a_credit_has_the_price_negated_and_its_sign_flipped_on_a_memo() -> None:
    for kind, amount in (("credit_memo", "148.38"), ("invoice", "-148.38")):
        (item,) = items_of([credited(SEATS, -14838)], kind, "USD", CHARGES)  # type: ignore[arg-type]
        assert (str(item.amount), item.unit_price, item.quantity) == (amount, Decimal(-100), Decimal(2))
        assert item.name == "Seats a month: Proration Credit"


def test_a_negative_charge_keeps_its_price_on_a_memo() -> None:
    (item,) = items_of([charged(PROMO, -2000)], "credit_memo", "USD", {})
    assert (str(item.amount), item.unit_price) == ("20.00", Decimal(-20))


def test_a_discount_names_the_item_of_its_charge_in_the_same_days() -> None:
    lines = [charged(PROMO, -2000, 2), charged(SEATS, 20000, 1), charged(SEATS, 20000, 2), charged(PROMO, -2000, 3)]
    items = items_of(lines, "invoice", "USD", {})
    # In order: promo of February and March, seats of January and February.
    assert [(item.id, item.subscribed_charge, item.discounts) for item in items] == [
        ("1", "promo", "4"),
        ("2", "promo", None),
        ("3", "seats", None),
        ("4", "seats", None),
    ]


def test_a_discount_that_is_given_back_reduces_what_is_credited_and_no_negative_item() -> None:
    lines = [credited(SEATS, -14838), credited(PROMO, 1484)]
    memo = items_of(lines, "credit_memo", "USD", {})
    assert [(str(item.amount), item.discounts) for item in memo] == [("-14.84", "2"), ("148.38", None)]
    invoice = items_of(lines, "invoice", "USD", {})
    assert [(str(item.amount), item.discounts) for item in invoice] == [("14.84", None), ("-148.38", None)]


def test_the_order_does_not_depend_on_that_of_the_lines() -> None:
    lines = [charged(SEATS, 1, 1), charged(SEATS, 2, 2), charged(PROMO, 3, 1)]
    assert items_of(lines, "invoice", "USD", {}) == items_of(lines[::-1], "invoice", "USD", {})
