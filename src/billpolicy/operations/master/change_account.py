"""`change_account`: another name, country, region, currency, attribute or custom value, from a day on.

Documents that are posted keep what they hold. The plan says which subscriptions and open documents take the values
from this account, and so change with it.
"""

from __future__ import annotations

from dataclasses import field

from billpolicy.book.model import Custom
from billpolicy.book.needs import Needs
from billpolicy.operations.master.impact import check_no_rate_in_its_currency, tell_who_inherits
from billpolicy.operations.master.shared import (
    ChangeRequest,
    HoldsAttributes,
    check_values,
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
from billpolicy.source.scalars import Country, Currency, FreeText, Text


@record
class ChangeAccount(HoldsAttributes, ChangeRequest):
    """What the account holds from a day on. The currency is the one that is meant where none is named."""

    account: Text
    name: FreeText | None = None
    country: Country | None = None
    region: Text | None = None
    currency: Currency | None = None
    custom: Custom = field(default_factory=dict)


def _plan(planning: Planning, request: ChangeAccount) -> None:
    account = planning.account(request.account, "account")
    day = since(planning, request)
    values = wanted(planning, request, "name", "country", "region", needed=("currency",))
    if "currency" in different(account, values, day):
        check_no_rate_in_its_currency(planning, account)
    check_values(planning, "account", account, request.attributes, request.custom, day)
    permit(planning, account, facts=facts_of_change(planning, day, different(account, values, day)))
    give(planning, account, values, day)
    tell_who_inherits(planning, account.id, day)


OPERATION = Operation(
    "change_account",
    ChangeAccount,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        subscriptions_of=frozenset({request.account}),
        open_of=frozenset({request.account}),
    ),
    plan=_plan,
)
