"""Data that a program gives, as dicts and lists, in the place of a file: it has paths where a file has lines."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.source.composed import composed
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import MAX_DEPTH, Tree


class Given(Tree):
    """Plain data and the name it goes by in messages, such as `book`."""

    def at(self, *path: str | int, key: bool = False) -> Position:
        """The path of a value, in the place of a file and line: `book.invoices[0].date`."""
        return Position(self.file + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path))


def given(data: Any, name: str) -> Given:
    """Dicts, lists, texts, whole numbers, decimals, dates, true, false and None, to be read as a file of the same is.

    A text is read like a quoted one, so that it is never taken for a number. Raises `Refused` for anything else, floats
    first of all: they are not exact.
    """
    problems = list(islice(_strange(data, Given(name, None), (), ()), MAX_PROBLEMS))
    if problems:
        raise Refused(problems)
    return Given(name, _scalars(data))


def _strange(data: Any, origin: Given, path: tuple[str | int, ...], around: tuple[Any, ...]) -> Iterator[Diagnostic]:
    """`around`: what the data is in, from the outside to the inside."""
    if any(data is outer for outer in around):
        hint = "give each record once, and name it by its number or id elsewhere"
        yield Diagnostic("too-deep", "this is in itself, so it has no end", origin.at(*path), hint)
    elif len(path) > MAX_DEPTH:
        hint = "no book or operation needs so many levels"
        yield Diagnostic("too-deep", f"this is nested deeper than {MAX_DEPTH} levels", origin.at(*path), hint)
    elif isinstance(data, Mapping):
        known: set[str] = set()
        for key, value in data.items():
            if isinstance(key, str) and composed(key) in known:
                message = f"`{key}` stands here twice, once of them with its accents apart"
                yield Diagnostic("yaml-duplicate-key", message, origin.at(*path), "keep one of the two")
            elif isinstance(key, str):
                known.add(composed(key))
                yield from _strange(value, origin, (*path, key), (*around, data))
            else:
                message = f"`{key!r}` is no text, so it cannot be a key"
                yield Diagnostic("key-not-text", message, origin.at(*path), "give each key as a text")
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        for index, value in enumerate(data):
            yield from _strange(value, origin, (*path, index), (*around, data))
    elif isinstance(data, float):
        hint = "give a Decimal, or a text like `'100.00'`"
        yield Diagnostic("float", f"{data!r} is a float, which is not exact", origin.at(*path), hint)
    elif _is_beyond_reason(data):
        hint = "no amount or count needs so many digits"
        yield Diagnostic("value-wrong", "this number is out of range", origin.at(*path), hint)
    elif data is not None and not isinstance(data, str | int | Decimal | datetime.date):
        message = f"a {type(data).__name__} cannot stand here"
        yield Diagnostic("value-wrong", message, origin.at(*path), "give dicts, lists, texts, numbers and dates")


def _is_beyond_reason(data: Any) -> bool:
    """Numbers that would be written with thousands of digits: none is an amount, and some take all memory there is."""
    if isinstance(data, Decimal):
        return data.is_finite() and abs(data.adjusted()) > MAX_DIGITS
    return isinstance(data, int) and abs(data) >= _TOO_LARGE


MAX_DIGITS = 1000
_TOO_LARGE = 10**MAX_DIGITS


def _scalars(data: Any) -> Any:
    """What files hold: numbers, dates and truths as they would be written there."""
    if isinstance(data, Mapping):
        return {composed(key): _scalars(value) for key, value in data.items()}
    if isinstance(data, str) or data is None:
        return data
    if isinstance(data, Sequence):
        return [_scalars(value) for value in data]
    if isinstance(data, bool):
        return Plain(str(data).lower())
    return Plain(format(data, "f") if isinstance(data, Decimal) else str(data))
