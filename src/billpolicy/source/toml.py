"""TOML as data that knows its places, like YAML in `tree.py`: so it is read by the same records, with the same words.

The standard library's parser tells no places. But each statement of a file (`[table]`, or `key = value` over one line
or several) is TOML by itself, so a file is taken apart where a statement is complete, and each is given its line.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Block, Items, Mark, Tree, text_of

MAX_MEGABYTES = 1
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse_toml(path: Path) -> Tree:
    """Read a TOML file. Raises `Refused` if it cannot be read or is not well-formed."""
    text = text_of(path, max_megabytes=MAX_MEGABYTES)
    lines = text.replace("\r\n", "\n").split("\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused([_not_well_formed(str(error), str(path), len(lines))]) from None
    return Tree(str(path), _built(data, (), _places(lines), (1, 1, len(lines), len(lines[-1]) + 1)))


def _not_well_formed(said: str, file: str, last: int) -> Diagnostic:
    match = _AT.search(said)
    at = Position(file, int(match[1]), int(match[2])) if match and match[1] else Position(file, last, 1)
    message = f"this is not well-formed TOML: {_AT.sub('', said).lower()}"
    return Diagnostic("toml-syntax", message, at, "check the quotes, the brackets and the `=` there")


_Path = tuple[str, ...]


def _places(lines: list[str]) -> dict[_Path, Mark]:
    """Every table and key -> the statement that says it. What is within a value has the place of the whole."""
    found: dict[_Path, Mark] = {}
    table: _Path = ()
    begin = 0
    for number in range(len(lines)):
        statement = "\n".join(lines[begin : number + 1])
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        if said:
            column = len(lines[begin]) - len(lines[begin].lstrip()) + 1
            mark = (begin + 1, column, number + 1, len(lines[number].rstrip()) + 1)
            path, known = (*table, *_only(said)), len(table)
            if statement.lstrip().startswith("["):
                path, known = _only(said), 0
                table = path
            for length in range(known + 1, len(path) + 1):
                found.setdefault(path[:length], mark)
        begin = number + 1
    return found


def _only(said: dict[str, Any]) -> _Path:
    """The path that one statement names: the keys that stand alone, down to a value."""
    path: list[str] = []
    data: Any = said
    while isinstance(data, dict) and len(data) == 1:
        [(key, data)] = data.items()
        path.append(key)
    return tuple(path)


def _built(data: Any, path: _Path, places: dict[_Path, Mark], mark: Mark) -> Any:
    if isinstance(data, dict):
        block = Block(mark)
        for key, value in data.items():
            at = places.get((*path, key), mark)
            block.keys_at[key] = block.values_at[key] = at
            block[key] = _built(value, (*path, key), places, at)
        return block
    if isinstance(data, list):
        items = Items(mark)
        for value in data:
            items.append(_built(value, path, {}, mark))
            items.items_at.append(mark)
        return items
    if isinstance(data, str):
        return data
    return Plain(str(data).lower() if isinstance(data, bool) else str(data))
