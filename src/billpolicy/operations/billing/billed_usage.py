"""Which usage has a document billed, and what becomes of that when it is posted or undone? docs/domain.md 5.5."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from billpolicy.billing.rating import Draw, Line, Usage
from billpolicy.billing.usage import after_the_end, rated_by
from billpolicy.book.book import Book
from billpolicy.book.changes import BilledUsage, UsageBilled, billing, subscription_name
from billpolicy.book.model import Document, Item, UsageRecord
from billpolicy.diagnostics.sentences import counted
from billpolicy.money import from_minor
from billpolicy.planning.planning import Planning

_Charge = tuple[str, str]
"""Subscription and its charge."""


def bill_usage(planning: Planning, number: str, lines: Iterable[Line], names: Mapping[str, str]) -> None:
    """The records of these lines are billed by the document that the lines are on; the plan says how much of what.

    *names*: the ids of the prepaid periods that are billed beside them (`operations/billing/prepaid.py`).
    """
    currency = planning.book.numbered[number].currency
    for line in (each for one in lines for each in one.by_charge):
        if line.usage is not None:
            shares = tuple(
                _billed_at(one.id, worth, line.usage.draws, names, currency) for one, worth in line.usage.records
            )
            _change(planning, UsageBilled(line.subscription.id, line.charge.id, None, number, shares))
            planning.note(_in_words(line, line.usage, currency))


def _billed_at(id: str, worth: int, draws: Mapping[str, Draw], names: Mapping[str, str], currency: str) -> BilledUsage:
    """What a record is billed at: what it is worth, less what it draws from prepaid charges."""
    drawn = draws.get(id)
    if drawn is None:
        return BilledUsage(id, from_minor(worth, currency))
    amount = from_minor(worth - drawn.amount, currency)
    return BilledUsage(id, amount, from_minor(drawn.amount, currency), names.get(drawn.first, drawn.first))


def keep_usage(planning: Planning, posted: Mapping[str, str]) -> None:
    """What drafts bill is billed by the documents that they became, and drawn from the periods of these. *posted*: the
    number of each draft -> that of its document."""
    billed = _billed_by(planning.book, [billing(planning.book, draft) for draft in posted])
    for draft, number in posted.items():
        for (subscription, charge), records in billed[draft]:
            shares = tuple(BilledUsage(one.id, one.amount, one.drawn, _renamed(one, posted)) for one in records)
            _change(planning, UsageBilled(subscription, charge, draft, number, shares))


def _renamed(record: UsageRecord, posted: Mapping[str, str]) -> str | None:
    """The prepaid period that it draws from first, by the line that has billed it in the end."""
    draft, slash, item = (record.drawn_from or "").partition("/")
    return f"{posted[draft]}{slash}{item}" if draft in posted else record.drawn_from


def free_usage(planning: Planning, those: Sequence[tuple[Document, Collection[str] | None]]) -> None:
    """What these documents bill, or of each only what these items of it do, is billed no more: the next bill run bills
    it again, at what it costs then."""
    billed = _billed_by(planning.book, [document for document, _ in those])
    for document, items in those:
        lines: dict[_Charge, list[Item]] = defaultdict(list)
        for item in document.items:
            for each in item.by_charge if items is not None and item.id in items else ():
                lines[each.subscription or "", each.subscribed_charge or ""].append(item)
        for (subscription, charge), records in billed[document.number]:
            of_it = [one for one in records if items is None or _is_on(planning.book, one, lines)]
            if of_it:
                shares = tuple(BilledUsage(one.id, None) for one in of_it)
                _change(planning, UsageBilled(subscription, charge, document.number, None, shares))


def _is_on(book: Book, record: UsageRecord, lines: Mapping[_Charge, Sequence[Item]]) -> bool:
    """Whether a line bills a record: one of the charge that rates it, on its day."""
    rating = rated_by(book.subscriptions[record.subscription], record.charge, record.date)
    those = lines.get((record.subscription, record.charge if rating is None else rating.id), ())
    days = ((one.service_start, one.service_end) for one in those)
    return any(start is not None and last is not None and start <= record.date <= last for start, last in days)


def warn_of_usage(planning: Planning, name: str) -> None:
    """Where service of a subscription was ended: usage after the end is recorded, but nothing bills it."""
    book = planning.book
    late = after_the_end(book.subscriptions[name], book.usage_records(name))
    if late:
        first = min(late, key=lambda one: (one.date, one.id))
        records = "1 usage record" if len(late) == 1 else f"{len(late):,} usage records"
        message = f"{records} of subscription `{name}` from {first.date} on (`{first.id}`) will not be billed"
        planning.warn("usage-after-end", f"{message}: service ends before")


def _change(planning: Planning, change: UsageBilled) -> None:
    planning.rely_on(subscription_name(change.subscription))
    planning.change(change)


def _billed_by(book: Book, documents: Sequence[Document]) -> Mapping[str, list[tuple[_Charge, list[UsageRecord]]]]:
    """The records that each of these documents bills, by subscription and charge, each by date and id."""
    found: dict[str, dict[_Charge, list[UsageRecord]]] = {one.number: defaultdict(list) for one in documents}
    for name in sorted({name for one in documents for name in one.subscriptions}):
        for record in book.usage_records(name):
            if record.billed_by in found:
                found[record.billed_by][name, record.charge].append(record)
    return {
        number: [(charge, sorted(of, key=lambda one: (one.date, one.id))) for charge, of in sorted(records.items())]
        for number, records in found.items()
    }


def _in_words(line: Line, usage: Usage, currency: str) -> str:
    """`S-1/calls from 2026-07-01 to 2026-07-31: 130 in 12 records, 100 included, 30 billed`."""
    last = line.end - datetime.timedelta(days=1)
    count = len(usage.records)
    told = [f"{usage.used} in {counted(count, 'record')}"]
    if usage.billed:
        told.append(f"{usage.billed} before")
    if usage.included:
        told.append(f"{usage.included} included")
    told.append(f"{usage.quantity} billed")
    if usage.draws:
        drawn = from_minor(sum(one.amount for one in usage.draws.values()), currency)
        told.append(f"{drawn} {currency} of it from what was prepaid")
    return f"{line.subscription.id}/{line.charge.id} from {line.start} to {last}: {', '.join(told)}"
