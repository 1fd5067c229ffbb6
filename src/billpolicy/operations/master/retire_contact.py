"""`retire_contact`: from a day on no document is addressed to a contact any more. It is never deleted: documents that
were addressed to it still are."""

from __future__ import annotations

from billpolicy.book.needs import Needs
from billpolicy.operations.master.impact import tell_what_is_taken, tell_who_names
from billpolicy.operations.master.shared import ChangeRequest, contact_of, facts_of_change, give, permit, since
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class RetireContact(ChangeRequest):
    """Retire the contact `from` a day on. To bring it back, `clear: [retired_on]` from a later day."""

    contact: Text


def _plan(planning: Planning, request: RetireContact) -> None:
    contact = contact_of(planning, request.contact)
    account = planning.account(contact.account, "contact")
    day = since(planning, request)
    back = request.clear == ("retired_on",)
    if request.clear and not back:
        hint = "write `clear: [retired_on]` to bring the contact back"
        planning.problem("clear-unknown", "only `retired_on` can be cleared here", "clear", hint=hint)
    permit(planning, account, facts=facts_of_change(planning, day))
    give(planning, contact, {"retired_on": None if back else day}, day)
    subscriptions = [one.id for one in planning.book.subscriptions.values() if one.account == account.id]
    tell_what_is_taken(planning, subscriptions, day)
    if not back:
        tell_who_names(planning, contact)


OPERATION = Operation(
    "retire_contact",
    RetireContact,
    needs=lambda request: Needs(
        contacts=frozenset({request.contact}), subscriptions_of_contact=frozenset({request.contact})
    ),
    plan=_plan,
)
