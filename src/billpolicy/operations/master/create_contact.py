"""`create_contact`: a person or office of an account that its documents can be addressed to."""

from __future__ import annotations

from billpolicy.book.model import Contact
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import create, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Country, FreeText, Text


@record
class CreateContact(Request):
    """The contact to be."""

    contact: Text
    account: Text
    name: FreeText | None = None
    country: Country | None = None
    email: Text | None = None


def _plan(planning: Planning, request: CreateContact) -> None:
    account = planning.account(request.account, "account")
    contact = Contact(
        id=request.contact,
        account=request.account,
        name=request.name,
        country=request.country,
        email=request.email,
        created_by=request.id,
    )
    permit(planning, account)
    create(planning, contact, "contact")


OPERATION = Operation(
    "create_contact",
    CreateContact,
    needs=lambda request: Needs(accounts=frozenset({request.account}), contacts=frozenset({request.contact})),
    plan=_plan,
)
