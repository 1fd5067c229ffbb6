"""The types of single values in user files. Each reads the text as written and says in one sentence what it wants.

Each is `Annotated[python type, reader]`; the readers carry pydantic's hooks without importing pydantic, so the
dataclasses that use them cost nothing to import.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from billpolicy.countries.codes import check_country
from billpolicy.diagnostics.visible import all_seen, character, ignorable
from billpolicy.money import AmountError, AmountThousandError, Money, minor_digits, parse_amount
from billpolicy.source.composed import composed
from billpolicy.source.mended import amounts_meant, dates_meant, last_of_month


class Plain(str):
    """A scalar written without quotes, exactly as it stands in the file."""

    __slots__ = ()


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,39})")
_COUNTED = re.compile(r"(-?[0-9]{1,9})(?: [a-z]+)?")
"""A whole number with zeros before it, or with what it counts: `007`, `30 days`."""
_DAYS = re.compile(r"(-?(?:0|[1-9][0-9]{0,6})) days?")
_IN_FORM = re.compile(r"[+-]?[0-9]+(\.[0-9]+)? [A-Z]{3}")
"""An amount with its currency that is written as it is to be: what is wrong with it is something else."""
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_YES_OR_NO = dict.fromkeys(("yes", "y", "on", "true", "1"), "true") | dict.fromkeys(
    ("no", "n", "off", "false", "0"), "false"
)
MAX_TEXT = 255
MAX_PROSE = 10_000
MAX_INTEGER = 2**53
_STEERING = frozenset(("Cc", "Cs", "Zl", "Zp"))
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, eq=False)
class Scalar:
    """How one type is read from a scalar, and how JSON Schema describes it."""

    read: Callable[[Any], Any]
    json_schema: tuple[tuple[str, Any], ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import PydanticCustomError, core_schema

        def read(value: Any) -> Any:
            try:
                return self.read(value)
            except ValueError as error:
                raise PydanticCustomError("value", "{sentence}", {"sentence": str(error)}) from None

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.to_string_ser_schema(when_used="json-unless-none")
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """What files may write; what is written by programs is exact: never a number where a text is as good."""
        found = dict(self.json_schema)
        return (
            {**found, "type": "string"}
            if handler.mode == "serialization" and isinstance(found.get("type"), list)
            else found
        )


def read_line(value: Any) -> str:
    """Any scalar exactly as written, 1 to 255 characters of one line: the name of a file is no other one."""
    text = _scalar(value, "a text")
    if not text.strip():
        raise ValueError("a text is wanted here, not an empty one")
    if len(text) > MAX_TEXT:
        raise ValueError(f"this text is longer than {MAX_TEXT} characters")
    if _steering(text):
        raise ValueError("a text of one line is wanted here, without control characters")
    return str(text)


def read_free_text(value: Any) -> str:
    """A text of one line that people read and that names nothing else, like the name of a customer, composed (NFC)."""
    return composed(read_line(value))


def read_text(value: Any) -> str:
    """A text of one line that something or somebody is known by, composed (NFC): two that look the same are the same.

    So it has nothing that is not seen, and no space around it.
    """
    text = composed(read_line(value))
    if text != text.strip():
        raise ValueError("this text begins or ends with a space; write it without")
    hidden = None if text.isascii() or all_seen(text) else next((c for c in text if _is_hidden(c)), None)
    if hidden is not None:
        raise ValueError(f"this text has {character(hidden)} in it, which nobody sees; write it without")
    return text


def read_names(value: Any) -> tuple[str, ...]:
    """One name, or a list of names."""
    return tuple(read_text(name) for name in value) if isinstance(value, list | tuple) else (read_text(value),)


def read_prose(value: Any) -> str:
    """A text that people read, composed (NFC), of 10,000 characters at most; it may have several lines, which are
    joined."""
    text = composed(" ".join(_scalar(value, "a text").split()))
    if len(text) > MAX_PROSE:
        raise ValueError(f"this text is longer than {MAX_PROSE:,} characters")
    if _steering(text):
        raise ValueError("a text without control characters is wanted here")
    return text


def read_reference(value: Any) -> str:
    """A text that others gave, as it is compared: in Unicode's composed form (NFC), white space joined and none around.

    Capitals count, and so does all else (docs/domain.md 2.10).
    """
    return read_text(" ".join(read_line(value).split()))


def _steering(text: str) -> bool:
    """Whether a text has control characters, breaks of lines, or marks that reverse how it is read."""
    return not text.isprintable() and any(unicodedata.category(c) in _STEERING or c in _REVERSING for c in text)


def _is_hidden(c: str) -> bool:
    """Whether a character of a name is shown as nothing, or only changes how others are shown."""
    return ignorable(c) or unicodedata.category(c) == "Cf"


def read_date(value: Any) -> datetime.date:
    """`YYYY-MM-DD`, a day that exists."""
    if isinstance(value, datetime.date):
        return value
    text = _scalar(value, "a date")
    if not _DATE.fullmatch(text):
        raise ValueError(f"`{_short(text)}` is not a date; {_written(dates_meant(text), 'write it as YYYY-MM-DD')}")
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        last = last_of_month(text)
        end = f"; the last of that month is `{last}`" if last else ""
        raise ValueError(f"`{text}` is not a day of the calendar{end}") from None


def read_single(value: Any) -> Any:
    """A single value as it is written, whose type something else tells."""
    _scalar(value, "a single value")
    return value


def read_integer(value: Any) -> int:
    """A whole number, written without quotes, below 2**53 either way."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _scalar(value, "a whole number")
    if not _INTEGER.fullmatch(text):
        counted = _COUNTED.fullmatch(text)
        meant = f"; write `{int(counted[1])}`" if counted else ""
        raise ValueError(f"`{_short(text)}` is not a whole number{meant}")
    if not isinstance(value, Plain):
        raise ValueError(f"`{text}` is a text, since it stands in quotes; write the number without them")
    if abs(int(text)) >= MAX_INTEGER:
        raise ValueError(f"`{text}` is too large a number")
    return int(text)


