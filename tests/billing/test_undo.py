"""What a charge was charged through before a document that is undone: docs/domain.md 3.3 and 4.2."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from billpolicy.billing.undo import charged_again, charged_before
from billpolicy.book.model import CreditMemo, Document, Invoice, Item, SubscribedCharge, Subscription
from tests.helpers.rating import day


def item(start: str, end: str, price: str, id: str = "1") -> Item:
    return Item(
        id=id,
        amount=Decimal(1),
        subscription="s",
        subscribed_charge="c",
        unit_price=Decimal(price),
        service_start=day(start),
        service_end=day(end),
    )


def before(document: Document, through: str | None, rate: str = "100") -> dict[str, str]:
    charge = SubscribedCharge(id="c", rate=Decimal(rate), charged_through=day(through) if through else None)
    of = Subscription(id="s", account="a", charges=(charge, replace(charge, id="other")))
    return {found.charge: str(found.before) for found in charged_before(document, of) if found.goes_back}


def of_kind(kind: type[Invoice] | type[CreditMemo], *items: Item) -> Document:
    return kind(number="1", account="a", date=day("2026-01-01"), currency="USD", items=items)


def test_what_was_billed_goes_back_to_its_first_day() -> None:
    two = item("2026-01-01", "2026-01-31", "100"), item("2026-02-01", "2026-02-28", "100", "2")
    assert before(of_kind(Invoice, *two), "2026-03-01") == {"c": "2026-01-01"}
    assert before(of_kind(Invoice, *two[::-1]), "2026-03-01") == {"c": "2026-01-01"}


def test_what_was_billed_for_later_time_since_does_not_go_back() -> None:
    """Going back to January would bill March a second time."""
    two = item("2026-01-01", "2026-01-31", "100"), item("2026-02-01", "2026-02-28", "100", "2")
    assert before(of_kind(Invoice, *two), "2026-04-01") == {}
    nobody_knows = replace(two[0], service_end=None)
    assert before(of_kind(Invoice, nobody_knows), "2026-04-01") == {"c": "2026-01-01"}


def test_what_went_back_already_stays() -> None:
    billed = of_kind(Invoice, item("2026-01-01", "2026-01-31", "100"))
    assert before(billed, "2026-01-01") == {}
    assert before(billed, "2025-12-01") == {}
    assert before(billed, None) == {}


def test_what_was_credited_goes_on_behind_its_last_day() -> None:
    two = item("2026-01-09", "2026-01-31", "-100"), item("2026-02-01", "2026-02-28", "-100", "2")
    for kind in (CreditMemo, Invoice):
        assert before(of_kind(kind, *two), "2026-01-09") == {"c": "2026-03-01"}
    # Credited further since, or billed again.
    assert before(of_kind(CreditMemo, *two), "2026-01-05") == {}
    assert before(of_kind(CreditMemo, *two), "2026-03-01") == {}


def test_a_negative_charge_on_a_memo_was_billed() -> None:
    off = of_kind(CreditMemo, item("2026-01-01", "2026-01-31", "-15"))
    assert before(off, "2026-02-01", "-15") == {"c": "2026-01-01"}
    given_back = of_kind(Invoice, item("2026-01-09", "2026-01-31", "15"))
    assert before(given_back, "2026-01-09", "-15") == {"c": "2026-02-01"}


def test_items_of_no_charge_or_no_days_move_nothing() -> None:
    whole = item("2026-01-01", "2026-01-31", "100")
    for other in (replace(whole, service_start=None), replace(whole, subscription="t")):
        assert before(of_kind(Invoice, other), "2026-03-01") == {}
    a_day = of_kind(CreditMemo, replace(whole, service_end=None, unit_price=Decimal(-100)))
    assert before(a_day, "2026-01-01") == {"c": "2026-01-02"}


def test_what_is_paid_after_all_is_charged_behind_its_last_day_again() -> None:
    def again(document: Document, through: str) -> dict[str, str]:
        charge = SubscribedCharge(id="c", rate=Decimal(100), charged_through=day(through))
        of = Subscription(id="s", account="a", charges=(charge,))
        return {charge: str(until) for charge, until in charged_again(document, of)}

    two = item("2026-01-01", "2026-01-31", "100"), item("2026-02-01", "2026-02-28", "100", "2")
    for order in (two, two[::-1]):
        assert again(of_kind(CreditMemo, *order), "2026-01-01") == {"c": "2026-03-01"}
    # It is charged through another day than where this began: it was not let be billed again, or was billed since.
    assert again(of_kind(CreditMemo, *two), "2026-01-02") == {}
    assert again(of_kind(CreditMemo, *two), "2025-12-31") == {}
    nobody_knows = replace(two[1], service_end=None)
    assert again(of_kind(CreditMemo, two[0], nobody_knows), "2026-01-01") == {}
