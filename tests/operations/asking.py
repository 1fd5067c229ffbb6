"""What the tests of all operations ask: books with a value of its own on every level, and what a plan made of them."""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.book.book import Book
from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo
from billpolicy.planning.plan import Plan
from tests.ledger.asking import effects
from tests.scenes import book, run

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


def left_by(in_book: Book | str, *operations: str, policy: str = "") -> Book:
    """The book that these operations leave, none of which is refused."""
    after = book(in_book) if isinstance(in_book, str) else in_book
    for one in run(after, *operations, policy=policy):
        assert one.plan is not None, [str(problem) for problem in one.problems]
        after = effects(after, one.plan)
    return after


def inherited(found: Plan, document: int = 0) -> dict[str, tuple[str, str]]:
    """Attribute -> its value and the level it came from, of one document of a plan."""
    return {
        key: (str(resolution.value), resolution.level)
        for key, resolution in found.documents[document].resolved.resolutions.items()
        if resolution.level is not None
    }


def stored(found: Plan, document: int = 0) -> Mapping[str, str | None]:
    """The attribute values that one document of a plan carries."""
    return found.documents[document].document.attributes


def numbers(found: Plan) -> list[str]:
    """The numbers of the documents that a plan makes."""
    return [planned.document.number for planned in found.documents]


def made(found: Plan, document: int = 0) -> CreditMemo | DebitMemo:
    """A memo that a plan makes."""
    memo = found.documents[document].document
    assert isinstance(memo, CreditMemo | DebitMemo)
    return memo


def amounts(memo: BillingDocument) -> dict[str, str]:
    """What it mirrors -> the amount of each item (`item`) and tax (`item/tax`), as text with its decimals."""
    found = {}
    for item in memo.items:
        found[item.source_item or item.charge or item.id] = str(item.amount)
        for tax in item.taxes:
            found[f"{item.source_item or item.charge or item.id}/{tax.source_tax or tax.id}"] = str(tax.amount)
    return found
