"""Findings for people: the line that is meant, underlined from its first character to its last."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.report.findings.formats import report

WIDTH = 80


def told(text: str, *place: int, folder: Path) -> list[str]:
    """What is printed of a finding at a place of a file with this text, below its first line."""
    file = folder / "f.yaml"
    file.write_bytes(text.encode("utf-8"))
    found = Diagnostic("key-unknown", "no", Position(str(file), *place), "look")
    first, *lines, hint = report("text", "validate", [found]).splitlines()
    assert first.endswith(": error: no [key-unknown]")
    assert hint == "    hint: look"
    return lines


@pytest.mark.parametrize(
    ("text", "place", "lines"),
    [
        ("a: 1\nbb: 22\n", (2, 5, 2, 7), [" 2 | bb: 22", "   |     ^^"]),
        # Where the end is not known, the first character.
        ("a: 1\nbb: 22\n", (2, 5), [" 2 | bb: 22", "   |     ^"]),
        # What goes on below is underlined to the end of its first line.
        ("a:\n  b: 1  \n  c: 2\n", (2, 3, 3, 7), [" 2 |   b: 1", "   |   ^^^^"]),
        ("a:\n  - b: 1 # one\n    c: 2\n", (2, 5, 3, 9), [" 2 |   - b: 1 # one", "   |     ^^^^"]),
        # A byte order mark and the breaks of Windows and old Macs are no part of a line.
        ("\ufeffa: 1\r\nbb: 22\r\n", (2, 5, 2, 7), [" 2 | bb: 22", "   |     ^^"]),
        ("a: 1\rbb: 22\r", (2, 5, 2, 7), [" 2 | bb: 22", "   |     ^^"]),
        # A wide letter fills two columns of a terminal, a combining accent none.
        ("京都: 東京\n", (1, 5, 1, 7), [" 1 | 京都: 東京", "   |       ^^^^"]),
        # What cannot be seen is written out, as in messages.
        ("a:\tb\u202e\n", (1, 4, 1, 6), [" 1 | a:\\tb\\u202e", "   |     ^^^^^^^"]),
        # In the last line, without a break, also behind its end.
        ("a: {b", (1, 6), [" 1 | a: {b", "   |      ^"]),
    ],
)
def test_the_line_is_quoted_and_what_is_meant_underlined(
    text: str, place: tuple[int, ...], lines: list[str], tmp_path: Path
) -> None:
    assert told(text, *place, folder=tmp_path) == lines


@pytest.mark.parametrize("place", [(), (0, 0), (3, 1), (9, 1)])
def test_nothing_is_quoted_of_a_whole_file_or_an_empty_line_or_one_that_is_not_there(
    place: tuple[int, ...], tmp_path: Path
) -> None:
    assert told("a: 1\nb: 2\n\n", *place, folder=tmp_path) == []


@pytest.mark.parametrize("start", [1, 40, 100, 200, 290])
@pytest.mark.parametrize("length", [1, 10, 60])
def test_of_a_long_line_the_part_is_quoted_that_has_what_is_meant(start: int, length: int, tmp_path: Path) -> None:
    text = "".join(chr(ord("a") + place % 26) for place in range(300))
    end = min(start + length, 301)
    line, carets = told(text + "\n", 1, start, 1, end, folder=tmp_path)
    assert len(line) <= WIDTH
    first, last = carets.index("^"), carets.rindex("^")
    marked = line[first : last + 1]
    assert carets[:first] == "   | " + " " * (first - 5)
    assert text[start - 1 : end - 1].startswith(marked.rstrip("…"))
    assert "…" in line.replace("1 | ", "")
    if length < 60:
        assert marked == text[start - 1 : end - 1]


@pytest.mark.parametrize("letter", ["a", "東", "e\u0301"])
@pytest.mark.parametrize("start", [1, 20, 60, 110])
def test_a_long_line_fits_into_the_columns_of_a_terminal(letter: str, start: int, tmp_path: Path) -> None:
    line, carets = told(letter * 120, 1, start, 1, start + 4, folder=tmp_path)
    assert cell_len(line) <= WIDTH
    assert cell_len(carets) <= WIDTH
    before = carets.index("^")
    width = len(carets) - before
    assert width == cell_len((letter * 120)[start - 1 : start + 3]) or width == 1
    assert cell_len(line) >= before + width


def test_a_file_that_is_gone_or_none_is_not_quoted(tmp_path: Path) -> None:
    for name in (str(tmp_path / "gone.yaml"), str(tmp_path), "book.invoices[0].date", "a\0b"):
        found = Diagnostic("key-unknown", "no", Position(name, 1, 1, 1, 2))
        assert len(report("text", "validate", [found]).splitlines()) == 1


@pytest.mark.parametrize("name", ["secret.env", "notes.txt", "yaml"])
def test_of_a_file_that_is_none_of_ours_no_line_is_shown(name: str, tmp_path: Path) -> None:
    """A policy may say `extends:` and the name of any file that the program can read."""
    file = tmp_path / name
    file.write_text("token: hunter2\n", encoding="utf-8")
    found = Diagnostic("key-unknown", "no", Position(str(file), 1, 1, 1, 6))
    assert report("text", "validate", [found]) == f"{file}:1:1: error: no [key-unknown]\n"


def test_a_file_is_read_once_for_all_of_its_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def reading(path: Path, most: int) -> bytes:
        read.append(path)
        return path.read_bytes()

    monkeypatch.setattr("billpolicy.report.findings.text.read_plain", reading)
    file = tmp_path / "f.yaml"
    file.write_text("".join(f"a{number}: 1\n" for number in range(1, 101)), encoding="utf-8")
    places = [Diagnostic("key-unknown", "no", Position(str(file), number, 1)) for number in (7, 100, 3, 50)]
    told = [report("text", "plan", [one]).splitlines()[1] for one in places]  # each on its own, as refusals are
    assert told == [" 7 | a7: 1", " 100 | a100: 1", " 3 | a3: 1", " 50 | a50: 1"]
    assert read == [file]
    file.write_text("b: 1\nb: 2\nchanged: 1\n", encoding="utf-8")
    assert report("text", "plan", [places[2]]).splitlines()[1] == " 3 | changed: 1"


def test_findings_come_by_their_places_each_once() -> None:
    later, sooner = (Diagnostic("key-unknown", "no", Position("f.yaml", line, 1)) for line in (10, 9))
    first, second = report("concise", "validate", [later, sooner, later]).splitlines()
    assert first.startswith("f.yaml:9:1:")
    assert second.startswith("f.yaml:10:1:")
