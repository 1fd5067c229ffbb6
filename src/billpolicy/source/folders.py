"""Folders with YAML files, and those below them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from billpolicy.source.files import DISK, Files

TESTS = (".test.yaml", ".test.yml")
"""How the name of a file of policy tests ends."""


def yaml_files(folder: Path, files: Files = DISK) -> list[Path]:
    """The files of policy in a folder, by name: hidden ones and tests (`*.test.yaml`) are none."""
    found = [folder / name for name in files.names(folder) if not name.startswith(".") and ".test." not in name]
    return sorted(file for file in found if file.suffix in (".yaml", ".yml"))


def below(folder: Path, files: Files = DISK) -> Iterator[Path]:
    """The folders below a folder, at any depth, each once; hidden ones are passed over.

    Raises `OSError` where one cannot be read.
    """
    seen = {files.real(folder)}
    ahead = [folder]
    while ahead:
        here = ahead.pop()
        for one in sorted(here / name for name in files.names(here) if not name.startswith(".")):
            if files.is_dir(one) and files.real(one) not in seen:
                seen.add(files.real(one))
                ahead.append(one)
                yield one
