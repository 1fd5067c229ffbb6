"""What is sent with a request, read as strictly as a file: with line and column of whatever is wrong with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.service.problems import Problem
from billpolicy.source.read import read_record
from billpolicy.source.scalars import read_date
from billpolicy.source.tree import Block, Tree, parse_raw

if TYPE_CHECKING:
    from billpolicy import Instruction

_T = TypeVar("_T")
_SUFFIXES = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}
"""Type of a body -> the suffix of a file of that type."""
TYPES = tuple(_SUFFIXES)
LINES = "application/x-ndjson"
"""An operation a line, as JSON."""
_NAME = "body.json"


@dataclass(frozen=True)
class Body:
    """The bytes that were sent, and of which type they are said to be."""

    raw: bytes
    type: str

    def tree(self) -> Tree:
        """The data. Raises `Refused` for what is wrong with its form, and `Problem` for a type that is not read."""
        suffix = _SUFFIXES.get(self.type)
        if suffix is None:
            raise Problem("body-type", f"a body is one of {', '.join(TYPES)}: say which, as its `content-type`")
        return parse_raw(self.raw, f"body{suffix}")


class Operations(NamedTuple):
    """The operations of a body."""

    each: list[Instruction]
    alone: bool
    """Whether one was sent as it is, and not a list: the answer is then about it alone."""


def operations_in(body: Body | None, key: str | None = None) -> Operations:
    """One operation, those that `operations` lists, as in an operations file, or one a line.

    `key`: the id of an operation that is sent alone and has none. Raises `Refused` with every mistake, also of a line.
    """
    from billpolicy.exchange.operations_file import operation_at, operations_of

    if body is not None and body.type == LINES:
        return Operations(list(_operations_by_line(body)), alone=False)
    tree = tree_in(body)
    if isinstance(tree.data, dict) and "operation" in tree.data:
        if key is not None:
            give_id(tree.data, key)
        return Operations([operation_at(tree, ())], alone=True)
    return Operations(operations_of(tree), alone=False)


def give_id(one: Any, id: str) -> None:
    """The id of an operation that says none; what is wrong with it is told at the operation."""
    if isinstance(one, Block) and "id" not in one:
        one["id"] = id
        one.keys_at["id"] = one.values_at["id"] = one.mark


def _operations_by_line(body: Body) -> Iterator[Instruction]:
    """The operation of each line that is not empty. Raises `Refused` with every line that is none."""
    from billpolicy.exchange.operations_file import operation_at

    problems: list[Diagnostic] = []
    first: dict[str, int] = {}
    for number, line in enumerate(body.raw.split(b"\n"), 1):
        if not line.strip():
            continue
        stop_at_limit(problems, Position(_NAME))
        try:
            one = operation_at(_Line(line, number), ())
        except Refused as refused:
            problems += (_on_line(problem, number) for problem in refused.diagnostics)
            continue
        id = one.request.id
        if id in first:
            message = f"the operation id `{id}` is used twice (first on line {first[id]})"
            problems.append(Diagnostic("id-repeated", message, one.at("id"), "give each operation its own id"))
        first.setdefault(id, number)
        if not problems:
            yield one
    if not first and not problems:
        hint = "send an operation on each line: `curl -H 'content-type: application/x-ndjson' --data-binary @FILE ...`"
        problems.append(Diagnostic("operations-empty", "there is no operation", Position(_NAME), hint))
    if problems:
        raise Refused(problems)


class _Line(Tree):
    """A line of JSON: its number is that of the whole body."""

    def __init__(self, line: bytes, number: int) -> None:
        tree = parse_raw(line, _NAME)
        super().__init__(tree.file, tree.data)
        self._number = number

    def at(self, *path: str | int, key: bool = False) -> Position:
        """As of any tree."""
        return _moved(super().at(*path, key=key), self._number)


def _on_line(problem: Diagnostic, number: int) -> Diagnostic:
    at = problem.position
    is_there = at is not None and at.line == number
    return problem if is_there else problem._replace(position=_moved(at or Position(_NAME), number))


def _moved(at: Position, number: int) -> Position:
    return at._replace(line=number, column=at.column or 1, end_line=number if at.end_line else 0)


def tree_in(body: Body | None) -> Tree:
    """The data of a body that there must be."""
    if body is None or not body.raw:
        hint = "send JSON or YAML, such as an operation: `curl --json @operation.json ...`"
        raise Refused([Diagnostic("file-empty", "nothing was sent", Position("body"), hint)])
    return body.tree()


def record_in(body: Body | None, kind: type[_T]) -> _T:
    """The record that a body is. Raises `Refused` with every mistake in it."""
    return read_record(kind, tree_in(body))


def day_in(query: Mapping[str, str], name: str) -> datetime.date | None:
    """The day that the address names. Raises `Refused` for what is none."""
    if name not in query:
        return None
    try:
        return read_date(query[name])
    except ValueError as error:
        hint = f"write it like {name}=2026-01-31"
        raise Refused([Diagnostic("value-wrong", str(error), Position(f"?{name}"), hint)]) from None
