"""How accounts, contacts, charges of the catalogue and accounting periods of a book differ from what is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from billpolicy.book.history import written
from billpolicy.book.model import Account, AccountingPeriod, Charge, Contact
from billpolicy.operations.sync.found import Comparing, Field, Found, SyncStep, named, said, stays


def new_account(comparing: Comparing, given: Account, contacts: Collection[Contact]) -> SyncStep:
    """The account with these contacts, which its attributes can name."""
    return comparing.created(
        given,
        "create_account",
        account=given.id,
        currency=given.currency,
        name=given.name,
        country=given.country,
        region=given.region,
        **comparing.declared(given),
        contacts=[said(id=one.id, name=one.name, country=one.country, email=one.email) for one in contacts],
    )


def account(comparing: Comparing, known: Account, given: Account) -> Iterator[Found]:
    """Another name, country, region, currency, attribute or custom value."""
    asked = {"account": given.id}
    return comparing.changes(known, given, "change_account", asked, ("name", "country", "region", "currency"))


def new_contact(comparing: Comparing, given: Contact) -> SyncStep:
    """A contact of an account that is there."""
    return comparing.created(
        given,
        "create_contact",
        contact=given.id,
        account=given.account,
        name=given.name,
        country=given.country,
        email=given.email,
    )


def contact(comparing: Comparing, known: Contact, given: Contact) -> Iterator[Found]:
    """Another name, country or address, and whether documents may be addressed to it."""
    if known.account != given.account:
        yield stays(given, named(given), "account", known.account, given.account)
        return
    yield from comparing.changes(known, given, "change_contact", {"contact": given.id}, ("name", "country", "email"))
    yield from retirement(comparing, known, given)


def retirement(comparing: Comparing, known: Contact, given: Contact) -> Iterator[Found]:
    """A contact that is retired, on another day or not any more. On which of two days that are past makes no
    difference: no document is addressed to it from now on."""
    before, after, day = known.retired_on, given.retired_on, comparing.day
    if before == after or (before is not None and after is not None and max(before, after) <= day):
        return
    if before is not None and after is not None and after < before:
        hint = "bring it back and retire it anew, with `retire_contact`"
        yield stays(given, named(given), "retired_on", before, after, hint)
        return
    if before is not None:
        back = {"contact": given.id, "clear": ["retired_on"], "from": max(before, day)}
        yield comparing.step(known, "retire_contact", back, Field("retired_on", written(before), None))
    if after is not None:
        retired = Field("retired_on", None, written(after))
        yield comparing.step(known, "retire_contact", {"contact": given.id, "from": after}, retired)


def new_charge(comparing: Comparing, given: Charge) -> Iterator[Found]:
    """A charge of the catalogue."""
    values = {"name": given.name, "type": given.type, "tax_code": given.tax_code}
    yield comparing.created(given, "create_charge", charge=given.id, **values)


def charge(comparing: Comparing, known: Charge, given: Charge) -> Iterator[Found]:
    """Another name, type or tax code."""
    return comparing.changes(known, given, "change_charge", {"charge": given.id}, ("name", "type", "tax_code"))


def new_period(comparing: Comparing, given: AccountingPeriod) -> Iterator[Found]:
    """Days in which documents may be dated, or may not any more."""
    yield comparing.created(given, "create_accounting_period", **{"from": given.from_, "until": given.until})
    if given.status == "closed":
        yield comparing.step(given, "close_accounting_period", {"from": given.from_}, Field("status", "open", "closed"))


def period(comparing: Comparing, known: AccountingPeriod, given: AccountingPeriod) -> Iterator[Found]:
    """An accounting period that is closed or open now."""
    if known.until != given.until:
        yield stays(given, named(given), "until", known.until, given.until)
    elif known.status != given.status:
        operation = "close_accounting_period" if given.status == "closed" else "reopen_accounting_period"
        yield comparing.step(known, operation, {"from": given.from_}, Field("status", known.status, given.status))
