"""Files of policy in a subfolder of a policy, where they are not read: they are refused, never passed over.

Other files may stand there: tests with their books, notes, pages; also another policy, which says `policy` itself. What
a file is can be seen by what its lines begin with, so books are not parsed for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.language import PolicyFile
from billpolicy.source.files import DISK, Files
from billpolicy.source.folders import below, yaml_files

_SHARED = {"accounts", "description", "operations"}
"""Sections that other files have as well."""
SECTIONS = {field.name.rstrip("_") for field in fields(PolicyFile)} - _SHARED
"""Sections that only policies have."""
_SECTION = rf"""(?m)^(?:\{{\s*)?["']?({"|".join(sorted(SECTIONS))})["']?\s*:"""
_BY_NAME = r"""(?m)^["']?(accounts|operations)["']?:\s*(?:#.*\n\s*)*(?:\{|\w)"""
"""By name, as policies have them; a list of operations, or of accounts, is another file."""


def not_read(folder: Path, most_megabytes: int, files: Files = DISK) -> Iterator[Diagnostic]:
    """The files of policy below a policy's folder. Raises `OSError` where a folder or file cannot be read."""
    others: set[Path] = set()
    for one in below(folder, files):
        said = {file: sections(text_of(file, most_megabytes, files)) for file in yaml_files(one, files)}
        of_its_own = any("policy" in found for found in said.values())
        if of_its_own or not others.isdisjoint(one.parents):
            others.add(one)
            continue
        for file, found in said.items():
            for section, line in list(found.items())[:1]:
                policy = files.shown(folder)
                message = f"this file is not read: it says `{section}`, but is in a subfolder of the policy `{policy}`"
                hint = "move it beside the other files; where it is another policy, let that say its `policy: a-name`"
                yield Diagnostic("policy-in-subfolder", message, Position(files.shown(file), line, 1), hint)


def sections(text: str) -> dict[str, int]:
    """The sections of a policy that a text has, and their lines, in this order."""
    found = sorted((match.start(1), match[1]) for asked in (_SECTION, _BY_NAME) for match in re.finditer(asked, text))
    return {section: text.count("\n", 0, start) + 1 for start, section in found}


def text_of(file: Path, most_megabytes: int, files: Files) -> str:
    """The text of a file, or nothing if it is too large for a policy."""
    most = most_megabytes * 1024 * 1024
    raw = files.read(file, most + 1)
    return "" if len(raw) > most else raw.decode("utf-8", "replace")
