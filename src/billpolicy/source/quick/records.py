"""Records made of plain data, as strictly as `read.py` has pydantic make them, but without a word about mistakes."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

from billpolicy.source.quick.sections import data_of, mapping_of
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.record import written_name
from billpolicy.source.scalars import Scalar, read_boolean, read_integer

Reader = Callable[[Any], Any]
_BY_THEIR_QUOTES: tuple[Reader, ...] = (read_integer, read_boolean)
"""What these read is not told by the text alone: in quotes it is something else."""


class Readers:
    """Readers of types. Those of one file may remember: what is written twice, like a date or a name, is made once.

    A mapping is a dict; in those of one file it is the tuple of its pairs, as `sections.py` has it.
    """

    def __init__(self, *, remember: bool) -> None:
        self._remember = remember
        self._made: dict[Any, Reader] = {}

    def of(self, kind: Any) -> Reader:
        """A function from plain data to a value of this type. It raises `Unsure`, and so does this for other types."""
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: Any) -> Reader:
        if kind is Any:
            return data_of if self._remember else _as_it_is
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Annotated and isinstance(inside[1], Scalar):
            return self._scalar(inside[1].read)
        if origin in (typing.Union, types.UnionType) and len(inside) == 2 and inside[1] is types.NoneType:
            return _or_nothing(self.of(inside[0]))
        if origin is typing.Literal:
            return _one_of(inside)
        if origin is tuple and inside[1:] == (...,):
            return _tuple_of(self.of(inside[0]))
        if origin is dict:
            return _dict_of(self.of(inside[0]), self.of(inside[1]))
        if dataclasses.is_dataclass(kind):
            return self._record(kind)
        raise Unsure

    def _scalar(self, read: Reader) -> Reader:
        def read_or_unsure(value: Any) -> Any:
            try:
                return read(value)
            except ValueError:
                raise Unsure from None

        remember = self._remember and read not in _BY_THEIR_QUOTES
        return _Known(read_or_unsure).__getitem__ if remember else read_or_unsure

    def _record(self, kind: Any) -> Reader:
        if hasattr(kind, "__post_init__"):  # what it refuses would not be told
            raise Unsure
        fields = {written: (field.name, self.of(of)) for written, (field, of) in fields_of(kind).items()}

        def read(data: Any) -> Any:
            if type(data) is not tuple:
                if not isinstance(data, dict):
                    raise Unsure
                data = tuple(data.items())
            given = {}
            try:
                for written, value in data:
                    name, read_value = fields[written]
                    given[name] = read_value(value)
                if len(given) != len(data):  # a key that stands twice
                    raise Unsure
                return kind(**given)
            except (KeyError, TypeError):  # a key that is not known or missing, or a list where a text is wanted
                raise Unsure from None

        return read


@cache
def fields_of(kind: Any) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """The fields of a record as they are written, with the type of each."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {written_name(field.name): (field, hints[field.name]) for field in dataclasses.fields(kind)}


class _Known(dict[Any, Any]):
    """What was read by now, under what was written. Raises `TypeError` for a list."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, value: Any) -> Any:
        if type(value) is tuple:  # a mapping
            raise Unsure
        self[value] = found = self.read(value)
        return found


def _as_it_is(value: Any) -> Any:
    return value  # with its places


def _or_nothing(read: Reader) -> Reader:
    known = getattr(read, "__self__", None)
    if isinstance(known, _Known):
        nullable = _Known(known.read)
        nullable[None] = None
        return nullable.__getitem__

    def read_or_nothing(value: Any) -> Any:
        return None if value is None else read(value)

    return read_or_nothing


def _one_of(allowed: tuple[Any, ...]) -> Reader:
    words = {word: word for word in allowed}

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise Unsure
        return words[value]

    return read


def _tuple_of(read_one: Reader) -> Reader:
    def read(data: Any) -> Any:
        if not isinstance(data, list):
            raise Unsure
        return tuple(map(read_one, data))

    return read


def _dict_of(read_key: Reader, read_value: Reader) -> Reader:
    def read(data: Any) -> Any:
        if type(data) is tuple:
            data = mapping_of(data)
        if not isinstance(data, dict):
            raise Unsure
        if any(value is None and key[:1].isdigit() for key, value in data.items()):
            raise Unsure  # `{limit: 500,00 EUR}` may be an amount that a comma has cut up
        return {read_key(key): read_value(value) for key, value in data.items()}

    return read
