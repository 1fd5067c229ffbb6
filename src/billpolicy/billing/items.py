"""Rated lines as the items of an invoice or a credit memo."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billpolicy.billing.rating import Line
from billpolicy.billing.splitting import Kind
from billpolicy.book.model import Charge, Item
from billpolicy.money import from_minor

_Charge = tuple[str, str]
"""Subscription and its charge."""


def items_of(lines: Iterable[Line], kind: Kind, currency: str, charges: Mapping[str, Charge]) -> tuple[Item, ...]:
    """Items in their one total order: subscription, charge, service start. On a credit memo the signs are flipped.

    The unit price is the rate, negated where time is given back; it is not flipped, as on the memo of a write-off
    (domain section 3.2). `service_end` is inclusive.
    """
    ordered = sorted(lines, key=lambda line: (line.subscription.id, line.charge.id, line.start))
    of_charge: dict[_Charge, list[tuple[str, Line]]] = {}
    for number, line in enumerate(ordered, start=1):
        of_charge.setdefault((line.subscription.id, line.charge.id), []).append((str(number), line))
    sign = -1 if kind == "credit_memo" else 1
    return tuple(
        Item(
            id=str(number),
            line=number,
            name=_name(line, charges),
            amount=from_minor(sign * line.amount, currency),
            # A discount that is given back on an invoice is asked for again: it reduces nothing.
            discounts=_reduced(line, of_charge) if sign * line.amount <= 0 else None,
            subscription=line.subscription.id,
            subscribed_charge=line.charge.id,
            charge=line.charge.charge,
            quantity=line.charge.quantity,
            unit_price=_unit_price(line),
            service_start=line.start,
            service_end=line.end - datetime.timedelta(days=1),
        )
        for number, line in enumerate(ordered, start=1)
    )


def _name(line: Line, charges: Mapping[str, Charge]) -> str:
    product = charges.get(line.charge.charge or "")
    name = line.charge.name or (product.name if product else line.charge.id)
    return f"{name}: {line.suffix}" if line.suffix else name


def _unit_price(line: Line) -> Decimal | None:
    rate = line.charge.rate
    return rate.copy_negate() if line.credit and rate else rate


def _reduced(line: Line, of_charge: Mapping[_Charge, Sequence[tuple[str, Line]]]) -> str | None:
    """The item that a discount reduces: that of its charge in which the discount begins; None where there is none."""
    others = of_charge.get((line.subscription.id, line.charge.discounts or ""), ())
    return next((id for id, other in others if other.start <= line.start < other.end), None)
