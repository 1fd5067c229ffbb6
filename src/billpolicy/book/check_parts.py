"""The parts of applications and refunds: on which items of a document an amount stands, and from which it comes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billpolicy.book.book import Place
from billpolicy.book.checking import Context, Found, place_in_words
from billpolicy.book.model import TRANSFERRED, Application, CreditMemo, Document, Part
from billpolicy.diagnostics.diagnostic import Diagnostic, Position


def parts(context: Context, application: Application, source: Any, target: Document, index: int) -> Found:
    at = context.at("applications", index, "parts")
    for document in (target, source):
        if not application.parts and isinstance(document, Document) and len(places_of(document)) > 1:
            places = len(places_of(document))
            message = f"{document.number} has {places} items and taxes; say how this amount stands on them"
            hint = "add `parts: [{item: ..., amount: ...}, {item: ..., tax: ..., amount: ...}]`"
            yield Diagnostic("parts-missing", message, at, hint)
            return
    if isinstance(source, CreditMemo) and any(part.source_item is None for part in application.parts):
        hint = "add `source_item` (and `source_tax`) to each part"
        yield Diagnostic("parts-source", f"say which items of {source.number} each part comes from", at, hint)
    yield from part_places(target, [Place(part.item, part.tax) for part in application.parts], at)
    if isinstance(source, CreditMemo):
        sources = [Place(part.source_item, part.source_tax) for part in application.parts if part.source_item]
        yield from part_places(source, sources, at)
    yield from parts_sum(application.parts, application.amount, at)


def part_places(document: Document, places: Iterable[Place], at: Position) -> Found:
    known = places_of(document)
    for place in places:
        if place not in known:
            items = ", ".join(f"`{item}`" for item in sorted({item for item, _ in known})[:12])
            hint = f"items of {document.number}: {items}"
            yield Diagnostic("reference-unknown", f"{document.number} has no {place_in_words(place)}", at, hint)


def places_of(document: Document) -> set[Place]:
    return {Place(item.id, tax) for item in document.items for tax in (None, *(t.id for t in item.taxes))}


def parts_sum(given: tuple[Part, ...], amount: Decimal, at: Position) -> Found:
    total = sum((part.amount for part in given), Decimal(0))
    if given and total != amount:
        message = f"the parts add up to {total}, not to {amount}"
        yield Diagnostic("parts-sum", message, at, "mend the parts or the amount")


def transferred(context: Context, application: Application, index: int) -> Found:
    """What is transferred stands on one place of its target, the item `transferred`."""
    at = context.at("applications", index, "parts")
    if any(Place(part.item, part.tax) != Place(TRANSFERRED) for part in application.parts):
        message = f"what {application.to} was given stands on the item `{TRANSFERRED}`"
        hint = f"write `item: {TRANSFERRED}` without `tax`, or leave `parts` out"
        yield Diagnostic("parts-unknown", message, at, hint)
    yield from parts_sum(application.parts, application.amount, at)
