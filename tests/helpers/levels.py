"""Books with a value of its own on every level, which the tests of all operations ask for what is inherited."""

from __future__ import annotations

NONE = "{}"
ACCOUNT = "{bill_to_contact: alma, payment_term: Net 60, sequence_set: ACC}"
SUBSCRIPTION = "{bill_to_contact: sara, payment_term: Net 90, sequence_set: SUB}"
INVOICE = "{bill_to_contact: ivan, payment_term: Net 30, sequence_set: INV}"
MEMO = "{bill_to_contact: cleo, sequence_set: MEMO}"

SETS = "".join(
    f"  {name}:\n"
    + "".join(
        f"    {kind}: {{prefix: {letter}-{short}-}}\n"
        for kind, short in (
            ("invoice", "INV"),
            ("credit_memo", "CM"),
            ("debit_memo", "DM"),
            ("payment", "PAY"),
            ("refund", "REF"),
        )
    )
    for name, letter in (("ACC", "A"), ("SUB", "S"), ("INV", "I"), ("MEMO", "M"))
)
LEVELS = "sequence_sets:\n" + SETS
"""A page of policy that declares the sets which the levels of `levelled` name: `A-CM-`, `S-CM-`, `I-CM-`, `M-CM-`."""


def levelled(
    *,
    account: str = ACCOUNT,
    subscription: str = SUBSCRIPTION,
    invoice: str = INVOICE,
    credit_memo: str = MEMO,
    rest: str = "",
) -> str:
    """A book with an account, a subscription, an invoice over 120.00 and a credit memo over 12.00, with these values.

    Every level names a contact, a term and a set of its own: alma, Net 60 and ACC; sara, Net 90 and SUB; and so on.
    """
    return f"""
accounts:
- {{id: acme, currency: EUR, country: DE, attributes: {account}}}
- {{id: other, currency: EUR}}
contacts:
- {{id: alma, account: acme}}
- {{id: sara, account: acme}}
- {{id: ivan, account: acme}}
- {{id: cleo, account: acme}}
- {{id: rita, account: acme}}
- {{id: otto, account: other}}
charges: [{{id: setup, name: Setup}}, {{id: seats, name: Seats, type: recurring}}]
subscriptions:
- {{id: s1, account: acme, attributes: {subscription}}}
invoices:
- number: I1
  account: acme
  date: 2026-05-01
  currency: EUR
  attributes: {invoice}
  items: [{{id: x, subscription: s1, amount: 100.00, taxes: [{{id: vat, amount: 20.00}}]}}]
credit_memos:
- number: C1
  account: acme
  date: 2026-05-02
  currency: EUR
  attributes: {credit_memo}
  items: [{{id: x, subscription: s1, amount: 10.00, taxes: [{{id: vat, amount: 2.00}}]}}]
payments:
- {{number: P1, account: acme, date: 2026-05-03, currency: EUR, amount: 50.00}}
{rest}"""


def changed(operation: str, decision: str, text: str = LEVELS) -> str:
    """A page of policy that says one thing differently about an operation."""
    return f"{text}operations:\n  {operation}:\n    {decision}\n"
