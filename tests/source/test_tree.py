"""Strict YAML: scalars as written, positions kept, everything hostile refused with a place and a sentence."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Position, Refused
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import parse, parse_raw, parse_text


def codes(text: str, file: str = "f.yaml") -> list[str]:
    with pytest.raises(Refused) as refused:
        parse_text(text, file)
    return [diagnostic.code for diagnostic in refused.value.diagnostics]


@pytest.mark.parametrize(
    "word", ["NO", "on", "yes", "12:30", "010", "1_000", "0x1F", "1e3", ".inf", "2026-02-30", "1.10"]
)
def test_plain_scalars_are_what_is_written(word: str) -> None:
    assert parse_text(f"a: {word}", "f.yaml").data == {"a": word}


@pytest.mark.parametrize("word", ["", "~", "null", "NULL"])
def test_null_is_null(word: str) -> None:
    assert parse_text(f"a: {word}", "f.yaml").data == {"a": None}


def test_quotes_make_a_text_of_anything() -> None:
    data = parse_text("a: 'null'\nb: \"5\"\nc: 5", "f.yaml").data
    assert data == {"a": "null", "b": "5", "c": "5"}
    assert not isinstance(data["b"], Plain)
    assert isinstance(data["c"], Plain)


RANGES = """\
one: text
quoted: "two words"   # a comment
flow: {a: [1, 2], b: 3}
list:
  - x: 1

    y: 22   # the end of the first

  - z
block:
  inner:
    deep: yes

