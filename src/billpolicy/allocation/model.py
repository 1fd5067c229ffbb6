"""What `allocate` takes and gives: a source of money, the documents it may go to, the rules, and the outcome.

Amounts are Decimal here, in the currency of the source; inside the rules they are integer minor units.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billpolicy.allocation.item_rules import ITEM_RULES
from billpolicy.allocation.open_items import COMPONENTS, Net, Slot, net_of, slots_of
from billpolicy.allocation.residual import RESIDUALS, Cents
from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.model import Document, OwedDocument, Part, SourceDocument
from billpolicy.diagnostics.codes import Code
from billpolicy.money import from_minor

SPANS = ("document", "component", "aging_bucket")
FUTURES = ("by_order", "next", "last", "equal")

Cell = tuple[int, int, int]
"""Slot of the source, slot of a document, minor units."""


@dataclass(frozen=True, slots=True)
class Source:
    """Money that can be put on documents: of a payment or a credit balance (no slots), or of a credit memo (its open
    items and taxes)."""

    number: str
    """Of a credit balance: what messages call it."""
    currency: str
    unapplied: Decimal
    slots: tuple[Slot, ...] = ()
    """In item order. Of a credit memo: all that are open, adding up to `unapplied`."""
    origin: str | None = None
    """The document that a credit memo was created from; `source_item` goes nowhere else."""

    @classmethod
    def of(cls, book: Book, document: SourceDocument) -> Source:
        """A document as it stands in the book."""
        unapplied = book.balance(document)
        if not isinstance(document, Document):
            return cls(document.number, document.currency, unapplied)
        slots = slots_of(document, book.open_places(document))
        return cls(document.number, document.currency, unapplied, slots, document.source)

    @classmethod
    def of_credit(cls, book: Book, account: str, currency: str, day: datetime.date) -> Source:
        """What can be used of a credit balance on a day."""
        return cls(f"the credit balance of `{account}`", currency, book.credit_usable(account, currency, day))


@dataclass(frozen=True, slots=True)
class Target:
    """An invoice or debit memo that money may go to."""

    number: str
    date: datetime.date
    slots: tuple[Slot, ...]
    """Its open items and taxes, in item order, adding up to its balance."""
    due_date: datetime.date | None = None
    priority: int | None = None
    """For the order `by_priority`: 1 comes first, none comes last."""
    amount: Decimal | None = None
    """What is asked for this document; None leaves it to the document order."""
    parts: Mapping[Place, Decimal] | None = None
    """What is asked for each item and tax, adding up to `amount`; None leaves it to the item rule."""
    kind: str = "invoice"
    """`invoice` or `debit_memo`."""
    corrected: Decimal = ZERO
    """How much of what this billed the source takes back: if any, it comes before all that is left to the document
    order."""

    @classmethod
    def of(
        cls,
        book: Book,
        document: OwedDocument,
        amount: Decimal | None = None,
        parts: Mapping[Place, Decimal] | None = None,
        subscription: str | None = None,
        *,
        corrected: Decimal = ZERO,
    ) -> Target:
        """An invoice or debit memo as it stands in the book; with a subscription, only what that has on it."""
        slots = slots_of(document, book.open_places(document, subscription))
        return cls(
            document.number,
            document.date,
            slots,
            document.due_date,
            document.priority,
            amount,
            parts,
            document.kind,
            corrected,
        )

    @property
    def balance(self) -> Decimal:
        """What is open on all of it."""
        return sum([slot.balance for slot in self.slots], ZERO)


@dataclass(frozen=True, slots=True)
class Rules:
    """How to allocate. The names are those of `DOCUMENT_ORDERS`, `ITEM_RULES`, `RESIDUALS`, `COMPONENTS`, `SPANS`."""

    item_rule: str = "proration"
    document_order: str = "oldest_due_first"
    """For the documents whose amount is left open; the others take what is asked for them first."""
    residual: str = "largest_remainder"
    step: int = 1
    """The smallest amount that shares are made of, in minor units: 5 for CHF where cash has no smaller coin."""
    components: tuple[str, ...] = ("tax", "charge")
    """For `by_component`: what is settled first, and then; each once."""
    span: str = "document"
    """For `by_component`: finish one `document` before the next, one `component` over all documents, or the documents
    that are equally late (`aging_bucket`), within which one component over all of them."""
    bucket_days: int = 30
    """How many days of being late are one bucket."""
    future: str = "by_order"
    """What is not due on `day`: as the order has it (`by_order`), or after all that is due, what is due `next` first,
    what is due `last` first, or each the same (`equal`)."""
    day: datetime.date | None = None
    """The day on which money is put on documents; without it none is due before another."""
    zuora_compatible: bool = False
    """Weigh each item by its amount before discounts, as Zuora does (docs/domain.md 2.4). Never more than is open."""
    grid_limit: int = 15_000
    """Items x items of the source that are still prorated (inclusive; docs/domain.md 2.3); `fifo` above it."""

    def __post_init__(self) -> None:
        """Policies are checked where they are loaded; here a wrong name is a bug."""
        for name, known in (
            (self.item_rule, ITEM_RULES),
            (self.residual, RESIDUALS),
            (self.span, SPANS),
            (self.future, FUTURES),
            (tuple(sorted(self.components)), (COMPONENTS,)),
        ):
            if name not in known:
                raise ValueError(f"{name!r} is none of {', '.join(map(str, known))}")
        if self.step < 1:
            raise ValueError("a step is at least one minor unit")
        if self.bucket_days < 1:
            raise ValueError("a bucket is at least one day")
        if self.day is None and (self.future != "by_order" or self.span == "aging_bucket"):
            raise ValueError("what is due depends on a day")

    @property
    def cents(self) -> Cents:
        """How what a split leaves over is placed."""
        return Cents(self.residual, self.step)

    def net(self, slots: Sequence[Slot], currency: str) -> Net:
        """What is open in integers, as the item rule sees it."""
        components = self.components if ITEM_RULES[self.item_rule].by_component else ()
        return net_of(slots, currency, components, self.zuora_compatible)


@dataclass(frozen=True, slots=True)
class Applied:
    """What goes to one document. `parts` add up to `amount`; of a credit memo they say which item each came from."""

    document: str
    amount: Decimal
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, source: Source, target: Target, cells: Iterable[Cell]) -> Applied:
        """From cells in minor units, in the order of the target's items. The source has items of its own."""
        put = sorted((cell for cell in cells if cell[2]), key=lambda cell: (cell[1], cell[0]))
        parts = []
        for row, column, minor in put:
            item, tax = target.slots[column].place
            source_item, source_tax = source.slots[row].place
            amount = from_minor(minor, source.currency)
            parts.append(Part(item=item, tax=tax, amount=amount, source_item=source_item, source_tax=source_tax))
        return cls(target.number, from_minor(sum(minor for _, _, minor in put), source.currency), tuple(parts))

    @classmethod
    def of_money(cls, target: Target, minors: Sequence[int], currency: str) -> Applied:
        """From the minor units for each slot of the target. The source has no items."""
        one = from_minor(1, currency)
        parts = [
            Part(item=slot.place.item, tax=slot.place.tax, amount=minor * one)
            for slot, minor in zip(target.slots, minors, strict=True)
            if minor
        ]
        return cls(target.number, from_minor(sum(minors), currency), tuple(parts))


class Problem(NamedTuple):
    """Why an allocation is refused, for the operation to place in its request. `document`: the target concerned."""

    code: Code
    message: str
    document: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The outcome. With problems nothing is applied."""

    applied: tuple[Applied, ...] = ()
    """In the order in which the documents were chosen, each once; documents that get nothing are left out."""
    left: Decimal = ZERO
    """What of the amount found no document: it stays unapplied."""
    item_rule: str = ""
    """The rule that was used: `fifo` where the grid is too large for the one asked for."""
    grid: int = 0
    """Open items and taxes of the documents that get something, times those of the source."""
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def touched(self) -> int:
        """How many items and taxes of the documents get something (docs/domain.md 2.3: tax items count)."""
        return sum(len({(part.item, part.tax) for part in applied.parts}) for applied in self.applied)
