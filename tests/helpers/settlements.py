"""Random books with money that can go on documents, and policies that say how it is spread."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from billpolicy.book.model import Account, BookFile, CreditMemo, DebitMemo, Invoice, Item, Payment, TaxItem
from billpolicy.money import from_minor
from billpolicy.vocabulary.settings import DOCUMENT_ORDERS, FUTURES, RESIDUALS, SPANS, UNAPPLY_RULES

DAY = datetime.date(2026, 2, 1)
ITEM_RULES_OF_ALL = ("proration", "fifo", "by_component")
"""`source_item` is for one memo and one invoice; it has tests of its own."""


def money(minor: int) -> Decimal:
    return from_minor(minor, "USD")


@st.composite
def items(draw: st.DrawFn, source: Invoice | None = None) -> tuple[Item, ...]:
    """A few items, with taxes and now and then a discount with a tax of its own; each owes something net."""
    found: list[Item] = []
    for n in range(draw(st.integers(1, 3))):
        amount, tax = draw(st.integers(1, 9999)), draw(st.integers(0, 2000))
        mirrored = draw(st.sampled_from(source.items)) if source else None
        taxes = (TaxItem(id="t", amount=money(tax)),) if tax else ()
        found.append(
            Item(id=f"i{n}", line=n, amount=money(amount), taxes=taxes, source_item=mirrored.id if mirrored else None)
        )
        if draw(st.integers(0, 3)) == 0:
            off, off_tax = draw(st.integers(1, amount)), draw(st.integers(0, tax))
            less = (TaxItem(id="t", amount=money(-off_tax)),) if off_tax else ()
            found.append(Item(id=f"d{n}", line=n, amount=money(-off), discounts=f"i{n}", taxes=less))
    if sum(item.amount + sum(tax.amount for tax in item.taxes) for item in found) <= 0:
        found.append(Item(id="more", line=9, amount=money(1)))
    return tuple(found)


@st.composite
def books(draw: st.DrawFn) -> BookFile:
    """One account with documents that owe and money that can go on them."""
    days = st.integers(0, 20).map(lambda days: DAY - datetime.timedelta(days))
    common: dict[str, Any] = {"account": "a", "currency": "USD"}

    def open_ones(kind: type[Invoice] | type[DebitMemo], letter: str, least: int) -> tuple[Any, ...]:
        return tuple(
            kind(
                number=f"{letter}{n}",
                date=draw(days),
                due_date=draw(st.none() | days.map(lambda day: day + datetime.timedelta(30))),
                priority=draw(st.none() | st.integers(1, 3)),
                items=draw(items()),
                **common,
            )
            for n in range(draw(st.integers(least, 2)))
        )

    invoices = open_ones(Invoice, "I", 1)
    return BookFile(
        accounts=(Account(id="a", currency="USD"),),
        invoices=invoices,
        debit_memos=open_ones(DebitMemo, "D", 0),
        payments=tuple(
            Payment(number=f"P{n}", date=draw(days), amount=money(draw(st.integers(1, 20000))), **common)
            for n in range(draw(st.integers(1, 2)))
        ),
        credit_memos=tuple(
            CreditMemo(number=f"C{n}", date=draw(days), items=draw(items()), **common)
            for n in range(draw(st.integers(0, 2)))
        ),
    )


def sources(file: BookFile) -> list[Payment | CreditMemo]:
    return [*file.payments, *file.credit_memos]


def debts(file: BookFile) -> list[Invoice | DebitMemo]:
    return [*file.invoices, *file.debit_memos]


def policy_of(rule: str, order: str, residual: str, unapply: str, span: str, future: str = "by_order") -> str:
    by = ", because: test}"
    shared = {"allocation": rule, "document_order": order, "residual": residual, "component_span": span}
    shared["future_documents"] = future
    lines = ["operations:"]
    for operation in ("apply_payment", "apply_credit_memo", "apply_credits"):
        lines.append(f"  {operation}:")
        lines += [f"    {key}: {{is: {value}{by}" for key, value in shared.items()]
    for operation in ("unapply_payment", "unapply_credit_memo"):
        lines += [f"  {operation}:", f"    allocation: {{is: {unapply}{by}"]
    return "\n".join(lines) + "\n"


# One policy for each order, the other names in turn, so that few policies need to be read.
POLICIES = [
    policy_of(rule, order, RESIDUALS[(n + m) % 4], UNAPPLY_RULES[(n + m) % 3], SPANS[n % 3], FUTURES[(n + m) % 4])
    for n, order in enumerate(DOCUMENT_ORDERS)
    for m, rule in enumerate(ITEM_RULES_OF_ALL)
]
