"""Quick reading: what it accepts, the careful reading accepts too and reads the same; what is usual, it accepts."""

from __future__ import annotations

import json
from dataclasses import field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.quick.file import read_quickly
from billpolicy.source.quick.json_sections import json_sections
from billpolicy.source.quick.sections import data_of
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.quick.yaml_sections import yaml_sections
from billpolicy.source.read import read_carefully
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Boolean, Currency, Date, Integer, Plain, Prose, Text
from billpolicy.source.tree import MAX_DEPTH, parse_text
from tests.helpers.properties import examples

# -- the form of a file --------------------------------------------------------------------------------------------


def quick(text: str, file: str) -> Any:
    """The sections of a text; None where quick reading is unsure."""
    found: dict[str, list[Any]] = {}
    try:
        for name, entries in (json_sections if file.endswith(".json") else yaml_sections)(text):
            if name in found:
                return None
            found[name] = [data_of(entry) for _, entry in entries]
    except Unsure:
        return None
    return found


def told(data: Any) -> Any:
    """The data with the difference between what stands in quotes and what does not."""
    if isinstance(data, dict):
        return {key: told(value) for key, value in data.items()}
    if isinstance(data, list):
        return [told(value) for value in data]
    if isinstance(data, bool):
        return ("plain", "true" if data else "false")
    return ("plain", str(data)) if isinstance(data, Plain) else data


def agrees(text: str, file: str) -> bool:
    """Whether quick reading accepts the text; if it does, the careful one has to, and with the same data."""
    found = quick(text, file)
    if found is None:
        return False
    assert told(found) == told(parse_text(text, file).data)
    return True


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_yaml_is_read_as_deep_as_the_careful_reading_and_no_deeper(more: int) -> None:
    levels = MAX_DEPTH - 2 + more  # beside the mapping of the file and the list of the section
    text = f"a:\n- {'[' * levels}{']' * levels}\n"
    if more <= 0:
        assert agrees(text, "f.yaml")
    else:
        assert quick(text, "f.yaml") is None
        with pytest.raises(Refused, match="yaml-depth"):
            parse_text(text, "f.yaml")


USUAL = (
    {"a": [{"id": "x", "amount": 1.5, "on": True, "none": None, "list": [1, "é 😀", {}], "text": 'a "quoted\\" \n'}]},
    {"a": [], "b": [{"k": "NO"}, {"k": -12}]},
)


@pytest.mark.parametrize("data", USUAL)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
@pytest.mark.parametrize("file", ["f.json", "f.yaml"])
def test_usual_json_is_read_quickly(
    data: Any, indent: int | None, ascii: bool, separators: tuple[str, str], file: str
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii, separators=separators)
    # Only a `.json` file may write a character beyond the first 65,536 as two escapes.
    assert agrees(text, file) == (file == "f.json" or "\\ud83d" not in text)
    if file == "f.json":
        assert agrees(text.replace("\n", "\r\n").replace("  ", "\t"), file)


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- b: 1\n  c: 'two'\n- {b: [x, \"y\", ~]}\nd: []\n",
        "---\na:\n  - b: |\n      several\n      lines\n    c: a text\n      on two\n...\n",
        "# a comment\na: [{b: NO, c: 12:30, d: 010}]",
        '"a": [1, {"x": {}}, null]',
    ],
)
def test_usual_yaml_is_read_quickly(text: str) -> None:
    assert agrees(text, "f.yaml")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1], "a": [2]}',
        '{"a": [{"b": 1, "b": 2}]}',
        '{"a"\n: [1]}',
        '{"a"\r: [1]}',
        '{"a": [{"b"\n: 1}]}',
        '{"a": [{"b" \r\n\n : 1}]}',
        '{"a": [{"b"' + " " * 1100 + ": 1}]}",
        '{"a": [{"b"' + "\t" * 1100 + ": 1}]}",
        '{"a": [{"' + "\\u0061" * 200 + '": 1}]}',
        '{"a": ["\\ud800"]}',
        '{"a": ["\\ude00\\ud83d"]}',
        '{"a": ["x\x85y"]}',
        '{"a": ["x\u2028y"]}',
        '{"a": ["x\x7fy"]}',
        '{"a": ["x\x9fy"]}',
        '{"a": ["x\ufffey"]}',
        '{"a": ["x\ny"]}',
        '{"a": [1,]}',
        '{"a": [1] "b": [2]}',
        '{"a": [1]} 2',
        '{"a": [1]',
        '{"a": [1}',
        '{"a": [01]}',
        '{"a": [x]}',
        '{"a": 1}',
        "{1: [1]}",
        "{}",
        "[]",
        "",
        "[" * 100_000,
        '{"a": [' + "[" * 100_000,
    ],
)
def test_what_is_unusual_in_json_is_left_to_the_careful_reading(text: str) -> None:
    assert quick(text, "f.json") is None


@pytest.mark.parametrize(
    "text",
    [
        "a: [1]\na: [2]",
        "a: [{b: 1, b: 2}]",
        "a: [&x 1]",
        "a: &x [1]",
        "&x a: [1]",
        "a: [{b: *x}]",
        "a: [*x]",
        "a: *x",
        "a: [!!str 1]",
        "a: !x [1]",
        "!!map {a: [1]}",
        "&x {a: [1]}",
        "a: [{[b]: 1}]",
        "a: [{~: 1}]",
        "~: [1]",
        "a: [1]\n---\nb: [2]",
        "a: 1",
        "a:",
        "- 1",
        "a",
        "",
        "# only a comment",
        "a: [1",
        "a: ['x",
        "a: [\x07]",
        "a: [" + "[" * 40 + "]" * 40 + "]",
        "a: [" + "[" * 100_000,
        "a: [{" + "x" * 300 + ": 1}]",
    ],
)
def test_what_is_unusual_in_yaml_is_left_to_the_careful_reading(text: str) -> None:
    assert quick(text, "f.yaml") is None


