"""The values of one column: the right ones as facts, and which rows have one that their field cannot have.

What is right says `deciding/rows.py`, one value at a time; here each distinct word is looked at once, and numbers all
together.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billpolicy.countries.codes import CODES
from billpolicy.deciding.matching.cells import NumberCells, WordCells
from billpolicy.deciding.rows import DATE, fact_of
from billpolicy.money import MAX_MINOR, MINOR_DIGITS, AmountError, to_minor
from billpolicy.policy.condition import Fact
from billpolicy.source.scalars import MAX_INTEGER, MAX_TEXT
from billpolicy.vocabulary.spec import FieldSpec, FieldType

Ints: TypeAlias = npt.NDArray[Any]
"""Whole numbers, of as many bits as are needed."""
Bools: TypeAlias = npt.NDArray[np.bool_]

_PLAIN_TEXT = r"^[!-~]([ -~]*[!-~])?$"
"""Texts that are right beyond doubt, but for their length: what has other letters is looked at by itself."""
_FIRST_DAY = datetime.date(1970, 1, 1).toordinal()
_FEW = 16
"""Of so few bounds it is faster to compare with each than to search."""
_MOST_DIGITS = max(MINOR_DIGITS.values())


class Texts(NamedTuple):
    """A column of texts, each distinct one once."""

    numbers: Ints
    """Of each row the place of its text among `words`, -1 where it has none: the last place of any table of words."""
    words: pa.StringArray

    def text(self, row: int) -> str | None:
        number = int(self.numbers[row])
        return None if number < 0 else cast(str, self.words[number].as_py())


class Numbers(NamedTuple):
    """A column of whole numbers: as they are, minor units, or ordinals of days."""

    values: Ints
    """Anything where there is none."""
    there: Bools | None
    """Which rows have one; None: all of them."""


class Truths(NamedTuple):
    """A column of true and false."""

    values: Ints
    """0, 1, and 2 where there is none."""


Column = Texts | Numbers | Truths


def texts_of(column: pa.Array) -> Texts:
    """A column of texts, of any of Arrow's types for them."""
    if pa.types.is_null(column.type):
        return Texts(np.full(len(column), -1, np.int32), pa.array([], pa.string()))
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    elif column.dictionary.null_count:
        column = column.cast(column.type.value_type).cast(pa.string()).dictionary_encode()
    indices = column.indices.cast(pa.int32())
    there, numbers = _valid(indices), _raw(indices, np.int32)
    if there is not None:
        numbers = (numbers + 1) * there - 1  # faster than to choose
    return Texts(numbers, column.dictionary.cast(pa.string()))


def _valid(column: pa.Array) -> Bools | None:
    """Which rows have a value; None: all of them."""
    if not column.null_count:
        return None
    until = column.offset + len(column)
    bits = np.unpackbits(np.frombuffer(column.buffers()[0], np.uint8), count=until, bitorder="little")
    return bits[column.offset :].view(np.bool_)


def _raw(column: pa.Array, type_: npt.DTypeLike) -> Ints:
    """The numbers of a column as they lie in memory: anything where there is none."""
    buffer = column.buffers()[1]
    found: Ints = np.frombuffer(buffer, type_) if buffer else np.zeros(0, type_)
    return found[column.offset : column.offset + len(column)]


def composed_words(texts: Texts) -> Texts:
    """The same texts as policies write them: in Unicode's composed form (NFC)."""
    if pc.all(pc.string_is_ascii(texts.words)).as_py() is not False:
        return texts
    return texts._replace(words=pc.utf8_normalize(texts.words, "NFC"))


def words_wrong(field: FieldSpec, words: pa.StringArray) -> Bools:
    """Which of these words a field cannot be."""
    known = _closed(field)
    if known is None:
        short = pc.less_equal(pc.binary_length(words), MAX_TEXT)
        fine = pc.and_(pc.match_substring_regex(words, _PLAIN_TEXT), short)
    else:
        fine = pc.is_in(words, value_set=pa.array(sorted(known), pa.string()))
    wrong: Bools = np.logical_not(fine.to_numpy(zero_copy_only=False))
    if wrong.any():
        doubtful = wrong if known is None else wrong & ~pc.string_is_ascii(words).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(doubtful):
            wrong[place] = not _can_be(field, words[int(place)].as_py())
    return wrong


def _closed(field: FieldSpec) -> Collection[str] | None:
    """All words that a field can be, where these are few."""
    if field.choices or field.type == "choice":
        return field.choices
    return {"country": CODES, "currency": MINOR_DIGITS}.get(field.type)


def _can_be(field: FieldSpec, value: Any) -> bool:
    try:
        fact_of(field, value)
    except ValueError:
        return False
    return True


def numbers_of(type_: FieldType, column: pa.Array, currency: Texts | None) -> tuple[Numbers, Bools | None]:
    """A column of numbers, and which rows have one that no field of this type can be. `currency`: of amounts."""
    if pa.types.is_null(column.type):
        return Numbers(np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)), None
    there = _valid(column)
    wrong: Bools | None
    if type_ == "money":
        assert currency is not None
        values, wrong = _minor_units(column, currency)
    elif type_ == "date":
        values = _raw(column, np.int32) + np.int32(_FIRST_DAY)
        wrong = _outside(values, 1, datetime.date.max.toordinal())
    else:
        values = _raw(column.cast(pa.int64()), np.int64)
        wrong = _outside(values, 1 - MAX_INTEGER, MAX_INTEGER - 1)
    return Numbers(values, there), wrong if wrong is None or there is None else wrong & there


