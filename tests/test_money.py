"""Exact money: minor units and proration. Expected values are from docs/domain.md 11 or arithmetic shown."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.money import (
    MINOR_DIGITS,
    AmountError,
    Money,
    exact,
    from_minor,
    in_parts,
    parse_amount,
    prorate,
    to_minor,
    to_minors,
)

minors = st.integers(-(10**17) + 1, 10**17 - 1)
currencies = st.sampled_from(sorted(MINOR_DIGITS))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("100.00", "USD", 10000),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("-0.01", "EUR", -1),
        ("5.500", "USD", 550),
    ],
)
def test_an_amount_is_a_whole_number_of_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        ("1.001", "USD", "more decimals than USD has (2)"),
        ("0.5", "JPY", "more decimals than JPY has (0)"),
        ("1", "XXY", "`XXY` is not an ISO 4217 currency code, like `EUR`"),
        ("1", "usd", "`usd` is not an ISO 4217 currency code, like `USD`"),
        ("1", "X" * 41, f"`{'X' * 40}` is not an ISO 4217 currency code"),
        ("1e15", "USD", "too large an amount"),
        ("-1e15", "USD", "too large an amount"),
        # More than 60 digits before or behind the point are not even counted.
        ("1e60", "USD", "too large an amount"),
        ("1e61", "USD", "this amount is out of range"),
        ("1e-60", "USD", "more decimals than USD has (2)"),
        ("1e-61", "USD", "this amount is out of range"),
    ],
)
def test_what_does_not_fit_a_currency_is_refused_in_words(amount: str, currency: str, sentence: str) -> None:
    with pytest.raises(AmountError) as refused:
        to_minor(Decimal(amount), currency)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("text", ["1e3", "1,000.00", "NaN", "Infinity", "0x10", "", "1.", ".5", "１", "--1", "1 000"])
def test_only_plain_decimals_are_amounts(text: str) -> None:
    with pytest.raises(AmountError):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "an amount is wanted here, not an empty text"),
        ("  ", "an amount is wanted here, not an empty text"),
        ("9" * 100, "this amount is out of range"),
        ("x" * 41, f"`{'x' * 40}` is not a decimal amount; write digits and a point, like `100.00`"),
    ],
)
def test_what_is_no_amount_is_told_as_what_it_is(text: str, sentence: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text)
    assert str(refused.value) == sentence


def test_money_names_its_currency() -> None:
    assert Money.parse("1000.00 EUR") == Money(Decimal("1000.00"), "EUR")
    assert str(Money.parse("1000 EUR")) == "1000.00 EUR"
    with pytest.raises(AmountError, match="names no currency"):
        Money.parse("1000.00")


@given(minors, currencies)
def test_minor_units_there_and_back(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor
    assert to_minor(parse_amount(str(from_minor(minor, currency))), currency) == minor


@given(minors, currencies)
def test_exact_writes_the_decimals_of_the_currency(minor: int, currency: str) -> None:
    amount = exact(from_minor(minor, currency), currency)
    assert -amount.as_tuple().exponent == MINOR_DIGITS[currency]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("written", "currency", "expected"),
    [
        ("5", "EUR", "5.00"),
        ("5.0000", "EUR", "5.00"),
        ("-5.00", "EUR", "-5.00"),
        ("0.00", "EUR", "0.00"),
        ("-0.00", "EUR", "0.00"),
        ("-0", "JPY", "0"),
        ("0.005", "KWD", "0.005"),
        ("999999999999999.99", "EUR", "999999999999999.99"),
    ],
)
def test_exact_writes_an_amount_in_one_way(written: str, currency: str, expected: str) -> None:
    assert str(exact(Decimal(written), currency)) == expected


@pytest.mark.parametrize(
    ("written", "currency"),
    [("1000000000000000.00", "EUR"), ("-1000000000000000.00", "EUR"), ("0.001", "EUR"), ("0.5", "JPY"), ("1", "XXX")],
)
def test_exact_refuses_what_is_no_amount_of_the_currency(written: str, currency: str) -> None:
    with pytest.raises(AmountError):
        exact(Decimal(written), currency)


@pytest.mark.parametrize(
    ("amount", "part", "whole", "expected"),
    [(20, 1613, 10000, 3), (1, 1, 2, 1), (-1, 1, 2, -1), (2000, 1613, 10000, 323)],  # 0.5 rounds half up, 322.6 to 323
)
def test_prorating_rounds_half_up(amount: int, part: int, whole: int, expected: int) -> None:
    assert prorate(amount, part, whole) == expected


@pytest.mark.parametrize(
    ("amount", "of", "parts"),
    [
        (10, [1, 1, 1], [3, 4, 3]),  # up to 3.33, 6.67 and 10
        (-10, [1, 1, 1], [-3, -4, -3]),
        (10, [-1, -1, -1], [3, 4, 3]),
        (1000, [3033, 20000], [132, 868]),
        (50, [100, -50], [100, -50]),
        (7, [0, 0], [7, 0]),
        (0, [], []),
    ],
)
def test_parts_are_in_proportion_and_add_up(amount: int, of: list[int], parts: list[int]) -> None:
    assert in_parts(amount, of) == parts
    assert sum(parts) == amount


@given(currencies, st.lists(minors), st.none() | st.sampled_from(("0.00001", "1e17", "1e70")))
def test_many_amounts_are_as_each(currency: str, whole: list[int], odd: str | None) -> None:
    amounts = [from_minor(minor, currency) for minor in whole]
    assert to_minors(amounts, currency) == whole
    assert to_minors([amount.normalize() for amount in amounts], currency) == whole
    if odd is not None:
        with pytest.raises(AmountError):
            to_minors([*amounts, Decimal(odd)], currency)


@given(currencies, minors)
def test_an_amount_has_the_decimals_of_its_currency(currency: str, minor: int) -> None:
    assert repr(from_minor(minor, currency)) == repr(Decimal(minor).scaleb(-MINOR_DIGITS[currency]))


def test_no_precision_that_a_program_sets_for_itself_changes_an_amount() -> None:
    amount, minor = Decimal("123456789012.34"), 12345678901234
    with localcontext() as context:
        context.prec = 5
        assert to_minor(amount, "EUR") == minor
        assert to_minors([amount, amount], "EUR") == [minor, minor]
        assert str(from_minor(minor, "EUR")) == "123456789012.34"
