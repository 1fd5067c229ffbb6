"""The text of a cell as books write it: amounts with a point, days as YYYY-MM-DD. Exact, and by the named form only."""

from __future__ import annotations

import datetime
import re
from functools import cache
from typing import Literal, NamedTuple

from billpolicy.exchange.tables.fields import Form
from billpolicy.source.scalars import Plain

Decimals = Literal["point", "comma"]
Thousands = Literal["none", "point", "comma", "space", "apostrophe"]
Days = Literal["YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "YYYY/MM/DD", "YYYYMMDD"]
_MARKS: dict[Thousands, str] = {"point": ".", "comma": ",", "space": " \u00a0\u202f", "apostrophe": "'\u2019"}
_BETWEEN: dict[Thousands, str] = {
    "none": "nothing",
    "point": "a point",
    "comma": "a comma",
    "space": "a space",
    "apostrophe": "an apostrophe",
}
_DAYS: dict[Days, re.Pattern[str]] = {
    "YYYY-MM-DD": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "DD.MM.YYYY": re.compile(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})"),
    "DD/MM/YYYY": re.compile(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})"),
    "MM/DD/YYYY": re.compile(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})"),
    "DD-MM-YYYY": re.compile(r"(?P<d>[0-9]{1,2})-(?P<m>[0-9]{1,2})-(?P<y>[0-9]{4})"),
    "YYYY/MM/DD": re.compile(r"(?P<y>[0-9]{4})/(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})"),
    "YYYYMMDD": re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
}
DAYS: tuple[Days, ...] = tuple(_DAYS)
_SHOWN = 40


class Ready(Plain):
    """A cell of a workbook that had a type, as books write it."""

    __slots__ = ()


class Written(NamedTuple):
    """How numbers and days are written in a table."""

    decimal: Decimals = "point"
    thousands: Thousands = "none"
    dates: Days = "YYYY-MM-DD"


def as_books_write(cell: str, form: Form, written: Written) -> str:
    """The cell as a book has it. Raises `ValueError` with a sentence where it is not written as it should be."""
    if isinstance(cell, Ready) or form == "text":
        return Plain(cell)
    return Plain(_day(cell, written.dates) if form == "date" else _number(cell, written))


def fits_day(cell: str, days: Days) -> bool:
    """Whether a cell is a day of the calendar that is written so."""
    try:
        _day(cell, days)
    except ValueError:
        return False
    return True


def fits_number(cell: str, written: Written) -> bool:
    """Whether a cell is a number that is written so."""
    try:
        _number(cell, written)
    except ValueError:
        return False
    return True


def _day(cell: str, days: Days) -> str:
    found = _DAYS[days].fullmatch(cell)
    if found is None:
        raise ValueError(f"`{_short(cell)}` is not a day written as {days}")
    try:
        return datetime.date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
    except ValueError:
        raise ValueError(f"`{_short(cell)}` is not a day of the calendar, read as {days}") from None


def _number(cell: str, written: Written) -> str:
    found = _pattern(written).fullmatch(cell)
    if found is None:
        between = _BETWEEN[written.thousands]
        said = f"a decimal {written.decimal} and {between} between thousands"
        raise ValueError(f"`{_short(cell)}` is not a number written with {said}")
    digits = "".join(one for one in found[2] if one.isdigit())
    sign = "-" if found[1] == "-" else ""
    digits = digits.lstrip("0") or "0"
    return f"{sign}{digits}" + (f".{found[3]}" if found[3] else "")


@cache
def _pattern(written: Written) -> re.Pattern[str]:
    mark = "," if written.decimal == "comma" else r"\."
    groups = _MARKS.get(written.thousands, "")
    whole = f"[0-9]{{1,3}}(?:[{re.escape(groups)}][0-9]{{3}})+|[0-9]+" if groups else "[0-9]+"
    return re.compile(rf"([+-]?)({whole})(?:{mark}([0-9]+))?")


def _short(cell: str) -> str:
    return cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…"
