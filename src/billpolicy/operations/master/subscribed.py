"""What operations on the charges of a subscription share."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import count

from billpolicy.billing.due import start_of
from billpolicy.billing.usage import billed_until
from billpolicy.book.book import Book
from billpolicy.book.model import Account, SubscribedCharge, Subscription
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.master.shared import check_as_in_a_book, give
from billpolicy.planning.planning import Planning


def charge_of(planning: Planning, subscription: Subscription, id: str) -> SubscribedCharge:
    """A charge of the subscription, or refuse."""
    found = {charge.id: charge for charge in subscription.charges}
    if id not in found:
        message = f"subscription `{subscription.id}` has no charge `{id}`"
        hint = did_you_mean(id, found) or f"it has {', '.join(f'`{one}`' for one in found) or 'none'}"
        planning.refuse("charge-unknown", message, "charge", hint=hint)
    return found[id]


def check_service(planning: Planning, subscription: Subscription, day: datetime.date, *path: str) -> None:
    """Note that there is no service any more on a day, so nothing of it can change."""
    if subscription.canceled_on is not None and day >= subscription.canceled_on:
        message = (
            f"subscription `{subscription.id}` is canceled: there is no service from {subscription.canceled_on} on"
        )
        hint = f"name a day before {subscription.canceled_on}, or another subscription"
        planning.problem("canceled-already", message, *path, hint=hint)


def check_charges(planning: Planning, account: Account, id: str, *new: SubscribedCharge, at: tuple[str, ...]) -> None:
    """Note what would be wrong with more charges of a subscription, as it is planned so far. `at`: where the request
    says what the first of them is."""
    subscription = planning.book.subscriptions[id]
    whole = replace(subscription, charges=(*subscription.charges, *new))
    catalogue = planning.book.charges.values()
    first = ("charges", len(subscription.charges)), at
    check_as_in_a_book(planning, "subscriptions", whole, first, accounts=[account], charges=catalogue)
    planning.stop_if_refused()


def check_can_end(
    planning: Planning, subscription: Subscription, charge: SubscribedCharge, day: datetime.date, *path: str
) -> None:
    """Note why a charge cannot end on that day, the first one after its last."""
    start = start_of(subscription, charge)
    check_service(planning, subscription, day, *path)
    if charge.period == "one_time":
        message = f"charge `{charge.id}` is charged once, on its first day: there is nothing after it to change"
        hint = "credit what was billed with `credit_memo_from_invoice`, or add another charge"
        planning.problem("charge-one-time", message, "charge", hint=hint)
    elif start is not None and day <= start:
        message = f"charge `{charge.id}` begins on {start}, so it cannot end on {day}"
        planning.problem("date-too-early", message, *path, hint=f"name a day after {start}")
    elif charge.until is not None and charge.until <= day:
        message = f"charge `{charge.id}` ends on {charge.until} already"
        on = next((one.id for one in subscription.charges if one.continues == charge.id), None)
        instead = "add a charge" if on is None else f"name `{on}`, which continues it"
        planning.problem("charge-ended", message, *path, hint=f"name a day before {charge.until}, or {instead}")
    elif charge.usage:
        _check_usage(planning, subscription, charge, day, *path)


def _check_usage(
    planning: Planning, subscription: Subscription, charge: SubscribedCharge, day: datetime.date, *path: str
) -> None:
    """Note that usage is billed which would be rated otherwise when more of its period comes late: docs/domain.md 5.5.

    It counts in what its period costs. So a period that ended on another day, or of which other days were rated by
    another charge, would be billed again or given back with the next late record.
    """
    billed = billed_until(subscription, charge, planning.book.usage_records(subscription.id))
    if billed is not None and day < billed:
        before = billed - datetime.timedelta(days=1)
        message = f"usage of `{charge.id}` is billed until {before}, so the charge cannot change on {day}"
        hint = f"name {billed} or later; what was billed can be credited by `credit_memo_from_invoice`"
        planning.problem("usage-billed", message, *path, hint=hint)


def billed_through(book: Book, subscription: Subscription) -> dict[str, datetime.date]:
    """Charge -> the first day after what is billed of it, where something is: its time, or what was used of it."""
    usage = list(book.usage_records(subscription.id))
    found = {
        charge.id: billed_until(subscription, charge, usage) if charge.usage else charge.charged_through
        for charge in subscription.charges
    }
    return {id: day for id, day in found.items() if day is not None}


def end_charge(planning: Planning, subscription: Subscription, charge: SubscribedCharge, day: datetime.date) -> None:
    """Let a charge end: `day` is the first one after its last."""
    give(planning, planning.book.subscriptions[subscription.id], {f"charges.{charge.id}.until": day}, planning.date)
    if charge.charged_through is not None and charge.charged_through > day:
        planning.note(
            f"{subscription.id}/{charge.id} is billed through {charge.charged_through}: the next bill run credits it "
            f"from {day} on"
        )


def discounts_on(
    subscription: Subscription, charge: SubscribedCharge, day: datetime.date
) -> Iterator[SubscribedCharge]:
    """The discounts that reduce a charge before a day and go on after it: what becomes of it becomes of them."""
    for one in subscription.charges:
        start = start_of(subscription, one)
        going_on = one.until is None or one.until > day
        if one.discounts == charge.id and one.period != "one_time" and going_on and (start is None or start < day):
            yield one


def next_id(first: str, taken: Collection[str]) -> str:
    """The id of a charge that continues others, the first of which is `first`: `seats-2`, or the next that is free."""
    return next(id for id in (f"{first}-{number}" for number in count(2)) if id not in taken)
