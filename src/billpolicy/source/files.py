"""Where files are read from: the disk, what comes with the program, or texts that somebody else keeps.

A revision of git is in `revision.py`.

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
STANDARD = "standard"
"""What names the policy that comes with the program, where nothing else is called so."""
STANDARD_AT = Path("<standard>")
"""Its folder, as it is shown: the same on every machine, and no folder that somebody has."""


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

    @property
    def shipped(self) -> Files:
        """Where `STANDARD_AT` is read from by what stands here."""

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


def shipped_folder() -> Path:
    """The folder that has `policies`, `schemas` and `examples`: in the installed package, or the checkout itself."""
    package = Path(__file__).parents[1]
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parents[1]


def on_disk(shown: str) -> Path:
    """Where the file is that is shown by this name, if it is on the disk."""
    path = Path(shown)
    if STANDARD_AT not in (path, *path.parents):
        return path
    return shipped_folder() / "policies" / STANDARD / path.relative_to(STANDARD_AT)


class _Shipped:
    """The standard policy that comes with the program, at `STANDARD_AT`, and nothing else."""

    was_read: Mapping[str, Read] = {}

    @property
    def shipped(self) -> Files:
        return self

    def exists(self, path: Path) -> bool:
        return is_there(on_disk(str(path)))

    def is_dir(self, path: Path) -> bool:
        return on_disk(str(path)).is_dir()

    def names(self, folder: Path) -> list[str]:
        return [path.name for path in on_disk(str(folder)).iterdir()]

    def read(self, path: Path, most: int = -1) -> bytes:
        return read_plain(on_disk(str(path)), most)

    def real(self, path: Path) -> Path:
        return path

    def shown(self, path: Path) -> str:
        return str(path)


SHIPPED: Files = _Shipped()
"""What comes with the program."""


class _Disk:
    """The disk, as seen from the working folder."""

    was_read: Mapping[str, Read] = {}
    shipped = SHIPPED

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
    """A path is one on the disk; `standard` is the policy that comes with the program, where nothing is called so."""
    return of if isinstance(of, Place) else named_from(Path(), str(of))


def named_from(folder: Path, name: str, files: Files = DISK) -> Place:
    """What is named in a folder: a path seen from there; or the standard policy that comes with the program, if the
    name is `standard` and nothing there is called so."""
    if name == STANDARD and not _holds(folder, name, files):
        return Place(files.shipped, STANDARD_AT)
    return Place(files, folder / name)


def _holds(folder: Path, name: str, files: Files) -> bool:
    """Whether anything in a folder is called so, also a link that leads nowhere, or what cannot be looked at: that is
    for whoever reads it to say, and nothing else must be read in its place."""
    try:
        return files.exists(folder / name) or name in files.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


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

    @property
    def shipped(self) -> Files:
        """Texts that were kept have all that a policy stood on, as it was then."""
        return self._beside.shipped if self._beside else self

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
