"""Who tells the taxes of a line: the rates of the policy, or an engine that a program brings along.

The rates are `billing/rate_table.py`; `Versions.with_tax_engine` puts another engine in their place. An engine is asked
for each document that a bill run makes, when it is known which lines are on it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

from billpolicy.money import AmountError, parse_amount, to_minor
from billpolicy.source.scalars import read_text

TaxRounding = Literal["item", "document"]
"""`item`: each tax of each line is rounded by itself; `document`: each tax is rounded once over all lines."""


class TaxableLine(NamedTuple):
    """A line that is to be taxed."""

    subscription: str
    charge: str
    """Of the subscription."""
    code: str
    """The tax code of the charge."""
    country: str
    """Of the account."""
    region: str | None
    day: datetime.date
    """The day whose rate counts."""
    amount: Decimal
    """Without tax, in the decimals of its currency; below zero where it gives back."""
    currency: str


class Tax(NamedTuple):
    """One tax of one line."""

    name: str
    """Each once on a line: `VAT`."""
    amount: Decimal
    """With the sign of the line, in whole minor units of its currency."""
    rate: Decimal | None = None
    """`0.19`; it is kept for whoever reads the document, and never calculated with."""
    jurisdiction: str | None = None


class TaxEngine(Protocol):
    """Tells the taxes of the lines of one document."""

    def taxes(self, lines: Sequence[TaxableLine], rounding: TaxRounding) -> Sequence[Sequence[Tax]]:
        """The taxes of each of these lines, in their order; none of a line that is not taxed.

        The same lines have the same taxes, whenever it is asked: a dry run and posting both ask. Raises `Refused` where
        it cannot tell; anything else that it raises ends the program's call, and nothing is posted.
        """
        ...  # pragma: no cover


def wrong_with(lines: Sequence[TaxableLine], answer: Any) -> Iterator[str]:
    """What of an answer cannot be put on a document: an engine may be anything that a program has."""
    if not _is_list(answer):
        yield f"the tax engine gives `{type(answer).__name__}` in place of a list of taxes for each line"
        return
    if len(answer) != len(lines):
        yield f"the tax engine was asked for the taxes of {len(lines)} lines, and gives those of {len(answer)}"
        return
    for line, taxes in zip(lines, answer, strict=True):
        whose = f"charge `{line.charge}` of subscription `{line.subscription}`"
        if not _is_list(taxes) or not all(isinstance(tax, Tax) for tax in taxes):
            yield f"the tax engine gives something else than a list of `Tax` for {whose}"
            continue
        for tax in taxes:
            for what in _wrong_tax(line, tax):
                yield f"the tax engine gives {what} for {whose}"
        names = [tax.name for tax in taxes]
        for name in sorted({str(name) for name in names if names.count(name) > 1}):
            yield f"the tax engine gives the tax `{name}` more than once for {whose}"


def _is_list(found: object) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str)


def _wrong_tax(line: TaxableLine, tax: Tax) -> Iterator[str]:
    for what, text in (("name", tax.name), ("jurisdiction", tax.jurisdiction)):
        if text is not None or what == "name":
            try:
                if not isinstance(text, str):
                    raise ValueError(f"`{type(text).__name__}` is no text")
                read_text(text)
            except ValueError as error:
                yield f"a tax with a wrong {what} ({error})"
    if tax.rate is not None and not _is_rate(tax.rate):
        yield f"the rate `{tax.rate}`, which is no Decimal of zero or above that can be written,"
    if not isinstance(tax.amount, Decimal) or not tax.amount.is_finite():
        yield f"the amount `{tax.amount}`, which is no Decimal,"
        return
    try:
        to_minor(tax.amount, line.currency)
    except AmountError as error:
        yield f"an amount that is not exact ({error})"
        return
    if tax.amount * line.amount < 0 or (tax.amount != 0 and line.amount == 0):
        yield f"a tax of {tax.amount} on {line.amount}, of another sign,"


def _is_rate(found: object) -> bool:
    """Whether it is a rate that can be read again where it is written."""
    try:
        return isinstance(found, Decimal) and parse_amount(str(found)) >= 0
    except AmountError:
        return False
