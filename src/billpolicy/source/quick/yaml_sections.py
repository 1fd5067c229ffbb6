"""The sections of a YAML file, as strictly as `tree.py` reads it and by the same parser, but without its positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from billpolicy.source.composed import composed
from billpolicy.source.quick.sections import Place, Sections
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import MAX_DEPTH, NULLS, LoaderOfYaml

_Scalar, _Mapping, _List = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
_MappingEnd, _ListEnd = yaml.MappingEndEvent, yaml.SequenceEndEvent


def yaml_sections(text: str) -> Sections:
    """The sections of a YAML text. Raises `Unsure`."""
    events = _Events(text)
    events.expect(yaml.StreamStartEvent)
    events.expect(yaml.DocumentStartEvent)
    events.expect(_Mapping)
    while type(event := events.next()) is not _MappingEnd:
        name = events.key(event)
        events.expect(_List)
        yield name, _entries(events)
    events.expect(yaml.DocumentEndEvent)
    events.expect(yaml.StreamEndEvent)


def yaml_entry(text: str, place: Place) -> Any:
    """One entry of such a text. Raises `Unsure`."""
    start, end, column = place
    events = _Events(" " * column + text[start:end])
    events.expect(yaml.StreamStartEvent)
    events.expect(yaml.DocumentStartEvent)
    _, found = events.entry(events.next())
    events.expect(yaml.DocumentEndEvent)
    events.expect(yaml.StreamEndEvent)
    return found


def _entries(events: _Events) -> Iterator[tuple[Place, Any]]:
    while type(event := events.next()) is not _ListEnd:
        yield events.entry(event)


class _Events:
    """What the parser has still to tell of a file, and the data that it makes."""

    def __init__(self, text: str) -> None:
        try:
            self._next: Callable[[], Any] = LoaderOfYaml(text).get_event
        except yaml.YAMLError:
            raise Unsure from None
        self._plain = _Plain(dict.fromkeys(NULLS))
        # Without these characters nothing in the text has an anchor or a tag, and none has to be asked for them.
        self._decorated = any(sign in text for sign in "&!*")
        self._last: Any = None
        """The event that ended the last mapping."""

    def next(self) -> Any:
        try:
            return self._next()
        except yaml.YAMLError:
            raise Unsure from None

    def expect(self, kind: type) -> None:
        event = self.next()
        if type(event) is not kind or _is_decorated(event):
            raise Unsure

    def entry(self, event: Any) -> tuple[Place, Any]:
        """The data of which `event` is the first, an entry of a section, and where it stands."""
        self._last = event
        try:
            found = self._value(event, 2)
        except yaml.YAMLError:
            raise Unsure from None
        start = event.start_mark
        return (start.index, self._last.end_mark.index, start.column), found

    def key(self, event: Any) -> str:
        """The name of a section, whose first event this is."""
        if type(event) is not _Scalar or event.value in NULLS or _is_decorated(event):
            raise Unsure
        return composed(event.value)

    def _value(self, event: Any, depth: int) -> Any:
        """The data of which `event` is the first, in so many mappings and lists."""
        # An alias has what it stands for as its anchor, so none gets beyond this.
        if event.anchor is not None or event.tag is not None:
            raise Unsure
        kind = type(event)
        if kind is _Scalar:
            return event.value if event.style else self._plain[event.value]
        if depth >= MAX_DEPTH:
            raise Unsure
        if kind is _Mapping:
            return self._mapping(depth)
        items = []
        while type(event := self._next()) is not _ListEnd:
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> tuple[tuple[str, Any], ...]:
        """The pairs of a mapping that has begun. Its single values are made here: nearly everything is one."""
        pairs: list[tuple[str, Any]] = []
        take, plain, decorated = self._next, self._plain, self._decorated
        while type(key := take()) is _Scalar:
            if decorated and _is_decorated(key):
                raise Unsure
            event = take()
            if type(event) is _Scalar and not (decorated and _is_decorated(event)):
                pairs.append((key.value, event.value if event.style else plain[event.value]))
            else:
                pairs.append((key.value, self._value(event, depth + 1)))
        if type(key) is not _MappingEnd:
            raise Unsure
        self._last = key
        return tuple(pairs)


def _is_decorated(event: Any) -> bool:
    return getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None


class _Plain(dict[str, Plain | None]):
    """Each text that was written without quotes, made once: files repeat themselves."""

    def __missing__(self, text: str) -> Plain:
        self[text] = made = Plain(text)
        return made
