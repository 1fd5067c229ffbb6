"""Where files are read from: the disk, or texts that somebody else keeps. A revision of git is in `revision.py`.

What reads a policy takes `Files`, so that a policy can be read as it was in a revision, as a ledger keeps it, or from
standard input, by the very code that reads it from the disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from billpolicy.source.plain_file import is_there, read_plain

STDIN = "<stdin>"
"""The name of standard input, where it is given no other."""


class Read(NamedTuple):
    """What was read of a file that is not on the disk."""

    path: Path
    """Where the file would be on the disk."""
    raw: bytes


class Files(Protocol):
    """Folders and plain files. Each method but `shown` raises `OSError` where what is asked cannot be told."""

    @property
    def was_read(self) -> Mapping[str, Read]:
        """Name as shown -> what was read, so that lines can be quoted; what is on the disk can be read again."""

    def exists(self, path: Path) -> bool:
        """Whether there is a file or a folder."""

    def is_dir(self, path: Path) -> bool:
        """Whether there is a folder."""

    def names(self, folder: Path) -> list[str]:
        """The names of what is in a folder, in any order."""

    def read(self, path: Path, most: int = -1) -> bytes:
        """The bytes of a plain file, at most so many of them, as `plain_file.read_plain` gives them."""

    def real(self, path: Path) -> Path:
        """The one path of what may be reached by several."""

    def shown(self, path: Path) -> str:
        """The name that positions carry."""


class _Disk:
    """The disk, as seen from the working folder."""

    was_read: Mapping[str, Read] = {}

    def exists(self, path: Path) -> bool:
        return is_there(path)

    def is_dir(self, path: Path) -> bool:
        return path.is_dir()

    def names(self, folder: Path) -> list[str]:
        return [path.name for path in folder.iterdir()]

    def read(self, path: Path, most: int = -1) -> bytes:
        return read_plain(path, most)

    def real(self, path: Path) -> Path:
        return path.resolve()

    def shown(self, path: Path) -> str:
        return str(path)


DISK: Files = _Disk()
"""What is read from where nothing else is said."""


class Place(NamedTuple):
    """A file or a folder, and where it is read from."""

    files: Files
    path: Path

    def __str__(self) -> str:
        return self.files.shown(self.path)


def place(of: str | Path | Place) -> Place:
    """A path is one on the disk."""
    return of if isinstance(of, Place) else Place(DISK, Path(of))


class Texts:
    """Files that are kept as texts, such as those of a ledger, or what came on standard input."""

    def __init__(self, texts: Mapping[str, bytes], beside: Files | None = None) -> None:
        """`texts`: path -> bytes; a folder is there if a file is in it. `beside`: where all other files are read."""
        self._texts = {Path(os.path.normpath(name)): raw for name, raw in texts.items()}
        self._folders = {folder for path in self._texts for folder in path.parents}
        self._beside = beside
        self._was_read: dict[str, Read] = {}

    @property
    def was_read(self) -> Mapping[str, Read]:
        return {**self._beside.was_read, **self._was_read} if self._beside else self._was_read

    def exists(self, path: Path) -> bool:
        if path in self._texts:
            return True
        return self._beside.exists(path) if self._beside else path in self._folders

    def is_dir(self, path: Path) -> bool:
        if path in self._texts:
            return False
        return self._beside.is_dir(path) if self._beside else path in self._folders

    def names(self, folder: Path) -> list[str]:
        if self._beside:
            return self._beside.names(folder)
        return sorted({path.relative_to(folder).parts[0] for path in self._texts if folder in path.parents})

    def read(self, path: Path, most: int = -1) -> bytes:
        raw = self._texts.get(path)
        if raw is not None:
            self._was_read[self.shown(path)] = Read(path, raw)
            return raw[:most] if most >= 0 else raw
        if self._beside:
            return self._beside.read(path, most)
        reason = errno.EISDIR if path in self._folders else errno.ENOENT
        raise OSError(reason, os.strerror(reason), str(path))  # Python makes the class that goes with the reason

    def real(self, path: Path) -> Path:
        return path if path in self._texts or not self._beside else self._beside.real(path)

    def shown(self, path: Path) -> str:
        return str(path) if path in self._texts or not self._beside else self._beside.shown(path)
