"""Plain data in the place of a file: what may stand in it, and how it is read."""

from __future__ import annotations

import datetime
from collections import UserDict, UserList
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.source.given import MAX_DIGITS, given
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import MAX_DEPTH


def problems(data: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        given(data, "book")
    assert all(one.hint for one in refused.value.diagnostics)
    return [f"{one.position and one.position.file}: {one.code}" for one in refused.value.diagnostics]


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (None, None),
        (True, Plain("true")),
        (False, Plain("false")),
        (0, Plain("0")),
        (-7, Plain("-7")),
        (Decimal("100.00"), Plain("100.00")),
        (Decimal("1E+2"), Plain("100")),
        (Decimal("-0.001"), Plain("-0.001")),
        (datetime.date(2026, 6, 1), Plain("2026-06-01")),
        (10 ** (MAX_DIGITS - 1), Plain("1" + "0" * (MAX_DIGITS - 1))),
        ("", ""),
        ((1, [2]), [Plain("1"), [Plain("2")]]),
        (UserList([1]), [Plain("1")]),
        (UserDict({"a": 1}), {"a": Plain("1")}),
        (MappingProxyType({"a": {"b": None}}), {"a": {"b": None}}),
    ],
)
def test_it_is_read_as_it_would_stand_in_a_file(data: Any, read: Any) -> None:
    found = given(data, "book").data
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize("text", ["true", "12", "1.50", "2026-06-01", "null", "~"])
def test_a_text_stays_a_text(text: str) -> None:
    """As if it stood in quotes: a number that is meant as one is given as one, or read where one is wanted."""
    found = given(text, "book").data
    assert found == text
    assert not isinstance(found, Plain)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (1.5, "book: float"),
        ({"a": [0, float("nan")]}, "book.a[1]: float"),
        ({"a": b"x"}, "book.a: value-wrong"),
        ({"a": {1, 2}}, "book.a: value-wrong"),
        ({"a": object()}, "book.a: value-wrong"),
        ({"a": 1j}, "book.a: value-wrong"),
        ({"a": datetime.time(12)}, "book.a: value-wrong"),
        ({"a": (n for n in [1])}, "book.a: value-wrong"),
        ({"a": {1: "x"}}, "book.a: key-not-text"),
        ({None: 1}, "book: key-not-text"),
        ({"a": 10**MAX_DIGITS}, "book.a: value-wrong"),
        ({"a": -(10**9999)}, "book.a: value-wrong"),
        ({"a": Decimal("1E+999999999")}, "book.a: value-wrong"),
        ({"a": Decimal("1E-999999999")}, "book.a: value-wrong"),
    ],
)
def test_anything_else_is_refused_at_its_path(data: Any, told: str) -> None:
    assert problems(data) == [told]


def test_every_mistake_is_told_up_to_a_limit() -> None:
    assert problems({"b": 1.0, "a": [2.0, {"c": 3.0}]}) == ["book.a[0]: float", "book.a[1].c: float", "book.b: float"]
    assert len(problems([0.5] * (2 * MAX_PROBLEMS))) == MAX_PROBLEMS


def test_what_is_nested_too_deep_is_refused() -> None:
    def nested(depth: int) -> Any:
        return [nested(depth - 1)] if depth else "x"

    assert given(nested(MAX_DEPTH), "book").data == nested(MAX_DEPTH)
    assert problems(nested(MAX_DEPTH + 1)) == ["book" + "[0]" * (MAX_DEPTH + 1) + ": too-deep"]


def test_what_is_in_itself_is_refused_at_once() -> None:
    """By depth alone it would be found too, but only on all of its ways: here 2 to the power of 32."""
    data: dict[str, Any] = {}
    data |= {"a": data, "b": [data]}
    assert problems(data) == ["book.a: too-deep", "book.b[0]: too-deep"]


def test_the_same_data_may_stand_in_two_places() -> None:
    attributes = {"bill_to_contact": "ann"}
    assert given([attributes, attributes], "book").data == [attributes, attributes]


def test_a_path_is_as_a_program_writes_it() -> None:
    at = given({"a": [{"b": 1}]}, "book").at
    assert [at().file, at("a", 0, "b").file, at("a", 0, "c", key=True).file] == ["book", "book.a[0].b", "book.a[0].c"]