def read_days(value: Any) -> int:
    """A length of time in whole days: `30 days`, `1 day`; `-3 days` is one that is still ahead."""
    text = _scalar(value, "a length of time")
    found = _DAYS.fullmatch(text)
    if found is None:
        raise ValueError(f"`{_short(text)}` is not a length of time; write it in whole days, like `30 days`")
    return int(found[1])


def read_boolean(value: Any) -> bool:
    """`true` or `false`, nothing else."""
    if isinstance(value, bool):
        return value
    text = _scalar(value, "`true` or `false`")
    if text not in ("true", "false"):
        meant = _YES_OR_NO.get(text.casefold())
        write = f"; write `{meant}`" if meant else ""
        raise ValueError(f"`{_short(text)}` is neither `true` nor `false`{write}")
    if not isinstance(value, Plain):
        raise ValueError(f"`{text}` is a text, since it stands in quotes; write it without them")
    return text == "true"


def read_amount(value: Any) -> Decimal:
    """A decimal amount, quoted or not; its currency is named elsewhere."""
    if isinstance(value, Decimal):
        return value
    text = _scalar(value, "an amount")
    try:
        return parse_amount(text)
    except AmountError:
        meant = amounts_meant(text)
        if not meant:
            raise
        number = [one.partition(" ")[0] for one in meant]
        beside = "" if number == meant else "; its currency is named elsewhere"
        raise ValueError(f"`{_short(text)}` is not a decimal amount; {_written(number)}{beside}") from None


def read_money(value: Any) -> Money:
    """An amount and its currency: `100.00 USD`."""
    if isinstance(value, Money):
        return value
    text = _scalar(value, "an amount with its currency")
    try:
        return Money.parse(text)
    except AmountThousandError:
        raise
    except AmountError:
        meant = [one for one in amounts_meant(text) if " " in one]
        if not meant or _IN_FORM.fullmatch(text):
            raise
        raise ValueError(f"`{_short(text)}` is not an amount with its currency; {_written(meant)}") from None


def read_currency(value: Any) -> str:
    """An ISO 4217 code."""
    text = _scalar(value, "a currency")
    minor_digits(text)
    return str(text)


def read_country(value: Any) -> str:
    """An ISO 3166 code of two letters."""
    text = _scalar(value, "a country")
    check_country(text)
    return str(text)


def read_digest(value: Any) -> str:
    """The digest of what a plan takes with what was selected, or the first 8 characters or more of it."""
    text = _scalar(value, "a digest")
    if not _DIGEST.fullmatch(text):
        raise ValueError(f"`{_short(text)}` is no digest as plans show it: 8 characters or more of 0-9 and a-f")
    return text


def _scalar(value: Any, wanted: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):  # JSON's own word, written without quotes
        return Plain("true" if value else "false")
    found = "nothing" if value is None else "a mapping" if isinstance(value, dict) else "a list"
    raise ValueError(f"{wanted} is wanted here, not {found}")


def _written(meant: Sequence[object], otherwise: str = "") -> str:
    """What to write: each that may be meant."""
    return "write " + " or ".join(f"`{one}`" for one in meant) if meant else otherwise


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _type(read: Callable[[Any], Any], **json_schema: Any) -> Scalar:
    return Scalar(read, tuple(json_schema.items()))


_AMOUNT_PATTERN = r"^[+-]?[0-9]+(\.[0-9]+)?$"

Text = Annotated[str, _type(read_text, type=["string", "number", "boolean"])]
FreeText = Annotated[str, _type(read_free_text, type=["string", "number", "boolean"])]
AsWritten = Annotated[str, _type(read_line, type=["string", "number", "boolean"])]
Reference = Annotated[str, _type(read_reference, type=["string", "number", "boolean"])]
Names = Annotated[
    tuple[str, ...],
    _type(read_names, oneOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}]),
]
Prose = Annotated[str, _type(read_prose, type="string")]
Date = Annotated[datetime.date, _type(read_date, type="string", format="date", pattern=r"^\d{4}-\d{2}-\d{2}$")]
Single = Annotated[Any, _type(read_single, type=["string", "number", "boolean"])]
Integer = Annotated[int, _type(read_integer, type="integer")]
Boolean = Annotated[bool, _type(read_boolean, type="boolean")]
Amount = Annotated[Decimal, _type(read_amount, type=["number", "string"], pattern=_AMOUNT_PATTERN)]
Currency = Annotated[str, _type(read_currency, type="string", pattern="^[A-Z]{3}$")]
Country = Annotated[str, _type(read_country, type="string", pattern="^[A-Z]{2}$")]
