"""Exact money: an integer count of a currency's minor units. No float, no tolerance, no rounding by accident.

Minor units per currency are those of ISO 4217 (JPY 0, USD 2, KWD 3). See docs/domain.md 9.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

_TWO_DIGITS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"

MINOR_DIGITS: dict[str, int] = {
    code: digits
    for digits, codes in ((2, _TWO_DIGITS), (0, _NO_DIGITS), (3, _THREE_DIGITS), (4, _FOUR_DIGITS))
    for code in codes.split()
}
"""ISO 4217 currency code -> number of decimal places."""

MAX_MINOR = 10**17
"""Amounts, and what adds up of a document or a credit balance, stay below this many minor units: far above any invoice,
far below 2**63 (SQLite, the rules engine)."""

_WIDE = Context(prec=100)
_times = _WIDE.multiply
"""Exact, whatever precision a program that calls this one has set for itself."""
_AMOUNT = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


class AmountError(ValueError):
    """A text or number that is no exact amount of its currency. The message is one plain sentence for the user."""


class AmountThousandError(AmountError):
    """`1.000` of a currency with two decimals: a thousand where a point groups digits, and one where it does not."""

    def __init__(self, amount: Decimal, currency: str) -> None:
        one, thousand = from_minor(to_minor(amount, currency), currency), amount.scaleb(3)
        more = from_minor(to_minor(thousand, currency), currency)
        super().__init__(f"`{amount} {currency}` can be read in two ways: it is `{one}` or `{more}`")


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one ISO 4217 currency, as policies write it: `1000.00 EUR`."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `"1000.00 EUR"`. Raises `AmountError` when the text is not one amount and one currency."""
        amount, _, currency = text.strip().partition(" ")
        if not currency:
            raise AmountError(f"`{text[:40]}` names no currency; write an amount and a currency, like `100.00 USD`")
        return cls(exact(parse_amount(amount), currency.strip()), currency.strip())

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return to_minor(self.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def parse_amount(text: str) -> Decimal:
    """A plain decimal text as Decimal, never through float. Raises `AmountError`."""
    if not _AMOUNT.fullmatch(text):
        if text.isdecimal():
            raise AmountError("this amount is out of range")
        if not text.strip():
            raise AmountError("an amount is wanted here, not an empty text")
        raise AmountError(f"`{text[:40]}` is not a decimal amount; write digits and a point, like `100.00`")
    return Decimal(text)


class _Written(NamedTuple):
    """How amounts of a currency are written: one minor unit, the largest amount, and how many minor units are 1."""

    one: Decimal
    most: Decimal
    units: Decimal


_WRITTEN = {
    code: _Written(Decimal(1).scaleb(-digits), Decimal(MAX_MINOR - 1).scaleb(-digits), Decimal(10**digits))
    for code, digits in MINOR_DIGITS.items()
}


def smallest_of(currency: str) -> Decimal:
    """One minor unit of a currency: amounts are written with as many decimals. Raises `KeyError` for no currency."""
    return _WRITTEN[currency].one


def largest_of(currency: str) -> Decimal:
    """The largest amount of a currency. Raises `KeyError` for no currency."""
    return _WRITTEN[currency].most


def to_minor(amount: Decimal, currency: str) -> int:
    """Integer minor units of an amount. Raises `AmountError` if it is not a whole number of them, or too large."""
    written = _WRITTEN.get(currency)
    if written is not None and amount.same_quantum(written.one) and amount.copy_abs() <= written.most:
        return int(_times(amount, written.units))  # as nearly all are
    digits = minor_digits(currency)
    if abs(amount.adjusted()) > 60:
        raise AmountError("this amount is out of range")
    scaled = amount.scaleb(digits, _WIDE)
    minor = int(scaled)
    if minor != scaled:
        raise AmountError(f"`{amount}` has more decimals than {currency} has ({digits})")
    if abs(minor) >= MAX_MINOR:
        raise AmountError(f"`{amount}` is too large an amount")
    return minor


def from_minor(minor: int, currency: str) -> Decimal:
    """An amount with the currency's own number of decimals: `(5, "KWD")` is `0.005`."""
    written = _WRITTEN.get(currency)
    return Decimal(minor).scaleb(-minor_digits(currency)) if written is None else _times(written.one, minor)


def to_minors(amounts: Sequence[Decimal], currency: str) -> list[int]:
    """`to_minor` of each: those of a document, of which there can be many thousands."""
    written = _WRITTEN.get(currency)
    if written is not None and all(map(written.one.same_quantum, amounts)):
        units = written.units
        minors = [int(_times(amount, units)) for amount in amounts]
        if max(minors, default=0) < MAX_MINOR and min(minors, default=0) > -MAX_MINOR:
            return minors
    return [to_minor(amount, currency) for amount in amounts]


def exact(amount: Decimal, currency: str) -> Decimal:
    """The same amount, written with the currency's own number of decimals. Raises `AmountError` like `to_minor`, and
    `AmountThousandError` where the point may be one that groups digits: nobody would see what is a thousandth of it.

    An amount that is written so already is answered itself: a large book has millions of them.
    """
    written = _WRITTEN.get(currency)
    # Zero may be written below zero, and is not to stay so.
    if written is not None and amount.same_quantum(written.one) and amount and abs(amount) <= written.most:
        return amount
    found = from_minor(to_minor(amount, currency), currency)
    if amount.as_tuple().exponent == -3 and minor_digits(currency) < 3 and 1 <= abs(amount) < 1000:
        raise AmountThousandError(amount, currency)
    return found


def minor_digits(currency: str) -> int:
    """Decimal places of a currency. Raises `AmountError` for what is no currency."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        like = _meant(currency) or "EUR"
        raise AmountError(f"`{currency[:40]}` is not an ISO 4217 currency code, like `{like}`") from None


CURRENCY_NAMES = {
    **dict.fromkeys(("$", "US$", "DOLLAR", "DOLLARS", "US DOLLAR", "US DOLLARS"), "USD"),
    **dict.fromkeys(("€", "EURO", "EUROS"), "EUR"),
    **dict.fromkeys(("£", "POUND", "POUNDS", "POUND STERLING", "STERLING"), "GBP"),
    **dict.fromkeys(("¥", "YEN"), "JPY"),
    **dict.fromkeys(("FRANC", "FRANCS", "FRANKEN", "SFR", "SWISS FRANC", "SWISS FRANCS"), "CHF"),
    **dict.fromkeys(("RMB", "YUAN", "RENMINBI"), "CNY"),
    "₹": "INR",
}
"""What is often written instead of a code, in capitals -> the code that is probably meant."""


def _meant(currency: str) -> str | None:
    """The code that is meant by a text that is none, as far as it can be told."""
    import difflib

    text = " ".join(currency.upper().split())
    if text in MINOR_DIGITS or text in CURRENCY_NAMES:
        return CURRENCY_NAMES.get(text, text)
    return next(iter(difflib.get_close_matches(text, MINOR_DIGITS, n=1, cutoff=0.75)), None)


def prorate(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole` in minor units, half up (docs/domain.md 9.5: mode Half Up); `whole` > 0."""
    product = amount * part
    sign = -1 if product < 0 else 1
    return sign * ((2 * abs(product) + whole) // (2 * whole))


def half_up(amount: Fraction) -> int:
    """An exact number of minor units, rounded to whole ones, half up."""
    return prorate(amount.numerator, 1, amount.denominator)


def in_parts(amount: int, of: Sequence[int]) -> list[int]:
    """An amount in proportion to these, which may be below zero: each as it is on top of those before it, half up, so
    they add up. All of it is with the first where these come to nothing."""
    whole = sum(of)
    if not whole:
        return [amount if place == 0 else 0 for place in range(len(of))]
    parts, done, given = [], 0, 0
    for one in of:
        done += one
        until = prorate(amount if whole > 0 else -amount, done, abs(whole))
        parts.append(until - given)
        given = until
    return parts
