"""Amounts and days as the reader writes them: by what their browser asks for, else as in English.

Every digit of an amount is there, in the decimals of its currency; for programs, such as one that reads a page out, the
value stands beside it as everywhere else.
"""

from __future__ import annotations

import datetime
import html
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.service.endpoint import Asked

_ENGLISH = Locale("en", "GB")
_MOST_ASKED = 20
"""Languages of one request that are looked at."""


class Written:
    """How one reader writes."""

    def __init__(self, asked: Asked) -> None:
        self._locale = asked_for(asked.headers.get("accept-language", ""))

    def amount(self, amount: Decimal, currency: str | None = None) -> Html:
        """An amount, with its currency where that is not told above it."""
        digits = -int(amount.as_tuple().exponent)
        pattern = f"#,##0.{'0' * digits}" if digits > 0 else "#,##0"
        told = format_decimal(amount, format=pattern, locale=self._locale)
        shown = el("data", _as_written(told), value=str(amount), class_="amount")
        return shown if currency is None else joined((shown, _as_written("\N{NO-BREAK SPACE}"), currency))

    def amounts(self, by_currency: Mapping[str, Decimal]) -> Html:
        """One amount for each currency, below one another; nothing where all are zero."""
        told = (self.amount(amount, currency) for currency, amount in by_currency.items() if amount)
        return joined(told, Html("<br>"))

    def day(self, day: datetime.date | None) -> Html:
        """A day; nothing where there is none."""
        if day is None:
            return Html("")
        return el("time", _as_written(format_date(day, "medium", locale=self._locale)), datetime=day.isoformat())

    def days(self, first: datetime.date | None, last: datetime.date | None) -> Html:
        """From a day to another one; nothing where it is not said when that begins."""
        return Html("") if first is None else joined((self.day(first), " to ", self.day(last)))

    def moment(self, moment: datetime.datetime) -> Html:
        """A moment, in UTC."""
        told = format_datetime(moment.astimezone(datetime.UTC), "medium", locale=self._locale)
        return el("time", _as_written(f"{told} UTC"), datetime=moment.isoformat())


def _as_written(told: str) -> Html:
    """What Babel wrote: the spaces of a language are no ones to be shown as an escape."""
    return Html(html.escape(told))


@lru_cache(maxsize=1000)
def asked_for(languages: str) -> Locale:
    """The first of the languages that a browser asks for, by their weight, of which it is known how it is written."""
    weighted: list[tuple[float, int, str]] = []
    for place, one in enumerate(languages.split(",")[:_MOST_ASKED]):
        name, _, weight = one.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), place, name))
        except ValueError:
            continue
    for _, _, name in sorted(weighted):
        try:
            return Locale.parse(name, sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return _ENGLISH
