"""What is ordinary is passed over by the checks, so nothing that any of them would find may be ordinary."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from billpolicy.book.check import Context, problems
from billpolicy.book.model import BookFile
from billpolicy.book.ordinary import ordinary
from billpolicy.diagnostics.diagnostic import Refused, refuse_errors
from billpolicy.source.given import given
from billpolicy.source.read import read_record

Data = dict[str, Any]
BOOK: Data = {
    "accounts": [{"id": "A1", "currency": "EUR"}],
    "subscriptions": [{"id": "S1", "account": "A1"}],
    "charges": [{"id": "C1", "name": "Seats"}],
    "invoices": [
        {
            "number": number,
            "account": "A1",
            "date": "2026-01-31",
            "currency": "EUR",
            "items": [
                {
                    "id": "1",
                    "amount": "10.00",
                    "subscription": "S1",
                    "charge": "C1",
                    "service_start": "2026-01-01",
                    "service_end": "2026-01-31",
                    "taxes": [{"id": "vat", "amount": "2.00"}, {"id": "city", "amount": "1.00"}],
                },
                {"id": "2", "amount": "5.00"},
            ],
        }
        for number in ("I1", "I2")
    ],
    "payments": [{"number": "P1", "account": "A1", "date": "2026-02-01", "currency": "EUR", "amount": "20.00"}],
    "applications": [
        {
            "from": "P1",
            "to": "I1",
            "date": "2026-02-01",
            "amount": "12.00",
            "parts": [{"item": "1", "amount": "10.00"}, {"item": "1", "tax": "vat", "amount": "2.00"}],
        }
    ],
}


def test_most_of_a_book_is_ordinary() -> None:
    found = ordinary(file_of(BOOK))
    assert found.documents == {"I1", "I2", "P1"}
    assert found.settled == {"I1", "P1"}
    assert outcome(BOOK) == set()


def put(*path: str | int, to: object) -> Callable[[Data], None]:
    """A change of one value of the book."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = to

    return change


def both(*changes: Callable[[Data], None]) -> Callable[[Data], None]:
    """Several changes at once."""

    def change(data: Data) -> None:
        for one in changes:
            one(data)

    return change


INVOICE, ITEM, TAX = ("invoices", 0), ("invoices", 0, "items", 0), ("invoices", 0, "items", 0, "taxes", 0)
MOVED = ("applications", 0)
WRONG: tuple[tuple[str, Callable[[Data], None]], ...] = (
    ("reference-unknown", put(*INVOICE, "account", to="A9")),
    ("items-missing", put(*INVOICE, "items", to=[])),
    ("id-repeated", put(*ITEM, "id", to="2")),
    ("id-repeated", put(*TAX, "id", to="city")),
    ("amount-inexact", put(*ITEM, "amount", to="10.001")),
    ("amount-inexact", put(*TAX, "amount", to="2.001")),
    ("amount-inexact", put("invoices", 1, "items", 0, "amount", to="1000000000000000.00")),
    ("amount-inexact", put("invoices", 1, "items", 1, "taxes", to=[{"id": "x", "amount": "999999999999999.99"}])),
    ("reference-unknown", put(*ITEM, "subscription", to="S9")),
    ("reference-unknown", put(*ITEM, "charge", to="C9")),
    ("reference-unknown", put(*ITEM, "discounts", to="9")),
    ("reference-unknown", put(*ITEM, "source", to="I9")),
    ("source-unclear", put(*ITEM, "source_item", to="1")),
    ("period-empty", put(*ITEM, "service_end", to="2025-12-31")),
    ("total-differs", put("invoices", 1, "total", to="17.99")),
    ("balance-differs", put(*INVOICE, "balance", to="7.00")),
    ("due-date-odd", put(*INVOICE, "due_date_from", to="net_30")),
    ("posted-as", both(put("invoices", 1, "posted_as", to="I1"), put("invoices", 1, "status", to="posted"))),
    ("reversal-odd", both(put("invoices", 1, "reversed", to=True), put("invoices", 1, "status", to="draft"))),
    ("application-unposted", put(*INVOICE, "status", to="draft")),
    ("id-repeated", put("invoices", 1, "number", to="P1")),
    ("reference-unknown", put("payments", 0, "account", to="A9")),
    ("amount-sign", put("payments", 0, "amount", to="0.00")),
    ("amount-inexact", put("payments", 0, "amount", to="20.001")),
    ("balance-differs", put("payments", 0, "balance", to="7.99")),
    ("reference-unknown", put("payments", 0, "source", to="P9")),
    ("expiry-odd", put("payments", 0, "expires_on", to="2026-02-01")),
    ("reversal-odd", put("payments", 0, "reversed", to=True)),
    ("reversal-odd", put("payments", 0, "reversed_reason", to="bounced")),
    ("application-unposted", put("payments", 0, "status", to="canceled")),
    ("payment-term-odd", put("payments", 0, "attributes", to={"payment_term": "net_30"})),
    ("over-applied", put("payments", 0, "amount", to="11.99")),
    ("currency-mismatch", put("payments", 0, "currency", to="USD")),
    ("application-date", put(*MOVED, "date", to="2026-01-31")),
    ("application-date", both(put(*INVOICE, "date", to="2026-02-02"), put("payments", 0, "date", to="2026-01-01"))),
    ("parts-missing", put(*MOVED, "parts", to=[])),
    ("parts-sum", put(*MOVED, "parts", 0, "amount", to="9.00")),
    ("reference-unknown", put(*MOVED, "parts", 0, "item", to="9")),
    ("reference-unknown", put(*MOVED, "to", to="I9")),
    ("reference-unknown", put(*MOVED, "from", to="P9")),
    ("over-applied", put(*TAX, "amount", to="1.00")),
    ("amount-inexact", both(put(*MOVED, "amount", to="12.001"), put(*MOVED, "parts", 1, "amount", to="2.001"))),
    (
        "over-applied",
        put(*MOVED, "parts", to=[{"item": "1", "amount": "6.00"}, {"item": "1", "amount": "6.00"}]),
    ),
    (
        "over-applied",
        lambda data: data["applications"].append(data["applications"][0]),
    ),
    (
        "over-applied",
        put(
            "refunds",
            to=[{"number": "R1", "account": "A1", "date": "2026-02-01", "currency": "EUR", "amount": "9", "of": "P1"}],
        ),
    ),
)


@pytest.mark.parametrize(("code", "change"), WRONG, ids=[f"{n}-{code}" for n, (code, _) in enumerate(WRONG)])
def test_what_is_wrong_is_found_also_where_nothing_has_to_be_told(code: str, change: Callable[[Data], None]) -> None:
    data = copy.deepcopy(BOOK)
    change(data)
    assert code in outcome(data)
    assert any(True for _ in problems(Context(file_of(data), None)))


def file_of(data: Data) -> BookFile:
    """The records of a book."""
    return read_record(BookFile, given(data, "book"))


def outcome(data: Data) -> set[str]:
    """The codes of what is wrong with a book, as it is told."""
    tree = given(data, "book")
    try:
        refuse_errors(problems(Context(read_record(BookFile, tree), tree)))
    except Refused as refused:
        return {one.code for one in refused.diagnostics}
    return set()
