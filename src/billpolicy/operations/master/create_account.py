"""`create_account`: somebody who can be billed. Its attributes are the defaults that documents fall back to."""

from __future__ import annotations

from dataclasses import field

from billpolicy.book.model import Account, Contact, Custom
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import HoldsAttributes, check_values, create, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Country, Currency, FreeText, Text


@record
class NewContact:
    """A contact that comes with its account."""

    id: Text
    name: FreeText | None = None
    country: Country | None = None
    email: Text | None = None


@record
class CreateAccount(HoldsAttributes, Request):
    """The account to be, with contacts that its `attributes` can name."""

    account: Text
    currency: Currency
    name: FreeText | None = None
    country: Country | None = None
    region: Text | None = None
    custom: Custom = field(default_factory=dict)
    contacts: tuple[NewContact, ...] = ()


def _plan(planning: Planning, request: CreateAccount) -> None:
    account = Account(
        id=request.account,
        currency=request.currency,
        name=request.name,
        country=request.country,
        region=request.region,
        attributes=request.attributes,
        custom=request.custom,
        created_by=request.id,
    )
    create(planning, account, "account")
    for new in request.contacts:
        contact = Contact(
            id=new.id,
            account=account.id,
            name=new.name,
            country=new.country,
            email=new.email,
            created_by=request.id,
        )
        create(planning, contact, "contacts")
    check_values(planning, "account", account, account.attributes, account.custom, planning.date)
    permit(planning, account)


OPERATION = Operation(
    "create_account",
    CreateAccount,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}), contacts=frozenset(contact.id for contact in request.contacts)
    ),
    plan=_plan,
)
