"""What is sent with a request, read as strictly as a file: with line and column of whatever is wrong with it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.scalars import read_date
from billpolicy.source.tree import Tree, parse_raw

if TYPE_CHECKING:
    from billpolicy import Instruction

_SUFFIXES = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}
"""Type of a body -> the suffix of a file of that type."""
TYPES = tuple(_SUFFIXES)


class UnknownType(Exception):
    """A body of a type that is not read."""


@dataclass(frozen=True)
class Body:
    """The bytes that were sent, and of which type they are said to be."""

    raw: bytes
    type: str

    def tree(self) -> Tree:
        """The data. Raises `Refused` for what is wrong with its form, and `UnknownType`."""
        suffix = _SUFFIXES.get(self.type)
        if suffix is None:
            raise UnknownType(self.type)
        return parse_raw(self.raw, f"body{suffix}")


class Operations(NamedTuple):
    """The operations of a body."""

    each: list[Instruction]
    alone: bool
    """Whether one was sent as it is, and not a list: the answer is then about it alone."""


def operations_in(body: Body | None) -> Operations:
    """One operation, or those that `operations` lists, as in an operations file. Raises `Refused`."""
    from billpolicy.exchange.operations_file import operation_at, operations_of

    tree = tree_in(body)
    if isinstance(tree.data, dict) and "operation" in tree.data:
        return Operations([operation_at(tree, ())], alone=True)
    return Operations(operations_of(tree), alone=False)


def tree_in(body: Body | None) -> Tree:
    """The data of a body that there must be."""
    if body is None or not body.raw:
        hint = "send JSON or YAML, such as an operation: `curl --json @operation.json ...`"
        raise Refused([Diagnostic("file-empty", "nothing was sent", Position("body"), hint)])
    return body.tree()


def day_in(query: Mapping[str, str], name: str) -> datetime.date | None:
    """The day that the address names. Raises `Refused` for what is none."""
    if name not in query:
        return None
    try:
        return read_date(query[name])
    except ValueError as error:
        hint = f"write it like {name}=2026-01-31"
        raise Refused([Diagnostic("value-wrong", str(error), Position(f"?{name}"), hint)]) from None
