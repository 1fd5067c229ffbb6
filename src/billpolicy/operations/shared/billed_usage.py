"""Which usage has a document billed, and what becomes of that when it is posted or undone? docs/domain.md 5.5."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from billpolicy.billing.rating import Line, Usage
from billpolicy.billing.usage import after_the_end, rated_by
from billpolicy.book.book import Book
from billpolicy.book.changes import BilledUsage, UsageBilled, subscription_name
from billpolicy.book.model import Document, Item, UsageRecord
from billpolicy.money import from_minor
from billpolicy.planning.planning import Planning


def bill_usage(planning: Planning, number: str, lines: Iterable[Line]) -> None:
    """The records of these lines are billed by the document that the lines are on; the plan says how much of what."""
    currency = planning.book.numbered[number].currency
    for line in lines:
        if line.usage is not None:
            shares = tuple(BilledUsage(one.id, from_minor(amount, currency)) for one, amount in line.usage.records)
            _change(planning, UsageBilled(line.subscription.id, line.charge.id, None, number, shares))
            planning.note(_in_words(line, line.usage))


def keep_usage(planning: Planning, draft: Document, number: str) -> None:
    """What a draft bills is billed by the document that it became."""
    for (subscription, charge), records in _billed_by(planning, draft):
        shares = tuple(BilledUsage(one.id, one.amount) for one in records)
        _change(planning, UsageBilled(subscription, charge, draft.number, number, shares))


def free_usage(planning: Planning, document: Document, items: Collection[str] | None = None) -> None:
    """What a document bills, or what these items of it do, is billed no more: the next bill run bills it again, at
    what it costs then."""
    lines = document.items if items is None else [item for item in document.items if item.id in items]
    for (subscription, charge), records in _billed_by(planning, document):
        of_it = [one for one in records if items is None or any(_is_on(planning.book, one, line) for line in lines)]
        if of_it:
            shares = tuple(BilledUsage(one.id, None) for one in of_it)
            _change(planning, UsageBilled(subscription, charge, document.number, None, shares))


def _is_on(book: Book, record: UsageRecord, item: Item) -> bool:
    """Whether an item bills a record: that of the charge that rates it, on its day."""
    start, last = item.service_start, item.service_end
    if item.subscription != record.subscription or start is None or last is None or not start <= record.date <= last:
        return False
    rating = rated_by(book.subscriptions[record.subscription], record.charge, record.date)
    charges = {item.subscribed_charge, *(one.subscribed_charge for one in item.combines)}
    return (record.charge if rating is None else rating.id) in charges


def warn_of_usage(planning: Planning, name: str) -> None:
    """Where service of a subscription was ended: usage after the end is recorded, but nothing bills it."""
    book = planning.book
    late = after_the_end(book.subscriptions[name], (book.usage[id] for id in book.usage_of.get(name, ())))
    if late:
        first = min(late, key=lambda one: (one.date, one.id))
        records = "1 usage record" if len(late) == 1 else f"{len(late):,} usage records"
        message = f"{records} of subscription `{name}` from {first.date} on (`{first.id}`) will not be billed"
        planning.warn("usage-after-end", f"{message}: service ends before")


def _change(planning: Planning, change: UsageBilled) -> None:
    planning.rely_on(subscription_name(change.subscription))
    planning.change(change)


def _billed_by(planning: Planning, document: Document) -> Iterator[tuple[tuple[str, str], list[UsageRecord]]]:
    """The records that a document bills, by subscription and charge, each by date and id."""
    book = planning.book
    found: dict[tuple[str, str], list[UsageRecord]] = defaultdict(list)
    for name in document.subscriptions:
        for id in book.usage_of.get(name, ()):
            if book.usage[id].billed_by == document.number:
                found[name, book.usage[id].charge].append(book.usage[id])
    for charge, records in sorted(found.items()):
        yield charge, sorted(records, key=lambda one: (one.date, one.id))


def _in_words(line: Line, usage: Usage) -> str:
    """`S-1/calls from 2026-07-01 to 2026-07-31: 130 in 12 records, 100 included, 30 billed`."""
    last = line.end - datetime.timedelta(days=1)
    count = len(usage.records)
    told = [f"{usage.used} in {count:,} record{'' if count == 1 else 's'}"]
    if usage.billed:
        told.append(f"{usage.billed} before")
    if usage.included:
        told.append(f"{usage.included} included")
    told.append(f"{usage.quantity} billed")
    return f"{line.subscription.id}/{line.charge.id} from {line.start} to {last}: {', '.join(told)}"
