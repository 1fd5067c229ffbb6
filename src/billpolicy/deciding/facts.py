"""Facts for conditions: where the value of each field of the vocabulary comes from, in the book and in the request.

Custom fields are added as the policy declares them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.model import Account, Document, Subscription
from billpolicy.money import Money, to_minor
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Policy
from billpolicy.policy.typed import facts_of, typed
from billpolicy.source.scalars import Plain
from billpolicy.vocabulary.fields import AMOUNT, DATED, SCOPES
from billpolicy.vocabulary.spec import DAYS_SINCE, FieldSpec, OperationSpec

_Value = str | bool | int | Decimal | datetime.date | None


class _Settled(NamedTuple):
    """A document with what its fields are worked out from, added up once."""

    document: Any
    amount: Decimal
    balance: Decimal


def _sign(amount: Decimal) -> str:
    return "below_zero" if amount < 0 else "above_zero" if amount else "zero"


def _how_much(one: _Settled) -> str:
    return "nothing" if one.balance == one.amount else "part" if one.balance else "all"


_DOCUMENT: dict[str, Callable[[Any], _Value]] = {
    "number": lambda one: one.document.number,
    "date": lambda one: one.document.date,
    "currency": lambda one: one.document.currency,
    "amount": lambda one: one.amount,
    "balance": lambda one: one.balance,
    "balance_is": lambda one: _sign(one.balance),
}
_DUE: dict[str, Callable[[Any], _Value]] = {"due_date": lambda one: one.document.due_date}
_REASON: dict[str, Callable[[Any], _Value]] = {"reason": lambda one: one.document.reason}
_GETTERS: dict[str, dict[str, Callable[[Any], _Value]]] = {
    "account": {
        "id": lambda account: account.id,
        "name": lambda account: account.name,
        "country": lambda account: account.country,
        "region": lambda account: account.region,
        "currency": lambda account: account.currency,
    },
    "subscription": {
        "id": lambda subscription: subscription.id,
        "plan": lambda subscription: subscription.plan,
        "status": lambda subscription: "active" if subscription.canceled_on is None else "canceled",
    },
    "invoice": {**_DOCUMENT, **_DUE, "settled": _how_much},
    "payment": {**_DOCUMENT, "type": lambda one: one.document.type},
    "credit_memo": {**_DOCUMENT, **_REASON},
    "debit_memo": {**_DOCUMENT, **_DUE, **_REASON},
}
_FIELDS = {
    scope: tuple((f"{scope}.{field.name}", _GETTERS[scope][field.name]) for field in fields)
    for scope, fields in SCOPES.items()
}
"""Scope -> its facts with where they come from."""


def facts_about(
    book: Book,
    objects: Mapping[str, Sequence[Any]],
    custom: Mapping[str, FieldSpec],
    day: datetime.date | None = None,
) -> tuple[dict[str, Fact], list[str]]:
    """Facts of the objects of each scope, and sentences about custom values that are not of their declared type.

    Where a scope has several objects (the subscriptions of one invoice), only what they agree on is a fact. With a day,
    also how old documents are on it.
    """
    facts: dict[str, Fact] = {}
    wrong: list[str] = []
    for scope, members in objects.items():
        if day is not None and members and scope in DATED:
            facts |= days_since(scope, members, day)
        each = [_facts_of_one(book, scope, member, custom, wrong) for member in members]
        if len(each) == 1:
            facts.update(each[0])
            continue
        for name, value in (each[0] if each else {}).items():
            # An amount and its currency are one value: they agree together or not at all.
            whole = (name, f"{name}.currency", name.removesuffix(".currency"))
            if all(other.get(part) == each[0].get(part) for other in each for part in whole):
                facts[name] = value
    return facts, wrong


def days_since(scope: str, documents: Iterable[Any], day: datetime.date) -> dict[str, Fact]:
    """How long before a day documents of a scope are dated; of several the first, and of none nothing."""
    dates = [document.date for document in documents]
    return {f"{DAYS_SINCE}.{scope}": (day - min(dates)).days} if dates else {}


def _facts_of_one(
    book: Book, scope: str, member: Any, custom: Mapping[str, FieldSpec], wrong: list[str]
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    one = member if scope in ("account", "subscription") else _Settled(member, member.amount, book.balance(member))
    for name, get in _FIELDS[scope]:
        value = get(one)
        if isinstance(value, Decimal):
            facts[name] = to_minor(value, member.currency)
            facts[f"{name}.currency"] = member.currency
        elif isinstance(value, datetime.date):
            facts[name] = value.toordinal()
        elif value is not None:
            facts[name] = value
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


def operation_facts(
    spec: OperationSpec,
    policy: Policy,
    *,
    date: datetime.date,
    actor: str | None,
    amount: Money | None,
    reason: str | None,
) -> dict[str, Fact]:
    """What an operation itself says: its date, who asks, and its amount and reason where conditions can ask for it."""
    names = {field.name for field in spec.fields}
    facts: dict[str, Fact] = {"date": date.toordinal(), **actor_facts(policy, actor)}
    if "amount" in names and amount is not None:
        facts.update(facts_of(AMOUNT, amount))
    if "reason" in names and reason is not None:
        facts["reason"] = reason
    return facts


def actor_facts(policy: Policy, person: str | None) -> dict[str, Fact]:
    """Who asks, as names are compared, and the role that the policy gives them; nothing of nobody."""
    if person is None:
        return {}
    who = policy.person(person)
    role = policy.roles.get(who)
    return {"actor.id": who, **({} if role is None else {"actor.role": role})}
