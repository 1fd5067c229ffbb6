"""`create_account`: somebody who can be billed. Its attributes are the defaults that documents fall back to."""

from __future__ import annotations

from dataclasses import field

from billpolicy.book.model import Account, Custom
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import HoldsAttributes, check_values, create, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Currency, Text


@record
class CreateAccount(HoldsAttributes, Request):
    """The account to be. Its contacts are created after it: `attributes` can name them when they are there."""

    account: Text
    currency: Currency
    name: Text | None = None
    country: Text | None = None
    custom: Custom = field(default_factory=dict)


def _plan(planning: Planning, request: CreateAccount) -> None:
    account = Account(
        id=request.account,
        currency=request.currency,
        name=request.name,
        country=request.country,
        attributes=request.attributes,
        custom=request.custom,
        created_by=request.id,
    )
    check_values(planning, "account", account, account.attributes, account.custom, planning.date)
    create(planning, account, planning.book.accounts, "account")
    permit(planning, account)


OPERATION = Operation(
    "create_account",
    CreateAccount,
    needs=lambda request: Needs(accounts=frozenset({request.account})),
    plan=_plan,
)
