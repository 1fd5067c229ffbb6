"""A file of sections as one record, read quickly."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, TypeVar

from billpolicy.source.quick.json_sections import json_sections
from billpolicy.source.quick.records import Readers, fields_of
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.quick.yaml_sections import yaml_sections

_T = TypeVar("_T")


def read_quickly(kind: type[_T], text: str, file: str) -> _T:
    """The text of a file as a record whose fields are all tuples, its sections. Raises `Unsure`."""
    readers = Readers(remember=True)
    found: dict[str, tuple[Any, ...]] = {}
    for written, entries in (json_sections if file.endswith(".json") else yaml_sections)(text):
        name, read = _section(kind, readers, written)
        if name in found:
            raise Unsure
        found[name] = tuple(map(read, entries))
    try:
        return kind(**found)
    except TypeError:  # a section is missing
        raise Unsure from None


def _section(kind: type, readers: Readers, written: str) -> tuple[str, Callable[[Any], Any]]:
    """The field of a section, and how each entry of it is read."""
    fields = fields_of(kind)
    if written not in fields:
        raise Unsure
    field, of = fields[written]
    return field.name, readers.of(typing.get_args(of)[0])
