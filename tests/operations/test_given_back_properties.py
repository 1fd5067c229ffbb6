"""Whatever is billed, canceled, moved, credited, written off, asked for again and reversed: by the standard policy
nothing is ever given back above what was billed for it. Counted here by documents alone, in a way of its own.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import ZERO, Book
from billpolicy.book.identities import broken
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice, Item
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.books import book_from
from tests.helpers.properties import examples
from tests.helpers.steps import run

FIRST = datetime.date(2026, 4, 1)
DAYS = st.integers(0, 91).map(lambda n: FIRST + datetime.timedelta(n))
MONTHS = ((4, 30), (5, 31), (6, 30))


def number(month: int) -> str:
    return f"I0000000{month - 3}"


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Three months of a subscription were billed, at a price that may be another one now, with tax and discounts."""
    charges, lines = [], []
    for id in ("a", "b")[: draw(st.integers(1, 2))]:
        rate = draw(st.integers(1, 9000))
        charges.append(f"{{id: {id}, rate: {cents(draw(st.sampled_from((rate, rate, 777))))}, THROUGH}}")
        tax, discount = draw(st.sampled_from((0, 7, 20))), draw(st.integers(0, rate))
        lines.append((id, rate, tax, ""))
        if draw(st.booleans()) and discount:
            charges.append(f"{{id: {id}d, rate: {cents(-discount)}, discounts: {id}, THROUGH}}")
            lines.append((f"{id}d", -discount, tax, f"discounts: {id}, "))
    invoices = ""
    for month, last in MONTHS:
        items = [
            f"{{id: {id}, amount: {cents(rate)}, {more}subscription: S, subscribed_charge: {id},"
            f" service_start: 2026-{month:02}-01, service_end: 2026-{month:02}-{last},"
            f" taxes: [{{id: t, amount: {cents(round(rate * tax / 100))}}}]}}"
            for id, rate, tax, more in lines
        ]
        head = f"number: {number(month)}, account: x, date: 2026-{month:02}-01, currency: USD"
        invoices += f"- {{{head}, items: [{', '.join(items)}]}}\n"
    said = ", ".join(charges).replace("THROUGH", "charged_through: 2026-07-01")
    return book_from(f"""
accounts: [{{id: x, currency: USD, attributes: {{bill_to_contact: x}}}}]
contacts: [{{id: x, account: x}}]
subscriptions: [{{id: S, account: x, start: 2026-04-01, charges: [{said}]}}]
invoices:
{invoices}""")


def cents(amount: int) -> str:
    return str(Decimal(amount).scaleb(-2))


def asked(data: st.DataObject, book: Book) -> str:
    """One operation about what there is."""

    def one_of(prefix: str) -> str:
        known = sorted(number for number in book.numbered if number.startswith(prefix))
        return data.draw(st.sampled_from(known or [f"{prefix}00000001"]))

    day, amount = data.draw(DAYS), cents(data.draw(st.integers(1, 9000)))
    invoice, memo, truth = one_of("I"), one_of("CM"), "true" if data.draw(st.booleans()) else "false"
    item = data.draw(st.sampled_from([item.id for item in book.numbered[invoice].items]))  # type: ignore[union-attr]
    charge = data.draw(st.sampled_from([charge.id for charge in book.subscriptions["S"].charges]))
    end = f"subscription: S, effective_date: {day}, final_bill: {truth}"
    some = f"invoice: {invoice}, items: [{{item: '{item}', amount: {amount}}}]"
    return data.draw(
        st.sampled_from(
            (
                "bill_run, accounts: [x]",
                "bill_run, accounts: [x], bill_as: draft",
                f"post_draft, draft: {one_of('TMP-CM-')}",
                f"cancel_draft, draft: {one_of('TMP-CM-')}",
                f"cancel_subscription, {end}, write_off: true",
                f"cancel_subscription, {end}",
                f"change_cancellation, {end}, write_off: {truth}",
                "undo_cancellation, subscription: S",
                f"end_subscribed_charge, subscription: S, charge: {charge}, until: {day}",
                f"change_subscribed_charge, subscription: S, charge: {charge}, rate: {amount}, from: {day}",
                f"credit_memo_from_invoice, invoice: {invoice}",
                f"credit_memo_from_invoice, {some}",
                f"credit_memo_from_invoice, {some}",
                f"write_off_invoice, invoice: {invoice}",
                f"write_off_invoice, invoice: {invoice}, amount: {amount}",
                f"undo_write_off, credit_memo: {memo}",
                f"undo_write_off, credit_memo: {memo}, amount: {amount}",
                f"write_off_debit_memo, debit_memo: {one_of('DM')}",
                f"reverse_invoice, invoice: {invoice}",
                f"reverse_credit_memo, credit_memo: {memo}",
                "apply_credits, account: x",
                f"create_payment, account: x, amount: {amount}, apply_to_open: true",
            )
        )
    )


