"""A tree with changes laid over it: what the changes name is as they say, all else as it was, each at its own place."""

from __future__ import annotations

from typing import Any

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.source.composed import composed
from billpolicy.source.tree import Block, Items, Mark, Tree

_NAMES = ("id", "number")
"""The keys that name a record in a list: changes of the same name are about it."""


class Overlaid(Tree):
    """The data of `base` with those of `changes` over it.

    Mappings are changed key by key, and lists of named records record by record; a record of a name that is not there
    is added, and anything else replaces what was there. Positions are those of the file that says it.
    """

    def __init__(self, base: Tree, changes: Tree) -> None:
        self._base, self._changes = base.file, changes.file
        self._files: dict[int, dict[str | int, str]] = {}
        """Of each mapping and list that was put together, by identity: the file that each value of it is in."""
        super().__init__(changes.file, self._over(base.data, changes.data))

    def at(self, *path: str | int, key: bool = False) -> Position:
        """Where the value at `path` stands (or its key), in the one file or the other."""
        node, file = self.data, self.file
        mark: Mark = getattr(node, "mark", (1, 1, 0, 0))
        for step in path:
            if isinstance(node, Block) and isinstance(step, str) and step in node:
                mark, child = (node.keys_at if key else node.values_at)[step], node[step]
            elif isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node):
                mark, child = node.items_at[step], node[step]
            else:
                continue
            file = self._files.get(id(node), {}).get(step, file)
            node = child
        return Position(file, *mark)

    def _over(self, base: Any, changes: Any) -> Any:
        if isinstance(base, Block) and isinstance(changes, Block):
            return self._mapping(base, changes)
        if isinstance(base, Items) and isinstance(changes, Items) and all(map(_name, changes)):
            return self._records(base, changes)
        return changes

    def _mapping(self, base: Block, changes: Block) -> Block:
        made = Block(changes.mark)
        files = self._files[id(made)] = {}
        for key in (*base, *(key for key in changes if key not in base)):
            of = changes if key in changes else base
            made[key] = self._over(base[key], changes[key]) if key in base and key in changes else of[key]
            made.keys_at[key], made.values_at[key] = of.keys_at[key], of.values_at[key]
            files[key] = self._base if of is base else self._changes
        return made

    def _records(self, base: Items, changes: Items) -> Items:
        made = Items(changes.mark)
        files = self._files[id(made)] = {}

        def put(record: Any, of: Items, index: int) -> None:
            files[len(made)] = self._base if of is base else self._changes
            made.append(record)
            made.items_at.append(of.items_at[index])

        waiting = list(range(len(changes)))
        for index, record in enumerate(base):
            over = next((each for each in waiting if _name(changes[each]) == _name(record)), None)
            if over is None:
                put(record, base, index)
            else:
                waiting.remove(over)
                put(self._over(record, changes[over]), changes, over)
        for index in waiting:  # new ones, or a second one of a name, which is refused as such
            put(changes[index], changes, index)
        return made


def _name(record: Any) -> tuple[str, str] | None:
    """The name of a record in a list."""
    named = (key for key in _NAMES if isinstance(record, Block) and isinstance(record.get(key), str))
    return next(((key, composed(record[key])) for key in named), None)
