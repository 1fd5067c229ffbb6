"""Plain data as YAML: what is written is what is read."""

from __future__ import annotations

from typing import Any

import pytest

from billpolicy.source.tree import parse_text
from billpolicy.source.yaml_text import WIDTH, yaml_lines


def read(data: Any) -> Any:
    text = "\n".join(yaml_lines(data)) + "\n"
    assert all(len(line) <= WIDTH for line in text.splitlines() if " " in line.strip())
    return parse_text(text, "data.yaml").data


@pytest.mark.parametrize(
    "data",
    [
        {"a": "NO", "b": "1000.00", "c": "2026-01-01", "d": "10 x 3.5", "e": "a: b", "f": "# no", "g": "", "h": "~"},
        {
            "true": "null",
            "x y": ["[", "]", "{", ",", "'", '"', "\\", "- a", "? b", "a ", " a", "€ 1", "&a", "*a", "!a"],
        },
        {"long": [{"name": "x" * 60, "items": [{"id": str(number)} for number in range(20)]}], "empty": {}, "none": []},
        [["a" * 60, "b" * 60], [{"c": ["d" * 50, "e" * 50]}]],
    ],
)
def test_texts_come_back(data: Any) -> None:
    assert read(data) == data


def test_numbers_and_truths_come_back_as_they_are_written() -> None:
    assert read({"a": 3, "b": True, "c": None, "d": -5}) == {"a": "3", "b": "true", "c": None, "d": "-5"}


def test_short_ones_stand_on_one_line() -> None:
    data = {"a": {"b": "c", "d": ["e", "f"]}, "g": [{"h": "i" * 40, "j": "k" * 40}]}
    assert list(yaml_lines(data)) == ["a: {b: c, d: [e, f]}", "g:", f"  - h: {'i' * 40}", f"    j: {'k' * 40}"]
