"""Where the boxes of a graph stand: each behind what leads to it, none on another, in the same place every time."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import NamedTuple

from billpolicy.report.html.graph import Node, graph


class Drawn(NamedTuple):
    """A box as it is drawn."""

    x: int
    y: int
    width: int
    height: int
    letters: str


def boxes(nodes: str, edges: str, texts: dict[str, str] | None = None) -> dict[str, Drawn]:
    """The boxes of nodes whose ids are letters, as in `"abc"`, with edges as in `"ab bc"`."""
    told = texts or {}
    drawn = graph(
        [Node(id, "rule", told.get(id, f"node {id}")) for id in nodes],
        [(one[0], one[1]) for one in edges.split()],
        "a graph",
    )
    groups = re.findall(r"<g>(.*?)</g>", drawn)
    found = {}
    for group in groups:
        frame = re.search(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', group)
        assert frame is not None
        text = " ".join(re.findall(r"<text[^>]*>(.*?)</text>", group))
        (id,) = (id for id in nodes if told.get(id, f"node {id}").split() == text.split())
        x, y, width, height = map(int, frame.groups())
        found[id] = Drawn(x, y, width, height, text)
    assert found.keys() == set(nodes)
    for one, other in combinations(found.values(), 2):
        apart_x = one.x + one.width < other.x or other.x + other.width < one.x
        assert apart_x or one.y + one.height < other.y or other.y + other.height < one.y
    return found


def layers(nodes: str, edges: str) -> list[str]:
    """The nodes from left to right: those one below the other together."""
    found = boxes(nodes, edges)
    columns = sorted({one.x for one in found.values()})
    steps = {right - left for left, right in pairwise(columns)}
    assert len(steps) <= 1, "a column is empty"
    assert columns[0] == 1
    return ["".join(id for id in nodes if found[id].x == x) for x in columns]


def test_a_single_node() -> None:
    assert layers("a", "") == ["a"]
    assert layers("a", "aa") == ["a"]
    frame = boxes("a", "")["a"]
    drawn = graph([Node("a", "rule", "node a")], [], "one")
    assert f'viewBox="0 0 {frame.x + frame.width + 2} {frame.y + frame.height + 2}"' in drawn


def test_each_stands_behind_whatever_leads_to_it() -> None:
    assert layers("abcd", "ab bc cd") == ["a", "b", "c", "d"]
    # Not where the shortest way would have it.
    assert layers("abcd", "ab bc cd ad") == ["a", "b", "c", "d"]
    assert layers("abcde", "ab ac bd cd de") == ["a", "bc", "d", "e"]
    # Also where it is named before what leads to it.
    assert layers("dcba", "ab bc cd ad") == ["a", "b", "c", "d"]


def test_what_is_joined_to_nothing_stands_at_the_beginning() -> None:
    assert layers("abc", "ab") == ["ac", "b"]


def test_a_circle_is_drawn_from_its_first_node_on_and_leaves_no_column_empty() -> None:
    assert layers("abc", "ab bc ca") == ["a", "b", "c"]
    assert layers("abc", "ca ab bc") == ["a", "b", "c"]
    # What leads into it comes before it, wherever it is named.
    assert layers("abcd", "ab bc ca db") == ["d", "b", "c", "a"]
    # Two that share a node.
    assert layers("abcde", "ab bc ca cd de ec") == ["a", "b", "c", "d", "e"]
    every = " ".join(of + to for of in "abcdefg" for to in "abcdefg" if of != to)
    assert layers("abcdefg", every) == list("abcdefg")


def test_every_edge_is_drawn_also_one_that_leads_back() -> None:
    for edges in ("ab bc", "ab bc ca"):
        drawn = graph([Node(id, "rule", id) for id in "abc"], [(one[0], one[1]) for one in edges.split()], "x")
        assert drawn.count('class="edge"') == len(edges.split())


def test_within_its_layer_a_node_stands_near_what_leads_to_it() -> None:
    found = boxes("abcd", "ad bc")
    assert found["a"].y < found["b"].y
    assert found["d"].y < found["c"].y


def test_many() -> None:
    nodes = "".join(chr(ord("\u4e00") + at) for at in range(120))
    edges = " ".join(nodes[at] + nodes[at + 10] for at in range(110))
    assert layers(nodes, edges) == [nodes[at : at + 10] for at in range(0, 120, 10)]


def test_long_texts_are_broken_and_the_box_is_as_high_as_they_need() -> None:
    word = "a" * 60
    found = boxes("ab", "ab", {"a": "short", "b": " ".join((word[:23], word[:23], word[:14]))})
    assert found["b"].height - found["a"].height == 2 * 18
    drawn = graph([Node("a", "rule", word)], [], "x")
    assert re.findall(r"<text[^>]*>(.*?)</text>", drawn) == [word[:23], word[:23], word[:14]]


def test_texts_are_escaped_and_the_same_is_drawn_every_time() -> None:
    nodes = [Node("a", "rule", "<b>&", "#x"), Node("b", "event", "b")]
    drawn = graph(nodes, [("a", "b")], '"')
    assert "&lt;b&gt;&amp;" in drawn
    assert 'aria-label="&quot;"' in drawn
    assert '<a href="#x"><rect' in drawn
    assert drawn == graph(nodes, [("a", "b")], '"')
