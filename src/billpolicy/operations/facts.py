"""The fields that conditions can ask about, and their facts: what each object of the book says of itself.

`SCOPES` is the one list of fields per object; operations pick the scopes they have. Custom fields are added as the
policy declares them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.model import Account, CreditMemo, Document, Payment, Subscription
from billpolicy.money import Money
from billpolicy.policy.condition import Fact
from billpolicy.policy.typed import facts_of, typed
from billpolicy.policy.vocabulary import FieldSpec

_Value = str | bool | int | Money | datetime.date | None
_Getter = Callable[[Book, Any], _Value]


def _money(get: Callable[[Book, Any], Decimal]) -> _Getter:
    return lambda book, document: Money(get(book, document), document.currency)


_DOCUMENT: tuple[tuple[FieldSpec, _Getter], ...] = (
    (FieldSpec("number", "text", "its number"), lambda _, d: d.number),
    (FieldSpec("date", "date", "its document date"), lambda _, d: d.date),
    (FieldSpec("amount", "money", "its whole amount, tax included"), _money(lambda _, d: d.amount)),
    (FieldSpec("balance", "money", "what is open of it"), _money(lambda book, d: book.balance(d))),
)
_SCOPES: dict[str, tuple[tuple[FieldSpec, _Getter], ...]] = {
    "account": (
        (FieldSpec("id", "text", "the account's id"), lambda _, a: a.id),
        (FieldSpec("name", "text", "the account's name"), lambda _, a: a.name),
        (FieldSpec("country", "text", "the account's country"), lambda _, a: a.country),
        (FieldSpec("currency", "text", "the account's currency"), lambda _, a: a.currency),
    ),
    "subscription": (
        (FieldSpec("id", "text", "the subscription's id"), lambda _, s: s.id),
        (FieldSpec("plan", "text", "the subscription's plan"), lambda _, s: s.plan),
    ),
    "invoice": (*_DOCUMENT, (FieldSpec("due_date", "date", "when it is due"), lambda _, d: d.due_date)),
    "credit_memo": (*_DOCUMENT, (FieldSpec("reason", "text", "its reason code"), lambda _, d: d.reason)),
    "payment": (*_DOCUMENT, (FieldSpec("type", "text", "external or electronic"), lambda _, p: p.type)),
}


def fields_of(*scopes: str) -> tuple[FieldSpec, ...]:
    """The fields of these objects, with their dotted names."""
    return tuple(
        FieldSpec(f"{scope}.{field.name}", field.type, field.doc) for scope in scopes for field, _ in _SCOPES[scope]
    )


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
            if all(other.get(name) == value for other in each):
                facts[name] = value
    return facts, wrong


def _facts_of_one(
    book: Book, scope: str, member: Any, custom: Mapping[str, FieldSpec], wrong: list[str]
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for field, get in _SCOPES[scope]:
        value = get(book, member)
        if value is not None:
            spec = FieldSpec(f"{scope}.{field.name}", field.type)
            facts.update(facts_of(spec, value.toordinal() if isinstance(value, datetime.date) else value))
    for name, text in getattr(member, "custom", {}).items():
        declared = custom.get(f"{scope}.{name}")
        if declared is not None and text is not None:
            try:
                facts.update(facts_of(declared, typed(declared, text)))
            except ValueError as error:
                wrong.append(f"{scope} `{_name(member)}`: {error}")
    return facts


def _name(member: Account | Subscription | Document | Payment | CreditMemo) -> str:
    return member.id if isinstance(member, Account | Subscription) else member.number
