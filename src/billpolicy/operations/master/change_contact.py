"""`change_contact`: another name, country or address of a contact, from a day on."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import (
    ChangeRequest,
    contact_of,
    different,
    facts_of_change,
    give,
    permit,
    since,
    wanted,
)
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Country, FreeText, Text


@record
class ChangeContact(ChangeRequest):
    """What the contact is called, and where it is, from a day on."""

    contact: Text
    name: FreeText | None = None
    country: Country | None = None
    email: Text | None = None


def _plan(planning: Planning, request: ChangeContact) -> None:
    contact = contact_of(planning, request.contact)
    account = planning.account(contact.account, "contact")
    values = wanted(planning, request, "name", "country", "email")
    day = since(planning, request)
    permit(planning, account, facts=facts_of_change(planning, day, different(contact, values, day)))
    give(planning, contact, values, day)


OPERATION = Operation(
    "change_contact",
    ChangeContact,
    needs=lambda request: Needs(contacts=frozenset({request.contact})),
    plan=_plan,
)