# -- counted by documents alone --------------------------------------------------------------------------------------

Amounts = dict[tuple[str, str], Decimal]
"""Invoice and item -> net; and, beside it, tax."""


def in_force(document: object) -> bool:
    return isinstance(document, Invoice | CreditMemo | DebitMemo) and (
        document.status == "posted" and not document.reversed_
    )


def of_line(book: Book, document: Invoice | CreditMemo | DebitMemo, item: Item) -> tuple[str, str]:
    """The line, invoice and item, that an item is about: step by step, and through a credit that stands on an invoice,
    to the line that it credits."""
    if item.source is not None:
        return item.source, item.source_item or ""
    source = book.numbered[getattr(document, "source", None) or document.number]
    if source is document:
        return document.number, item.id
    assert isinstance(source, Invoice | CreditMemo | DebitMemo)
    (line,) = (one for one in source.items if one.id == item.source_item)
    return of_line(book, source, line)


def credits(book: Book) -> Iterator[tuple[tuple[str, str], Item, int]]:
    """Each line that gives something of a line back: of which one, and with which sign; no write-offs."""
    for document in book.numbered.values():
        if in_force(document) and isinstance(document, CreditMemo) and not document.write_off:
            for item in document.items:
                if item.source is not None or document.source is not None:
                    yield of_line(book, document, item), item, 1
        elif in_force(document) and isinstance(document, Invoice):
            for item in document.items:
                if item.source is not None:
                    yield of_line(book, document, item), item, -1


def check(book: Book) -> None:
    net: Amounts = defaultdict(Decimal)
    tax: Amounts = defaultdict(Decimal)
    off = written_off(book)
    covered: dict[tuple[str, str], set[datetime.date]] = defaultdict(set)
    for key, item, sign in credits(book):
        net[key] += sign * item.amount
        tax[key] += sign * sum((one.amount for one in item.taxes), ZERO)
        if item.source is not None and item.service_start is not None and item.service_end is not None:
            days = (item.service_end - item.service_start).days + 1
            mine = {item.service_start + datetime.timedelta(n) for n in range(days)}
            assert not mine & covered[key], (key, "days are given back twice")
            covered[key] |= mine
    for invoice in book.numbered.values():
        if not isinstance(invoice, Invoice) or not in_force(invoice):
            continue
        billed = [item for item in invoice.items if item.source is None]
        for item in billed:
            if item.discounts is not None or item.amount < 0:
                continue
            group = [item, *(one for one in billed if one.discounts == item.id)]
            keys = [(invoice.number, one.id) for one in group]
            whole = sum((one.amount for one in group), ZERO)
            whole_tax = sum((t.amount for one in group for t in one.taxes), ZERO)
            given, given_tax = sum(net[key] for key in keys), sum(tax[key] for key in keys)
            if whole < 0:
                continue  # since a new price is below its discount
            assert given <= whole, (invoice.number, item.id, given, whole)
            assert given_tax <= whole_tax, (invoice.number, item.id, given_tax, whole_tax)
            assert net[keys[0]] <= item.amount
            if given == whole and not off:
                assert given_tax == whole_tax, (invoice.number, item.id, "tax of all parts", given_tax, whole_tax)
        own = {item.id for item in billed}
        gross = sum((one.amount + sum((t.amount for t in one.taxes), ZERO) for one in billed), ZERO)
        parts = sum((each[key] for each in (net, tax, off) for key in each if key[0] == invoice.number), ZERO)
        assert parts <= gross, (invoice.number, parts, gross)
        assert {key[1] for each in (net, tax, off) for key in each if key[0] == invoice.number} <= own


def written_off(book: Book) -> Amounts:
    """Invoice and item -> what is written off of it, with tax, less what was asked for again. What is written off of a
    credit that stands on an invoice is taken back of the line that it credits."""
    found: Amounts = defaultdict(Decimal)
    for document in book.numbered.values():
        if not isinstance(document, CreditMemo | DebitMemo) or not in_force(document):
            continue
        if isinstance(document, CreditMemo) and not document.write_off:
            continue
        for item in document.items:
            key = of_line(book, document, item)
            amount = item.amount + sum((one.amount for one in item.taxes), ZERO)
            found[key] += amount if isinstance(document, CreditMemo) else -amount
    return found


@examples(300)
@given(st.data(), books(), st.lists(st.integers(0, 15), min_size=3, max_size=9))
def test_nothing_is_given_back_above_what_was_billed(data: st.DataObject, book: Book, waits: list[int]) -> None:
    day = datetime.date(2026, 5, 15)
    for count, wait in enumerate(waits):
        day += datetime.timedelta(wait)
        try:
            _, book = run(book, f"operation: {asked(data, book)}, date: {day}", id=f"op-{count}")
        except Refused:
            continue
        assert list(broken(book)) == []
        check(book)
