"""Books with subscriptions in a few words, and what a bill run makes of them."""

from __future__ import annotations

from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.planning.plan import Plan
from tests.helpers.plan_views import documents

RUN = "operation: bill_run\ndate: 2026-01-31\n"
"""A bill run on 2026-01-31, also its target date."""
SETS = """
sequence_sets:
  FR: {invoice: {prefix: FR-INV}, credit_memo: {prefix: FR-CM}, debit_memo: {prefix: FR-DM}}
"""


def subscribed(
    *subscriptions: str, account: str = "{bill_to_contact: tom, payment_term: Due Upon Receipt}", rest: str = ""
) -> str:
    """A book of account `acme` in USD with the contacts tom, ray and steve, and these subscriptions in flow style."""
    return f"""
accounts:
- {{id: acme, currency: USD, attributes: {account}}}
- {{id: other, currency: EUR, attributes: {{bill_to_contact: olga}}}}
contacts:
- {{id: tom, account: acme}}
- {{id: ray, account: acme}}
- {{id: steve, account: acme}}
- {{id: olga, account: other}}
charges: [{{id: SEATS, name: Seats, type: recurring}}]
subscriptions:
{"".join(f"- {{account: acme, start: 2026-01-01, {one}}}" + chr(10) for one in subscriptions)}
{rest}"""


def charges(*each: str) -> str:
    """`charges: [...]`, each charge in the words of a flow mapping."""
    return f"charges: [{', '.join('{' + one + '}' for one in each)}]"


MONTHLY = charges("id: c, rate: 100.00")
"""One charge of 100.00 a month, in advance."""


def summary(found: Plan) -> list[str]:
    """Each document in a line: number, bill-to contact, total, and the subscriptions that it bills."""
    return [
        f"{d.number} {d.attributes.get('bill_to_contact')} {d.amount} {'+'.join(d.subscriptions)}"
        for d in documents(found)
        if isinstance(d, Invoice | CreditMemo)
    ]


def amounts(found: Plan) -> dict[str, list[str]]:
    """Number -> the amounts of its items, in order."""
    return {
        d.number: [str(item.amount) for item in d.items]
        for d in documents(found)
        if isinstance(d, Invoice | CreditMemo)
    }


def moves(found: Plan) -> list[str]:
    """`subscription/charge: before -> after` of each charged-through date that moves."""
    return [f"{m.subscription}/{m.charge}: {m.before} -> {m.after}" for m in found.of(ChargedThrough)]


def bill_run(*, memo_run: str = "BR-1", memo_charge: str = "seats", more: str = "") -> str:
    """A bill run that made an invoice and a credit memo on the same subscription charge."""
    return f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}, {{id: s, account: a}}]
subscriptions:
- id: s
  account: a
  attributes: {{bill_to_contact: s}}
  charges: [{{id: seats, charged_through: 2026-06-01}}, {{id: other, charged_through: 2026-06-01}}]
invoices:
- number: I1
  account: a
  date: 2026-05-01
  currency: USD
  bill_run: BR-1
  items: [{{id: x, subscription: s, subscribed_charge: seats, amount: 100.00, service_start: 2026-05-01}}]
credit_memos:
- number: C1
  account: a
  date: 2026-05-01
  currency: USD
  bill_run: {memo_run}
  {more}
  items: [{{id: x, subscription: s, subscribed_charge: {memo_charge}, amount: 7.00, service_start: 2026-04-15}}]
"""
