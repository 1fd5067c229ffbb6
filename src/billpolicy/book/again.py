"""A document that comes again, in a later book: is it the one that is known?"""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import Document, Numbered, Payment


def as_changed(given: Numbered, known: Numbered) -> Numbered:
    """What was given, with what operations have made of the known one: a document that was reversed, canceled or posted
    since is still the one that came."""
    if isinstance(given, Payment) and isinstance(known, Payment) and not given.reversed_:
        return replace(given, reversed_=known.reversed_, reversed_reason=known.reversed_reason)
    if not isinstance(given, Document) or not isinstance(known, Document):
        return given
    canceled = (given.status, known.status) == ("draft", "canceled")
    return replace(
        given,
        reversed_=given.reversed_ or known.reversed_,
        status=known.status if canceled else given.status,
        posted_as=given.posted_as or known.posted_as,
    )
