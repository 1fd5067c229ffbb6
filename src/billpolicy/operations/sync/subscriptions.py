"""How subscriptions of a book, and their charges, differ from what is known.

A charge whose price changed is a chain: the charge, and those that continue it, each from its start on. A book may tell
the chain with its days, or only the price of now, under the id of the first.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from billpolicy.book.history import written
from billpolicy.book.model import SubscribedCharge, Subscription
from billpolicy.operations.master.subscribed import next_id
from billpolicy.operations.sync.found import Asked, Comparing, Field, Found, named, not_followed, price, said, stays

Chain = tuple[SubscribedCharge, ...]
"""A charge and those that continue it, by their start; at least one."""
_FIXED = (
    "charge",
    "name",
    "period",
    "timing",
    "discounts",
    "usage",
    "included",
    "item",
    "bills",
    "drawn_by",
    "profile",
)
"""What a charge of a subscription cannot change: it ends, and another one is added."""
_DATED = ("rate", "quantity", "tax_code")
"""What it can have otherwise, from a day on."""


def new_subscription(comparing: Comparing, given: Subscription) -> Iterator[Found]:
    """A subscription of which nothing has been billed, with the prices that its charges will have."""
    billed = next((one for one in given.charges if one.charged_through is not None), None)
    if billed is not None:
        message = f"{named(given)} is new, but its charge `{billed.id}` is billed through {billed.charged_through}"
        hint = "import it with `ledger import`: a sync brings nothing that is billed"
        yield not_followed(given, "sync-money", message, hint)
        return
    if given.start is None:
        message = f"{named(given)} is new, and does not say when it starts"
        yield not_followed(given, "sync-differs", message, "give it a `start` in the book")
        return
    chains = {id: (_first(given, chain), chain) for id, chain in chains_of(given).items()}
    yield comparing.created(
        given,
        "create_subscription",
        subscription=given.id,
        account=given.account,
        start=given.start,
        plan=given.plan,
        term_end=given.term_end,
        bill_day=given.bill_day,
        invoice_separately=given.invoice_separately or None,
        currency=given.currency,
        **comparing.declared(given),
        charges=[_data(first) for first, _ in chains.values()],
    )
    for first, chain in chains.values():
        yield from _prices(comparing, given, (first,), chain)
    if given.canceled_on is not None:
        yield from _canceled(comparing, replace(given, canceled_on=None), given)


def subscription(comparing: Comparing, known: Subscription, given: Subscription) -> Iterator[Found]:
    """Other values, a longer term, other charges, and the cancellation."""
    for name in ("account", "start", "currency"):
        if getattr(known, name) != getattr(given, name):
            yield stays(given, named(given), name, getattr(known, name), getattr(given, name))
    if known.account != given.account:
        return  # what it holds is for another account
    names = ("plan", "invoice_separately")
    yield from comparing.changes(known, given, "change_subscription", {"subscription": given.id}, names)
    yield from _bill_day(comparing, known, given)
    yield from _term(comparing, known, given)
    before = chains_of(known)
    chains = chains_of(given)
    for id, chain in chains.items():
        if id in before:
            yield from _charge(comparing, known, given, before[id], chain)
    for chain in sorted((chain for id, chain in chains.items() if id not in before), key=_after_others):
        yield from _added(comparing, known, given, chain)
    if known.canceled_on != given.canceled_on:
        yield from _canceled(comparing, known, given)


def _bill_day(comparing: Comparing, known: Subscription, given: Subscription) -> Iterator[Found]:
    """Another bill day, from the first day on that is not billed yet: what is billed keeps its periods."""
    before, after = known.bill_day, given.bill_day
    if before != after:
        billed = (charge.charged_through for charge in known.charges if charge.charged_through is not None)
        asked: Asked = {"subscription": given.id, "from": max([comparing.day, *billed])}
        asked |= {"clear": ["bill_day"]} if after is None else {"bill_day": after}
        yield comparing.step(known, "change_subscription", asked, Field("bill_day", written(before), written(after)))


def chains_of(subscription: Subscription) -> dict[str, Chain]:
    """The id of the first charge -> it and those that continue it."""
    chains: dict[str, list[SubscribedCharge]] = defaultdict(list)
    for charge in subscription.charges:
        chains[charge.first].append(charge)
    return {id: tuple(sorted(chain, key=_start)) for id, chain in chains.items()}


def _term(comparing: Comparing, known: Subscription, given: Subscription) -> Iterator[Found]:
    before, after = known.term_end, given.term_end
    if before is not None and after is not None and after > before:
        asked = {"subscription": given.id, "term_end": after}
        yield comparing.step(known, "renew_subscription", asked, Field("term_end", written(before), written(after)))
    elif before != after:
        yield stays(given, named(given), "term_end", before, after, "a term is only renewed: its end moves on")


def _canceled(comparing: Comparing, known: Subscription, given: Subscription) -> Iterator[Found]:
    """Without a final bill: a sync makes no documents, and the next bill run bills and credits what is left."""
    if known.canceled_on is not None:
        hint = "while it is pending, `change_cancellation` and `undo_cancellation` do that"
        yield stays(given, named(given), "canceled_on", known.canceled_on, given.canceled_on, hint)
        return
    asked = {"subscription": given.id, "at": "date", "effective_date": given.canceled_on, "final_bill": False}
    yield comparing.step(known, "cancel_subscription", asked, Field("canceled_on", None, written(given.canceled_on)))


# -- charges -------------------------------------------------------------------------------------------------------


def _after_others(chain: Chain) -> tuple[bool, bool, bool, str]:
    """A charge that names others comes after them: a discount, a minimum of an item, what usage draws from."""
    first = chain[0]
    return bool(first.discounts), first.bills != "rate", bool(first.drawn_by), first.id


def _added(comparing: Comparing, known: Subscription, given: Subscription, chain: Chain) -> Iterator[Found]:
    first = _first(given, chain)
    if any(one.charged_through is not None for one in chain):
        message = f"charge `{first.id}` of {named(given)} is new, but it is billed already"
        yield not_followed(given, "sync-money", message, "a sync brings nothing that is billed")
        return
    data = _data(first)
    asked: Asked = {"subscription": given.id, "charge": data}
    added = Field(f"charges.{first.id}", None, price(data))
    yield comparing.step(known, "add_subscribed_charge", asked, added)
    yield from _prices(comparing, known, (first,), chain)


def _charge(
    comparing: Comparing, known: Subscription, given: Subscription, before: Chain, after: Chain
) -> Iterator[Found]:
    first, last, wanted = before[0], before[-1], after[0]
    what = f"charge `{first.id}` of {named(given)}"
    for name in _FIXED:
        if getattr(first, name) != getattr(wanted, name):
            yield stays(given, what, name, getattr(first, name), getattr(wanted, name))
    starts = first.start or known.start, wanted.start or given.start
    if starts[0] != starts[1] and known.start == given.start:
        yield stays(given, what, "start", *starts)
    here, there = _through(before), _through(after)
    if there is not None and (here is None or here < there):
        message = f"{what} is billed through {there} in the book, but through {here or 'no day'} in the ledger"
        yield not_followed(given, "sync-money", message, "bill it here; a sync brings nothing that is billed")
    until = after[-1].until
    if until != last.until and (until is None or (last.until is not None and last.until < until)):
        yield stays(given, what, "until", last.until, until, "add a charge for the time after it")
    elif until != last.until:
        asked = {"subscription": given.id, "charge": last.id, "until": until}
        ends = Field(f"charges.{first.id}.until", written(last.until), written(until))
        yield comparing.step(known, "end_subscribed_charge", asked, ends)
        before = (*before[:-1], replace(last, until=until))
    yield from _prices(comparing, known, before, after)


def _prices(comparing: Comparing, known: Subscription, before: Chain, after: Chain) -> Iterator[Found]:
    """What a charge costs and how it is taxed, from a day on: the day of the sync, and where the book's chain is
    continued by what is not known yet."""
    new = {one.start for one in after[1:] if one.start and one.id not in _ids(before)}
    for day in sorted({comparing.day, *new}):
        now, then = _in_force(before, day), _in_force(after, day)
        fields = {name: (getattr(now, name), getattr(then, name)) for name in _DATED}
        differing = {name: values for name, values in fields.items() if values[0] != values[1]}
        if not differing or is_ended(now, day) or is_ended(then, day):
            continue
        what, begins = f"charge `{now.id}` of {named(known)}", now.start or known.start
        without = [name for name, (_, value) in differing.items() if value is None]
        if without or (begins is not None and day <= begins):
            hint = f"give it a `{without[0]}` in the book" if without else f"it begins on {begins}: sync after that day"
            yield from (stays(known, what, name, *values, hint) for name, values in differing.items())
            continue
        own = then.start == day and then.id not in _ids(before)
        as_ = then.id if own else next_id(before[0].id, _ids((*known.charges, *before, *after)))
        asked: Asked = {"subscription": known.id, "charge": now.id, "from": day, "as": as_}
        asked |= {name: values[1] for name, values in differing.items()}
        told = (Field(f"charges.{after[0].id}.{name}", *map(written, values)) for name, values in differing.items())
        yield comparing.step(known, "change_subscribed_charge", asked, *told)
        continuing = replace(now, id=as_, start=day, **{name: getattr(then, name) for name in _DATED})
        others = [replace(one, until=day) if one is now else one for one in before]
        before = tuple(sorted((*others, continuing), key=_start))


def is_ended(charge: SubscribedCharge, day: datetime.date) -> bool:
    """Whether a charge runs no more on a day."""
    return charge.until is not None and charge.until <= day


def _first(given: Subscription, chain: Chain) -> SubscribedCharge:
    """A charge as it comes, before its price changes: until the end of them all."""
    return replace(chain[0], start=chain[0].start or given.start, until=chain[-1].until)


def _in_force(chain: Chain, day: datetime.date) -> SubscribedCharge:
    return next((one for one in reversed(chain) if _start(one) <= day), chain[0])


def _start(charge: SubscribedCharge) -> datetime.date:
    return charge.start or datetime.date.min


def _through(chain: Chain) -> datetime.date | None:
    return max((one.charged_through for one in chain if one.charged_through is not None), default=None)


def _ids(chain: Sequence[SubscribedCharge]) -> set[str]:
    return {one.id for one in chain}


def _data(charge: SubscribedCharge) -> Asked:
    of_billing = ("id", "charge", "name", "rate", "quantity", "period", "timing", "start", "until")
    names = (*of_billing, "discounts", "included", "item", "profile", "tax_code")
    return said(
        **{name: getattr(charge, name) for name in names},
        usage=charge.usage or None,
        bills=charge.bills if charge.bills != "rate" else None,
        drawn_by=list(charge.drawn_by),
    )
