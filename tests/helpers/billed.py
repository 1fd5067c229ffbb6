"""Books in which a bill run has billed subscriptions: lines of charges and days, with tax, month by month."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

MONTHS = {
    "jan": ("2026-01-01", "2026-01-31"),
    "feb": ("2026-02-01", "2026-02-28"),
    "mar": ("2026-03-01", "2026-03-31"),
    "apr": ("2026-04-01", "2026-04-30"),
}


def line(
    charge: str,
    amount: str,
    month: str,
    *,
    id: str = "1",
    tax: str | None = None,
    quantity: int = 1,
    days: tuple[str, str] | None = None,
    more: str = "",
) -> str:
    """A line of an invoice: a month of a charge of subscription `s`, so many at one price, with VAT at a fifth."""
    start, end = days or MONTHS[month]
    vat = tax or str((Decimal(amount) / 5).quantize(Decimal("0.01")))
    return (
        f"{{id: '{id}', line: {id}, name: {charge}, subscription: s, subscribed_charge: {charge}, amount: {amount}, "
        f"quantity: {quantity}, unit_price: {Decimal(amount) / quantity}, service_start: {start}, service_end: {end}, "
        f"taxes: [{{id: vat, name: VAT, rate: 0.20, amount: {vat}}}]{more}}}"
    )


def invoice(number: str, month: str, *lines: str, more: str = "") -> str:
    """An invoice of account `a`, dated on the first of the month."""
    items = "".join(f"  - {one}\n" for one in lines)
    date = MONTHS[month][0]
    return f"- number: {number}\n  account: a\n  date: {date}\n  currency: EUR\n{more}  items:\n{items}"


def billed(*invoices: str, charges: Iterable[str] = ("id: seats, rate: 100.00",), rest: str = "") -> str:
    """A book of account `a` in EUR: subscription `s` with these charges, billed through 1 April, and the invoices."""
    held = ", ".join(f"{{{one}, charged_through: 2026-04-01}}" for one in charges)
    return f"""
accounts: [{{id: a, currency: EUR, attributes: {{bill_to_contact: ann, payment_term: Net 30}}}}]
contacts: [{{id: ann, account: a}}, {{id: bob, account: a}}]
subscriptions: [{{id: s, account: a, start: 2026-01-01, charges: [{held}]}}]
invoices:
{"".join(invoices)}{rest}"""
