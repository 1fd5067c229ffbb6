"""Comments are found by the places of tokens: nothing within a text is one, and none is missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.source.comments import Comment, comments_of
from billpolicy.source.tree import parse_text

TEXT = """\
# top
a: |  # head
  text # no
  # no

# after a block
b: "x # no" # beside
c: [1, # in a list
  2] # behind it
d: 'two
  # no
  lines' # of quotes
e: no#no # yes
f: >-
  folded
  # no
# end
"""


def test_where_they_stand() -> None:
    assert [(one.line, one.text, one.alone) for one in comments_of(TEXT)] == [
        (1, "# top", True),
        (2, "# head", False),
        (6, "# after a block", True),
        (7, "# beside", False),
        (8, "# in a list", False),
        (9, "# behind it", False),
        (12, "# of quotes", False),
        (13, "# yes", False),
        (17, "# end", True),
    ]


def test_columns_are_counted_from_one() -> None:
    assert comments_of("a: é # here\n") == [Comment(1, 6, "# here", False)]


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_lines_end_as_they_end_for_positions(ending: str) -> None:
    text = ending.join(["a: 1 # one", "b: 2", "# three"])
    assert [(one.line, one.text) for one in comments_of(text)] == [(1, "# one"), (3, "# three")]


VALUES = st.sampled_from(["1", '"a # b"', "'a # b'", "a#b", "[1, 2]", "{x: 1}", "|\n  t # x\n  # y", ">\n  t # x"])


@given(st.lists(st.tuples(VALUES, st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_each_that_was_written_is_found_and_taking_them_away_changes_nothing(
    entries: list[tuple[str, bool, bool]],
) -> None:
    lines, written, bare = [], [], []
    for number, (value, above, beside) in enumerate(entries):
        if above:
            lines.append(f"# above {number}")
            written.append(lines[-1])
        head, *rest = f"key{number}: {value}".split("\n")
        bare += [head, *rest]
        if beside:
            written.append(f"# beside {number}")
            head += f" {written[-1]}"
        lines += [head, *rest]
    text = "\n".join(lines) + "\n"
    assert [one.text for one in comments_of(text)] == written
    assert parse_text(text, "one.yaml").data == parse_text("\n".join(bare) + "\n", "one.yaml").data
