"""`record_usage`: what was used of usage charges, to be billed when its period has ended. docs/domain.md 5.5.

It moves no money and changes nothing that is there, so it can be recorded at any time, also for a period that has been
billed. A record is recorded once: its id names it for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.billing.due import end_of, start_of
from billpolicy.billing.usage import check_worth, rated_by
from billpolicy.book.changes import UsageRecorded
from billpolicy.book.model import SubscribedCharge, Subscription, UsageRecord
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.money import AmountError
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date, Text


@record
class UsedQuantity:
    """How much was used on a day; below zero it is given back."""

    id: Text
    """Names this record for ever: it is recorded once."""
    subscription: Text
    charge: Text
    """The id of the subscribed charge."""
    date: Date
    quantity: Amount


@record
class RecordUsage(Request):
    """Record these quantities, all of them or none."""

    records: tuple[UsedQuantity, ...]


def _plan(planning: Planning, request: RecordUsage) -> None:
    if not request.records:
        hint = "list each with `id`, `subscription`, `charge`, `date` and `quantity`"
        planning.refuse("usage-empty", "no usage is named", "records", hint=hint)
    seen: set[str] = set()
    for index, used in enumerate(request.records):
        _check_id(planning, used, index, seen)
        subscription = planning.book.subscriptions.get(used.subscription)
        if subscription is None:
            message = f"there is no subscription `{used.subscription}`"
            hint = did_you_mean(used.subscription, planning.book.subscriptions) or "import the subscription first"
            planning.problem("subscription-unknown", message, "records", index, "subscription", hint=hint)
            continue
        charge = _usage_charge(planning, subscription, used, index)
        if charge is not None:
            _check_day(planning, subscription, charge, used, index)
            _check_quantity(planning, subscription, charge, used, index)
    planning.stop_if_refused()
    for name in sorted({used.subscription for used in request.records}):
        planning.subscription(name)  # a plan holds only as long as they end when they do now
    planning.decide(resolve(planning, None))
    planning.change(
        UsageRecorded(
            tuple(
                UsageRecord(
                    id=used.id,
                    subscription=used.subscription,
                    charge=used.charge,
                    date=used.date,
                    quantity=used.quantity,
                    operation=request.id,
                )
                for used in request.records
            )
        )
    )


def _check_id(planning: Planning, used: UsedQuantity, index: int, seen: set[str]) -> None:
    known = planning.book.usage.get(used.id)
    if known is not None:
        by = f", by operation `{known.operation}`" if known.operation else ""
        message = f"usage `{used.id}` is recorded already{by}"
        hint = "leave it out; to correct a quantity, record the difference under an id of its own"
        planning.problem("usage-known", message, "records", index, "id", hint=hint)
    if used.id in seen:
        message = f"usage `{used.id}` is named twice"
        planning.problem("id-repeated", message, "records", index, "id", hint="give each record its own id")
    seen.add(used.id)


def _usage_charge(
    planning: Planning, subscription: Subscription, used: UsedQuantity, index: int
) -> SubscribedCharge | None:
    charge = next((each for each in subscription.charges if each.id == used.charge), None)
    if charge is not None and charge.usage:
        return charge
    of_usage = [each.id for each in subscription.charges if each.usage]
    hint = did_you_mean(used.charge, of_usage) or _usage_charges(of_usage)
    if charge is None:
        message = f"subscription `{subscription.id}` has no charge `{used.charge}`"
        planning.problem("charge-not-subscribed", message, "records", index, "charge", hint=hint)
    else:
        message = f"charge `{charge.id}` of subscription `{subscription.id}` is not billed by usage"
        planning.problem("charge-not-by-usage", message, "records", index, "charge", hint=hint)
    return None


def _usage_charges(of_usage: Sequence[str]) -> str:
    if not of_usage:
        return "it has no usage charges: name another subscription, or add one with `add_subscribed_charge`"
    return f"its usage charges: {', '.join(of_usage)}"


def _check_day(
    planning: Planning, subscription: Subscription, charge: SubscribedCharge, used: UsedQuantity, index: int
) -> None:
    start, end = start_of(subscription, charge), end_of(subscription, charge)
    what = f"charge `{charge.id}` of subscription `{subscription.id}`"
    at = ("records", index, "date")
    if rated_by(subscription, charge.id, used.date) is not None:
        return
    if start is None:
        hint = "give the charge or its subscription a `start`"
        planning.problem("start-missing", f"nothing says when {what} starts", *at, hint=hint)
    elif used.date < start:
        message = f"{used.date} is before {what} begins ({start})"
        planning.problem("usage-outside-service", message, *at, hint=f"use {start} or later")
    else:
        message = f"{what} has no service on {used.date}: {end} is its first day without"
        planning.problem("usage-outside-service", message, *at, hint="check the date")


def _check_quantity(
    planning: Planning, subscription: Subscription, charge: SubscribedCharge, used: UsedQuantity, index: int
) -> None:
    """What no bill run could bill is not recorded: it would stand in the way of everything else of its account."""
    currency = subscription.currency or planning.book.accounts[subscription.account].currency
    try:
        check_worth(charge, used.quantity, currency)
    except AmountError as error:
        planning.problem("amount-too-large", str(error), "records", index, "quantity", hint="check the quantity")


OPERATION = Operation(
    "record_usage",
    RecordUsage,
    needs=lambda request: Needs(
        usage=frozenset(used.id for used in request.records),
        usage_on=frozenset(used.subscription for used in request.records),
    ),
    plan=_plan,
)