STRANGE = st.text(
    st.sampled_from('ab \\"/:,[]{}#-~&*!\t\n\r\x00\x7f\x85\xa0\u2028\ufeff\ud7ff\ue000\ufffeé😀'), max_size=6
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | STRANGE
DATA = st.recursive(PLAIN, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(STRANGE, inside, max_size=3))
FILES = st.dictionaries(STRANGE, st.lists(DATA, max_size=3) | DATA, max_size=3)
IN_JSON = st.sampled_from('\n\r \t,:"{}[]\\0-ex#\x85\u2028\x7f\ufeff') | st.sampled_from(
    ("\\u", "\\ud83d", "\\ude00", "true", "null", "NaN")
)


@examples(400)
@given(
    FILES,
    st.booleans(),
    st.sampled_from((None, 1)),
    st.lists(st.tuples(st.integers(0, 200), IN_JSON), max_size=2),
)
def test_no_json_is_read_otherwise(data: Any, ascii: bool, indent: int | None, inserted: list[tuple[int, str]]) -> None:
    text = json.dumps(data, ensure_ascii=ascii, indent=indent)
    for at, more in inserted:
        text = text[: at % (len(text) + 1)] + more + text[at % (len(text) + 1) :]
    agrees(text, "f.json")
    agrees(text, "f.yaml")


IN_YAML = st.sampled_from("\n\tx1~'\"[]{}\x85\u2028") | st.sampled_from(
    (
        "a: ",
        "b: ",
        ": ",
        ", ",
        "- ",
        "? ",
        "\n  ",
        "\n    ",
        "true",
        "null",
        "# ",
        "&x ",
        "*x ",
        "!!str ",
        "<<: ",
        ">\n",
    )
)


@examples(400)
@given(
    st.lists(IN_YAML, max_size=12).map("".join),
    st.sampled_from(("", "---\n", "%YAML 1.1\n---\n", "a:\n- ", "a: [{b: ", "a:\n- b: |\n")),
)
def test_no_yaml_is_read_otherwise(text: str, before: str) -> None:
    agrees(before + text, "f.yaml")


# -- records -------------------------------------------------------------------------------------------------------


@record
class Part:
    of: Text
    from_: Date | None = None


@record
class Thing:
    name: Text
    kind: Literal["big", "small"] = "big"
    amount: Amount | None = None
    count: Integer = 0
    on: Boolean = False
    code: Currency | None = None
    note: Prose | None = None
    parts: tuple[Part, ...] = ()
    part: Part | None = None
    flags: dict[Text, Boolean | None] = field(default_factory=dict)


@record
class Things:
    things: tuple[Thing, ...]
    more: tuple[Thing, ...] = ()


def both_read(text: str, file: str) -> bool:
    """Whether a file of things is accepted: by both readings, with the same records, or by neither."""
    try:
        careful = read_carefully(Things, parse_text(text, file))
    except Refused:
        with pytest.raises(Unsure):
            read_quickly(Things, text, file)
        return False
    found = read_quickly(Things, text, file)
    assert repr(found) == repr(careful)
    return True


VALUES = (
    *("null", "true", "false", '"true"', "1", "-1", "1.50", '"1"', "1e3", "NaN", str(2**53), str(2**53 + 1), "9" * 50),
    *('""', '"  "', '"x"', '"x\\ny"', '"\\u001b"', '"\\u202e"', '"\\u00e9"', '"' + "x" * 256 + '"', '"EUR"', '"eur"'),
    *('"big"', '"2026-02-28"', '"2026-02-30"', "[]", "{}", '["x"]', '{"of": "x"}', '[{"of": 1, "from": null}]'),
    *('{"of": "x", "from": "2026-01-01"}', '{"of": "x", "from_": "2026-01-01"}', '{"x": true}', '{"": true}'),
)
FIELDS = ("name", "kind", "amount", "count", "on", "code", "note", "parts", "part", "flags", "from", "nam")


@pytest.mark.parametrize("file", ["f.json", "f.yaml"])
def test_each_value_in_each_field_is_read_alike(file: str) -> None:
    accepted = []
    for name in FIELDS:
        for value in VALUES:
            thing = f'"{name}": {value}' if name == "name" else f'"name": "x", "{name}": {value}'
            if both_read(f'{{"things": [{{"name": "y"}}, {{{thing}}}]}}', file):
                accepted.append((name, value))
    assert ("name", "true") in accepted  # a text is what is written
    assert ("amount", '"1"') in accepted
    assert ("count", '"1"') not in accepted
    assert ("on", '"true"') not in accepted
    assert ("note", "1.50") in accepted
    assert len(accepted) > 60


@pytest.mark.parametrize(
    "text",
    ['{"more": []}', '{"things": null}', '{"things": {}}', '{"things": [null]}', '{"things": [[]]}', '{"thing": []}'],
)
def test_a_file_with_wrong_sections_is_left_to_the_careful_reading(text: str) -> None:
    assert not both_read(text, "f.json")
    assert not both_read(text, "f.yaml")


def test_the_same_text_in_quotes_and_without_them_is_told_apart() -> None:
    assert both_read("things: [{name: a, count: 5}]", "f.yaml")
    assert not both_read("things: [{name: a, count: 5}, {name: '5', count: '5'}]", "f.yaml")


def test_what_a_file_repeats_is_kept_once() -> None:
    text = "things: [{name: first, code: EUR, amount: 1.00}, {name: first, code: EUR, amount: 1.00}]"
    first, second = read_quickly(Things, text, "f.yaml").things
    assert first.name is second.name
    assert first.amount is second.amount
