"""Small files exhaust neither time nor memory: told by counts, and by what a process may take."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from billpolicy.book.load import load_book
from billpolicy.exchange.operations_file import load_operations
from billpolicy.source.lines import BREAK, place_after, start_of_line
from billpolicy.source.tree import MAX_VALUES, parse_text
from tests.helpers.paths import ROOT
from tests.helpers.refusals import codes, refused

MEGABYTE = 1024 * 1024
ADDRESSES = 600 * MEGABYTE
"""Of a process that reads a hostile file; Python with what reads a book takes some 150 of it."""


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events of YAML were looked at, in one place."""
    count = [0]
    parse = yaml.parse

    def counted(*given: object, **named: object) -> object:
        for event in parse(*given, **named):  # type: ignore[arg-type]
            count[0] += 1
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    return count


@pytest.mark.parametrize("line", ["- a\n", "- {}\n", "- [a]\n", "- {a: b}\n", "- {operation: nothing}\n"])
def test_of_a_list_that_is_wrong_all_over_only_the_beginning_is_parsed(
    line: str, tmp_path: Path, events: list[int]
) -> None:
    path = tmp_path / "operations.yaml"
    path.write_text("operations:\n" + line * 300_000)
    assert "problems-more" in codes(refused(lambda: load_operations(path)))
    # A value is one event, or two where it opens and closes; the file has at least 300,000 items.
    assert MAX_VALUES <= events[0] <= 2 * MAX_VALUES + 10


def test_what_goes_wrong_behind_a_good_beginning_is_not_parsed_to_the_end(tmp_path: Path, events: list[int]) -> None:
    """It is looked at 100,000, 200,000 and 400,000 values; the good ones are 20,000 times 5."""
    good = "".join(f"- {{id: a{number}, currency: EUR}}\n" for number in range(20_000))
    path = tmp_path / "book.yaml"
    path.write_text("accounts:\n" + good + "- x\n" * 900_000)
    assert "problems-more" in codes(refused(lambda: load_book(path)))
    assert events[0] <= 5 * MAX_VALUES


def test_a_beginning_is_not_told_to_lack_what_still_comes(tmp_path: Path) -> None:
    """The rest of a long file may say it: here `operations` stands behind a long book."""
    accounts = "".join(f"- {{id: a{number}, currency: EUR}}\n" for number in range(30_000))
    path = tmp_path / "operations.yaml"
    path.write_text(f"book:\n  accounts:\n{accounts.replace('- ', '  - ')}operations:\n- x\n")
    assert codes(refused(lambda: load_operations(path))) == ["operation-unknown"]


def test_a_list_of_words_and_a_mapping_end_somewhere() -> None:
    parse_text("a: [" + "x," * MAX_VALUES + "]", "f.yaml")
    assert codes(refused(lambda: parse_text("a: [" + "x," * (MAX_VALUES + 1) + "]", "f.yaml"))) == ["yaml-many"]
    keys = "".join(f"k{number}: 1\n" for number in range(MAX_VALUES))
    parse_text(keys, "f.yaml")
    assert codes(refused(lambda: parse_text(keys + "last: 1\n", "f.yaml"))) == ["yaml-many"]
    parse_text("a:\n" + "- {b: c}\n" * (MAX_VALUES + 1), "f.yaml")  # records are no single values


def test_lines_are_counted_as_they_are_split() -> None:
    text = ("a\nb\r\nc\rd\x85e\u2028f\u2029\n\r\n\r" + "x" * 1000) * 200  # longer than what is counted at once
    lines = BREAK.split(text)
    assert place_after(text) == (len(lines), len(lines[-1]) + 1)
    begin = 0
    for number, line in enumerate(lines, start=1):
        assert start_of_line(text, number) == begin
        assert (
            start_of_line(text, number, known=(max(number - 3, 1), start_of_line(text, max(number - 3, 1)) or 0))
            == begin
        )
        found = BREAK.match(text, begin + len(line))
        begin = found.end() if found else len(text)
    assert start_of_line(text, len(lines) + 1) is None
    assert start_of_line("\r\n" * 100_000, 50_001) == 100_000


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that may take so much memory and no more."""
    command = [sys.executable, "-m", "billpolicy", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)),
        env={"PYTHONPATH": str(ROOT / "src"), "BILLPOLICY_CACHE": "off", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


SIZE = 30 * MEGABYTE
HOSTILE = {
    "words": "operations:\n" + "- a\n" * (SIZE // 4),
    "words on one line": "operations: [" + "a," * (SIZE // 2) + "]",
    "nothing": "operations:\n" + "-\n" * (SIZE // 2),
    "mappings": "operations:\n" + "- {}\n" * (SIZE // 5),
    "brackets": "operations: " + "[" * SIZE,
    "one word": "operations: " + "a" * SIZE,
    "digits": "operations: " + "9" * SIZE,
    "an exponent": "operations: 1e" + "9" * SIZE,
    "breaks": "operations:\n" + "\n" * SIZE + "x",
    "U+0000": "\0" * SIZE,
    "colons": "a: " * (SIZE // 3),
    "keys": "operations:\n" + "".join(f" k{number}: 1\n" for number in range(SIZE // 13)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "operations.yaml").write_text(text)
    (tmp_path / "book.yaml").write_text("accounts: [{id: a, currency: EUR}]\n")
    ran = run(tmp_path, "plan", "--policy", "standard", "--book", "book.yaml", "operations.yaml")
    assert ran.returncode == 1
    assert ran.stderr.startswith("operations.yaml")
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr) < 100_000
