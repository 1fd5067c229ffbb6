"""What a program hands in, of the wrong type: told where it calls, and not by something deep inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def expect(found: object, kind: type | tuple[type, ...], wanted: str) -> None:
    """Raises `TypeError` where something is not of that kind."""
    if not isinstance(found, kind):
        raise TypeError(f"{wanted}, not {type_of(found)}")


def expect_each(found: Iterable[T], kind: type, wanted: str) -> list[T]:
    """All of several things. Raises `TypeError` where one of them is not of that kind, or they are none."""
    if not isinstance(found, Iterable):
        raise TypeError(f"{wanted}, not {type_of(found)}")
    every = list(found)
    for one in every:
        if not isinstance(one, kind):
            raise TypeError(f"{wanted}, and one of them is {type_of(one)}")
    return every


def type_of(found: object) -> str:
    """What something is, in words for a message."""
    return "nothing" if found is None else f"`{type(found).__name__}`"
