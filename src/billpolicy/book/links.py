"""What may hang on what: which documents money goes between, and of which account, currency, status and date they are.

Each rule stands here once. A book file tells a breach at its place, in words of the file; `ledger check`, which has no
file, tells it in the words beside. What a link names must be there: what is not is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.identities import Breach
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    BillingDocument,
    CreditAdjustment,
    Document,
    Invoice,
    Numbered,
    Part,
    Payment,
    Refund,
    Reversible,
)
from billpolicy.book.ordinary import NOTHING, Ordinary
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic

_Found = Iterator[Breach]
_Told = tuple[Code, str]
"""Code and message, as told of a ledger."""


def links(book: Book, passed: Ordinary = NOTHING) -> _Found:
    """Every link that cannot be; what is known to be ordinary is passed over."""
    for source, made in book.applications_from.items():
        if source in passed.settled:
            continue
        for place, application in enumerate(made):
            yield from _application(book, application, place)
    became: dict[str, str] = {}
    for document in book.numbered.values():
        if document.number in passed.documents:
            continue
        if isinstance(document, Reversible):
            yield from _reversal(document)
        related = book.numbered.get(document.related or "")
        if isinstance(document, CreditAdjustment):
            yield from _adjustment(document, related)
        elif isinstance(document, Refund):
            yield from _refund(document, related)
        elif isinstance(document, Payment):
            yield from _transfer(document, related)
        elif isinstance(document, Document):
            yield from _memo(document, related)
            yield from _posted_draft(book, document, became)


def places_of(document: Document) -> set[Place]:
    """Every item and every tax of a document."""
    return {Place(item.id, tax) for item in document.items for tax in (None, *(t.id for t in item.taxes))}


# -- applications ----------------------------------------------------------------------------------------------


def _application(book: Book, one: Application, place: int) -> _Found:
    source, target = book.numbered.get(one.from_), book.numbered.get(one.to)
    if source is None or target is None:
        return
    odd: _Told = (
        "application-odd",
        f"the application from {one.from_} to {one.to} cannot be: their kinds, status, currencies or dates forbid it",
    )

    def breach(code: Code, message: str, hint: str, elsewhere: _Told | None = odd, field: str | None = None) -> Breach:
        return _breach(one.to, code, message, hint, elsewhere, field, (one.from_, place))

    yield from (breach(*each) for each in _ends(source, target, odd))
    if source.currency != target.currency:
        message = f"{one.from_} is in {source.currency} and {one.to} in {target.currency}"
        yield breach("currency-mismatch", message, "money is never applied across currencies: remove this application")
    for document in (source, target):
        if document.status != "posted":
            message = f"{document.number} is {document.status}; only posted documents can be applied"
            yield breach("application-unposted", message, "remove this application, or mend the status")
        if document.date > one.date:
            message = f"this application is dated {one.date}, before {document.number} ({document.date})"
            yield breach("application-date", message, f"write {document.date} or later", odd, "date")
    yield from (breach(*each, None, "parts") for each in _parts(one, source, target))


def _ends(source: Numbered, target: Numbered, odd: _Told) -> Iterator[tuple[Code, str, str, _Told | None]]:
    """Whether money can go from this source to this target. Where it only goes past what one names, that tells it."""
    if isinstance(target, CreditAdjustment):
        can_be = isinstance(source, Invoice) and source.amount < 0 and target.type == "increase"
        if not can_be or target.document != source.number:
            message = f"{target.number} is not an increase of a credit balance that names {source.number}"
            hint = "`from` is the negative invoice that the increase names as its `document`"
            yield "application-kind", message, hint, None if can_be else odd
        return
    if isinstance(source, CreditAdjustment):
        can_be = source.type == "decrease" and kind_of(target).is_owed
        if source.type != "decrease" or source.document != target.number:
            message = f"{source.number} is not a decrease of a credit balance that names {target.number}"
            hint = "`to` is the invoice or debit memo that the decrease names as its `document`"
            yield "application-kind", message, hint, None if can_be else odd
    elif not kind_of(source).is_source:
        hint = "`from` names a payment or a credit memo"
        yield "application-kind", f"{source.number} has no money to apply", hint, odd
    if isinstance(target, Payment):
        if not isinstance(source, Payment) or target.source != source.number:
            message = f"{source.number} cannot be applied to {target.number}: that payment was not transferred from it"
            hint = "`to` names an invoice, a debit memo, or a payment whose `source` is `from`"
            yield "application-kind", message, hint, _transfer_odd(target) if isinstance(source, Payment) else odd
    elif not kind_of(target).is_owed:
        hint = "`to` names an invoice or a debit memo"
        yield "application-kind", f"nothing can be applied to {target.number}", hint, odd


def _parts(one: Application, source: Numbered, target: Numbered) -> Iterator[tuple[Code, str, str]]:
    """On which items of the target the amount stands, and from which of the source it comes.

    Of a ledger, places that are not there are told as used too much, and sums that differ are told of all its rows.
    """
    from_items = False
    if isinstance(target, Document):
        for document in (target, source):
            if not one.parts and isinstance(document, Document) and len(places_of(document)) > 1:
                message = f"{document.number} has {len(places_of(document))} items and taxes"
                yield "parts-missing", f"{message}; say how this amount stands on them", _ALL_PARTS
                return
        yield from _known(target, (Place(part.item, part.tax) for part in one.parts))
        from_items = kind_of(source).is_source
    elif isinstance(source, Invoice) and isinstance(target, CreditAdjustment):
        from_items = True
        if not one.parts:
            message = f"{one.amount} is not all of {source.number}; say from which of its items and taxes it comes"
            hint = "add `parts: [{item: transferred, source_item: ..., amount: ...}]`"
            yield "parts-missing", message, hint
    elif not isinstance(target, Payment):
        return
    if from_items and isinstance(source, Document):
        if any(part.source_item is None for part in one.parts):
            hint = "add `source_item` (and `source_tax`) to each part"
            yield "parts-source", f"say which items of {source.number} each part comes from", hint
        yield from _known(source, (Place(part.source_item, part.source_tax) for part in one.parts if part.source_item))
    if not isinstance(target, Document) and any(Place(p.item, p.tax) != Place(TRANSFERRED) for p in one.parts):
        message = f"what {one.to} was given stands on the item `{TRANSFERRED}`"
        hint = f"write `item: {TRANSFERRED}` without `tax`, or leave `parts` out"
        yield "parts-unknown", message, hint
    yield from _sum(one.parts, one)


_ALL_PARTS = "add `parts: [{item: ..., amount: ...}, {item: ..., tax: ..., amount: ...}]`"


def _known(document: Document, places: Iterable[Place]) -> Iterator[tuple[Code, str, str]]:
    known = places_of(document)
    for place in places:
        if place not in known:
            items = ", ".join(f"`{item}`" for item in sorted({item for item, _ in known})[:12])
            yield "reference-unknown", f"{document.number} has no {place.words}", f"items of {document.number}: {items}"


def _sum(parts: tuple[Part, ...], of: Application | Refund) -> Iterator[tuple[Code, str, str]]:
    total = sum((part.amount for part in parts), ZERO)
    if parts and total != of.amount:
        yield "parts-sum", f"the parts add up to {total}, not to {of.amount}", "mend the parts or the amount"


# -- documents that name another one ---------------------------------------------------------------------------


def _memo(memo: Document, source: Numbered | None) -> _Found:
    """A memo is of the same account and currency as the document that it was created from."""
    if source is None:
        return
    odd: _Told = (
        "source-odd",
        f"{memo.number} cannot have been made from {source.number}: their kinds or accounts forbid it",
    )
    if source is memo or not isinstance(source, Document):
        message, hint = (
            f"{memo.number} cannot have been made from {source.number}",
            "`source` names an invoice or another memo",
        )
        yield _breach(memo.number, "source-kind", message, hint, odd, "source")
    for key in ("account", "currency"):
        mine, its = getattr(memo, key), getattr(source, key)
        if mine != its:
            message = f"{memo.number} has the {key} `{mine}`, but {source.number}, its source, `{its}`"
            yield _breach(
                memo.number, "source-differs", message, "mend one of the two, or remove `source`", odd, "source"
            )


def _reversal(document: Reversible) -> _Found:
    """Only what is posted is reversed. Of a ledger, one query tells it of all."""
    number = document.number
    if document.reversed_ and document.status != "posted":
        message = f"{number} is {document.status}, so it cannot have been reversed"
        yield _breach(number, "reversal-odd", message, "remove `reversed`, or mend the status", None, "reversed")
    if isinstance(document, Payment) and document.reversed_reason is not None and not document.reversed_:
        message = f"{number} says why it was reversed, but not that it was"
        hint = "write `reversed: true`, or remove `reversed_reason`"
        yield _breach(number, "reversal-odd", message, hint, None, "reversed_reason")


def _transfer(payment: Payment, source: Numbered | None) -> _Found:
    """A transferred payment comes from a payment of another account."""
    if source is None:
        return
    if not isinstance(source, Payment):
        message = f"{payment.number} cannot be transferred from {payment.source}, which is no payment"
        hint = "`source` names a payment of another account"
        yield _breach(payment.number, "transfer-kind", message, hint, _transfer_odd(payment), "source")
    elif source.account == payment.account:
        message = f"{payment.source} is of account `{payment.account}` already"
        hint = "a payment is transferred from another account"
        yield _breach(payment.number, "account-same", message, hint, _transfer_odd(payment), "source")


def _transfer_odd(payment: Payment) -> _Told:
    source = payment.source or "nothing"
    message = f"the payment {payment.number} cannot be a transfer from {source}"
    return "transfer-odd", f"{message}: their kinds, accounts or applications forbid it"


def _refund(refund: Refund, source: Numbered | None) -> _Found:
    """A refund is of a payment or a credit memo, of its account and currency, and not dated before it."""
    number, of = refund.number, refund.of
    odd: _Told = (
        "refund-odd",
        f"{number} cannot be a refund of {of}: their kinds, accounts, currencies, status or dates forbid it",
    )

    def breach(code: Code, message: str, hint: str, elsewhere: _Told | None = odd, field: str = "of") -> Breach:
        return _breach(number, code, message, hint, elsewhere, field)

    if of is None and refund.parts:
        yield breach(
            "parts-unknown", f"{number} is of no credit memo, so it has no parts", "leave `parts` out", odd, "parts"
        )
    if source is None:
        return
    if not kind_of(source).is_source:
        yield breach("refund-kind", f"{of} cannot be refunded", "a refund is of a payment or a credit memo")
        return
    if source.account != refund.account:
        message = f"{of} belongs to account `{source.account}`, not to `{refund.account}`"
        yield breach("account-mismatch", message, f"write `account: {source.account}`")
    if source.currency != refund.currency:
        message = f"{number} is in {refund.currency} and {of} in {source.currency}"
        yield breach("currency-mismatch", message, f"write `currency: {source.currency}`")
    if source.status != "posted" and refund.status == "posted":
        message = f"{of} is {source.status}; only what is posted can be refunded"
        yield breach("refund-unposted", message, "remove this refund, or mend the status")
    if source.date > refund.date:
        message = f"this refund is dated {refund.date}, before {of} ({source.date})"
        yield breach("refund-date", message, f"write {source.date} or later", odd, "date")
    if isinstance(source, Document):
        if not refund.parts and source.items:
            message = f"{of} has {len(places_of(source))} items and taxes; say which of them are refunded"
            missing: _Told = ("parts-missing", f"{number} does not say which items of {of} it refunds")
            yield breach("parts-missing", message, _ALL_PARTS, missing, "parts")
        for each in (
            *_known(source, (Place(part.item, part.tax) for part in refund.parts)),
            *_sum(refund.parts, refund),
        ):
            yield breach(*each, None, "parts")


_NAMED = {
    "increase": "an increase comes from an invoice below zero, undoes a decrease by hand, or names no document",
    "decrease": (
        "a decrease is used on an invoice or a debit memo, pays a refund without `of`, undoes an increase by hand, or "
        "names no document"
    ),
}


def _adjustment(adjustment: CreditAdjustment, document: Numbered | None) -> _Found:
    """It names a document that it can come from or go to, of the same account and currency, and not dated before it."""
    if document is None:
        return
    number, name = adjustment.number, document.number
    message = (
        f"{number} cannot be a change of a credit balance by {name}: their kinds, accounts, status or dates forbid it"
    )
    odd: _Told = ("adjustment-differs", message)

    def breach(code: Code, message: str, hint: str, field: str = "document", elsewhere: _Told | None = odd) -> Breach:
        return _breach(number, code, message, hint, elsewhere, field)

    if isinstance(document, CreditAdjustment):
        can_be = document.type != adjustment.type and document.document is None
    elif adjustment.type == "increase":
        can_be = isinstance(document, Invoice) and document.amount < 0
    else:
        can_be = kind_of(document).is_owed or (isinstance(document, Refund) and document.of is None)
    if not can_be:
        what = "an increase" if adjustment.type == "increase" else "a decrease"
        # Where it is a refund of something else, that refund tells it.
        elsewhere = None if isinstance(document, Refund) else odd
        hint = _NAMED[adjustment.type]
        yield breach("adjustment-kind", f"{number}, {what}, cannot name {name}", hint, "document", elsewhere)
        return
    same: tuple[tuple[Code, str], ...] = (("account-mismatch", "account"), ("currency-mismatch", "currency"))
    for code, key in same:
        mine, its = getattr(adjustment, key), getattr(document, key)
        if mine != its:
            message = f"{number} has the {key} `{mine}`, but {name} has `{its}`"
            yield breach(code, message, f"write `{key}: {its}`, or name another document")
    if document.status != "posted":
        message = f"{name} is {document.status}; only what is posted changes a credit balance"
        yield breach("adjustment-unposted", message, "remove this adjustment, or mend the status")
    if adjustment.date < document.date:
        message = f"{number} is dated {adjustment.date}, before {name} ({document.date})"
        yield breach("date-too-early", message, f"write {document.date} or later", "date")


def _posted_draft(book: Book, draft: BillingDocument, became: dict[str, str]) -> _Found:
    """A draft that was posted names the one document of its kind and account that it became.

    `became`: document -> the draft that was posted as it, of those that were asked before.
    """
    number, name = draft.number, draft.posted_as
    if name is None:
        return
    odd: _Told = ("draft-odd", f"{number} cannot have been posted as {name}: their kinds, accounts or status forbid it")

    def breach(message: str, hint: str) -> Breach:
        return _breach(number, "posted-as", message, hint, odd, "posted_as")

    if draft.status != "draft":
        message = f"{number} is {draft.status}, but only a draft is `posted_as` another document"
        yield breach(message, "remove `posted_as`, or write `status: draft`")
    posted = book.numbered.get(name)
    if posted is None:
        yield Breach(number, None, Diagnostic(*odd))  # a file tells that it is not there
        return
    alike = (posted.kind, posted.account, posted.currency) == (draft.kind, draft.account, draft.currency)
    if not alike or posted.status != "posted":
        hint = f"name a posted {kind_of(draft).words} of the same account and currency"
        yield breach(f"{number} cannot have been posted as {name}", hint)
    elif name in became:
        yield breach(f"{became[name]} was posted as {name} already", "name the document that this one became")
    became.setdefault(name, number)


def _breach(
    number: str,
    code: Code,
    message: str,
    hint: str,
    elsewhere: _Told | None,
    field: str | None,
    application: tuple[str, int] | None = None,
) -> Breach:
    told = None if elsewhere is None else Diagnostic(*elsewhere)
    return Breach(number, Diagnostic(code, message, hint=hint), told, field, application)
