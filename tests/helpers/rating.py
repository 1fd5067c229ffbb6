"""What a subscription written in a few words is billed, as text."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from billpolicy.billing.due import what_is_due
from billpolicy.billing.rating import Line, Rules, rate
from billpolicy.book.model import SubscribedCharge, Subscription
from billpolicy.money import from_minor


def day(text: str) -> datetime.date:
    """`2026-01-31`."""
    return datetime.date.fromisoformat(text)


BY_DAY = Rules()
"""As the standard policy says."""
_OWN = ("bill_day", "term_end", "canceled_on")


def subscription(rate: str = "100", *, start: str = "2026-01-01", **more: Any) -> Subscription:
    """A subscription `s` with one charge `c`; dates as text, each field where it belongs."""
    values: dict[str, Any] = {
        key: day(value) if isinstance(value, str) and value[:2] == "20" else value for key, value in more.items()
    }
    own: dict[str, Any] = {key: values.pop(key) for key in _OWN if key in values}
    charge = SubscribedCharge(id="c", rate=Decimal(rate), **values)
    return Subscription(id="s", account="a", start=day(start), charges=(charge,), **own)


def lines(of: Subscription, target: str, rules: Rules = BY_DAY, currency: str = "USD") -> list[Line]:
    """What a bill run with this target date makes of it."""
    return [line for due in what_is_due(of, day(target)) for line in rate(due, rules, currency)]


def billed(of: Subscription, target: str, rules: Rules = BY_DAY, currency: str = "USD") -> list[str]:
    """The same as `first day..last day amount`, with what the name ends with."""
    found = []
    for line in lines(of, target, rules, currency):
        last = line.end - datetime.timedelta(days=1)
        found.append(f"{line.start}..{last} {from_minor(line.amount, currency)} {line.suffix}".strip())
    return found