def numbers_wrong(field: FieldSpec, numbers: Numbers, wrong: Bools | None) -> Bools | None:
    """Which rows have a number that the field cannot be. `wrong`: those of which that is known."""
    if field.name == DATE and numbers.there is not None:
        return _either(wrong, ~numbers.there)
    if field.at_least is None:
        return wrong
    below = _outside(numbers.values, field.at_least, None)
    if below is not None and numbers.there is not None:
        below &= numbers.there
    return _either(wrong, below)


def _outside(values: Ints, least: int, most: int | None) -> Bools | None:
    if not len(values) or (values.min() >= least and (most is None or values.max() <= most)):
        return None
    below: Bools = values < least
    return below if most is None else below | (values > most)


def _either(one: Bools | None, other: Bools | None) -> Bools | None:
    return other if one is None else one if other is None else one | other


def _minor_units(column: pa.Array, currency: Texts) -> tuple[Ints, Bools]:
    """Amounts in minor units of their currency, and which are none: finer than it, too large, or of no currency."""
    digits_of = [MINOR_DIGITS.get(word, -1) for word in currency.words.to_pylist()]
    digits = np.array([*digits_of, -1], np.int8)[currency.numbers]
    if column.type.scale > _MOST_DIGITS:
        with suppress(pa.ArrowInvalid):  # where some are finer than any currency, these are found below
            column = column.cast(pa.decimal128(38, _MOST_DIGITS))
    column = column.cast(pa.decimal128(38, column.type.scale))
    begins = column.offset
    raw = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[begins : begins + len(column)]
    unscaled = np.ascontiguousarray(raw[:, 0])
    fits = raw[:, 1] == unscaled >> 63
    units, wrong = np.zeros(len(column), np.int64), np.ones(len(column), np.bool_)
    for many in {each for each in digits_of if each >= 0}:
        shift = many - column.type.scale
        if abs(shift) > 18:
            fits &= digits != many  # these are looked at one by one
            continue
        if shift >= 0:
            most = (MAX_MINOR - 1) // 10**shift
            found, fine = unscaled * np.int64(10**shift), (unscaled <= most) & (unscaled >= -most)
        else:
            found = unscaled // np.int64(10**-shift)
            fine = (found * np.int64(10**-shift) == unscaled) & (found < MAX_MINOR) & (found > -MAX_MINOR)
        those = fits & (digits == many)
        if those.all():
            return found, ~fine
        np.copyto(units, found, where=those)
        np.copyto(wrong, ~fine, where=those)
    for row in () if fits.all() else np.flatnonzero(~fits & (digits >= 0)):
        amount = column[int(row)].as_py()
        if amount is not None:
            wrong[row] = not _take(units, int(row), amount, currency.text(int(row)) or "")
    return units, wrong


def _take(units: Ints, row: int, amount: Decimal, currency: str) -> bool:
    try:
        units[row] = to_minor(amount, currency)
    except AmountError:
        return False
    return True


def classes_of_words(cells: WordCells, texts: Texts) -> Ints:
    """Of each row the class of its word."""
    named = [word for word in cells.number_of if word is not None]
    places = pc.index_in(texts.words, value_set=pa.array(named, pa.string())).fill_null(-1)
    unset = cells.number_of[None]
    of_named = np.array([*(cells.number_of[word] for word in named), 0], np.int32)
    classes: Ints = np.append(of_named[places.to_numpy(zero_copy_only=False)], np.int32(unset))[texts.numbers]
    return classes


def classes_of_truths(cells: WordCells, truths: Truths) -> Ints:
    """Of each row the class of what it says."""
    get = cells.number_of.get
    table = np.array([get(False, 0), get(True, 0), cells.number_of[None]], np.int32)
    return cast(Ints, table[truths.values])


def classes_of_numbers(cells: NumberCells, numbers: Numbers) -> Ints:
    """Of each row the class of its number."""
    if len(cells.bounds) > _FEW:
        classes = np.searchsorted(np.array(cells.bounds, np.int64), numbers.values, side="right")
    else:
        classes = np.zeros(len(numbers.values), np.int8)
        for bound in cells.bounds:
            classes += numbers.values >= bound
    return classes if numbers.there is None else np.where(numbers.there, classes, len(cells.bounds) + 1)


def truths_of(column: pa.Array) -> Truths:
    """A column of true and false."""
    if pa.types.is_null(column.type):
        return Truths(np.full(len(column), 2, np.int8))
    return Truths(column.cast(pa.int8()).fill_null(2).to_numpy(zero_copy_only=False))


def facts_at(column: Column, rows: Ints) -> list[Fact | None]:
    """The facts of some rows."""
    if isinstance(column, Texts):
        numbers = column.numbers[rows]
        return cast("list[Fact | None]", column.words.take(pa.array(numbers, mask=numbers < 0)).to_pylist())
    if isinstance(column, Truths):
        return [(False, True, None)[value] for value in column.values[rows].tolist()]
    there = [True] * len(rows) if column.there is None else column.there[rows].tolist()
    return [value if has else None for value, has in zip(column.values[rows].tolist(), there, strict=True)]
