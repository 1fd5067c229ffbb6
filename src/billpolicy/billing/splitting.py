"""Which lines go on an invoice and which on a credit memo. Domain section 6.2, rules for generating documents.

The sign is decided before tax. A bill run plans no tax, so that is the only sign there is; zero counts as positive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from billpolicy.billing.rating import Line

NegativeTotals = Literal[
    "one_document", "by_charge_below_zero", "negative_charges", "negative_and_zero_charges", "negative_invoice"
]
Kind = Literal["invoice", "credit_memo"]


def split(lines: Sequence[Line], rule: NegativeTotals) -> list[tuple[Kind, list[Line]]]:
    """The documents of these lines, the invoice first; every line is on one of them.

    `one_document`: a total below zero is one credit memo. `by_charge_below_zero`: of such a total each charge goes by
    its sign. `negative_charges`: each charge always does; `negative_and_zero_charges`: credits of zero are negative,
    too. `negative_invoice`: everything is on the invoice. A discount goes with the charge that it reduces, and the
    sign is that of both, over all periods of the bill run.
    """
    negative = rule != "negative_invoice" and _total(lines) < 0
    if rule in ("negative_invoice", "one_document") or (rule == "by_charge_below_zero" and not negative):
        return [("credit_memo" if negative else "invoice", list(lines))]
    by_charge: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        by_charge.setdefault(_charge(line), []).append(line)
    credited = {
        charge
        for charge, of_it in by_charge.items()
        if _total(of_it) < 0
        or (rule == "negative_and_zero_charges" and _total(of_it) == 0 and all(line.credit for line in of_it))
    }
    sides: tuple[tuple[Kind, bool], ...] = (("invoice", False), ("credit_memo", True))
    found = [(kind, [line for line in lines if (_charge(line) in credited) == side]) for kind, side in sides]
    return [(kind, members) for kind, members in found if members]


def _charge(line: Line) -> tuple[str, str]:
    """The charge that a line is counted with: its own, or the one that it discounts."""
    return line.subscription.id, line.charge.discounts or line.charge.id


def _total(lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines)
