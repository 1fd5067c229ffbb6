"""What must hold of every document, whatever happens to a book: nothing is given away twice (docs/domain.md 9.2).

Of a document, of each item and of each tax, what was applied, and of payments and credit memos also what was refunded,
lies between nothing and its whole amount. An item with its discount is one place, as in `Book.open_places`.

What is taken back is an application below zero: it goes back to where it came from by the very links it went, and never
more than was put on them by that day. A payment that was transferred has all its money from the payment it names. Of a
reversed payment nothing is left anywhere.

The memo of a write-off is all on the invoice or debit memo that it was made from: it is never money.

A change of a credit balance is what moved between it and the document that it names, and no credit balance is below
zero on any date (docs/domain.md 6.1), nor above the largest amount.

What is added up stays countable, also one by one and by a database: the items and taxes of a document come to less than
the largest amount, whatever their signs.

Each rule stands here once. A book file tells a breach at its place, in words of the file; posting, importing and
`ledger check` have no file, and tell it by numbers.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Numbered,
    Part,
    Payment,
    Refund,
)
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.money import MAX_MINOR, from_minor, minor_digits


class Breach(NamedTuple):
    """A rule that does not hold."""

    number: str
    """The document that it is about."""
    in_file: Diagnostic | None
    """How it is told of a book file, still without its place; None where others tell it there."""
    elsewhere: Diagnostic | None
    """How it is told of a ledger or a plan; None where others tell it there."""
    field: str | None = None
    """The field that is wrong; None for all of it."""
    application: tuple[str, int] | None = None
    """If it is about an application: the number of its source, and its place among those of this source."""


def broken(book: Book, numbers: Collection[str] | None = None) -> Iterator[Diagnostic]:
    """Every identity that does not hold, of these documents or (None) of all, as told where there is no file.

    The book must have every application and refund of these documents, and every change of the credit balances that
    they change. Of one document one thing is told, where the others follow from it.
    """
    told: set[str] = set()
    for breach in identities(book, numbers):
        found = breach.elsewhere
        if found is not None and not (found.code in _FOLLOWING and breach.number in told):
            told.add(breach.number)
            yield found


_FOLLOWING = ("transfer-differs", "over-unapplied", "adjustment-differs", "write-off-differs")


def identities(book: Book, numbers: Collection[str] | None = None) -> Iterator[Breach]:
    """The same as breaches, also what only follows from another one: whatever is used too much first."""
    if numbers is None:
        documents = list(book.numbered.values())
    else:
        documents = [book.numbered[number] for number in numbers if number in book.numbered]
    for document in documents:
        yield from _whole(book, document)
        yield from _countable(document)
    for document in documents:
        yield from _in_places(book, document)
    taken_from: set[str] = set()
    for document in documents:
        for breach in _taken_back(book, document):
            taken_from.add(breach.number)
            yield breach
    for document in documents:
        if isinstance(document, Payment):
            yield from _reversed(book, document) if document.reversed_ else _transfer(book, document)
        elif isinstance(document, CreditAdjustment):
            yield from _adjusted(book, document)
        elif isinstance(document, CreditMemo):
            yield from _written_off(book, document)
        elif kind_of(document).is_owed and document.number not in taken_from:
            yield from _opposed(book, document)
    yield from _named_once(book, documents)
    credit = {(one.account, one.currency) for one in documents if isinstance(one, CreditAdjustment)}
    for account, currency in sorted(credit):
        yield from _below_zero(book, account, currency)
        yield from _above_all(book, account, currency)


def _within(used: Decimal, amount: Decimal) -> bool:
    return 0 <= used <= amount or amount <= used <= 0


def _whole(book: Book, document: Numbered) -> Iterator[Breach]:
    number, amount, kind = document.number, document.amount, kind_of(document)
    if kind.is_owed:  # what a negative invoice gives to a credit balance brings it up to zero
        used = book.applied_to(number) - book.applied_from(number)
    else:
        used = book.applied_from(number) + book.refunded(number)
    if _within(used, amount):
        return
    in_file = None  # of what is owed, its items tell it; of an adjustment, what it names
    if kind.is_source and used > max(amount, ZERO):
        message = f"more was applied and refunded of {number} than its amount {amount}"
        in_file = Diagnostic("over-applied", message, hint="mend its amount, its applications or its refunds")
    elif kind.is_source:
        message = f"more was taken back to {number} than was applied of it"
        in_file = Diagnostic("over-unapplied", message, hint="mend its applications")
    yield Breach(number, in_file, _over_applied(number, document.currency, amount, used))


def _countable(document: Numbered) -> Iterator[Breach]:
    gross = document.gross if isinstance(document, Document) else ZERO
    most = from_minor(MAX_MINOR, document.currency)
    if gross >= most:
        message = f"the amounts of {document.number} come to {most} {document.currency} or more, whatever their signs"
        found = Diagnostic("amount-too-large", message, hint="check the amounts; one may have digits too many")
        yield Breach(document.number, found, found)


def _in_places(book: Book, document: Numbered) -> Iterator[Breach]:
    """Each item and each tax, and places that are used and not there."""
    used = book.used_places(document)
    if not used:
        return
    amounts = dict(_amounts(document))
    settled = _settled(document)
    if settled:
        used, amounts = _together(used, settled), _together(amounts, settled)
    if all(_within(taken, amounts.get(place, ZERO)) for place, taken in used.items()):
        return
    for place in (*amounts, *(one for one in used if one not in amounts)):
        amount, taken = amounts.get(place, ZERO), used.get(place, ZERO)
        if _within(taken, amount):
            continue
        what = f"{place.words} of {document.number}"
        in_file = None
        if isinstance(document, Document):
            message = f"{what} is {amount}, but {taken} of it was applied"
            in_file = Diagnostic("over-applied", message, hint="mend the item, or the parts of its applications")
        yield Breach(document.number, in_file, _over_applied(what, document.currency, amount, taken))


def _settled(document: Numbered) -> dict[Place, Place]:
    """Where what stands on a place is settled instead: a discount is, with the item that it reduces."""
    items = document.items if isinstance(document, Document) else ()
    return {Place(item.id): Place(item.discounts) for item in items if item.discounts is not None}


def _together(amounts: Mapping[Place, Decimal], settled: Mapping[Place, Place]) -> dict[Place, Decimal]:
    together: dict[Place, Decimal] = defaultdict(Decimal)
    for place, amount in amounts.items():
        together[settled.get(place, place)] += amount
    return together


def _amounts(document: Numbered) -> Iterator[tuple[Place, Decimal]]:
    for item in document.items if isinstance(document, Document) else ():
        yield Place(item.id), item.amount
        for tax in item.taxes:
            yield Place(item.id, tax.id), tax.amount
    transferred = isinstance(document, Payment) and document.source is not None
    if transferred or (isinstance(document, CreditAdjustment) and document.type == "increase"):
        yield Place(TRANSFERRED), document.amount


def _taken_back(book: Book, document: Numbered) -> Iterator[Breach]:
    """Along every link on which something was taken back, day by day: what was put there until then, and what taken."""
    number, currency = document.number, document.currency
    made = book.applications_from.get(number, ())
    taken_from = {one.to for one in made if one.amount < 0}
    if not taken_from:
        return
    put: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    taken: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    wrong: set[tuple[str, ...]] = set()
    for order, one in sorted(enumerate(made), key=lambda each: each[1].date):
        if one.to not in taken_from:
            continue
        for part in one.parts:
            link = _link(one, part)
            if one.amount < 0:
                taken[link] -= part.amount
            else:
                put[link] += part.amount
        for part in one.parts:
            link = _link(one, part)
            if link in wrong or _within(taken[link], put[link]):
                continue
            wrong.add(link)
            what = f"{Place(part.item, part.tax).words} of {one.to}"
            message = (
                f"{taken[link]} of {number} is taken back from {what}, where {put[link]} of it had been put by then"
            )
            hint = "take back only what was put there, and not before it was"
            in_file = Diagnostic("over-unapplied", message, hint=hint)
            was_taken, was_put = _shown(taken[link], currency), _shown(put[link], currency)
            message = f"{was_taken} {currency} of {number} is taken back from {what}, where {was_put} of it"
            hint = "only what was put there can be taken back, not before it was"
            elsewhere = Diagnostic("over-unapplied", f"{message} had been put by then", hint=hint)
            yield Breach(one.to, in_file, elsewhere, application=(number, order))
            break


def _link(one: Application, part: Part) -> tuple[str, ...]:
    return (one.to, part.item, part.tax or "", part.source_item or "", part.source_tax or "")


def _opposed(book: Book, document: Numbered) -> Iterator[Breach]:
    """Places on which one source has put what another has taken away; that their sum is right was asked before."""
    applications = book.applications_to.get(document.number, ())
    if len({application.from_ for application in applications}) < 2:
        return
    net: dict[Place, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    settled = _settled(document)
    for application in applications:
        for part in application.parts:
            place = Place(part.item, part.tax)
            net[settled.get(place, place)][application.from_] += part.amount
    for place, of_each in net.items():
        if min(of_each.values()) < 0 < max(of_each.values()):
            message = f"one source takes from {place.words} of {document.number} what another one has put there"
            hint = "mend the parts of its applications: each source takes back only what is its own"
            in_file = Diagnostic("over-unapplied", message, hint=hint)
            elsewhere = in_file._replace(hint="each source takes back only what is its own")
            yield Breach(document.number, in_file, elsewhere)


def _transfer(book: Book, payment: Payment) -> Iterator[Breach]:
    """A transferred payment has all its money from the payment that it names."""
    number, amount, source = payment.number, payment.amount, payment.source
    if source is None or payment.status != "posted":
        return
    received = _moved(book.applications_to.get(number, ()), from_=source)
    if received != amount:
        message = f"{number} amounts to {amount}, but {received} was transferred to it"
        hint = f"add or mend the application from {source} to {number}"
        in_file = Diagnostic("transfer-differs", message, hint=hint)
        moved = f"but {_shown(received, payment.currency)} of {source} was transferred to it"
        message = f"{_money(number, amount, payment.currency)}, {moved}"
        hint = "a transferred payment has all its money from its source"
        elsewhere = Diagnostic("transfer-differs", message, hint=hint)
        yield Breach(number, in_file, elsewhere)


def _reversed(book: Book, payment: Payment) -> Iterator[Breach]:
    """Of a reversed payment nothing is left anywhere, link by link; nor has one that was transferred kept any money."""
    number = payment.number
    still = [f"some of it is on {target}" for target, links in book.links_from(number).items() if links]
    if book.refunded(number):
        still.append("some of it was refunded")
    if payment.source is not None and book.applied_to(number):
        still.append(f"some of {payment.source} is on it")
    if still:
        hint = "take back what was put there, or remove `reversed`"
        found = Diagnostic("reversal-odd", f"{number} was reversed, but {' and '.join(still)}", hint=hint)
        elsewhere = found._replace(hint="all that was put of a payment is taken back before it is reversed")
        yield Breach(number, found, elsewhere, "reversed")


def _written_off(book: Book, memo: CreditMemo) -> Iterator[Breach]:
    """The memo of a write-off is applied in full to what it was made from."""
    source = book.numbered.get(memo.source or "")
    if not memo.write_off or memo.status == "canceled":
        return
    can_be = isinstance(source, Invoice | DebitMemo)
    on_source = _moved(book.applications_from.get(memo.number, ()), to=memo.source) if can_be else ZERO
    if on_source == memo.amount:
        return
    what = memo.source if can_be else "an invoice or debit memo that it was made from"
    message = f"{memo.number} writes off {memo.amount}, but {on_source} of it is applied to {what}"
    hint = "add or mend its `source` and its application, or remove `write_off`"
    in_file = Diagnostic("write-off-differs", message, hint=hint)
    shown = f"{_shown(memo.amount, memo.currency)} {memo.currency}"
    message = f"{memo.number} writes off {shown}, but {_shown(on_source, memo.currency)} of it is applied to {what}"
    hint = "the memo of a write-off is never money: `undo_write_off` is the one way to ask for it again"
    yield Breach(memo.number, in_file, Diagnostic("write-off-differs", message, hint=hint), "write_off")


def _moved(made: Collection[Application], from_: str | None = None, to: str | None = None) -> Decimal:
    return sum((one.amount for one in made if one.from_ == from_ or one.to == to), ZERO)


def _adjusted(book: Book, adjustment: CreditAdjustment) -> Iterator[Breach]:
    """The amount of a change of a credit balance is what moved between it and the document that it names."""
    number, name, amount = adjustment.number, adjustment.document, adjustment.amount
    given, received = book.applications_from.get(number, ()), book.applications_to.get(number, ())
    named = book.numbered.get(name or "")
    increases = adjustment.type == "increase"
    if name is None:
        moved = amount
    elif named is not None and (named.account, named.currency) != (adjustment.account, adjustment.currency):
        moved = ZERO
    elif isinstance(named, CreditAdjustment) or (isinstance(named, Refund) and not increases):
        moved = named.amount
    else:
        moved = _moved(received, from_=name) if increases else _moved(given, to=name)
    strays = any(increases or one.to != name for one in given) or any(
        not increases or one.from_ != name for one in received
    )
    if moved == amount and not strays:
        return
    field = None
    if isinstance(named, CreditAdjustment):
        message = f"{number} is {amount}, but {name}, which it undoes, is {named.amount}"
        in_file = Diagnostic("adjustment-differs", message, hint=f"write {named.amount}, or mend `document`")
        field = "amount"
    elif isinstance(named, Refund):
        message = f"{number} is {amount}, but {name} paid {named.amount} back"
        in_file = Diagnostic("refund-differs", message, hint=f"write {named.amount}, or mend the refund")
        field = "amount"
    else:
        what = f"transferred to it from {name}" if increases else f"put on {name}"
        ends = f"{name} to {number}" if increases else f"{number} to {name}"
        message = f"{number} amounts to {amount}, but {moved} was {what}"
        in_file = Diagnostic("transfer-differs", message, hint=f"add or mend the application from {ends}")
    between = f"moved between it and {name or 'nothing'}, or something else moved too"
    message = f"{_money(number, amount, adjustment.currency)}, but {_shown(moved, adjustment.currency)} {between}"
    hint = "a change of a credit balance is exactly what moves between it and the document that it names"
    elsewhere = Diagnostic("adjustment-differs", message, hint=hint)
    yield Breach(number, in_file, elsewhere, field)


def _named_once(book: Book, documents: Collection[Numbered]) -> Iterator[Breach]:
    """A negative invoice is transferred once, and what was done by hand undone once; one decrease pays a refund out of
    a credit balance."""
    naming: dict[tuple[str, str | None], list[CreditAdjustment]] = defaultdict(list)
    for account in {document.account for document in documents}:
        for change in book.credit_of.get(account, ()):
            naming[change.type, change.document].append(change)
    for document in documents:
        number = document.number
        again = naming.get(("increase", number), [])[1:]
        if isinstance(document, Invoice) and again:
            message = f"{number} was transferred to the credit balance more than once"
            elsewhere = Diagnostic("transferred-twice", message, hint="a negative invoice is transferred once")
            yield from _again(number, "transferred", again, elsewhere)
        elif isinstance(document, CreditAdjustment):
            undone = [*naming.get(("increase", number), []), *naming.get(("decrease", number), [])]
            message = f"{number} was undone more than once"
            hint = "what was done by hand is taken back once"
            elsewhere = Diagnostic("adjustment-differs", message, hint=hint)
            yield from _again(number, "undone", undone[1:], elsewhere)
        elif isinstance(document, Refund):
            paid = naming.get(("decrease", number), [])
            message = f"{number} is not the refund of one payment, one credit memo or one decrease of a credit balance"
            elsewhere = Diagnostic("refund-odd", message, hint="a refund has one source")
            if document.of is not None or document.status != "posted":
                if paid:
                    yield Breach(number, None, elsewhere)  # a file tells it of the decrease
            elif not paid:
                hint = f"say `of` which payment or credit memo it is, or add a decrease with `document: {number}`"
                message = f"nothing says where the money of {number} comes from"
                yield Breach(number, Diagnostic("refund-unpaid", message, hint=hint), elsewhere)
            else:
                yield from _again(number, "paid out", paid[1:], elsewhere)


def _again(number: str, what: str, repeated: list[CreditAdjustment], elsewhere: Diagnostic) -> Iterator[Breach]:
    in_file = Diagnostic("document-repeated", f"{number} has been {what} already", hint="name it once")
    for place, adjustment in enumerate(repeated):
        yield Breach(adjustment.number, in_file, None if place else elsewhere, "document")


def _below_zero(book: Book, account: str, currency: str) -> Iterator[Breach]:
    """On every date; what comes in on a day can go out on it (docs/domain.md 6.1: as of the adjustment date)."""
    changes = [change for change in book.credit_of.get(account, ()) if change.currency == currency]
    balance = ZERO
    for change in sorted(changes, key=lambda one: (one.date, one.type != "increase", one.number)):
        if change.type == "increase":
            balance += change.amount
            continue
        if change.amount > balance:
            takes = f"{change.number} takes {change.amount} {currency} of the credit balance of `{account}`"
            hint = f"take at most {balance}, or date it when there is more"
            in_file = Diagnostic("credit-below-zero", f"{takes}, which is {balance} on {change.date}", hint=hint)
            left = _shown(book.credit_balance(account, currency, change.date), currency)
            message = f"the credit balance of account `{account}` would be {left} {currency} on {change.date}"
            hint = "use no more than there is, on that day and on every later one"
            elsewhere = Diagnostic("credit-below-zero", message, hint=hint)
            yield Breach(change.number, in_file, elsewhere, "amount")
            return
        balance -= change.amount


def _above_all(book: Book, account: str, currency: str) -> Iterator[Breach]:
    """On every date; what goes out on a day makes room for what comes in on it."""
    found = book.credit_highest(account, currency, datetime.date.min)
    if found.balance < from_minor(MAX_MINOR, currency):
        return
    shown, most = _shown(found.balance, currency), from_minor(MAX_MINOR - 1, currency)
    message = f"the credit balance of account `{account}` would be {shown} {currency} on {found.day}"
    told = Diagnostic("amount-too-large", message, hint=f"a balance is at most {most}; check the amounts")
    last = max(
        (one for one in book.credit_of.get(account, ()) if (one.currency, one.date) == (currency, found.day)),
        key=lambda one: (one.type == "increase", one.number),
    )
    yield Breach(last.number, told, told, "amount")


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
