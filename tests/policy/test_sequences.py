"""How numbers are written: formats, when they begin anew, and that no number can be reached from two series."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billpolicy.book.numbers import FiscalYear, filled
from billpolicy.policy.sequences import _meet, _shape
from tests.helpers.scenes import policy, refused_codes
from tests.policy.test_checks import sets


def numbered(invoice: str, more: str = "", rest: str = "") -> str:
    """A set whose invoices are numbered like this."""
    memos = "credit_memo: {prefix: A-CM}, debit_memo: {prefix: A-DM}"
    return sets(f"A: {{invoice: {{{invoice}}}, {memos}{more}}}{rest}")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: yearly, width: 5', []),
        ('prefix: A-, format: "{prefix}{year}{number}", reset: never', []),
        ('prefix: A-, format: "{prefix}{year}/{month}/{number}", reset: monthly', []),
        ('prefix: A-, format: "{prefix}{year}/{month}/{number}", reset: yearly', []),
        ('prefix: A-, format: "{prefix}.{number}", width: 1', []),
        ('prefix: A-, format: "{number}"', ["sequence-format"]),
        ('prefix: A-, format: "{prefix}{number}{year}", reset: yearly', ["sequence-format"]),
        ('prefix: A-, format: "{prefix}{quarter}{number}", reset: never', ["sequence-format"]),
        ('prefix: A-, format: "{prefix} {number}"', ["sequence-format"]),
        ("prefix: A-, width: 0", ["sequence-format"]),
        ("prefix: A-, width: 19", ["sequence-format"]),
        ('prefix: A-, format: "{prefix}{year}-{number}"', ["sequence-reset"]),
        ("prefix: A-, reset: yearly", ["sequence-reset"]),
        ('prefix: A-, format: "{prefix}{month}-{number}", reset: monthly', ["sequence-reset"]),
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: monthly', ["sequence-reset"]),
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: fiscal_year', ["sequence-reset"]),
        ('prefix: A-, format: "{prefix}{fiscal_year}-{number}", reset: fiscal_year', ["fiscal-year"]),
        ('prefix: A-, from_source: "{source}-A{number}"', ["sequence-format"]),  # an invoice is made from nothing
    ],
)
def test_formats(text: str, codes: list[str]) -> None:
    if codes:
        assert refused_codes(numbered(text)) == codes
    else:
        assert policy(numbered(text))


@pytest.mark.parametrize("text", ["-C{number}", "{source}C1-{number}", "{source}{number}", "{source}-C"])
def test_what_continues_the_number_of_a_source_has_letters_between(text: str) -> None:
    memo = f", credit_memo: {{prefix: A-CM, from_source: '{text}'}}, debit_memo: {{prefix: A-DM}}"
    assert refused_codes(sets(f"A: {{invoice: {{prefix: A-}}{memo}}}")) == ["sequence-format"]


def test_two_kinds_never_continue_it_alike() -> None:
    memos = ", ".join(
        f"{kind}: {{prefix: {prefix}, from_source: '{{source}}-C{{number}}'}}"
        for kind, prefix in (("credit_memo", "A-CM"), ("debit_memo", "A-DM"))
    )
    assert refused_codes(sets(f"A: {{invoice: {{prefix: A-}}, {memos}}}")) == ["prefix-shared"]


def test_a_series_does_not_number_as_what_continues_a_source() -> None:
    """`A1-C` with 00000001 is what `{source}-C{number}` could make of a document A1, with 00000001 for its number."""
    memos = "credit_memo: {prefix: A-CM, from_source: '{source}-C{number}'}, debit_memo: {prefix: A1-C}"
    assert refused_codes(sets(f"A: {{invoice: {{prefix: A-}}, {memos}}}")) == ["prefix-collision"]


@pytest.mark.parametrize(
    ("begins", "codes"), [("04-01", []), ("12-31", []), ("02-29", ["fiscal-year"]), ("4-1", ["fiscal-year"])]
)
def test_a_fiscal_year_begins_on_a_day_of_every_year(begins: str, codes: list[str]) -> None:
    text = numbered('prefix: A-, format: "{prefix}{fiscal_year}-{number}", reset: fiscal_year')
    text += f"\nfiscal_year: {{begins: '{begins}', named_by: first}}\n"
    if codes:
        assert refused_codes(text) == codes
    else:
        assert policy(text).fiscal_year is not None


def test_months_of_a_fiscal_year_that_begins_within_one_are_not_told_by_it() -> None:
    """The 5th of April 2027 is in the fiscal year 2026 from 6 April, as is the 6th of April 2026: `2026-04` is both."""
    format = 'prefix: A-, format: "{prefix}{fiscal_year}-{month}-{number}", reset: monthly'
    sixth, first = (f"\nfiscal_year: {{begins: 04-0{day}, named_by: first}}\n" for day in (6, 1))
    assert refused_codes(numbered(format) + sixth) == ["sequence-reset"]
    assert policy(numbered(format) + first)


DAY = datetime.date


@pytest.mark.parametrize(
    ("year", "day", "expected"),
    [
        (FiscalYear(4, 1, "first"), DAY(2026, 3, 31), 2025),
        (FiscalYear(4, 1, "first"), DAY(2026, 4, 1), 2026),
        (FiscalYear(4, 1, "last"), DAY(2026, 3, 31), 2026),
        (FiscalYear(4, 1, "last"), DAY(2026, 4, 1), 2027),
        (FiscalYear(1, 1, "last"), DAY(2026, 12, 31), 2026),  # it begins and ends in one year
        (FiscalYear(3, 1, "last"), DAY(2028, 2, 29), 2028),
    ],
)
def test_what_a_fiscal_year_is_called(year: FiscalYear, day: datetime.date, expected: int) -> None:
    assert year.of(day) == expected


def test_what_no_field_is_named_for_is_left() -> None:
    assert filled("INV-{year}{month}-", DAY(2026, 5, 1), None, ("year",)) == "INV-2026{month}-"


@pytest.mark.parametrize(
    ("one", "other", "codes"),
    [
        # The same text by a year and by a prefix; the same by other digits; a year that the digits of another make.
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: yearly', "prefix: A-2026-", ["prefix-collision"]),
        ('prefix: A-, format: "{prefix}{year}{number}", reset: yearly', "prefix: A-", ["prefix-collision"]),
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: yearly', "prefix: A-", []),
        ('prefix: A-, format: "{prefix}{year}-{number}", reset: yearly', "prefix: A-20-", []),
        ("prefix: A-, width: 5, shared: true", "prefix: A-, shared: true", ["sequence-format"]),
        ("prefix: A-, shared: true", "prefix: A-", ["prefix-in-two-sets"]),
        ("prefix: A-, shared: true", "prefix: A-, shared: true", []),
    ],
)
def test_two_sets(one: str, other: str, codes: list[str]) -> None:
    second = f", B: {{invoice: {{{other}}}, credit_memo: {{prefix: B-CM}}, debit_memo: {{prefix: B-DM}}}}"
    if codes:
        assert refused_codes(numbered(one, rest=second)) == codes
    else:
        assert policy(numbered(one, rest=second))


@pytest.mark.parametrize(
    ("invoice", "codes"),
    [
        ('prefix: PM, format: "{prefix}-{number}"', ["prefix-reserved"]),
        ('prefix: TMP, format: "{prefix}-INV-{number}"', ["prefix-reserved"]),  # as a draft
        ('prefix: CBA, format: "{prefix}-{year}{number}", reset: yearly', ["prefix-reserved"]),  # CBA-2026 and 00000001
        ("prefix: CBA-7", ["prefix-reserved"]),  # CBA-7 and 00000001 is CBA- and 700000001
        ("prefix: R-7", ["prefix-collision"]),  # with the series of refunds, which DEFAULT has
        ("prefix: P-X", []),
        ('prefix: CBA, format: "{prefix}-{year}-{number}", reset: yearly', []),
    ],
)
def test_no_format_comes_to_numbers_of_a_reserved_prefix(invoice: str, codes: list[str]) -> None:
    if codes:
        assert refused_codes(numbered(invoice)) == codes
    else:
        assert policy(numbered(invoice))


PARTS = st.sampled_from(["A", "-", "1", "2", "{year}", "{month}"])
BEFORE = st.lists(PARTS, max_size=3).map(lambda parts: "A" + "".join(parts))
"""The text before a number; digits of a date are 1 and 2 here, so that all numbers can be listed."""
LONGEST = 9


def numbers(shape: str, digits: int) -> Iterator[str]:
    """Every number of a series that has so many digits for its counter, of these two digits."""
    places = shape + "#" * digits
    for drawn in product("12", repeat=places.count("#")):
        rest = iter(drawn)
        yield "".join(next(rest) if place == "#" else place for place in places)


@given(BEFORE, BEFORE)
def test_two_series_meet_where_some_number_is_of_both(one: str, other: str) -> None:
    """By listing all numbers up to the length at which the texts before them cannot tell them apart any more."""
    shapes = [_shape(each) for each in (one, other)]
    longest = max(map(len, shapes)) + 1
    assume(longest <= LONGEST)
    first, second = (
        {number for digits in range(1, longest - len(shape) + 1) for number in numbers(shape, digits)}
        for shape in shapes
    )
    assert _meet(*shapes) == bool(first & second)
