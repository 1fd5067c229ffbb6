"""On which documents lines go, invoice or credit memo, and which items they are there. docs/domain.md 6.2.

The sign is decided before tax, and anew where tax turns it, since no document is on the wrong side of zero: so it is
that of the total with tax. Zero counts as positive.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from billpolicy.billing.rating import Line
from billpolicy.book.model import Charge, CombinedCharge, Item
from billpolicy.money import exact, from_minor, to_minor

NegativeTotals = Literal[
    "one_document", "by_charge_below_zero", "negative_charges", "negative_and_zero_charges", "negative_invoice"
]
Kind = Literal["invoice", "credit_memo"]
_Charge = tuple[str, str]
"""Subscription and its charge."""


def split(lines: Sequence[Line], rule: NegativeTotals, currency: str) -> list[tuple[Kind, list[Line]]]:
    """The documents of these lines, the invoice first; every line is on one of them, and without lines there is none.

    `one_document`: a total below zero is one credit memo. `by_charge_below_zero`: of such a total each charge goes by
    its sign. `negative_charges`: each charge always does; `negative_and_zero_charges`: credits of zero are negative,
    too. `negative_invoice`: everything is on the invoice. A discount goes with the charge that it reduces, and the
    sign is that of both, over all periods of the bill run.
    """
    negative = rule != "negative_invoice" and _total(lines, currency) < 0
    if rule in ("negative_invoice", "one_document") or (rule == "by_charge_below_zero" and not negative):
        return [("credit_memo" if negative else "invoice", list(lines))] if lines else []
    by_charge: dict[_Charge, list[Line]] = {}
    for line in lines:
        by_charge.setdefault(_counted_with(line), []).append(line)
    credited = {
        charge
        for charge, of_it in by_charge.items()
        if _total(of_it, currency) < 0
        or (rule == "negative_and_zero_charges" and _total(of_it, currency) == 0 and all(line.credit for line in of_it))
    }
    sides: tuple[tuple[Kind, bool], ...] = (("invoice", False), ("credit_memo", True))
    found = [(kind, [line for line in lines if (_counted_with(line) in credited) == side]) for kind, side in sides]
    return [(kind, members) for kind, members in found if members]


def kind_with_tax(kind: Kind, lines: Sequence[Line], rule: NegativeTotals, currency: str) -> Kind:
    """The kind of a document whose lines have their taxes now: the other one where these turn its total around."""
    if rule == "negative_invoice" or not (total := _total(lines, currency)):
        return kind
    return "credit_memo" if total < 0 else "invoice"


def _counted_with(line: Line) -> _Charge:
    """The charge that a line is counted with: its own, or the one that it discounts."""
    return line.subscription.id, line.charge.discounts or line.charge.id


def _total(lines: Iterable[Line], currency: str) -> int:
    return sum(line.amount + sum(to_minor(tax.amount, currency) for tax in line.taxes) for line in lines)


def in_item_order(lines: Iterable[Line]) -> list[Line]:
    """Lines in the one total order of their items: subscription, charge, service start; what goes along with a line
    that bills a period again comes after it, and what gives back the line before it at last. The first is item `1`."""
    return sorted(
        lines,
        key=lambda line: (
            line.subscription.id,
            line.charge.id,
            line.start,
            line.again.id if line.again else "",
            line.returns,
            line.carried or "",
        ),
    )


def items_of(lines: Iterable[Line], kind: Kind, currency: str, charges: Mapping[str, Charge]) -> tuple[Item, ...]:
    """Items in their order. On a credit memo the signs are flipped.

    The unit price is the rate, negated where time is given back; it is not flipped, as on the memo of a write-off
    (docs/domain.md 3.2). `service_end` is inclusive. What is carried to a line has neither, nor a charge: it bills and
    gives back no days.
    """
    ordered = in_item_order(lines)
    reducible = _Reducible(ordered)
    sign = -1 if kind == "credit_memo" else 1
    return tuple(
        Item(
            id=str(number),
            line=number,
            name=_name(line, charges),
            amount=from_minor(sign * line.amount, currency),
            # A discount that is given back on an invoice is asked for again: it reduces nothing.
            discounts=reducible.by(line) if sign * line.amount <= 0 and not line.returns else None,
            subscription=line.subscription.id,
            subscribed_charge=None if line.carried is not None or line.combines else line.charge.id,
            charge=None if line.combines else line.charge.charge,
            quantity=_quantity(line),
            unit_price=_unit_price(line),
            service_start=line.start,
            service_end=line.end - datetime.timedelta(days=1),
            source=line.corrects and line.corrects.document,
            source_item=line.corrects and line.corrects.item,
            taxes=tuple(replace(tax, amount=exact(sign * tax.amount, currency)) for tax in line.taxes),
            combines=tuple(_combined(one, sign, currency) for one in line.combines),
        )
        for number, line in enumerate(ordered, start=1)
    )


def _combined(line: Line, sign: int, currency: str) -> CombinedCharge:
    return CombinedCharge(
        subscribed_charge=line.charge.id,
        charge=line.charge.charge,
        quantity=_quantity(line),
        unit_price=_unit_price(line),
        amount=from_minor(sign * line.amount, currency),
    )


def _name(line: Line, charges: Mapping[str, Charge]) -> str:
    if line.carried is not None:
        return line.carried
    product = charges.get(line.charge.charge or "")
    name = line.charge.name or (product.name if product else line.charge.id)
    if line.combines:
        name = line.charge.profile or name
    return f"{name}: {line.suffix}" if line.suffix else name


def _has_price(line: Line) -> bool:
    return not (line.adjusts or line.carried is not None or line.combines)


def _quantity(line: Line) -> Decimal | None:
    if not _has_price(line):
        return None
    if line.usage is not None:
        return line.usage.quantity
    return line.charge.quantity if line.quantity is None else line.quantity


def _unit_price(line: Line) -> Decimal | None:
    if not _has_price(line):
        return None
    rate = line.charge.rate if line.rate is None else line.rate
    return rate.copy_negate() if line.credit and rate else rate


class _Reducible:
    """The items of a document that others on it can reduce."""

    def __init__(self, ordered: Iterable[Line]) -> None:
        self._again: dict[tuple[_Charge, str], str] = {}
        """By charge, and the period that they bill again."""
        of_charge: dict[_Charge, list[tuple[str, Line]]] = defaultdict(list)
        for number, line in enumerate(ordered, start=1):
            for one in line.by_charge if line.carried is None else ():
                charge = (one.subscription.id, one.charge.id)
                of_charge[charge].append((str(number), one))
                if one.again is not None:
                    self._again.setdefault((charge, one.again.id), str(number))
        self._of_charge = {charge: _ByDay(those) for charge, those in of_charge.items()}

    def by(self, line: Line) -> str | None:
        """The item that a discount reduces: that of its charge in which the discount begins; None where there is none.
        What is carried reduces the line that bills its period again, or what that reduces."""
        if line.carried is not None and line.charge.discounts is None:
            again = "" if line.again is None else line.again.id
            return self._again.get(((line.subscription.id, line.charge.id), again))
        others = self._of_charge.get((line.subscription.id, line.charge.discounts or ""))
        return None if others is None else others.at(line.start)


class _ByDay:
    """Items of one charge, to be found by a day that they bill: of several, the one that begins first."""

    def __init__(self, items: Iterable[tuple[str, Line]]) -> None:
        self._items = sorted(items, key=lambda one: one[1].start)
        self._latest = list(accumulate((line.end for _, line in self._items), max))
        """The latest end of each and all before it: the first one that ends after a day is the first later than it."""

    def at(self, day: datetime.date) -> str | None:
        """The item."""
        place = bisect_right(self._latest, day)
        found = self._items[place : place + 1]
        return next((number for number, line in found if line.start <= day), None)
