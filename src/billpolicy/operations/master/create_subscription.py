"""`create_subscription`: what an account subscribes to, with its charges. Bill runs bill it from its start on."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Literal

from billpolicy.book.model import BillingPeriod, Custom, SubscribedCharge, Subscription
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import HoldsAttributes, check_as_in_a_book, check_values, create, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Boolean, Currency, Date, FreeText, Integer, Text


@record
class NewCharge:
    """A charge to be of a subscription; its fields are those of a book (`SubscribedCharge`), but that nothing of it has
    been billed yet."""

    id: Text
    charge: Text | None = None
    name: FreeText | None = None
    rate: Amount | None = None
    quantity: Amount = Decimal(1)
    period: BillingPeriod = "month"
    timing: Literal["in_advance", "in_arrears"] = "in_advance"
    start: Date | None = None
    until: Date | None = None
    discounts: Text | None = None
    usage: Boolean = False
    included: Amount | None = None
    item: Text | None = None
    bills: Literal["rate", "minimum", "maximum"] = "rate"
    drawn_by: tuple[Text, ...] = ()
    profile: Text | None = None
    tax_code: Text | None = None

    def subscribed(self, operation: str) -> SubscribedCharge:
        """The charge as a subscription has it, added by that operation."""
        return SubscribedCharge(
            id=self.id,
            charge=self.charge,
            name=self.name,
            rate=self.rate,
            quantity=self.quantity,
            period=self.period,
            timing=self.timing,
            start=self.start,
            until=self.until,
            discounts=self.discounts,
            usage=self.usage,
            included=self.included,
            item=self.item,
            bills=self.bills,
            drawn_by=self.drawn_by,
            profile=self.profile,
            tax_code=self.tax_code,
            created_by=operation,
        )


@record
class CreateSubscription(HoldsAttributes, Request):
    """The subscription to be. An attribute that it does not name is the account's."""

    subscription: Text
    account: Text
    start: Date
    plan: Text | None = None
    term_end: Date | None = None
    bill_day: Integer | None = None
    invoice_separately: Boolean = False
    currency: Currency | None = None
    custom: Custom = field(default_factory=dict)
    charges: tuple[NewCharge, ...] = ()


def _plan(planning: Planning, request: CreateSubscription) -> None:
    account = planning.account(request.account, "account")
    subscription = Subscription(
        id=request.subscription,
        account=request.account,
        plan=request.plan,
        start=request.start,
        term_end=request.term_end,
        bill_day=request.bill_day,
        invoice_separately=request.invoice_separately,
        currency=request.currency,
        attributes=request.attributes,
        custom=request.custom,
        charges=tuple(charge.subscribed(request.id) for charge in request.charges),
        created_by=request.id,
    )
    check_as_in_a_book(
        planning, "subscriptions", subscription, accounts=[account], charges=planning.book.charges.values()
    )
    check_values(planning, "subscription", account, subscription.attributes, subscription.custom, planning.date)
    permit(planning, account, [subscription])
    create(planning, subscription, "subscription")


OPERATION = Operation(
    "create_subscription",
    CreateSubscription,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        subscriptions=frozenset({request.subscription}),
        charges=frozenset(charge.charge for charge in request.charges if charge.charge is not None),
    ),
    plan=_plan,
)
