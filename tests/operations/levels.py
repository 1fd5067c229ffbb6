"""A book in which every level holds another value, so that a value tells the level that it came from."""

from __future__ import annotations

LEVELS = ("invoice", "credit_memo", "subscription", "account")

# Each level has its own contact, payment term and sequence set; DEFAULT is the standard policy's.
POLICY = """
payment_terms:
  of-invoice: {net: 10}
  of-subscription: {net: 20}
  of-account: {net: 40}
sequence_sets:
""" + "".join(
    f"  {name}: {{invoice: {{prefix: {name}-INV}}, credit_memo: {{prefix: {name}-CM}}, "
    f"debit_memo: {{prefix: {name}-DM}}{more}}}\n"
    for name, more in (
        ("I", ""),
        ("M", ""),
        ("S", ", payment: {prefix: S-PAY}, refund: {prefix: S-REF}"),
        ("A", ", payment: {prefix: A-PAY}, refund: {prefix: A-REF}"),
        ("N", ""),
    )
)


def book(
    *,
    invoice: str = "{bill_to_contact: of-invoice, payment_term: of-invoice, sequence_set: I}",
    subscription: str = "{bill_to_contact: of-subscription, payment_term: of-subscription, sequence_set: S}",
    account: str = "{bill_to_contact: of-account, payment_term: of-account, sequence_set: A}",
    credit_memo: str = "{bill_to_contact: of-memo, sequence_set: M}",
    more: str = "",
) -> str:
    """An account with an invoice of 120.00 (tax included), a credit memo of 12.00 and a payment of 50.00."""
    return f"""
accounts:
  - {{id: acme, currency: USD, country: US, attributes: {account}}}
contacts:
  - {{id: of-invoice, account: acme}}
  - {{id: of-memo, account: acme}}
  - {{id: of-subscription, account: acme}}
  - {{id: of-account, account: acme}}
  - {{id: of-request, account: acme}}
charges:
  - {{id: setup, name: Setup}}
  - {{id: training, name: Training}}
subscriptions:
  - id: cloud
    account: acme
    attributes: {subscription}
    charges: [{{id: seats, charged_through: 2026-04-01}}]
invoices:
  - number: INV-7
    account: acme
    date: 2026-03-01
    currency: USD
    attributes: {invoice}
    items:
      - id: seats
        subscription: cloud
        subscribed_charge: seats
        quantity: 10
        unit_price: 10.00
        amount: 100.00
        service_start: 2026-03-01
        service_end: 2026-03-31
        taxes: [{{id: vat, name: VAT, rate: 0.20, jurisdiction: NY, amount: 20.00}}]
credit_memos:
  - number: CM-7
    account: acme
    date: 2026-03-05
    currency: USD
    attributes: {credit_memo}
    items: [{{id: "1", subscription: cloud, amount: 12.00}}]
payments:
  - {{number: PAY-7, account: acme, date: 2026-03-10, currency: USD, amount: 50.00}}
{more}"""
