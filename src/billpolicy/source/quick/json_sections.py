"""The sections of a JSON file, as strictly as `tree.py` reads it, which takes JSON for YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from billpolicy.source.quick.sections import Place, Sections
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import joined_surrogates

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_NOT_OF_BOTH = re.compile(r"[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that may stand in a JSON text but not in a YAML file, or that break lines in the one but not the other."""
_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_LINE_BEFORE_COLON = re.compile(r'" *[\r\n][ \r\n]*:')
"""In YAML a key and its colon stand on one line. Begins with the quote, so that it goes but once over a long space."""
_FAR = 400
"""And they lie within 1024 characters, as they are written in the file: spaces count, and escapes (`sections.py`)."""

_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_float=Plain, parse_int=Plain, parse_constant=Plain)
"""Numbers stay as they are written: the field that they fill decides what they mean, and none is a float."""


def json_sections(text: str) -> Sections:
    """The sections of a JSON text. Raises `Unsure`."""
    text = as_yaml(text)
    if _is_not_yaml(text):
        raise Unsure
    walk = _Walk(text)
    walk.take("{")
    more = True
    while more:
        walk.next()
        name = walk.value()
        if type(name) is not str:
            raise Unsure
        walk.take(":")
        yield name, _entries(walk)
        more = walk.goes_on("}")
    if walk.next():
        raise Unsure


def json_entry(text: str, place: Place) -> Any:
    """One entry of such a text, which `as_yaml` gave. Raises `Unsure`."""
    walk = _Walk(text, place[0])
    found = walk.value()
    if walk.at != place[1]:
        raise Unsure
    return found


def as_yaml(text: str) -> str:
    """A JSON text as it is read here and as `tree.py` reads it: places are those in this one."""
    return joined_surrogates(text.replace("\t", " "))


def _entries(walk: _Walk) -> Iterator[tuple[Place, Any]]:
    walk.take("[")
    if walk.next() == "]":
        walk.take("]")
        return
    yield walk.entry()
    while walk.goes_on("]"):
        yield walk.entry()


def _is_not_yaml(text: str) -> bool:
    """Whether YAML refuses this text, or reads it otherwise, even if it is JSON; True also where that only may be."""
    # Of ASCII, all that JSON takes is printable, but for one character; to look for that one is much faster.
    strange = "\x7f" in text if text.isascii() else _NOT_OF_BOTH.search(text)
    return bool(
        strange
        or ('"' + " " * _FAR) in text
        or (_has_lines(text) and any(space + ":" in text for space in " \n\r") and _LINE_BEFORE_COLON.search(text))
        or ("\\" in text and _HALF_A_PAIR.search(text))
    )


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


class _Walk:
    """The place in a text up to which it was read."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def next(self) -> str:
        """The next character that is no space; nothing at the end."""
        found = self.text[self.at : self.at + 1]
        if found > " ":  # as mostly: to look for the end of a space takes longer
            return found
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr] # it matches everywhere
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> None:
        if self.next() != wanted:
            raise Unsure
        self.at += 1

    def goes_on(self, end: str) -> bool:
        """Whether a comma is next, or the end of what was opened; both are taken."""
        comma = _COMMA.match(self.text, self.at)
        if comma is None:
            self.take(end)
            return False
        self.at = comma.end()
        return True

    def entry(self) -> tuple[Place, Any]:
        """The next value, and where it stands."""
        self.next()
        start = self.at
        found = self.value()
        return (start, self.at, 0), found

    def value(self) -> Any:
        """The value that is next, without a space before it."""
        try:
            found, self.at = _DECODER.raw_decode(self.text, self.at)
        except (ValueError, RecursionError):
            raise Unsure from None
        return found
