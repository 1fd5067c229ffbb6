"""The sections of a YAML file, as strictly as `tree.py` reads it and by the same parser, but without its positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from billpolicy.source.quick.sections import Sections
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.tree import MAX_DEPTH, MAX_KEY, NULLS, LoaderOfYaml, Plain

_Scalar, _Mapping, _List = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
_MappingEnd, _ListEnd = yaml.MappingEndEvent, yaml.SequenceEndEvent


def yaml_sections(text: str) -> Sections:
    """The sections of a YAML text. Raises `Unsure`."""
    try:
        yield from _Events(text).sections()
    except yaml.YAMLError:
        raise Unsure from None


class _Events:
    """What the parser has still to tell of a file, and the data that it makes."""

    def __init__(self, text: str) -> None:
        self.next: Callable[[], Any] = LoaderOfYaml(text).get_event
        self.plain = _Plain(dict.fromkeys(NULLS))

    def sections(self) -> Sections:
        self._expect(yaml.StreamStartEvent)
        self._expect(yaml.DocumentStartEvent)
        self._undecorated(self._expect(_Mapping))
        while type(event := self.next()) is not _MappingEnd:
            name = self._key(event)
            self._undecorated(self._expect(_List))
            yield name, self._entries()
        self._expect(yaml.DocumentEndEvent)
        self._expect(yaml.StreamEndEvent)

    def _entries(self) -> Iterator[Any]:
        while type(event := self.next()) is not _ListEnd:
            yield self._value(event, 2)

    def _expect(self, kind: type) -> Any:
        event = self.next()
        if type(event) is not kind:
            raise Unsure
        return event

    def _value(self, event: Any, depth: int) -> Any:
        """The data of which `event` is the first; nested in so many others."""
        kind = type(event)
        self._undecorated(event)
        if kind is _Scalar:
            return event.value if event.style else self.plain[event.value]
        if depth >= MAX_DEPTH:
            raise Unsure
        if kind is _Mapping:
            found: dict[str, Any] = {}
            while type(event := self.next()) is not _MappingEnd:
                key = self._key(event)
                if key in found:
                    raise Unsure
                found[key] = self._value(self.next(), depth + 1)
            return found
        items = []
        while type(event := self.next()) is not _ListEnd:
            items.append(self._value(event, depth + 1))
        return items

    def _key(self, event: Any) -> str:
        if type(event) is not _Scalar or len(event.value) > MAX_KEY or (not event.style and event.value in NULLS):
            raise Unsure
        self._undecorated(event)
        return str(event.value)

    def _undecorated(self, event: Any) -> None:
        # An alias stands for what has an anchor. It has none of its own, but its name is where theirs is.
        if event.anchor is not None or event.tag is not None:
            raise Unsure


class _Plain(dict[str, Plain | None]):
    """Each text that was written without quotes, made once: files repeat themselves."""

    def __missing__(self, text: str) -> Plain:
        self[text] = made = Plain(text)
        return made
