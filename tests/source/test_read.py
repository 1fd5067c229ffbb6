"""From data to records: every mistake at its own place, in one sentence, with a hint."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import field
from decimal import Decimal
from typing import Literal

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import (
    Amount,
    Boolean,
    Date,
    Integer,
    Text,
    read_free_text,
    read_line,
    read_prose,
    read_reference,
    read_text,
)
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


UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\xad\u200e\u200f\u061c\u034f\u3164\ufe0f\u180e\U000e0041\ufff9"


@pytest.mark.parametrize("mark", "\xa0\u202f\u3000" + UNSEEN)
def test_other_marks_that_are_not_seen_are_part_of_what_only_people_read(mark: str) -> None:
    """Spaces that do not break, joiners, marks of direction that reverse nothing: names of customers have them."""
    assert read_free_text(f"Ann{mark}Lee") == f"Ann{mark}Lee"
    assert read_prose(f"Ann{mark}Lee").replace(" ", mark) == f"Ann{mark}Lee"


@pytest.mark.parametrize("mark", UNSEEN)
def test_what_something_is_known_by_has_nothing_that_is_not_seen(mark: str) -> None:
    for text in (f"k{mark}1", f"k1{mark}", f"{mark}k1"):
        with pytest.raises(ValueError, match=rf"^this text has U\+{ord(mark):04X} [A-Z0-9 -]+ in it, "):
            read_text(text)
    with pytest.raises(ValueError, match="in it, which nobody sees"):
        read_reference(f"Ann {mark} Lee")


@pytest.mark.parametrize("space", " \xa0\u2003\u202f\u3000")
def test_what_something_is_known_by_has_no_space_around_it(space: str) -> None:
    for text in (f"k1{space}", f"{space}k1"):
        with pytest.raises(ValueError, match="this text begins or ends with a space; write it without"):
            read_text(text)
    assert read_text(f"k{space}1") == f"k{space}1"
    assert read_free_text(f"k1{space}") == f"k1{space}"
    assert read_reference(f" k1{space}") == "k1"


def test_prose_has_an_end() -> None:
    assert len(read_prose("a " * 5_000)) == 9_999, "spaces around it are none of it"
    with pytest.raises(ValueError, match="longer than 10,000 characters"):
        read_prose("x" * 10_001)


@pytest.mark.parametrize("reader", [read_text, read_free_text, read_prose, read_reference])
def test_letters_with_accents_are_one_text_however_they_are_written(reader: Callable[[str], str]) -> None:
    """`é` is U+00E9, or U+0065 with U+0301; `ệ` may have its two accents in either order (UAX 15, figures 3 and 4)."""
    assert reader("caf\u0065\u0301") == "caf\u00e9"
    assert reader("e\u0323\u0302") == reader("e\u0302\u0323") == "\u1ec7"
    assert reader("\u212b \u1112\u1161\u11ab") == "\u00c5 \ud55c"


def test_the_name_of_a_file_stays_as_it_is_written() -> None:
    assert read_line("caf\u0065\u0301\u200b ") == "caf\u0065\u0301\u200b "


def test_all_mistakes_are_told_at_once_in_order() -> None:
    with pytest.raises(Refused) as refused:
        read("count: x\nname: []\nkind: c\nextra: 1")
    assert [d.position.line for d in refused.value.diagnostics if d.position] == [1, 2, 3, 4]
