"""What a book holds that a policy cannot use, told where it stands before any operation meets it: as warnings.

An operation that meets it is refused. Names that the policy does not declare are told by `unknown_names.py`, what
contradicts an assumption by `assumptions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Invoice, Item, TaxItem
from billpolicy.book.places import Place, placed
from billpolicy.deciding.listed import unlisted
from billpolicy.diagnostics.diagnostic import Diagnostic, did_you_mean
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.money import to_minor
from billpolicy.policy.model import Policy
from billpolicy.policy.typed import typed
from billpolicy.source.scalars import Plain, read_country

_PERCENT = 100


class _Holder(NamedTuple):
    """A record of a book: what it is, what conditions call it, and where it stands."""

    words: str
    scope: str
    record: Any
    place: Place


def book_findings(book: Book, policy: Policy) -> list[Diagnostic]:
    """Each value that the policy cannot use, once, with the first record that holds it; and each tax that is not what
    its rate gives. Placed where the book was read from a file."""
    found: dict[tuple[str, str, str], tuple[Diagnostic, Place]] = {}
    for holder in _holders(book):
        for kind, name, value, message, hint in _unusable(holder, policy):
            warning = Diagnostic("value-unusable", f"{holder.words}: {message}", None, hint, "warning")
            found.setdefault((kind, name, value), (warning, holder.place))
        for line, warning in _taxes(holder):
            found.setdefault(("tax", holder.words, line), (warning, holder.place))
        if len(found) >= MAX_PROBLEMS:
            break
    return placed(book, list(found.values()))


def _holders(book: Book) -> Iterator[_Holder]:
    for account in book.accounts.values():
        yield _Holder(f"account `{account.id}`", "account", account, ("accounts", account.id))
    for one in book.subscriptions.values():
        yield _Holder(f"subscription `{one.id}`", "subscription", one, ("subscriptions", one.id))
    for contact in book.contacts.values():
        yield _Holder(f"contact `{contact.id}`", "contact", contact, ("contacts", contact.id))
    for number, document in book.numbered.items():
        yield _Holder(number, document.kind, document, (kind_of(document).section, number))


def _unusable(holder: _Holder, policy: Policy) -> Iterator[tuple[str, str, str, str, str]]:
    """Kind, name and value of what cannot be used, with a message and a hint."""
    record = holder.record
    country = getattr(record, "country", None)
    if country is not None:
        try:
            read_country(country)  # one that is in a ledger since before that was asked
        except ValueError as error:
            yield "country", "country", country, str(error), f"give it another one with `change_{holder.scope}`"
    for one in unlisted(policy, holder.scope, record):
        message = one.message.removesuffix(f" ({holder.words})")
        yield "field", one.field, str(getattr(record, one.field)), message, one.hint
    declared: Mapping[str, Mapping[str, object]] = {
        "payment_term": policy.payment_terms,
        "sequence_set": policy.sequence_sets,
    }
    for name, value in getattr(record, "attributes", {}).items():
        attribute = policy.attributes.get(name)
        known = None if attribute is None else declared.get(attribute.type)
        if known is not None and value is not None and value not in known:
            kind = str(attribute and attribute.type).replace("_", " ")
            hint = did_you_mean(value, known) or f"declare it in the policy, or name another {kind}"
            yield "attribute", name, value, f"`{name}` is `{value}`, but the policy declares no such {kind}", hint
    for name, value in getattr(record, "custom", {}).items():
        field = policy.fields.get(f"{holder.scope}.{name}")
        if field is not None and value is not None:
            try:
                typed(field, Plain(value))
            except ValueError as error:
                yield "custom", name, value, f"`{name}` is wrong: {error}", "mend it under `custom`"


def _taxes(holder: _Holder) -> Iterator[tuple[str, Diagnostic]]:
    """Taxes of an invoice that came with their rate and are not what it gives, whichever way a cent is rounded."""
    invoice = holder.record
    if not isinstance(invoice, Invoice) or invoice.status == "canceled":
        return
    reduced = {item.discounts for item in invoice.items}
    for item in invoice.items:
        # A discount may have been taken off before the tax or after it.
        for tax in () if item.discounts or item.id in reduced else item.taxes:
            if tax.rate is not None and tax.code is None and not _fits(invoice, item, tax):
                amounts = f"{tax.amount} on {item.amount} {invoice.currency}"
                message = f"tax `{tax.id}` of {invoice.number} is {amounts}, which is not its rate of {tax.rate}"
                hint = "mend the tax or its rate; what is credited takes its share of the tax as it stands"
                warning = Diagnostic("tax-rate-differs", message, None, hint, "warning")
                yield f"{item.id} {tax.id}", warning


def _fits(invoice: Invoice, item: Item, tax: TaxItem) -> bool:
    """Whether a tax is what its rate gives: 19% is `0.19` or `19`. Each charge of the line may be rounded."""
    assert tax.rate is not None
    base, found = to_minor(item.amount, invoice.currency), to_minor(tax.amount, invoice.currency)
    off = (abs(Decimal(base) * rate - found) for rate in (tax.rate, tax.rate / _PERCENT))
    return min(off) <= max(1, len(item.combines))
