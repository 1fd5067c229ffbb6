"""`change_charge`: another name, type or tax code of a charge of the catalogue, from a day on. Posted items
keep theirs."""

from __future__ import annotations

from typing import Literal

from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.master.shared import ChangeRequest, different, facts_of_change, give, permit, since, wanted
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import FreeText, Text


@record
class ChangeCharge(ChangeRequest):
    """What the charge is called, what it is, and by which rates it is taxed, from a day on."""

    charge: Text
    name: FreeText | None = None
    type: Literal["one_time", "recurring", "usage"] | None = None
    tax_code: Text | None = None


def _plan(planning: Planning, request: ChangeCharge) -> None:
    charge = planning.book.charges.get(request.charge)
    if charge is None:
        hint = did_you_mean(request.charge, planning.book.charges) or "create it with `create_charge`"
        planning.refuse("charge-unknown", f"there is no charge `{request.charge}`", "charge", hint=hint)
    values = wanted(planning, request, "tax_code", needed=("name", "type"))
    day = since(planning, request)
    permit(planning, None, facts=facts_of_change(planning, day, different(charge, values, day)))
    give(planning, charge, values, day)


OPERATION = Operation(
    "change_charge",
    ChangeCharge,
    needs=lambda request: Needs(charges=frozenset({request.charge})),
    plan=_plan,
)
