"""What a change of master data would change: who takes another value of an attribute, as counts with examples.

Subscriptions are asked what the next bill run would decide for them, before the change and after it, on the first day
on which it holds: whatever comes of it, by whichever rule, is found. Open documents that do not store a value have that
of their account. What cannot be used, such as a contact that is retired, is no value.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from billpolicy.book.book import Book
from billpolicy.book.history import on_day
from billpolicy.book.model import Account, Contact, Document, Subscription
from billpolicy.deciding.objections import unknown_value
from billpolicy.planning.deciding import would_resolve
from billpolicy.planning.plan import Inheriting, Taken
from billpolicy.planning.planning import Planning
from billpolicy.policy.model import Attribute

_EXAMPLES = 3
_NONE = Taken()


def tell_who_inherits(planning: Planning, account: str, day: datetime.date) -> None:
    """Show what this changes for the subscriptions and the open documents of an account, from a day on."""
    subscriptions = [one.id for one in planning.book.subscriptions.values() if one.account == account]
    tell_what_is_taken(planning, subscriptions, day)
    before, after = (on_day(book.accounts[account], day) for book in (planning.before, planning.book))
    label = f"account {account}"
    for attribute in planning.policy.attributes.values():
        was, now = (_taken_of(one.attributes.get(attribute.name), label) for one in (before, after))
        live = list(_live(planning.book, account, attribute)) if was != now else []
        if live:
            planning.inherit(Inheriting(attribute.name, "document", len(live), tuple(live[:_EXAMPLES]), day, was, now))


def tell_what_is_taken(planning: Planning, subscriptions: Iterable[str], day: datetime.date) -> None:
    """Show which attributes these subscriptions take from elsewhere, or with another value, from a day on."""
    day = max(day, planning.day_of_values("bill_run"))
    groups: dict[tuple[str, Taken, Taken], list[str]] = {}
    for id in sorted(subscriptions):
        canceled_on = planning.book.subscriptions[id].canceled_on
        if canceled_on is None or canceled_on > day:
            before, after = (
                _taken_by(planning, book, book.subscriptions[id], day) for book in (planning.before, planning.book)
            )
            for name in planning.policy.attributes:
                was, now = (taken.get(name, _NONE) for taken in (before, after))
                if was != now:
                    groups.setdefault((name, was, now), []).append(id)
    for (name, was, now), ids in sorted(groups.items(), key=lambda group: (group[0][0], group[1])):
        planning.inherit(Inheriting(name, "subscription", len(ids), tuple(ids[:_EXAMPLES]), day, was, now))


def _taken_by(planning: Planning, book: Book, subscription: Subscription, day: datetime.date) -> dict[str, Taken]:
    """The attributes of what a bill run would make of a subscription, as far as they can be used."""
    account = book.accounts[subscription.account]
    resolved = would_resolve(planning, "bill_run", account, subscription, day)
    if resolved is None:
        return {}
    return {
        name: Taken(str(found.value), resolved.levels[found.level].label_of(name))
        for name, found in resolved.resolutions.items()
        if found.level is not None
        and unknown_value(
            planning.policy, planning.policy.attributes[name], str(found.value), book.contacts, [account.id], day
        )
        is None
    }


def _taken_of(value: str | None, label: str) -> Taken:
    return _NONE if value is None else Taken(value, label)


def _live(book: Book, account: str, attribute: Attribute) -> Iterator[str]:
    """The open documents of an account that could have an attribute and do not store it."""
    for number, document in sorted(book.numbered.items()):
        if (
            document.account == account
            and isinstance(document, Document)
            and document.kind in attribute.documents
            and document.status == "posted"
            and document.attributes.get(attribute.name) is None
            and book.balance(document)
        ):
            yield number


def check_no_rate_in_its_currency(planning: Planning, account: Account) -> None:
    """No rate of a subscription is in the currency of the account: by another one, it would be another amount, and what
    was billed in the one would be credited in the other (docs/domain.md 1.1, 9.5)."""
    subscriptions = planning.book.subscriptions
    those = sorted(id for id, one in subscriptions.items() if one.account == account.id and one.currency is None)
    if those:
        names = "bills in it, since it names none" if len(those) == 1 else "bill in it, since they name none"
        message = f"account `{account.id}` stays in {account.currency}: {_some(those)} {names}"
        hint = "leave it as it is: payments, memos and new subscriptions can name another currency"
        planning.problem("currency-mismatch", message, "currency", hint=hint)


def tell_who_names(planning: Planning, contact: Contact) -> None:
    """Note who still names a contact: its documents to come would be refused."""
    book = planning.book
    account = book.accounts[contact.account]
    holders: list[tuple[str, dict[str, str | None]]] = [(f"account {account.id}", account.attributes)]
    subscriptions: Iterable[Subscription] = sorted(book.subscriptions.values(), key=lambda one: one.id)
    holders += [
        (one.id, one.attributes) for one in subscriptions if one.account == account.id and one.canceled_on is None
    ]
    for name, attribute in sorted(planning.policy.attributes.items()):
        if attribute.type == "contact":
            naming = [who for who, attributes in holders if attributes.get(name) == contact.id]
            if naming:
                names = "names" if len(naming) == 1 else "name"
                planning.warn(
                    "contact-named",
                    f"{_some(naming)} still {names} `{contact.id}` as `{name}`: what is addressed to it is refused",
                )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_EXAMPLES])
    more = len(names) - _EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown
