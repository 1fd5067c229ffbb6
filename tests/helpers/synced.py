"""Random books of a system of record, and newer ones: what a sync can follow, all of it at random."""

from __future__ import annotations

import datetime
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    BookFile,
    Charge,
    Contact,
    Invoice,
    Item,
    SubscribedCharge,
    Subscription,
)

DAY = datetime.date(2026, 7, 1)
START = datetime.date(2026, 1, 1)
TERMS = ("Net 30", "Net 60", None)
NAMES = ("Acme", "Beta", "Café", None)


def a_book(chance: random.Random, accounts: int = 4) -> Book:
    """Accounts with contacts, subscriptions and invoices."""
    file: dict[str, list[Any]] = {"accounts": [], "contacts": [], "subscriptions": [], "invoices": []}
    for n in range(accounts):
        _add_account(chance, file, f"a{n}")
        amount = Decimal(chance.randint(1, 99))
        items = (Item(id="i", amount=amount, subscription=f"a{n}-s0"),)
        invoice = Invoice(
            number=f"INV{n:04d}", account=f"a{n}", date=datetime.date(2026, 6, 1), currency="EUR", items=items
        )
        file["invoices"].append(invoice)
    charges = (Charge(id="seat", name="Seats"), Charge(id="call", name="Calls"))
    periods = (AccountingPeriod(from_=START, until=DAY, status=chance.choice(("open", "closed"))),)
    lists = {name: tuple(records) for name, records in file.items()}
    return Book.of(BookFile(**lists, charges=charges, accounting_periods=periods))


def _add_account(chance: random.Random, file: dict[str, list[Any]], id: str) -> None:
    contacts = [Contact(id=f"{id}-c{n}", account=id, name=chance.choice(NAMES)) for n in range(chance.randint(1, 3))]
    file["contacts"] += contacts
    attributes = {"bill_to_contact": contacts[0].id, "payment_term": chance.choice(TERMS)}
    file["accounts"].append(
        Account(
            id=id,
            currency="EUR",
            name=chance.choice(NAMES),
            region=chance.choice((None, "BY")),
            attributes={k: v for k, v in attributes.items() if v},
        )
    )
    for n in range(chance.randint(1, 2)):
        charges = tuple(_charge(chance, f"x{m}") for m in range(chance.randint(1, 2)))
        term_end = chance.choice((None, datetime.date(2027, 1, 1)))
        file["subscriptions"].append(
            Subscription(id=f"{id}-s{n}", account=id, start=START, term_end=term_end, charges=charges)
        )


def _charge(chance: random.Random, id: str) -> SubscribedCharge:
    rate, name = Decimal(chance.randint(1, 50)), chance.choice((None, "seat"))
    quantity, tax_code = Decimal(chance.randint(1, 3)), chance.choice((None, "standard"))
    return SubscribedCharge(id=id, charge=name, rate=rate, quantity=quantity, profile="all", tax_code=tax_code)


def a_newer_one(chance: random.Random, book: Book) -> Book:
    """The same system of record some time later. Some of what it had it does not tell any more."""
    accounts = dict(book.accounts)
    contacts = dict(book.contacts)
    subscriptions = dict(book.subscriptions)
    for id, contact in book.contacts.items():
        if chance.random() < 0.3:
            contacts[id] = replace(contact, name=chance.choice(NAMES), email=chance.choice((None, "x@acme.test")))
    for id, account in book.accounts.items():
        if chance.random() < 0.2:
            contacts[f"{id}-new"] = Contact(id=f"{id}-new", account=id)
        if chance.random() < 0.5:
            theirs = sorted(one.id for one in contacts.values() if one.account == id)
            attributes = {"bill_to_contact": chance.choice(theirs), "payment_term": chance.choice(TERMS)}
            held: dict[str, str | None] = {key: value for key, value in attributes.items() if value}
            country = chance.choice((None, "DE"))
            region = chance.choice((None, "BY", "HE"))
            accounts[id] = replace(account, name=chance.choice(NAMES), country=country, region=region, attributes=held)
        spare = [
            one.id for one in contacts.values() if one.account == id and one.id not in accounts[id].attributes.values()
        ]
        if spare and chance.random() < 0.3:
            retired_on = DAY + datetime.timedelta(days=chance.randint(0, 30))
            contacts[spare[0]] = replace(contacts[spare[0]], retired_on=retired_on)
    for id, subscription in book.subscriptions.items():
        subscriptions[id] = _newer(chance, subscription)
    file: dict[str, list[Any]] = {"accounts": [], "contacts": [], "subscriptions": []}
    _add_account(chance, file, "new")
    accounts |= {one.id: one for one in file["accounts"]}
    contacts |= {one.id: one for one in file["contacts"]}
    subscriptions |= {one.id: one for one in file["subscriptions"]}
    for id in [id for id in subscriptions if chance.random() < 0.1]:
        del subscriptions[id]
    return Book.of(
        BookFile(
            accounts=tuple(accounts.values()),
            contacts=tuple(contacts.values()),
            subscriptions=tuple(subscriptions.values()),
            charges=(
                Charge(id="seat", name=chance.choice(("Seats", "Places")), tax_code=chance.choice((None, "standard"))),
                Charge(id="sms", name="Messages", tax_code="exempt"),
            ),
            accounting_periods=(replace(book.periods[0], status="closed"),),
        )
    )


def _newer(chance: random.Random, known: Subscription) -> Subscription:
    charges = []
    for charge in known.charges:
        what = chance.random()
        if what < 0.3:
            tax_code = chance.choice((charge.tax_code, "exempt"))
            charge = replace(
                charge,
                rate=Decimal(chance.randint(1, 50)),
                quantity=Decimal(chance.randint(1, 3)),
                tax_code=tax_code,
            )
        if 0.2 < what < 0.5:
            charge = replace(charge, until=datetime.date(2026, chance.randint(8, 12), 1))
        if what < 0.9:
            charges.append(charge)
    if chance.random() < 0.3:
        charges.append(replace(_charge(chance, "more"), start=datetime.date(2026, 8, 1)))
    newer = replace(known, charges=tuple(charges))
    if known.term_end is not None and chance.random() < 0.5:
        newer = replace(newer, term_end=datetime.date(2028, 1, 1))
    if chance.random() < 0.2:
        newer = replace(newer, plan="gold", bill_day=5)
    return replace(newer, canceled_on=datetime.date(2026, 12, 1)) if chance.random() < 0.2 else newer
