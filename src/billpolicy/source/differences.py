"""Where two pieces of plain data differ, path by path: so that a refusal can name each field with both values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """One path, like `items[0].amount`, and what stands there on either side."""

    path: str
    known: Any
    given: Any

    def __str__(self) -> str:
        return f"`{self.path}` is {in_words(self.known)} there, but {in_words(self.given)} here"


def differences(known: Any, given: Any, path: str = "") -> Iterator[Difference]:
    """Every difference between two trees of dicts, lists and scalars, in the order of the keys."""
    if isinstance(known, dict) and isinstance(given, dict):
        for key in sorted({*known, *given}):
            deeper = f"{path}.{key}" if path else key
            yield from differences(known.get(key), given.get(key), deeper)
    elif isinstance(known, list) and isinstance(given, list) and len(known) == len(given):
        for index, (one, other) in enumerate(zip(known, given, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif known != given:
        yield Difference(path, known, given)


def in_words(value: Any) -> str:
    """A value as a sentence can name it."""
    if value is None:
        return "not set"
    if isinstance(value, dict | list):
        return "a list of " + str(len(value)) if isinstance(value, list) else "a mapping"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
