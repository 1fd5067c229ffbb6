"""Random allocations: of a payment or a memo, on documents with items, taxes and discounts, by any rule."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.item_rules import ITEM_RULES
from billpolicy.allocation.model import FUTURES, SPANS, Allocation, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.residual import RESIDUALS
from billpolicy.book.book import Place
from billpolicy.money import from_minor, to_minor

DAY = datetime.date(2026, 1, 1)
CURRENCIES = ("USD", "JPY", "KWD")
Minor = dict[tuple[str, Place], int]

amounts = st.integers(1, 300)
days = st.integers(0, 3).map(lambda n: DAY + datetime.timedelta(n))


@st.composite
def slots(draw: st.DrawFn, currency: str, negative: bool = True) -> tuple[Slot, ...]:
    """A few items, some with a tax, some discounted with a negative tax, at times a line that gives money back."""
    found = []
    for n in range(draw(st.integers(1, 4))):
        item = Place(f"i{n}")
        charge = draw(amounts)
        off = draw(st.integers(0, 50)) if draw(st.booleans()) else 0
        found.append(Slot(item, from_minor(charge, currency), "charge", None, from_minor(off, currency), item))
        if draw(st.booleans()):
            tax = Place(item.item, "vat")
            found.append(Slot(tax, from_minor(draw(st.integers(1, 60)), currency), "tax", mirrors=tax))
            if negative and draw(st.booleans()):
                less = Place(f"d{n}", "vat")
                found.append(Slot(less, from_minor(-draw(st.integers(1, 20)), currency), "tax", tax, mirrors=less))
    if negative and draw(st.integers(0, 4)) == 0:
        back = Place("back")
        found.append(Slot(back, from_minor(-draw(st.integers(1, 60)), currency), "charge", mirrors=back))
    return tuple(found)


@st.composite
def target_lists(draw: st.DrawFn, currency: str, negative: bool = True) -> list[Target]:
    return [
        Target(
            f"INV{n}",
            draw(days),
            draw(slots(currency, negative)),
            draw(st.none() | days),
            draw(st.none() | st.integers(1, 3)),
            corrected=from_minor(max(0, draw(st.integers(-90, 90))), currency),
        )
        for n in draw(st.permutations(range(draw(st.integers(1, 4)))))
    ]


@st.composite
def rules(draw: st.DrawFn, steps: Sequence[int] = (1, 5)) -> Rules:
    return Rules(
        item_rule=draw(st.sampled_from(sorted(set(ITEM_RULES) - {"source_item"}))),
        document_order=draw(st.sampled_from(sorted(DOCUMENT_ORDERS))),
        residual=draw(st.sampled_from(sorted(RESIDUALS))),
        step=draw(st.sampled_from(steps)),
        components=draw(st.sampled_from((("tax", "charge"), ("charge", "tax")))),
        span=draw(st.sampled_from(SPANS)),
        zuora_compatible=draw(st.booleans()),
        grid_limit=draw(st.sampled_from((0, 6, 15_000))),
        future=draw(st.sampled_from(FUTURES)),
        bucket_days=draw(st.sampled_from((1, 30))),
        day=DAY + datetime.timedelta(1),
    )


class Asked:
    """A random allocation: of a payment or a credit memo, some documents with an amount of their own."""

    def __init__(self, data: st.DataObject, *, memo: bool | None = None, negative: bool = True, asks: bool = True):
        self.currency = data.draw(st.sampled_from(CURRENCIES))
        targets = data.draw(target_lists(self.currency, negative))
        self.is_memo = data.draw(st.booleans()) if memo is None else memo
        if self.is_memo:
            its = data.draw(slots(self.currency, negative))
            unapplied = sum(self.minor(slot.balance) for slot in its)
        else:
            its, unapplied = (), data.draw(st.integers(1, 2_000))
        self.unapplied = unapplied
        self.amount = data.draw(st.integers(1, unapplied) | st.just(unapplied)) if unapplied > 0 else 0
        self.source = Source("S1", self.currency, self.money(unapplied), its)
        rest = self.amount
        self.targets = []
        for target in targets:
            most = min(rest, self.minor(target.balance))
            if asks and most > 0 and data.draw(st.booleans()):
                amount = data.draw(st.integers(1, most) | st.just(most))
                target = replace(target, amount=self.money(amount))
                rest -= amount
            self.targets.append(target)

    def money(self, minor: int) -> Decimal:
        return from_minor(minor, self.currency)

    def minor(self, amount: Decimal) -> int:
        return to_minor(amount, self.currency)

    def run(self, how: Rules, targets: Sequence[Target] | None = None) -> Allocation:
        return allocate(self.source, self.targets if targets is None else targets, self.money(self.amount), how)

    def gets(self, done: Allocation) -> Minor:
        found: Minor = defaultdict(int)
        for applied in done.applied:
            for part in applied.parts:
                found[applied.document, Place(part.item, part.tax)] += self.minor(part.amount)
        return {key: amount for key, amount in found.items() if amount}

    def gives(self, done: Allocation) -> dict[Place, int]:
        found: dict[Place, int] = defaultdict(int)
        for applied in done.applied:
            for part in applied.parts:
                assert part.source_item is not None
                found[Place(part.source_item, part.source_tax)] += self.minor(part.amount)
        return {key: amount for key, amount in found.items() if amount}
