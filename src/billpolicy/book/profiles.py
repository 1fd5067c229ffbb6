"""Can charges of a billing profile, and lines that combine charges, be as they stand? docs/billing.md, Profiles."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from billpolicy.book.limits import Fault
from billpolicy.book.model import Item, SubscribedCharge
from billpolicy.diagnostics.diagnostic import Diagnostic, did_you_mean


def profile_faults(charge: SubscribedCharge) -> Iterator[Fault]:
    """A discount reduces the line that its charge is on, so it is on none itself."""
    if charge.profile is not None and charge.discounts is not None:
        message = f"charge `{charge.id}` is a discount, so it has no billing profile"
        hint = "remove `profile`: it reduces the line that its charge is on"
        yield Fault("profile", Diagnostic("profile-odd", message, hint=hint))


def combined_faults(item: Item, charges: Collection[str], number: str) -> Iterator[Fault]:
    """What is wrong with a line that combines charges; *charges*: those of its subscription, *number*: its document."""
    name = f"item `{item.id}` of {number}"
    for field in ("subscribed_charge", "charge", "quantity", "unit_price"):
        if getattr(item, field) is not None:
            message = f"{name} combines charges, so it has no `{field}` of its own"
            hint = "write it at the charges that it combines, or leave out `combines`"
            yield Fault(field, Diagnostic("combined-odd", message, hint=hint))
    for one in item.combines:
        if one.subscribed_charge not in charges:
            message = f"{name} combines the charge `{one.subscribed_charge}`, which its subscription does not have"
            hint = did_you_mean(one.subscribed_charge, charges) or "name charges of the subscription that it names"
            yield Fault("combines", Diagnostic("combined-odd", message, hint=hint))
    total = sum((one.amount for one in item.combines), Decimal(0))
    if total != item.amount:
        message = f"{name} is {item.amount}, but the charges that it combines add up to {total}"
        yield Fault("combines", Diagnostic("combined-odd", message, hint="mend one of the two"))
