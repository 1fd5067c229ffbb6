"""`create_charge`: a product rate plan charge of the catalogue."""

from __future__ import annotations

from typing import Literal

from billpolicy.book.model import Charge
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import create, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import FreeText, Text


@record
class CreateCharge(Request):
    """The charge to be."""

    charge: Text
    name: FreeText
    type: Literal["one_time", "recurring", "usage"] = "one_time"
    tax_code: Text | None = None


def _plan(planning: Planning, request: CreateCharge) -> None:
    permit(planning, None)
    charge = Charge(
        id=request.charge,
        name=request.name,
        type=request.type,
        tax_code=request.tax_code,
        created_by=request.id,
    )
    create(planning, charge, "charge")


OPERATION = Operation(
    "create_charge",
    CreateCharge,
    needs=lambda request: Needs(charges=frozenset({request.charge})),
    plan=_plan,
)
