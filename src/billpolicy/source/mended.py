"""What somebody meant who wrote an amount, a date or a comparison as other programs and countries do.

Only said, never taken: `1.000` is a thousand to one and one to another.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

from billpolicy.money import CURRENCY_NAMES, MINOR_DIGITS, AmountError, Money, from_minor, to_minor

_SIGNS = {
    ">=": "at_least",
    "=>": "at_least",
    "≥": "at_least",
    ">": "above",
    "<=": "at_most",
    "=<": "at_most",
    "≤": "at_most",
    "<": "below",
    "!=": "none_of",
    "<>": "none_of",
    "≠": "none_of",
    "==": "one_of",
    "=": "one_of",
}
# Patterns are texts that `re` compiles when it is first asked for them: where nothing is to be mended, for none.
_SIGN = "|".join(sorted(_SIGNS, key=len, reverse=True))
_CURRENCY_FIRST = r"([^\W\d_]{3,8}|[€£¥₹$])\s*(.+)"
_CURRENCY_LAST = r"(.*[\d.)-])\s*([^\W\d_]{3,8}|[€£¥₹$])"
_NUMBER = r"([+-]?)([0-9]{1,40}(?:[.,'’_ ][0-9]{1,40})*)(-?|\.-|,-)"
_PARENTHESES = r"\((.+)\)"
_THREES = r"[0-9]{1,3}([.,'’_ ][0-9]{3})+"
_LONGEST = 60
"""Characters of what is looked at; nobody writes a longer amount or date."""


def comparison(text: str) -> tuple[str, str] | None:
    """The operator that stands for the sign before a value, and the value: `> 5` is `above` and `5`."""
    found = re.match(_SIGN, text.strip())
    return (_SIGNS[found[0]], text.strip()[found.end() :].strip()) if found else None


def operator_of(sign: str) -> str | None:
    """The operator that stands for a sign."""
    return _SIGNS.get(sign.strip())


def amounts_meant(text: str) -> list[str]:
    """The amounts that a text may mean, each as it is to be written, with its currency if it names one.

    `1.000,50 EUR` is `1000.50 EUR`; `EUR 500` is `500.00 EUR`; `EUR 1.000` may be two things.
    """
    number, currency = _parted(unicodedata.normalize("NFKC", text[:_LONGEST]).replace("\u2212", "-").strip())
    digits = None if currency is None else MINOR_DIGITS.get(currency)
    found = []
    for meant in _numbers(number, digits):
        try:
            found.append(
                meant
                if currency is None
                else str(Money(from_minor(to_minor(Decimal(meant), currency), currency), currency))
            )
        except AmountError:
            continue
    return list(dict.fromkeys(found))


def _parted(text: str) -> tuple[str, str | None]:
    """The number of an amount, and its currency if it names one that is known."""
    for pattern, number, currency in ((_CURRENCY_FIRST, 2, 1), (_CURRENCY_LAST, 1, 2)):
        found = re.fullmatch(pattern, text)
        if found:
            word = found[currency].upper()
            code = CURRENCY_NAMES.get(word, word)
            if code in MINOR_DIGITS:
                return found[number].strip(), code
    return text, None


def _numbers(text: str, digits: int | None) -> list[str]:
    """The numbers that a text may be, with a point before the decimals."""
    inside = re.fullmatch(_PARENTHESES, text)  # as accountants write what is below zero
    found = re.fullmatch(_NUMBER, inside[1].strip() if inside else text)
    if not found:
        return []
    sign = "-" if inside or found[1] == "-" or found[3] == "-" else ""
    body = found[2]
    marks = [c for c in body if not c.isdigit()]
    grouped = "".join(c for c in body if c.isdigit())
    if not marks:
        return [sign + body]
    decimal = re.sub(r"[^0-9](?=.*[^0-9])", "", body)
    decimal = re.sub(r"[^0-9]", ".", decimal)
    if len(set(marks)) > 1:
        return [sign + decimal] if marks[-1] in ".," and marks[-1] not in marks[:-1] else []
    if len(marks) > 1 or marks[0] not in ".,":
        return [sign + grouped] if re.fullmatch(_THREES, body) else []
    if not re.fullmatch(_THREES, body):
        return [sign + decimal]
    if marks[0] == "," and digits in (None, 2, 0):  # no such currency has three decimals
        return [sign + grouped]
    return [sign + grouped, sign + decimal]


_BEFORE_COMMA = r"[+-]?[0-9]{1,3}(\.[0-9]{3})*"
_BEHIND_COMMA = r"[0-9]{2,3}(\.[0-9]+)?( ?[A-Za-z]{3})?"
_CENTS = r"[0-9]{2} ?[A-Za-z]{3}|[0-9]{3}\.[0-9]{2} ?[A-Za-z]{3}"


def listed_by_commas(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Amounts of a list that commas have cut up, and what is meant: the first of `[500,00 EUR, 7.00 EUR]`.

    What looks like the decimals of an amount with its currency goes on with the one before.
    """
    for start, end, meant in split_by_commas([(text, re.fullmatch(_CENTS, text) is not None) for text in texts]):
        yield ",".join(texts[start:end]), meant


