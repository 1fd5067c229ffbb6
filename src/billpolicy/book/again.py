"""A document that comes again, in a later book: is it the one that is known?"""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import Document, Numbered, OwedDocument, Payment


def as_changed(given: Numbered, known: Numbered) -> Numbered:
    """What was given, with what operations have made of the known one: a document that was reversed, canceled or posted
    since is still the one that came."""
    if isinstance(given, Payment) and isinstance(known, Payment) and not given.reversed_:
        return replace(given, reversed_=known.reversed_, reversed_reason=known.reversed_reason)
    if not isinstance(given, Document) or not isinstance(known, Document):
        return given
    if isinstance(given, OwedDocument) and isinstance(known, OwedDocument):
        given = _dated_as(given, known)
    canceled = (given.status, known.status) == ("draft", "canceled")
    return replace(
        given,
        reversed_=given.reversed_ or known.reversed_,
        status=known.status if canceled else given.status,
        posted_as=given.posted_as or known.posted_as,
    )


def _dated_as(given: OwedDocument, known: OwedDocument) -> OwedDocument:
    """With the due date of the known one where neither says one, but it was worked out or is missing: the same document
    may come with a policy or without. A date that is said is compared, whatever the other is from."""
    if given.due_date is not None and given.due_date_from is None:
        return replace(given, due_date_from=known.due_date_from)
    is_said = known.due_date is not None and known.due_date_from is None
    if is_said or given.attributes.get("payment_term") != known.attributes.get("payment_term"):
        return given
    return replace(given, due_date=known.due_date, due_date_from=known.due_date_from)