# nothing more
"""


def meant(*path: str | int, key: bool = False) -> str:
    """The text from the start of a place to its end."""
    at = parse_text(RANGES, "f.yaml").at(*path, key=key)
    lines = RANGES.splitlines(keepends=True)
    start = sum(map(len, lines[: at.line - 1])) + at.column - 1
    end = sum(map(len, lines[: at.end_line - 1])) + at.end_column - 1
    return RANGES[start:end]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("one",), "text"),
        (("quoted",), '"two words"'),
        (("flow",), "{a: [1, 2], b: 3}"),
        (("flow", "a"), "[1, 2]"),
        (("flow", "a", 1), "2"),
        (("list", 0), "x: 1\n\n    y: 22"),
        (("list", 0, "y"), "22"),
        (("list", 1), "z"),
        (("list",), "- x: 1\n\n    y: 22   # the end of the first\n\n  - z"),
        (("block",), "inner:\n    deep: yes"),
        (("block", "inner"), "deep: yes"),
    ],
)
def test_a_place_reaches_to_the_end_of_its_value(path: tuple[str | int, ...], text: str) -> None:
    assert meant(*path) == text


def test_the_place_of_a_key_is_the_key() -> None:
    assert meant("quoted", key=True) == "quoted"
    assert meant("flow", "b", key=True) == "b"
    assert meant("list", 0, "y", key=True) == "y"


def test_the_whole_file_reaches_from_its_first_value_to_its_last() -> None:
    assert meant() == RANGES.partition("\n\n# nothing")[0]


def test_every_value_and_key_has_its_place() -> None:
    tree = parse_text("a:\n  - b: 1\n  - c: {d: 2}\n", "f.yaml")
    assert tree.at("a", 1, "c", "d") == Position("f.yaml", 3, 12, 3, 13)
    assert tree.at("a", 1, "c", "d", key=True) == Position("f.yaml", 3, 9, 3, 10)
    assert tree.at("a", 9, "nowhere") == tree.at("a")
    # Of two entries, the last has number 1; what is not there is told at the list.
    assert tree.at("a", 1) == Position("f.yaml", 3, 5, 3, 14)
    for nowhere in (2, 9, -1):
        assert tree.at("a", nowhere, "nowhere") == tree.at("a") == Position("f.yaml", 2, 3, 3, 14)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file-empty"),
        ("# only a comment", "file-empty"),
        ("a: 1\nb: 2\na: 3", "yaml-duplicate-key"),
        ("a: &x 1", "yaml-anchor"),
        ("a: !!python/object/apply:os.system [ls]", "yaml-tag"),
        ("a: 1\n---\nb: 2", "yaml-documents"),
        ("[" * 200, "yaml-depth"),
        ("a: [1, 2", "yaml-syntax"),
        ("a: 'cut off", "yaml-syntax"),
        ("\ta: 1", "yaml-syntax"),
        ("{[a]: 1}", "yaml-key"),
        ("a: \x07", "yaml-character"),
    ],
)
def test_what_is_not_plain_data_is_refused(text: str, code: str) -> None:
    assert code in codes(text)


def test_an_alias_bomb_is_refused_at_once() -> None:
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    levels += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert set(codes("\n".join(levels))) == {"yaml-anchor", "yaml-alias"}


def test_all_mistakes_are_told_in_order() -> None:
    assert codes("a: &x 1\nb: *x\nb: 2") == ["yaml-anchor", "yaml-alias", "yaml-duplicate-key"]


def test_json_is_read_the_same_way() -> None:
    text = '{\n\t"a": "b\\u00e9 \\ud83d\\ude00",\n\t"n": 1.10, "t": true, "z": null}'
    data = parse_text(text, "f.json").data
    assert data == {"a": "bé 😀", "n": "1.10", "t": "true", "z": None}


def test_files_that_cannot_be_read_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("a: caf\xe9".encode("latin-1"))
    (tmp_path / "huge.yaml").write_bytes(b"a: " + b"x" * (1024 * 1024))
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    for name, code in (
        ("latin.yaml", "file-encoding"),
        ("huge.yaml", "file-too-large"),
        ("absent.yaml", "file-missing"),
        (".", "file-is-folder"),
    ):
        with pytest.raises(Refused) as refused:
            parse(tmp_path / name, max_megabytes=1)
        assert [diagnostic.code for diagnostic in refused.value.diagnostics] == [code]
    assert parse(tmp_path / "bom.yaml", max_megabytes=1).data == {"a": "1"}


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_where_yaml_lets_it_end(end: str) -> None:
    """In what is wrong with the form, too: line 2, column 14 is the `@`."""
    with pytest.raises(Refused) as refused:
        parse_text(f"policy: acme{end}description: @x", "f.yaml")
    (problem,) = refused.value.diagnostics
    assert problem.position == Position("f.yaml", 2, 14)
    assert problem.message == "a text cannot begin with `@`"
    with pytest.raises(Refused) as refused:
        parse_text(f"a: b{end}{end}c: d\x07", "f.yaml")
    assert refused.value.diagnostics[0].position == Position("f.yaml", 3, 5, 3, 6)


def test_places_in_json_are_those_of_the_file_also_behind_characters_written_as_two_escapes() -> None:
    written = '{"id": "\\ud83d\\ude00\\ud83d\\ude00!", "oops": 1, "é\\ud83d\\ude00": 2}'
    tree = parse_text(written, "f.json")
    assert tree.data["id"] == "😀😀!"
    for path, key, text in (
        ("id", False, '"\\ud83d\\ude00\\ud83d\\ude00!"'),
        ("oops", True, '"oops"'),
        ("oops", False, "1"),
        ("é😀", True, '"é\\ud83d\\ude00"'),
        ("é😀", False, "2"),
    ):
        at = tree.at(path, key=key)
        assert written[at.column - 1 : at.end_column - 1] == text


@pytest.mark.parametrize("mark", [b"", BOM_UTF8])
@pytest.mark.parametrize(
    ("text", "byte", "column"),
    [(b"\xc3", 1, 1), (b"a\xc3", 2, 2), (b"ab\xc3(", 3, 3), (b"\xc3\xa9: \xff", 5, 4)],
)
def test_bytes_that_are_no_text_are_told_where_they_stand_behind_a_mark_too(
    mark: bytes, text: bytes, byte: int, column: int
) -> None:
    """Found by `make fuzz`: what decodes counts from behind the mark, and what stood before was cut within it."""
    with pytest.raises(Refused) as refused:
        parse_raw(mark + text, "f.yaml")
    (found,) = refused.value.diagnostics
    assert found.message == f"this file is not UTF-8 text (byte {len(mark) + byte})"
    assert found.position == Position("f.yaml", 1, column, 1, column + 1)
