"""Facts for conditions: where the value of each field of the vocabulary comes from in the book.

Custom fields are added as the policy declares them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.model import Account, Document, Subscription
from billpolicy.money import Money
from billpolicy.operations.fields import SCOPES
from billpolicy.policy.condition import Fact
from billpolicy.policy.typed import facts_of, typed
from billpolicy.policy.vocabulary import FieldSpec
from billpolicy.source.tree import Plain

_Value = str | bool | int | Money | datetime.date | None
_Getter = Callable[[Book, Any], _Value]


def _money(get: Callable[[Book, Any], Decimal]) -> _Getter:
    return lambda book, document: Money(get(book, document), document.currency)


def _sign(amount: Decimal) -> str:
    return "below_zero" if amount < 0 else "above_zero" if amount else "zero"


def _settled(amount: Decimal, balance: Decimal) -> str:
    return "nothing" if balance == amount else "part" if balance else "all"


_DOCUMENT: dict[str, _Getter] = {
    "number": lambda _, document: document.number,
    "date": lambda _, document: document.date,
    "amount": _money(lambda _, document: document.amount),
    "balance": _money(lambda book, document: book.balance(document)),
    "balance_is": lambda book, document: _sign(book.balance(document)),
}
_GETTERS: dict[str, dict[str, _Getter]] = {
    "account": {
        "id": lambda _, account: account.id,
        "name": lambda _, account: account.name,
        "country": lambda _, account: account.country,
        "currency": lambda _, account: account.currency,
    },
    "subscription": {
        "id": lambda _, subscription: subscription.id,
        "plan": lambda _, subscription: subscription.plan,
        "status": lambda _, subscription: "active" if subscription.canceled_on is None else "canceled",
    },
    "invoice": {
        **_DOCUMENT,
        "due_date": lambda _, invoice: invoice.due_date,
        "settled": lambda book, invoice: _settled(invoice.amount, book.balance(invoice)),
    },
    "payment": {**_DOCUMENT, "type": lambda _, payment: payment.type},
    "credit_memo": {**_DOCUMENT, "reason": lambda _, credit_memo: credit_memo.reason},
    "debit_memo": {
        **_DOCUMENT,
        "reason": lambda _, debit_memo: debit_memo.reason,
        "due_date": lambda _, debit_memo: debit_memo.due_date,
    },
}


def facts_about(
    book: Book, objects: Mapping[str, Iterable[Any]], custom: Mapping[str, FieldSpec]
) -> tuple[dict[str, Fact], list[str]]:
    """Facts of the objects of each scope, and sentences about custom values that are not of their declared type.

    Where a scope has several objects (the subscriptions of one invoice), only what they agree on is a fact.
    """
    facts: dict[str, Fact] = {}
    wrong: list[str] = []
    for scope, members in objects.items():
        each = [_facts_of_one(book, scope, member, custom, wrong) for member in members]
        for name, value in (each[0] if each else {}).items():
            # An amount and its currency are one value: they agree together or not at all.
            whole = (name, f"{name}.currency", name.removesuffix(".currency"))
            if all(other.get(part) == each[0].get(part) for other in each for part in whole):
                facts[name] = value
    return facts, wrong


def _facts_of_one(
    book: Book, scope: str, member: Any, custom: Mapping[str, FieldSpec], wrong: list[str]
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for field in SCOPES[scope]:
        value = _GETTERS[scope][field.name](book, member)
        if value is not None:
            spec = FieldSpec(f"{scope}.{field.name}", field.type)
            facts.update(facts_of(spec, value.toordinal() if isinstance(value, datetime.date) else value))
    for name, text in getattr(member, "custom", {}).items():
        declared = custom.get(f"{scope}.{name}")
        if declared is not None and text is not None:
            try:
                # The book keeps a custom value as written; whether it stood in quotes is not known any more.
                facts.update(facts_of(declared, typed(declared, Plain(text))))
            except ValueError as error:
                wrong.append(f"`{name}` of {scope} `{_name(member)}` in the book is wrong: {error}")
    return facts


def _name(member: Account | Subscription | Document) -> str:
    return member.id if isinstance(member, Account | Subscription) else member.number
