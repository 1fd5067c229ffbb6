"""TOML with places: each table and key has the line that says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.toml import parse_toml
from billpolicy.source.tree import Tree

TEXT = '''\
# a comment with a [table] in it
fail_level = "hint"   # beside

[severity]
id-says-nothing = "off"
"quoted # key" = "hint"

[options]
  ends-soon = {days = 60}
long = """
[severity]
not = "a key"
"""
dotted.key = [
  1,
  true,
]
[options.deeper]
days = 7
'''


def tree_of(text: str, folder: Path) -> Tree:
    path = folder / "billpolicy.toml"
    path.write_text(text, encoding="utf-8")
    return parse_toml(path)


def test_the_data_is_what_toml_says(tmp_path: Path) -> None:
    assert tree_of(TEXT, tmp_path).data == {
        "fail_level": "hint",
        "severity": {"id-says-nothing": "off", "quoted # key": "hint"},
        "options": {
            "ends-soon": {"days": "60"},
            "long": '[severity]\nnot = "a key"\n',
            "dotted": {"key": ["1", "true"]},
            "deeper": {"days": "7"},
        },
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("fail_level",), (2, 1)),
        (("severity",), (4, 1)),
        (("severity", "id-says-nothing"), (5, 1)),
        (("severity", "quoted # key"), (6, 1)),
        (("options", "ends-soon"), (9, 3)),
        (("options", "ends-soon", "days"), (9, 3)),
        (("options", "long"), (10, 1)),
        (("options", "dotted"), (14, 1)),
        (("options", "dotted", "key"), (14, 1)),
        (("options", "deeper"), (18, 1)),
        (("options", "deeper", "days"), (19, 1)),
    ],
)
def test_where_it_stands(path: tuple[str, ...], place: tuple[int, int], tmp_path: Path) -> None:
    assert tree_of(TEXT, tmp_path).at(*path)[1:3] == place


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = 1\nb = = 2\n", (2, 5)), ("a = 'x\n", (2, 1)), ("a = [", (1, 1)), ("a = 1\na = 2\n", (2, 6))],
)
def test_what_is_not_well_formed_is_told_at_its_place(text: str, place: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        tree_of(text, tmp_path)
    [problem] = refused.value.diagnostics
    assert (problem.code, problem.position and problem.position[1:3]) == ("toml-syntax", place)
