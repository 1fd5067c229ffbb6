"""What the charges of a document were charged through before it, for when it is undone. docs/domain.md 3.3 and 4.2."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.billing.due import end_of
from billpolicy.book.model import Document, Item, SubscribedCharge, Subscription


class Undone(NamedTuple):
    """A charge of a document that is undone."""

    charge: str
    before: datetime.date
    """What it was charged through before the document."""
    until: datetime.date
    """The first day after those that the document billed from then on; of what it credited, the same day."""
    goes_back: bool
    """Whether it can be charged through that day again: not where time after these days has been billed since."""


class _Span(NamedTuple):
    """The days `[start, end)` of an item."""

    start: datetime.date
    end: datetime.date
    is_known: bool
    """Whether the item says its end; if not, nobody can tell what was billed after it."""
    credit: bool
    """Whether it gives the days back."""


def charged_before(document: Document, subscription: Subscription) -> Iterator[Undone]:
    """Each charge of a subscription that a document moved: back to the first day that it billed, so that it is billed
    again; or on behind the last day that it credited, so that it is credited again.

    Days with others between them that the document has not billed, or that were undone before, are told apart: what
    lies between them is not billed again.
    """
    for charge, spans in _spans(document, subscription):
        through = charge.charged_through
        if through is None:
            continue
        credits_only = all(span.credit for span in spans)
        # What a document bills comes after what it gives back.
        spans = [span for span in spans if span.credit == credits_only]
        if credits_only:
            start, end = min(span.start for span in spans), max(span.end for span in spans)
            if through == start:
                yield Undone(charge.id, end, end, goes_back=True)
            continue
        for block in _together(spans):
            start, end = block[0].start, max(span.end for span in block)
            if through > start:
                goes_back = through <= end or not all(span.is_known for span in block)
                yield Undone(charge.id, start, end, goes_back)


def _together(spans: list[_Span]) -> list[list[_Span]]:
    """The spans in order, those with no day between them together; all of them where not every end is known."""
    spans = sorted(spans)
    if not all(span.is_known for span in spans):
        return [spans]
    blocks: list[list[_Span]] = []
    for span in spans:
        if blocks and span.start <= max(other.end for other in blocks[-1]):
            blocks[-1].append(span)
        else:
            blocks.append([span])
    return blocks


def charged_again(document: Document, subscription: Subscription) -> Iterator[tuple[str, datetime.date]]:
    """Each charge that was charged back to where a document began to bill it, and the first day after what it billed.

    For when it turns out that the document is paid after all.
    """
    for charge, spans in _spans(document, subscription):
        if charge.charged_through == min(span.start for span in spans) and all(span.is_known for span in spans):
            yield charge.id, max(span.end for span in spans)


def due_again(document: Document, subscription: Subscription) -> Iterator[tuple[SubscribedCharge, datetime.date]]:
    """Each charge that is charged through an earlier day than a document began to bill it on, and that day: bill runs
    go on from the earlier one, and bill the time of the document once more."""
    for charge, spans in _spans(document, subscription):
        start, end = min(span.start for span in spans), end_of(subscription, charge)
        through = charge.charged_through
        if charge.rate is not None and through is not None and through < start and (end is None or start < end):
            yield charge, start


def _spans(document: Document, subscription: Subscription) -> Iterator[tuple[SubscribedCharge, list[_Span]]]:
    # Usage is told by its records, not by how far it is charged.
    for charge in sorted((one for one in subscription.charges if not one.usage), key=lambda charge: charge.id):
        items = (each for item in document.items for each in item.by_charge)
        spans = [span for item in items for span in _span(item, subscription, charge)]
        if spans:
            yield charge, spans


def _span(item: Item, subscription: Subscription, charge: SubscribedCharge) -> Iterator[_Span]:
    if adjusts(item, charge):
        return
    if (item.subscription, item.subscribed_charge) == (subscription.id, charge.id) and item.days is not None:
        start, end = item.days
        yield _Span(start, end, item.service_end is not None, gives_back(item, charge))


def adjusts(item: Item, charge: SubscribedCharge) -> bool:
    """Whether an item of a minimum or maximum has changed what was billed before: it has moved nothing."""
    return charge.bills != "rate" and item.unit_price is None


def gives_back(item: Item, charge: SubscribedCharge) -> bool:
    """Whether an item gives time of a charge back: it names the line that billed it, or its price is negated."""
    return item.source is not None or (item.unit_price or 0) * (charge.rate or 0) < 0