def split_by_commas(pieces: Sequence[tuple[str, bool]]) -> Iterator[tuple[int, int, str]]:
    """Where pieces of an amount stand that commas have cut up: the first, and behind the last; and what is meant.

    Each piece is a text, and whether it may be no value of its own: `{above: 500,00 EUR}` has an entry without one.
    """
    start = 0
    while start < len(pieces):
        end = start + 1
        if re.fullmatch(_BEFORE_COMMA, pieces[start][0]):
            while (
                end < len(pieces)
                and pieces[end][1]
                and re.fullmatch(_BEHIND_COMMA, pieces[end][0])
                and pieces[end - 1][0][-1].isdigit()
            ):
                end += 1
        meant = amounts_meant(",".join(text for text, _ in pieces[start:end])) if end > start + 1 else []
        if meant:
            yield start, end, meant[0]
        start = end


_YEAR_FIRST = r"([0-9]{4})[-./ ]?([0-9]{1,2})[-./ ]?([0-9]{1,2})"
_YEAR_LAST = r"([0-9]{1,2})([-./ ])\s*([0-9]{1,2})[-./ ]\s*([0-9]{4})"
_NAMED = r"(?:([0-9]{1,2})\.? )?([A-Za-zä]{3,9})\.? (?:([0-9]{1,2}),? )?([0-9]{4})"
_WITH_TIME = r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ].*"
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar",
            "feb february februar",
            "mar march märz mär",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}


def dates_meant(text: str) -> list[datetime.date]:
    """The days that a text may mean: `1.7.2026` is one, `01/02/2026` may be two, of no day of the calendar none."""
    text = unicodedata.normalize("NFKC", text[:_LONGEST]).strip()
    found: list[tuple[str | int, str | int, str | int]] = []
    if with_time := re.fullmatch(_WITH_TIME, text):
        text = with_time[1]
    if year_first := re.fullmatch(_YEAR_FIRST, text):
        found.append((year_first[1], year_first[2], year_first[3]))
    elif year_last := re.fullmatch(_YEAR_LAST, text):
        first, mark, second, year = year_last.groups()
        found.append((year, second, first))
        if mark != ".":  # with points the day is first, everywhere
            found.append((year, first, second))
    elif named := re.fullmatch(_NAMED, text):
        before, name, behind, year = named.groups()
        month = _MONTHS.get(name.casefold())
        if month and (before or behind) and not (before and behind):
            found.append((year, month, before or behind))
    days = (_day(*map(int, one)) for one in found)
    return list(dict.fromkeys(day for day in days if day is not None))


def last_of_month(text: str) -> datetime.date | None:
    """The last day of the month that a date names whose day it has not: of `2026-02-30` the 28th."""
    year, month, day = map(int, text.split("-"))
    if not (1 <= month <= 12 and 28 < day <= 31 and year):
        return None
    return next(found for last in range(day, 27, -1) if (found := _day(year, month, last)))


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None
