"""Which policies do changed files concern? Those that they are part of, and all that extend these.

What a file is can be seen by what its lines begin with (`subfolders.py`), so nothing else that stands in a repository
is parsed for it, and a policy with mistakes is found, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.layers import MAX_MEGABYTES
from billpolicy.policy.subfolders import sections, text_of
from billpolicy.source.files import DISK, named_from, on_disk
from billpolicy.source.folders import below, yaml_files
from billpolicy.source.tree import parse

SETTINGS = "billpolicy.toml"
"""The settings of `lint` and `analyze` for every policy below their folder."""
_OTHER = re.compile(
    rf"""^["']?(?:operations|{"|".join(field.name for field in fields(BookFile))})["']?:""", re.MULTILINE
)
"""A section of a book or of operations."""


def affected(changed: Iterable[Path]) -> list[Path]:
    """The policies below the working folder that a change of these files concerns, by name: folders, or single files.

    A file concerns the policy in its folder, or in the nearest folder above: its tests and their books are there. One
    that is gone does, too. Raises `OSError` where a folder or a file cannot be read.
    """
    policies = dict(policies_below(Path()))
    wanted: set[Path] = set()
    for file in map(_normal, changed):
        if file.name == SETTINGS:
            wanted |= {policy for policy in policies if file.parent in policy.parents}
        wanted |= _nearest(file, policies)
    while more := {policy for policy, base in policies.items() if base in wanted} - wanted:
        wanted |= more
    return sorted(wanted)


def find_policies(folder: str | Path = ".") -> list[Path]:
    """Every policy in a folder or below it, by name: folders, or single files. Raises `OSError` where it cannot be
    read."""
    return sorted(policy for policy, _ in policies_below(Path(folder)))


def policies_below(root: Path) -> Iterator[tuple[Path, Path | None]]:
    """Every policy in a folder or below it, and what it extends.

    A folder is one if a file in it says `policy` or `extends`, whatever the others say, which may be misspelt. Where a
    book or operations stand beside it, each file that says `policy` is one by itself.
    """
    for folder in (root, *below(root)):
        texts = {file: text_of(file, MAX_MEGABYTES, DISK) for file in yaml_files(folder)}
        said = {file: sections(text) for file, text in texts.items()}
        if any(not said[file] and _OTHER.search(text) for file, text in texts.items()):
            yield from ((_normal(file), _base(file)) for file, one in said.items() if "policy" in one)
        elif any("policy" in one or "extends" in one for one in said.values()):
            extends = next((file for file, one in said.items() if "extends" in one), None)
            yield _normal(folder), _base(extends) if extends else None


def _nearest(file: Path, policies: Iterable[Path]) -> set[Path]:
    """The policies that a file is one of, is in, or stands beside; else those in the nearest folder above."""
    if file in policies:
        return {file}
    for folder in file.parents:
        found = {policy for policy in policies if policy == folder or (policy.suffix and policy.parent == folder)}
        if found:
            return found
    return set()


def _base(file: Path) -> Path | None:
    """What a file of policy extends; nothing where that cannot be told, as `validate` will say."""
    try:
        data = parse(file, max_megabytes=MAX_MEGABYTES).data
    except Refused:
        return None
    extends = data.get("extends") if isinstance(data, dict) else None
    if not isinstance(extends, str):
        return None
    return _normal(on_disk(str(named_from(file.parent, extends))))


def _normal(path: Path) -> Path:
    """One path for what can be written in several ways: as seen from the working folder, where it is in it."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  a link is where it stands, not where it leads
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole
