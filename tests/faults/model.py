"""What a ledger should hold, in plain dicts: a second opinion, which shares nothing with the product.

It knows six operations on invoices of one item, and from docs/operations.md and docs/allocation.md what each does:

- a credit memo takes nothing off its invoice until it is put on it; of an invoice no more is credited than was billed;
- a payment or credit memo has as much left as is neither put on documents nor refunded, and gives no more;
- an invoice takes no more than is open of it, and of what a payment put on it no more is taken back;
- numbers are drawn in the order in which operations are posted, without a gap; a refused one draws none;
- an id is one operation for ever.

Amounts are in cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Operation = Mapping[str, Any]


class Refusing(Exception):
    """The model refuses it too."""


@dataclass
class Model:
    """The state, and what posting does to it."""

    invoices: dict[str, int] = field(default_factory=dict)
    """Number -> what was billed."""
    credited: dict[str, int] = field(default_factory=dict)
    """Invoice -> the credit memos that were made from it."""
    sources: dict[str, int] = field(default_factory=dict)
    """Payment or credit memo -> its amount."""
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Refund -> of what, and how much."""
    put: dict[tuple[str, str], int] = field(default_factory=dict)
    """Source and invoice -> how much of the one is on the other."""
    counters: dict[str, int] = field(default_factory=dict)
    """Prefix -> the last number that was drawn."""
    posted: dict[str, tuple[Operation, list[str], str, datetime]] = field(default_factory=dict)
    """Id -> what was asked for, the numbers that it drew, who posted it and when, in the order of posting."""

    def post(self, operation: Operation, who: str, at: datetime) -> list[str]:
        """The numbers that it drew, now or when it was first posted. Raises `Refusing`, and changes nothing."""
        if operation["id"] in self.posted:
            known, known_numbers, _, _ = self.posted[operation["id"]]
            if known != operation:
                raise Refusing("the id is that of another operation")
            return known_numbers
        after = deepcopy(self)
        numbers: list[str] = getattr(after, f"_{operation['operation']}")(operation)
        after.posted[operation["id"]] = (operation, numbers, who, at)
        self.__dict__.update(after.__dict__)
        return numbers

    def open_of(self, invoice: str) -> int:
        """What is still to be paid of it."""
        return self.invoices[invoice] - sum(cents for (_, to), cents in self.put.items() if to == invoice)

    def left_of(self, source: str) -> int:
        """What is neither put on an invoice nor refunded."""
        applied = sum(cents for (of, _), cents in self.put.items() if of == source)
        return self.sources[source] - applied - sum(cents for of, cents in self.refunds.values() if of == source)

    def balances(self) -> dict[str, int]:
        """Every document -> what is left or open of it; of a refund nothing ever is."""
        opened = {number: self.open_of(number) for number in self.invoices}
        return opened | {number: self.left_of(number) for number in self.sources} | dict.fromkeys(self.refunds, 0)

    # -- what each operation does ---------------------------------------------------------------------------------

    def _credit_memo_from_invoice(self, operation: Operation) -> list[str]:
        invoice, cents = operation["invoice"], cents_of(operation["items"][0]["amount"])
        self._must(invoice in self.invoices)
        self._must(self.credited.get(invoice, 0) + cents <= self.invoices[invoice])
        self.credited[invoice] = self.credited.get(invoice, 0) + cents
        return self._source("CM", cents)

    def _write_off_invoice(self, operation: Operation) -> list[str]:
        invoice = operation["invoice"]
        self._must(invoice in self.invoices)
        cents = self.open_of(invoice)
        self._must(cents > 0)
        self._must(self.credited.get(invoice, 0) + cents <= self.invoices[invoice])
        self.credited[invoice] = self.credited.get(invoice, 0) + cents
        (memo,) = self._source("CM", cents)
        self._put(memo, invoice, cents)
        return [memo]

    def _create_payment(self, operation: Operation) -> list[str]:
        (payment,) = self._source("P-", cents_of(operation["amount"]))
        for one in operation.get("apply", ()):
            self._put(payment, one["document"], cents_of(one["amount"]))
        return [payment]

    def _apply_payment(self, operation: Operation) -> list[str]:
        for one in operation["apply"]:
            self._put(operation["payment"], one["document"], cents_of(one["amount"]))
        return []

    def _unapply_payment(self, operation: Operation) -> list[str]:
        for one in operation["unapply"]:
            key, cents = (operation["payment"], one["document"]), cents_of(one["amount"])
            self._must(self.put.get(key, 0) >= cents)
            self.put[key] -= cents
        return []

    def _create_refund(self, operation: Operation) -> list[str]:
        source, cents = operation["of"], cents_of(operation["amount"])
        self._must(source in self.sources)
        self._must(cents <= self.left_of(source))
        number = self._draw("R-")
        self.refunds[number] = (source, cents)
        return [number]

    # -- what they share ------------------------------------------------------------------------------------------

    def _source(self, prefix: str, cents: int) -> list[str]:
        number = self._draw(prefix)
        self.sources[number] = cents
        return [number]

    def _put(self, source: str, invoice: str, cents: int) -> None:
        self._must(source in self.sources and invoice in self.invoices)
        self._must(cents <= self.left_of(source) and cents <= self.open_of(invoice))
        self.put[source, invoice] = self.put.get((source, invoice), 0) + cents

    def _draw(self, prefix: str) -> str:
        self.counters[prefix] = self.counters.get(prefix, 0) + 1
        return f"{prefix}{self.counters[prefix]:08d}"

    def _must(self, holds: bool) -> None:
        if not holds:
            raise Refusing


def cents_of(amount: str) -> int:
    """`12.30` -> 1230."""
    whole, _, cents = amount.partition(".")
    return int(whole) * 100 + int(cents)


def amount_of(cents: int) -> str:
    """1230 -> `12.30`."""
    return f"{cents // 100}.{cents % 100:02d}"
