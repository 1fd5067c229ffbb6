"""What columns of a table can fill: the fields of a record of a book, each by its path, like `items.taxes.amount`."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from billpolicy.book.model import BookFile
from billpolicy.source.quick.records import fields_of
from billpolicy.source.scalars import Scalar, read_amount, read_date, read_integer

Form = typing.Literal["text", "date", "amount", "integer"]
_FORMS: dict[Any, Form] = {read_date: "date", read_amount: "amount", read_integer: "integer"}
_NOT_FILLED = frozenset({"history"})
"""Lists of what became of a record: they are written by operations."""
KEYS = ("number", "id")
"""The fields that name a record: rows of the same name are about it."""


class Field(NamedTuple):
    """One value of a record, or of an entry of a list in it."""

    lists: tuple[str, ...]
    """The lists that lead to it, from the outside to the inside."""
    names: tuple[str, ...]
    """Its name in that entry: one, or two of `attributes.payment_term`."""
    form: Form

    def __str__(self) -> str:
        return ".".join((*self.lists, *self.names))


class Entry(NamedTuple):
    """A record, or an entry of one of its lists: what it has."""

    lists: tuple[str, ...]
    required: tuple[str, ...]
    """The fields that it cannot be without."""
    required_lists: tuple[str, ...]
    key: str | None
    """The field that names it."""


SECTIONS: dict[str, Any] = {name: typing.get_args(kind)[0] for name, (_, kind) in fields_of(BookFile).items()}
"""Section of a book -> the record that it lists."""


def field_at(section: str, path: str) -> Field | None:
    """The field of a section's records at a path; None if there is none."""
    parts = path.split(".")
    for size in range(len(parts)):
        kind = _entry_kind(section, tuple(parts[:size]))
        if kind is None:
            return None
        found = fields_of(kind).get(parts[size])
        if found is None or parts[size] in _NOT_FILLED:
            return None
        of = _bare(found[1])
        if _entry_of(of) is not None and size < len(parts) - 1:
            continue
        names = tuple(parts[size:])
        if typing.get_origin(of) is dict:
            # A name may have points of its own only where a policy says so, and none does.
            return Field(tuple(parts[:size]), names, "text") if len(names) == 2 and names[1] else None
        form = _form(found[1])
        return Field(tuple(parts[:size]), names, form) if len(names) == 1 and form is not None else None
    return None


def entry_at(section: str, lists: tuple[str, ...]) -> Entry:
    """What a section's record is, or an entry of a list in it."""
    kind = _entry_kind(section, lists)
    assert kind is not None
    required: list[str] = []
    required_lists: list[str] = []
    fields = fields_of(kind)
    for name, (field, of) in fields.items():
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            (required if _entry_of(_bare(of)) is None else required_lists).append(name)
    key = next((name for name in KEYS if name in fields), None)
    return Entry(lists, tuple(required), tuple(required_lists), key)


@cache
def known(section: str) -> tuple[str, ...]:
    """The paths of all fields of a section's records, but those whose names policies declare."""
    return tuple(_known(SECTIONS[section], ""))


def _known(kind: Any, before: str) -> Iterator[str]:
    for name, (_, of) in fields_of(kind).items():
        inner = _entry_of(_bare(of))
        if name in _NOT_FILLED:
            continue
        if inner is not None:
            yield from _known(inner, f"{before}{name}.")
        elif typing.get_origin(_bare(of)) is not dict and _form(of) is not None:
            yield f"{before}{name}"


def _entry_kind(section: str, lists: tuple[str, ...]) -> Any:
    kind = SECTIONS[section]
    for name in lists:
        found = fields_of(kind).get(name)
        kind = None if found is None else _entry_of(_bare(found[1]))
        if kind is None:
            return None
    return kind


def _entry_of(of: Any) -> Any:
    """The record that a field lists; None if it lists none."""
    inside = typing.get_args(of)
    return inside[0] if typing.get_origin(of) is tuple and dataclasses.is_dataclass(inside[0]) else None


def _bare(of: Any) -> Any:
    """`X` of `X | None`."""
    if typing.get_origin(of) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(of) if part is not types.NoneType)
    return of


def _form(of: Any) -> Form | None:
    of = _bare(of)
    if typing.get_origin(of) is typing.Literal:
        return "text"
    if typing.get_origin(of) is typing.Annotated and isinstance(of.__metadata__[0], Scalar):
        return _FORMS.get(of.__metadata__[0].read, "text")
    return None
