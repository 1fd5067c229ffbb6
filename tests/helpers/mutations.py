"""Files that say everything (`tests/bad/everything`), and each of their nodes replaced, taken away and doubled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Block, Items, Tree, parse_text
from tests.helpers.paths import ROOT

EVERYTHING = ROOT / "tests" / "bad" / "everything"

SHAPES: tuple[Any, ...] = (None, [], {}, Plain("7"), "x" * 300, [["a", ["b"]], {"c": None}], "a\x1bb\u202e")
"""What each node becomes: nothing, emptiness, a number, a nested list, texts that are too long or hostile."""
VALUES = tuple(
    map(Plain, ("-0.005", "99999999999999999999", "999999999999999.99", "9999-12-31", "0001-01-01", "true", "NO"))
)
"""And what else in books and operations: amounts, numbers and days at the edge."""


@cache
def data(name: str) -> Any:
    """The data of a file that says everything."""
    return parse_text((EVERYTHING / name).read_text(encoding="utf-8"), name).data


def mutations(node: Any, *replacements: Any) -> Iterator[Any]:
    """The data with one node changed, for every node and every change."""
    for path in paths(node):
        for value in replacements:
            yield changed(node, path, lambda old, value=value: value)  # type: ignore[misc]
        if path:
            yield changed(node, path[:-1], lambda old, last=path[-1]: without(old, last))  # type: ignore[misc]
            again = twice if isinstance(path[-1], int) else renamed
            yield changed(node, path[:-1], lambda old, last=path[-1], again=again: again(old, last))  # type: ignore[misc]


def with_a_key_twice(node: Any) -> Iterator[Any]:
    """The data with one key written twice, for every key."""
    for path in paths(node):
        if path and isinstance(path[-1], str):
            yield changed(node, path[:-1], lambda old, last=path[-1]: doubled(old, last))  # type: ignore[misc]


def paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every node, the root first."""
    yield path
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inside:
        yield from paths(value, (*path, step))


def changed(node: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy in which one node is what `change` makes of it."""
    if not path:
        return change(node)
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(node[path[0]], path[1:], change)
    return copy


def without(node: Any, step: Any) -> Any:
    """A copy of a mapping or list without one entry."""
    if isinstance(node, dict):
        return {key: value for key, value in node.items() if key != step}
    return [value for index, value in enumerate(node) if index != step]


class Twice(str):
    """A key that is written twice."""

    __slots__ = ()


def doubled(node: dict[str, Any], step: str) -> dict[str, Any]:
    """A copy of a mapping in which one key is written twice."""
    return {Twice(key) if key == step else key: value for key, value in node.items()}


def twice(node: list[Any], step: int) -> list[Any]:
    """A copy of a list in which one entry comes again at the end."""
    return [*node, node[step]]


def renamed(node: dict[str, Any], step: str) -> dict[str, Any]:
    """A copy of a mapping in which one key is another one."""
    return {key + "s" if key == step else key: value for key, value in node.items()}


_BARE = re.compile(r"[A-Za-z0-9./+-][A-Za-z0-9 ./+-]*")


def written(node: Any) -> str:
    """The data as a YAML file: plain scalars stay plain, all else is in quotes."""
    if node is None:
        return ""
    if isinstance(node, dict):
        entries = [(key, value) for key, value in node.items() for _ in range(2 if isinstance(key, Twice) else 1)]
        return "{" + ", ".join(f"{json.dumps(key)}: {written(value)}" for key, value in entries) + "}"
    if isinstance(node, list):
        return "[" + ", ".join("null" if value is None else written(value) for value in node) + "]"
    return str(node) if isinstance(node, Plain) and _BARE.fullmatch(node) else json.dumps(node)


_SOMEWHERE = (1, 1, 1, 1)


def tree_of(node: Any) -> Tree:
    """The data as it would have been read from a file, without writing and reading it."""
    return Tree("mutated.yaml", read(node))


def read(node: Any) -> Any:
    """The data as reading a file gives it; every node stands in one place."""
    if isinstance(node, dict):
        block = Block(_SOMEWHERE)
        for key, value in node.items():
            block[str(key)] = read(value)
        block.keys_at = block.values_at = dict.fromkeys(block, _SOMEWHERE)
        return block
    if isinstance(node, list):
        items = Items(_SOMEWHERE)
        items.extend(read(value) for value in node)
        items.items_at = [_SOMEWHERE] * len(items)
        return items
    return node
