"""Amounts and days as the reader writes them: by their choice, else by what their browser says. Words stay English.

What signs and which order a language has, Babel knows. Each amount keeps all its digits, and has its form for programs
beside it: no number passes through a float.
"""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from billpolicy.report.html.markup import Html, el, joined

if TYPE_CHECKING:
    from babel import Locale

    from billpolicy.service.asked.asked import Asked

COOKIE = "locale"
CHOICES = {
    "en-US": "English, United States",
    "en-GB": "English, United Kingdom",
    "en-IN": "English, India",
    "de-DE": "German",
    "de-CH": "German, Switzerland",
    "es-ES": "Spanish",
    "fr-FR": "French",
    "it-IT": "Italian",
    "ja-JP": "Japanese",
    "nl-NL": "Dutch",
    "pl-PL": "Polish",
    "pt-BR": "Portuguese, Brazil",
    "sv-SE": "Swedish",
    "zh-CN": "Chinese",
}
"""What a reader can choose; a browser may say any other."""
_DEFAULT = "en-US"
_TAG = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}))?")
_MOST_TAGS = 10
_ASIDE = "\u00a0"
"""Between an amount and its currency: they are not broken apart."""


@dataclass(frozen=True)
class Written:
    """How a language writes amounts and days."""

    tag: str
    """As browsers name it: `de-AT`."""
    locale: Locale
    decimal: str
    group: str
    minus: str
    grouping: tuple[int, int]
    """Digits of the group next to the decimal sign, and of each before it."""

    def amount(self, amount: Decimal, currency: str) -> Html:
        """An amount with its currency."""
        return self._data(amount, f"{self.digits(amount)}{_ASIDE}{currency}")

    def number(self, amount: Decimal) -> Html:
        """An amount alone."""
        return self._data(amount, self.digits(amount))

    def digits(self, amount: Decimal) -> str:
        """An amount with as many decimals as it has, as text."""
        whole, _, decimals = f"{abs(amount):f}".partition(".")
        size, more = self.grouping
        groups = [whole[-size:]]
        whole = whole[:-size]
        while whole:
            groups.insert(0, whole[-more:])
            whole = whole[:-more]
        number = self.group.join(groups) + (f"{self.decimal}{decimals}" if decimals else "")
        return f"{self.minus}{number}" if amount < 0 else number

    def plain(self, amount: Decimal, currency: str = "", *, signed: bool = False) -> str:
        """The same as text with no other spaces than plain ones, for pictures."""
        number = _plain(self.digits(amount))
        return f"{'+' if signed and amount > 0 else ''}{number} {currency}".rstrip()

    def day(self, day: datetime.date | None) -> Html:
        """A day, with the whole of its year; nothing of none."""
        if day is None:
            return Html("")
        from babel.dates import format_date

        return self._time(day.isoformat(), format_date(day, "medium", self.locale))

    def date(self, day: datetime.date) -> str:
        """The same as text with no other spaces than plain ones, for pictures."""
        from babel.dates import format_date

        return _plain(format_date(day, "medium", self.locale))

    def days(self, first: datetime.date | None, last: datetime.date | None) -> Html:
        """From a day to another one; nothing where it is not said when that begins."""
        if first is None:
            return Html("")
        return self.day(first) if last is None else joined((self.day(first), " to ", self.day(last)))

    def moment(self, at: datetime.datetime) -> Html:
        """A moment, in UTC."""
        from babel.dates import format_date, format_time

        at = at.astimezone(datetime.UTC)
        shown = f"{format_date(at, 'medium', self.locale)}, {format_time(at, 'short', locale=self.locale)} UTC"
        return self._time(f"{at:%Y-%m-%dT%H:%M:%SZ}", shown)

    def _data(self, amount: Decimal, shown: str) -> Html:
        return el("data", _as_is(shown), value=f"{amount:f}", class_="amount below" if amount < 0 else "amount")

    def _time(self, machine: str, shown: str) -> Html:
        lang = None if self.locale.language == "en" else self.tag
        turned = "rtl" if self.locale.text_direction == "rtl" else None
        return el("time", _as_is(shown), datetime=machine, lang=lang, dir=turned)


def written_for(asked: Asked) -> Written:
    """How whoever asks writes them."""
    return written_in(_cookie(asked.headers.get("cookie", "")), asked.headers.get("accept-language", ""))


def is_chosen(asked: Asked) -> bool:
    """Whether they have said so here."""
    return bool(_cookie(asked.headers.get("cookie", "")))


def _plain(text: str) -> str:
    """With no other spaces than plain ones."""
    return "".join(" " if sign.isspace() else sign for sign in text if sign.isprintable() or sign.isspace())


def _as_is(text: str) -> Html:
    """A text of a language, whose spaces and marks of direction are part of how it is written."""
    return Html(html.escape(text))


def _cookie(header: str) -> str:
    for one in header.split(";"):
        name, _, value = one.strip().partition("=")
        if name == COOKIE and value in CHOICES:
            return value
    return ""


@lru_cache(maxsize=256)
def written_in(cookie: str, accepted: str) -> Written:
    """How it is written for a choice, or else for the languages of a header; for none that is known, as in English."""
    for tag in (cookie, *_tags(accepted), _DEFAULT):
        found = _of(tag)
        if found is not None:
            return found
    raise AssertionError(_DEFAULT)


def _tags(accepted: str) -> Iterator[str]:
    """The languages of a header, what is liked best first."""
    wanted: list[tuple[float, str]] = []
    for one in accepted[:1000].split(",")[:_MOST_TAGS]:
        tag, _, weight = one.strip().partition(";")
        found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight, re.ASCII)
        quality = float(found[1]) if found else 0.0 if weight else 1.0
        if quality:
            wanted.append((-quality, tag))
    wanted.sort(key=lambda one: one[0])
    yield from (tag for _, tag in wanted)


def _of(tag: str) -> Written | None:
    """What Babel knows of a language; where it knows none of a country, that of the language alone."""
    from babel import Locale, UnknownLocaleError

    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    language, country = found[1].lower(), (found[2] or "").upper()
    for name in dict.fromkeys((f"{language}_{country}" if country else language, language)):
        try:
            locale = Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
        return _written(name.replace("_", "-"), locale)
    return None


def _written(tag: str, locale: Locale) -> Written:
    symbols = locale.number_symbols["latn"]
    grouping = locale.decimal_formats[None].grouping
    return Written(tag, locale, symbols["decimal"], symbols["group"], symbols["minusSign"], grouping)
