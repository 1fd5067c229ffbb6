"""A file of sections as one record, read quickly."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, TypeVar

from billpolicy.source.quick.json_sections import as_yaml, json_entry, json_sections
from billpolicy.source.quick.records import Readers, fields_of
from billpolicy.source.quick.sections import Place
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.quick.yaml_sections import yaml_entry, yaml_sections

_T = TypeVar("_T")


Places = dict[str, list[Place]]
"""Field of the record -> the places of the entries of its section."""


def read_quickly(kind: type[_T], text: str, file: str) -> _T:
    """The text of a file as a record whose fields are all tuples, its sections. Raises `Unsure`."""
    return read_with_places(kind, text, file)[0]


def read_with_places(kind: type[_T], text: str, file: str) -> tuple[_T, Places]:
    """The same, and where each entry stands."""
    readers = Readers(remember=True)
    found: dict[str, tuple[Any, ...]] = {}
    places: Places = {}
    for written, entries in (json_sections if _is_json(file) else yaml_sections)(text):
        name, read = _section(kind, readers, written)
        if name in found:
            raise Unsure
        records, places[name] = [], []
        for place, entry in entries:
            places[name].append(place)
            records.append(read(entry))
        found[name] = tuple(records)
    try:
        return kind(**found), places
    except TypeError:  # a section is missing
        raise Unsure from None


class Entries:
    """A file that `read_with_places` has read before: single entries of it, each read when it is asked for."""

    def __init__(self, kind: type, text: str, file: str) -> None:
        self._fields = {field.name: typing.get_args(of)[0] for field, of in fields_of(kind).values()}
        self._readers = Readers(remember=True)
        self._text = as_yaml(text) if _is_json(file) else text
        self._entry = json_entry if _is_json(file) else yaml_entry

    def read(self, field: str, place: Place) -> Any:
        """The entry at a place of the section that fills this field. Raises `Unsure`."""
        return self._readers.of(self._fields[field])(self._entry(self._text, place))


def _is_json(file: str) -> bool:
    return file.endswith(".json")


def _section(kind: type, readers: Readers, written: str) -> tuple[str, Callable[[Any], Any]]:
    """The field of a section, and how each entry of it is read."""
    fields = fields_of(kind)
    if written not in fields:
        raise Unsure
    field, of = fields[written]
    return field.name, readers.of(typing.get_args(of)[0])
