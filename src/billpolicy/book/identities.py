"""What must hold of every document, whatever happens to a book: nothing is given away twice (domain section 9.2).

Of a document, of each item and of each tax, what was applied, and of payments and credit memos also what was refunded,
lies between nothing and its whole amount. An item with its discount is one place, as in `Book.open_places`.

What is taken back is an application below zero: it goes back to where it came from by the very links it went, and never
more than was put on them by that day. A payment that was transferred has all its money from the payment it names.

A change of a credit balance is what moved between it and the document that it names, and no credit balance is below
zero on any date (domain section 6.1).
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    CreditAdjustment,
    Document,
    Invoice,
    Numbered,
    Payment,
    Refund,
)
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.money import minor_digits


def broken(book: Book, numbers: Collection[str] | None = None) -> Iterator[Diagnostic]:
    """Every identity that does not hold, of these documents or (None) of all.

    The book must have every application and refund of these documents, and every change of the credit balances that
    they change. Of one document one thing is told, where the others follow from it.
    """
    asked = book.numbered if numbers is None else numbers
    documents = [book.numbered[number] for number in asked if number in book.numbered]
    told: set[str] = set()
    for document in documents:
        used = _used(book, document)
        if not _within(used, document.amount):
            told.add(document.number)
            yield _over_applied(document.number, document.currency, document.amount, used)
    for document in documents:
        for place, (amount, used) in _places(book, document).items():
            if not _within(used, amount):
                told.add(document.number)
                yield _over_applied(f"{_in_words(place)} of {document.number}", document.currency, amount, used)
    for document in documents:
        if document.number not in told and isinstance(document, Payment):
            yield from _transfer(book, document)
    yield from _taken_back(book, documents, told)
    for document in documents:
        if document.number not in told and KINDS[document.kind].is_owed:
            yield from _opposed(book, document)
    adjustments = [document for document in documents if isinstance(document, CreditAdjustment)]
    for adjustment in adjustments:
        if adjustment.number not in told:
            yield from _adjusted(book, adjustment)
    changes = (change for account in {one.account for one in documents} for change in book.credit_of.get(account, ()))
    naming = Counter((change.type, change.document) for change in changes)
    for document in documents:
        if isinstance(document, Refund) and naming["decrease", document.number] != (1 if document.of is None else 0):
            yield _refund_source(document.number)
        elif isinstance(document, Invoice) and naming["increase", document.number] > 1:
            yield _transferred_twice(document.number)
    for account in sorted({adjustment.account for adjustment in adjustments}):
        yield from _below_zero(book, account)


def _within(used: Decimal, amount: Decimal) -> bool:
    return 0 <= used <= amount or amount <= used <= 0


def _used(book: Book, document: Numbered) -> Decimal:
    """What a negative invoice gives to a credit balance brings it up to zero."""
    if KINDS[document.kind].is_owed:
        return book.applied_to(document.number) - book.applied_from(document.number)
    return book.applied_from(document.number) + book.refunded(document.number)


def _places(book: Book, document: Numbered) -> dict[Place, tuple[Decimal, Decimal]]:
    """Item or tax -> its amount, and what of it is used; also places that are used and not there."""
    amounts: dict[Place, Decimal] = defaultdict(Decimal)
    used: dict[Place, Decimal] = defaultdict(Decimal)
    settled_with = {}
    if isinstance(document, Document):
        settled_with = {item.id: item.discounts for item in document.items if item.discounts is not None}
        for item in document.items:
            amounts[Place(settled_with.get(item.id, item.id))] += item.amount
            for tax in item.taxes:
                amounts[Place(item.id, tax.id)] += tax.amount
    elif (isinstance(document, Payment) and document.source is not None) or (
        isinstance(document, CreditAdjustment) and document.type == "increase"
    ):
        amounts[Place(TRANSFERRED)] += document.amount

    def use(item: str, tax: str | None, amount: Decimal) -> None:
        used[Place(item if tax is not None else settled_with.get(item, item), tax)] += amount

    sign = -1 if isinstance(document, Invoice) else 1
    for application in book.applications_to.get(document.number, ()):
        for part in application.parts:
            use(part.item, part.tax, part.amount)
    for application in book.applications_from.get(document.number, ()):
        for part in application.parts:
            if part.source_item is not None:
                use(part.source_item, part.source_tax, sign * part.amount)
    for refund in book.refunds_of.get(document.number, ()):
        for part in refund.parts if refund.status == "posted" else ():
            use(part.item, part.tax, part.amount)
    return {place: (amounts[place], used[place]) for place in (*amounts, *(one for one in used if one not in amounts))}


def _transfer(book: Book, payment: Payment) -> Iterator[Diagnostic]:
    if payment.source is None or payment.status != "posted":
        return
    received = _moved(book.applications_to.get(payment.number, ()), payment.source)
    if received != payment.amount:
        message = (
            f"{_money(payment.number, payment.amount, payment.currency)}, "
            f"but {_shown(received, payment.currency)} of {payment.source} was transferred to it"
        )
        yield Diagnostic("transfer-differs", message, hint="a transferred payment has all its money from its source")


def _moved(applications: Collection[Application], source: str) -> Decimal:
    return sum((one.amount for one in applications if one.from_ == source), ZERO)


_Link = tuple[str, str | None, str | None, str | None]


def _taken_back(book: Book, documents: Collection[Numbered], told: set[str]) -> Iterator[Diagnostic]:
    """Along every link on which something was taken back, day by day: what was put there until then, and what taken."""
    wrong: list[tuple[datetime.date, int, Application, Place, Decimal, Decimal]] = []
    for document in documents:
        made = book.applications_from.get(document.number, ())
        taken_from = {one.to for one in made if one.amount < 0}
        put: dict[tuple[str, _Link], Decimal] = defaultdict(Decimal)
        taken: dict[tuple[str, _Link], Decimal] = defaultdict(Decimal)
        for order, one in sorted(enumerate(made), key=lambda each: (each[1].date, each[0])) if taken_from else ():
            links = [(one.to, (part.item, part.tax, part.source_item, part.source_tax)) for part in one.parts]
            for link, part in zip(links, one.parts, strict=True):
                if one.amount < 0:
                    taken[link] -= part.amount
                else:
                    put[link] += part.amount
            for link in links if one.to in taken_from else ():
                if not _within(taken[link], put[link]):
                    wrong.append((one.date, order, one, Place(*link[1][:2]), put[link], taken[link]))
    for _, _, one, place, was_put, was_taken in sorted(wrong, key=lambda each: each[:2]):
        if one.to not in told:  # of one document, one sentence
            told.add(one.to)
            currency = book.numbered[one.from_].currency
            message = (
                f"{_shown(was_taken, currency)} {currency} of {one.from_} is taken back from {_in_words(place)} of "
                f"{one.to}, where {_shown(was_put, currency)} of it had been put by then"
            )
            hint = "only what was put there can be taken back, not before it was"
            yield Diagnostic("over-unapplied", message, hint=hint)


def _opposed(book: Book, document: Numbered) -> Iterator[Diagnostic]:
    """Places on which one source has put what another has taken away; that their sum is right was asked before."""
    net: dict[Place, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    settled_with = {item.id: item.discounts for item in document.items} if isinstance(document, Document) else {}
    for application in book.applications_to.get(document.number, ()):
        for part in application.parts:
            item = part.item if part.tax is not None else settled_with.get(part.item) or part.item
            net[Place(item, part.tax)][application.from_] += part.amount
    for place, of_each in net.items():
        if min(of_each.values()) < 0 < max(of_each.values()):
            message = f"one source takes from {_in_words(place)} of {document.number} what another one has put there"
            yield Diagnostic("over-unapplied", message, hint="each source takes back only what is its own")
            return


def _adjusted(book: Book, adjustment: CreditAdjustment) -> Iterator[Diagnostic]:
    """The amount of a change of a credit balance is what moved between it and the document that it names."""
    number, name = adjustment.number, adjustment.document
    given, received = book.applications_from.get(number, ()), book.applications_to.get(number, ())
    named = book.numbered.get(name or "")
    increases = adjustment.type == "increase"
    if name is None:
        moved = adjustment.amount
    elif named is not None and (named.account, named.currency) != (adjustment.account, adjustment.currency):
        moved = ZERO
    elif isinstance(named, Refund) and not increases:
        moved = named.amount
    elif increases:
        moved = _moved(received, name)
    else:
        moved = sum((one.amount for one in given if one.to == name), ZERO)
    strays = any(increases or one.to != name for one in given) or any(
        not increases or one.from_ != name for one in received
    )
    if moved != adjustment.amount or strays:
        message = (
            f"{_money(number, adjustment.amount, adjustment.currency)}, but {_shown(moved, adjustment.currency)} moved "
            f"between it and {name or 'nothing'}, or something else moved too"
        )
        hint = "a change of a credit balance is exactly what moves between it and the document that it names"
        yield Diagnostic("adjustment-differs", message, hint=hint)


def _refund_source(number: str) -> Diagnostic:
    message = f"{number} is not the refund of one payment, of one credit memo, or of one decrease of a credit balance"
    return Diagnostic("refund-odd", message, hint="a refund has one source")


def _transferred_twice(number: str) -> Diagnostic:
    message = f"{number} was transferred to the credit balance more than once"
    return Diagnostic("transferred-twice", message, hint="a negative invoice is transferred once")


def _below_zero(book: Book, account: str) -> Iterator[Diagnostic]:
    """What comes in on a day can go out on it."""
    days: dict[str, dict[datetime.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for change in book.credit_of.get(account, ()):
        days[change.currency][change.date] += change.amount if change.type == "increase" else -change.amount
    for currency, moved in sorted(days.items()):
        balance = ZERO
        for day in sorted(moved):
            balance += moved[day]
            if balance < 0:
                shown = f"{_shown(balance, currency)} {currency}"
                message = f"the credit balance of account `{account}` would be {shown} on {day}"
                hint = "use no more than there is, on that day and on every later one"
                yield Diagnostic("credit-below-zero", message, hint=hint)
                break


def _in_words(place: Place) -> str:
    return f"tax `{place.tax}` of item `{place.item}`" if place.tax else f"item `{place.item}`"


def _over_applied(what: str, currency: str, amount: Decimal, used: Decimal) -> Diagnostic:
    message = (
        f"{_money(what, amount, currency)}, but what is applied and refunded of it adds up to {_shown(used, currency)}"
    )
    return Diagnostic("over-applied", message, hint="no money may be used twice, and none below zero")


def _money(what: str, amount: Decimal, currency: str) -> str:
    return f"{what} amounts to {_shown(amount, currency)} {currency}"


def _shown(amount: Decimal, currency: str) -> Decimal:
    """With the currency's own decimals, also where it is nothing or too large an amount."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)))
