"""Can a line give back what a line of an invoice has billed, as it says? `Item.source`, docs/domain.md 3.3."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.book.book import Book
from billpolicy.book.limits import Fault
from billpolicy.book.model import DebitMemo, Document, Invoice, Item
from billpolicy.diagnostics.diagnostic import Diagnostic


def correction_faults(book: Book, document: Document, item: Item) -> Iterator[Fault]:
    """What is wrong with the `source` and `source_item` of an item. That they are there is asked before."""
    name = f"item `{item.id}` of {document.number}"
    if item.source is None:
        if item.source_item is not None and document.related is None:
            message = f"{name} says the item that it comes from, but not of which document"
            hint = "name the document that the memo was made from as its `source`, or leave out `source_item`"
            yield Fault("source_item", Diagnostic("source-unclear", message, hint=hint))
        return
    if isinstance(document, DebitMemo) or document.related is not None:
        what = "is a debit memo" if document.related is None else f"was made from {document.related}"
        message = f"{name} cannot give back what {item.source} has billed: {document.number} {what}"
        hint = "leave out `source` of the item: only what a bill run makes gives back lines of several invoices"
        yield Fault("source", Diagnostic("source-unclear", message, hint=hint))
        return
    if item.source_item is None:
        message = f"{name} names {item.source} as its `source`, but no item of it"
        yield Fault("source", Diagnostic("source-unclear", message, hint="add the `source_item` that it gives back"))
    source = book.numbered.get(item.source)
    if not isinstance(source, Invoice) or source.number == document.number:
        if source is not None:
            what = "it is no invoice" if source.number != document.number else "it is this very document"
            message = f"{name} cannot give back what {item.source} has billed: {what}"
            yield Fault("source", Diagnostic("source-kind", message, hint="name the invoice whose line it gives back"))
        return
    billed = next((one for one in source.items if one.id == item.source_item), None)
    differing = [(key, getattr(document, key), getattr(source, key)) for key in ("account", "currency")]
    if billed is not None:
        differing.append(("subscription", item.subscription, billed.subscription))
    for key, mine, its in differing:
        if mine != its:
            of = source.number if key != "subscription" else f"{source.number}/{item.source_item}"
            message = f"{name} has the {key} `{mine or 'none'}`, but {of}, which it gives back, `{its or 'none'}`"
            hint = "mend one of the two, or remove `source` and `source_item`"
            yield Fault("source", Diagnostic("source-differs", message, hint=hint))
