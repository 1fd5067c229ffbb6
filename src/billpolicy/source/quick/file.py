"""A file of sections as one record, read quickly."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from billpolicy.source.quick.records import Readers, fields_of
from billpolicy.source.quick.sections import Place, Sections
from billpolicy.source.quick.unsure import Unsure

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
    for written, entries in _form(file).sections(text):
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
        form = _form(file)
        self._entry, self._text = form.entry, form.prepared(text)

    def read(self, field: str, place: Place) -> Any:
        """The entry at a place of the section that fills this field. Raises `Unsure`."""
        return self._readers.of(self._fields[field])(self._entry(self._text, place))


class _Form(NamedTuple):
    """How files of a form are read."""

    sections: Callable[[str], Sections]
    entry: Callable[[str, Place], Any]
    prepared: Callable[[str], str]
    """The text, for whoever reads single entries of it."""


def _form(file: str) -> _Form:
    """By its name. Patterns take a while to compile, and few commands read files of both forms."""
    if file.endswith(".json"):
        from billpolicy.source.quick.json_sections import as_yaml, json_entry, json_sections

        return _Form(json_sections, json_entry, as_yaml)
    from billpolicy.source.quick.yaml_sections import yaml_entry, yaml_sections

    return _Form(yaml_sections, yaml_entry, str)


def _section(kind: type, readers: Readers, written: str) -> tuple[str, Callable[[Any], Any]]:
    """The field of a section, and how each entry of it is read."""
    fields = fields_of(kind)
    if written not in fields:
        raise Unsure
    field, of = fields[written]
    return field.name, readers.of(typing.get_args(of)[0])
