"""Plain data as YAML that people go on with: short mappings and lists on one line, longer ones below each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billpolicy.diagnostics.visible import ignorable
from billpolicy.source.tree import NULLS

WIDTH = 80
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9 _/.%+-]*(?<! )|-?[0-9.]+")
_WORDS = NULLS | {"true", "false"}
"""What has a meaning of its own without quotes."""


def yaml_lines(data: Any, indent: int = 0) -> Iterator[str]:
    """The lines of a mapping or a list, each after so many spaces."""
    before = " " * indent
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{before}{yaml_scalar(key)}:", value, indent + 2)
    else:
        for value in data:
            short = _short(value)
            if indent + len(short) + 2 <= WIDTH:
                yield f"{before}- {short}"
            else:  # the first line of what is below goes on behind the dash
                first, *others = yaml_lines(value, indent + 2)
                yield f"{before}- {first[indent + 2 :]}"
                yield from others


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    short = _short(value)
    if len(key) + len(short) + 1 <= WIDTH or not isinstance(value, Mapping | list | tuple):
        yield f"{key} {short}"
    else:
        yield key
        yield from yaml_lines(value, indent)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{yaml_scalar(key)}: {_short(held)}" for key, held in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_short, value)) + "]"
    return yaml_scalar(value)


def yaml_scalar(value: Any) -> str:
    """One value on a line of its own or in a list; a text that could be read otherwise in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if isinstance(value, str) and (text in _WORDS or not _PLAIN.fullmatch(text)):
        quoted = json.dumps(text, ensure_ascii=False)
        # YAML has no pairs of surrogates, which JSON would write.
        return "".join(one if one.isprintable() and not ignorable(one) else f"\\U{ord(one):08x}" for one in quoted)
    return text
