"""How each kind of change is told: to programs, in a plan, and by a ledger. A new kind is its entry in `TOLD`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from billpolicy.book import changes
from billpolicy.book.model import Application, Part
from billpolicy.planning.plan import Plan
from billpolicy.report.results import told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date


@record
class ApplicationReport:
    """Money of one document put on another; below zero, taken back."""

    from_: str
    to: str
    date: Date
    amount: Amount
    currency: Currency
    parts: tuple[Part, ...] = ()


@record
class Issued:
    """A document comes into the book; it stands in full among the documents."""

    change: Literal[
        "invoice_issued",
        "credit_memo_issued",
        "debit_memo_issued",
        "payment_issued",
        "refund_issued",
        "credit_adjustment_issued",
    ]
    number: str


@record
class Applied:
    """Money is put on a document, or taken back."""

    change: Literal["applied"]
    application: ApplicationReport


@record
class Reversed:
    """A document is flagged as reversed; it stays posted."""

    change: Literal["reversed"]
    number: str


@record
class DraftPosted:
    """A draft becomes a posted document, which is issued beside this."""

    change: Literal["draft_posted"]
    draft: str
    number: str


@record
class DraftCanceled:
    """A draft is canceled; it keeps its number and is never posted."""

    change: Literal["draft_canceled"]
    draft: str


@record
class SubscriptionCanceled:
    """A subscription is canceled; `day` is the first one without service."""

    change: Literal["subscription_canceled"]
    subscription: str
    day: Date


@record
class ChargedThrough:
    """A subscribed charge has been billed up to another day; the date is the first one that is not billed."""

    change: Literal["charged_through"]
    subscription: str
    charge: str
    before: Date | None = None
    """Without it, it had never been billed."""
    after: Date


ChangeReport = Issued | Applied | Reversed | DraftPosted | DraftCanceled | SubscriptionCanceled | ChargedThrough


class Told(NamedTuple):
    """How a kind of change is told that is no document and no money."""

    record: type[ChangeReport]
    """To programs: with the fields that it has."""
    in_ledger: Callable[[Any], str]
    """By `ledger show`, of what has happened."""
    in_plan: Callable[[Any], str] | None = None
    """In a plan; None where other lines of it say so."""


TOLD: dict[type, Told] = {
    changes.SubscriptionCanceled: Told(
        SubscriptionCanceled,
        lambda one: f"subscription {one.subscription}: no service from {one.day} on",
        lambda one: f"subscription {one.subscription} canceled, no service from {one.day} on",
    ),
    changes.DraftPosted: Told(DraftPosted, lambda one: f"draft {one.draft}: posted as {one.number}"),
    changes.DraftCanceled: Told(
        DraftCanceled,
        lambda one: f"draft {one.draft}: canceled",
        lambda one: f"draft {one.draft} canceled",
    ),
    changes.ChargedThrough: Told(
        ChargedThrough,
        lambda one: f"{one.subscription}/{one.charge}: charged through {one.after}",
        lambda one: (
            f"{one.subscription}/{one.charge} charged through {one.after} "
            f"({f'was {one.before}' if one.before else 'never billed before'})"
        ),
    ),
    changes.Reversed: Told(Reversed, lambda one: f"{one.number}: reversed"),
}
"""In the order in which a plan and a ledger tell them."""


def in_plan(plan: Plan) -> Iterator[str]:
    """What an operation changes that is no document and no money, in words."""
    for kind, words in TOLD.items():
        if words.in_plan is not None:
            yield from map(words.in_plan, plan.of(kind))


def in_ledger(plan: Plan) -> Iterator[str]:
    """What an operation has changed that is no document and no money, in words."""
    for kind, words in TOLD.items():
        yield from map(words.in_ledger, plan.of(kind))


def application_report(application: Application, currency: str) -> ApplicationReport:
    """An application with its currency, which is that of both its documents."""
    return told(ApplicationReport, application, currency=currency)


def change_report(change: changes.Change, currencies: Mapping[str, str]) -> ChangeReport:
    """A change for programs. `currencies`: of the documents of which it moves money."""
    name: Any = changes.change_name(change)
    if isinstance(change, changes.Issued):
        return Issued(change=name, number=change.document.number)
    if isinstance(change, changes.Applied):
        made = change.application
        # The balance of a change of a credit balance is that of its account, but its other side has one of its own.
        currency = currencies.get(made.from_) or currencies[made.to]
        return Applied(change=name, application=application_report(made, currency))
    return told(TOLD[type(change)].record, change, change=name)
