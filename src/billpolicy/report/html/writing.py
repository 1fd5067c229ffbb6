"""How amounts and days are written on a page: as data has them, or as its reader does."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Protocol

from billpolicy.report.html.markup import Html, escaped


class Writing(Protocol):
    """A way to write them."""

    def amount(self, amount: Decimal, currency: str) -> Html:
        """An amount with its currency."""

    def number(self, amount: Decimal) -> Html:
        """An amount, or a number, alone."""

    def plain(self, amount: Decimal, currency: str = "", *, signed: bool = False) -> str:
        """The same as text, for pictures. `signed`: what is above zero is told as such, too."""

    def day(self, day: datetime.date | None) -> Html:
        """A day; nothing of none."""

    def date(self, day: datetime.date) -> str:
        """The same as text, for pictures."""


class AsData:
    """As in files."""

    def amount(self, amount: Decimal, currency: str) -> Html:
        """An amount with its currency."""
        return escaped(f"{amount} {currency}")

    def number(self, amount: Decimal) -> Html:
        """An amount alone."""
        return escaped(f"{amount}")

    def plain(self, amount: Decimal, currency: str = "", *, signed: bool = False) -> str:
        """As text, with commas between thousands."""
        told = f"{amount:+,}" if signed else f"{amount:,}"
        return f"{told} {currency}".rstrip()

    def day(self, day: datetime.date | None) -> Html:
        """A day; nothing of none."""
        return escaped("" if day is None else str(day))

    def date(self, day: datetime.date) -> str:
        """As text."""
        return str(day)


AS_DATA = AsData()
