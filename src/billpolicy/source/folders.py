"""Folders with YAML files, and those below them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def yaml_files(folder: Path) -> list[Path]:
    """The files of policy in a folder, by name: hidden ones and tests (`*.test.yaml`) are none."""
    found = (file for file in folder.iterdir() if file.suffix in (".yaml", ".yml") and not file.name.startswith("."))
    return sorted(file for file in found if ".test." not in file.name)


def below(folder: Path) -> Iterator[Path]:
    """The folders below a folder, at any depth, each once; hidden ones are passed over.

    Raises `OSError` where one cannot be read.
    """
    seen = {folder.resolve()}
    ahead = [folder]
    while ahead:
        for one in sorted(ahead.pop().iterdir()):
            if one.is_dir() and not one.name.startswith(".") and one.resolve() not in seen:
                seen.add(one.resolve())
                ahead.append(one)
                yield one
