"""From data to records: every mistake at its own place, in one sentence, with a hint."""

from __future__ import annotations

import datetime
from dataclasses import field
from decimal import Decimal
from typing import Literal

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Boolean, Date, Integer, Text, read_prose, read_text
from billpolicy.source.tree import parse_text


@record
class Window:
    from_: Date
    until: Date | None = None


@record
class Thing:
    name: Text
    window: Window | None = None
    kind: Literal["big", "small"] = "big"
    amounts: tuple[Amount, ...] = ()
    flags: dict[Text, Boolean] = field(default_factory=dict)
    count: Integer = 0


def read(text: str) -> Thing:
    return read_record(Thing, parse_text(text, "f.yaml"))


def test_a_text_is_what_is_written() -> None:
    assert read("name: NO").name == "NO"
    assert read("name: 010").name == "010"
    assert read("name: 1.10").name == "1.10"


def test_values_are_exact() -> None:
    thing = read("{name: a, window: {from: 2026-02-28}, amounts: [0.10, '5'], flags: {x: true}, count: -3}")
    assert thing.window == Window(from_=datetime.date(2026, 2, 28))
    assert thing.amounts == (Decimal("0.10"), Decimal(5))
    assert thing.flags == {"x": True}
    assert thing.count == -3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nam: a", ["f.yaml:1:1: error: `name` is missing here", "`nam` is not a key", "did you mean `name`?"]),
        ("name: a\nwindow: {from: 2026-02-30}", ["f.yaml:2:16: error: `2026-02-30` is not a day of the calendar"]),
        ("name: a\nwindow: {from: 28.02.2026}", ["`28.02.2026` is not a date; write `2026-02-28`"]),
        ("name: a\nwindow: []", ["f.yaml:2:9: error: a mapping is wanted here, not a list"]),
        ("name: a\nkind: medium", ["f.yaml:2:7", "`medium` is not one of the values", "`big`, `small`"]),
        ("name: a\namounts: 5", ["a list is wanted here, not `5`"]),
        ("name: a\namounts: [1e3]", ["f.yaml:2:11", "`1e3` is not a decimal amount"]),
        ("name: a\nflags: {x: yes}", ["`yes` is neither `true` nor `false`; write `true`"]),
        ("name: a\ncount: '3'", ["`3` is a text, since it stands in quotes"]),
        ("name: a\ncount: 3.0", ["`3.0` is not a whole number"]),
        ("name: [a]", ["a text is wanted here, not a list"]),
        ("name: ''", ["a text is wanted here, not an empty one"]),
        ("name: " + "x" * 256, ["longer than 255 characters"]),
        ("- a", ["f.yaml:1:1: error: a mapping is wanted here, not a list"]),
    ],
)
def test_mistakes_are_told_in_words(text: str, told: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    for words in told:
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("number", "is_read"),
    [
        ("9007199254740991", True),
        ("-9007199254740991", True),
        ("9007199254740992", False),
        ("-9007199254740992", False),
    ],
)
def test_whole_numbers_are_those_that_every_reader_of_json_knows_exactly(number: str, is_read: bool) -> None:
    if is_read:
        assert read(f"name: a\ncount: {number}").count == int(number)
    else:
        with pytest.raises(Refused, match=f"`{number}` is too large a number"):
            read(f"name: a\ncount: {number}")


@pytest.mark.parametrize("mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\x7f\ud800")
def test_marks_that_reverse_or_steer_are_refused(mark: str) -> None:
    with pytest.raises(ValueError, match="a text of one line is wanted here, without control characters"):
        read_text(f"Ann{mark}Lee")
    with pytest.raises(ValueError, match="a text without control characters is wanted here"):
        read_prose(f"Ann{mark}Lee")


@pytest.mark.parametrize("mark", "\n\r\x0b\x0c\x1c\x85\u2028\u2029")
def test_breaks_of_lines_are_refused_in_a_text_and_joined_in_prose(mark: str) -> None:
    with pytest.raises(ValueError, match="a text of one line is wanted here, without control characters"):
        read_text(f"Ann{mark}Lee")
    assert read_prose(f"Ann{mark} Lee") == "Ann Lee"


@pytest.mark.parametrize("mark", "\xa0\u202f\u3000\u200b\u200c\u200d\u2060\ufeff\xad\u200e\u200f")
def test_other_marks_that_are_not_seen_are_part_of_a_text(mark: str) -> None:
    """Spaces that do not break, joiners, marks of direction that reverse nothing: names are written with them."""
    assert read_text(f"Ann{mark}Lee") == f"Ann{mark}Lee"


def test_all_mistakes_are_told_at_once_in_order() -> None:
    with pytest.raises(Refused) as refused:
        read("count: x\nname: []\nkind: c\nextra: 1")
    assert [d.position.line for d in refused.value.diagnostics if d.position] == [1, 2, 3, 4]
