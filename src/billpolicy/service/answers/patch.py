"""What was changed of files as a unified diff, which `git apply` and `patch -p1` take in the folder of the service."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_NO_END = "\\ No newline at end of file\n"
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord('"'), ord("\\")}
"""Bytes of a name that stand in a patch as they are."""


def patch_of(before: Mapping[str, str], after: Mapping[str, str]) -> bytes:
    """The patch from some texts to others, both by name. A name is a path seen from the working folder."""
    return "".join(line for name, text in after.items() for line in _of_file(name, before[name], text)).encode()


def _of_file(name: str, before: str, after: str) -> Iterator[str]:
    if before == after:
        return
    path = _path(name)
    # Only the line feed ends a line of a patch, whatever else a text counts as one.
    for line in difflib.unified_diff(_lines(before), _lines(after), _named(f"a/{path}"), _named(f"b/{path}")):
        yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def _lines(text: str) -> list[str]:
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def _path(name: str) -> str:
    """As seen from the working folder, if it is in there; else the name of the file in its own folder."""
    relative = Path(os.path.relpath(name))
    if ".." in relative.parts or relative.is_absolute():
        relative = Path(name).relative_to(Path(name).parent.parent)
    return relative.as_posix()


def _named(path: str) -> str:
    """The name as git writes it: one with a character that is not plain stands between quotes."""
    raw = os.fsencode(path)
    if all(byte in _PLAIN for byte in raw):
        return f"{path}\t" if " " in path else path
    return '"' + "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in raw) + '"'
