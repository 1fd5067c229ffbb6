"""What quick readers of files give: the sections of a file, one after the other, each entry read when it is asked for.

A file of sections is a mapping whose values are lists. Only one entry is in memory as plain data at a time, and a
mapping in it is the tuple of its pairs, as they stand in the file: to make a dict of each would only take time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billpolicy.source.composed import composed
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.tree import NULLS

Place = tuple[int, int, int]
"""Where an entry stands in the text: its first character, the one behind it, and the column that it begins in."""
Sections = Iterator[tuple[str, Iterator[tuple[Place, Any]]]]
"""The entries of a section have to be taken before the next section is asked for."""
_LONG_KEY = 100
"""As a file may write it, with an escape for each character, such a key still lies within the 1,024 of YAML's keys."""


def mapping_of(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """A mapping of a file as a dict. Raises `Unsure` for keys that stand in it twice, that are long, or no text."""
    found = {composed(key): value for key, value in pairs}
    if len(found) != len(pairs) or any(len(key) > _LONG_KEY or key in NULLS for key, _ in pairs):
        raise Unsure
    return found


def data_of(entry: Any) -> Any:
    """An entry as plain data, its mappings as dicts. Raises `Unsure` as `mapping_of` does."""
    if type(entry) is tuple:
        return {key: data_of(value) for key, value in mapping_of(entry).items()}
    return [data_of(one) for one in entry] if isinstance(entry, list) else entry
