"""The files of a policy as the service reads them: told by names that say nothing of the machine, and remembered, so
that it is seen when one of them is another one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISDIR
from typing import Literal, NamedTuple

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.files import Files, Place, Read
from billpolicy.source.revision import Revision, revision

What = Literal["kind", "names", "content"]
"""What is asked of a path: what is there, which names it has, or what stands in it."""
Sign = tuple[object, ...] | None
"""What is another one where a file or a folder is; None where nothing is there."""


class _Look(NamedTuple):
    path: Path
    what: What


class Watched:
    """Files, with what was looked at in them."""

    def __init__(self, files: Files, root: Path | None = None) -> None:
        """`root`: from where paths are seen, and told; None: from where `files` has them."""
        self.files = files
        self.root = root
        self.looked: dict[_Look, Sign] = {}
        """What was looked at, and what was there when it was looked at first."""

    @property
    def was_read(self) -> Mapping[str, Read]:
        """As `Files.was_read`."""
        return self.files.was_read

    @property
    def shipped(self) -> Files:
        """As `Files.shipped`: nothing of that changes."""
        return self.files.shipped

    def exists(self, path: Path) -> bool:
        """As `Files.exists`."""
        self._remember(path, "kind")
        return self.files.exists(self._at(path))

    def is_dir(self, path: Path) -> bool:
        """As `Files.is_dir`."""
        self._remember(path, "kind")
        return self.files.is_dir(self._at(path))

    def names(self, folder: Path) -> list[str]:
        """As `Files.names`."""
        self._remember(folder, "names")
        return self.files.names(self._at(folder))

    def read(self, path: Path, most: int = -1) -> bytes:
        """As `Files.read`."""
        self._remember(path, "content")
        try:
            return self.files.read(self._at(path), most)
        except OSError as error:
            reason = error.strerror or str(error)
            raise type(error)(error.errno or errno.EIO, reason, self.shown(path)) from None

    def real(self, path: Path) -> Path:
        """As `Files.real`."""
        return self.files.real(self._at(path))

    def shown(self, path: Path) -> str:
        """As `Files.shown`; from the root, where there is one."""
        return self.files.shown(path) if self.root is None else Path(os.path.normpath(path)).as_posix()

    def _at(self, path: Path) -> Path:
        return path if self.root is None else self.root / path

    def signs(self) -> tuple[Sign, ...]:
        """What is there now of all that was looked at."""
        return (self._commit(), *map(_sign, self.looked))

    def as_read(self) -> tuple[Sign, ...]:
        """What was there when it was looked at."""
        commit = (self.files.commit,) if isinstance(self.files, Revision) else None
        return (commit, *self.looked.values())

    def _remember(self, path: Path, what: What) -> None:
        look = _Look(self._at(path), what)
        if look not in self.looked and not isinstance(self.files, Revision):
            self.looked[look] = _sign(look)

    def _commit(self) -> Sign:
        """That of a revision, whose name may be of another one by now."""
        if not isinstance(self.files, Revision):
            return None
        try:
            return (revision(self.files.name).commit,)
        except Refused:  # such as a branch that is gone: what was read of it stays
            return (self.files.commit,)


def watched(at: Place) -> Place:
    """A place as it is now, to be read and watched. Raises `Refused` for a revision that is gone."""
    files = at.files
    if isinstance(files, Revision):
        files = revision(files.name, from_root=not files.prefix)
    path = Path(os.path.normpath(at.path))
    if path.is_absolute():  # which nobody who asks is to learn
        return Place(Watched(files, path.parent), Path(path.name))
    return Place(Watched(files), path)


def sign_of(path: Path) -> Sign:
    """What is another one where what stands in a file is."""
    return _sign(_Look(path, "content"))


def _sign(look: _Look) -> Sign:
    try:
        if look.what == "names":
            return tuple(sorted(filter(_may_matter, (one.name for one in look.path.iterdir()))))
        found = look.path.stat()
    except OSError:
        return None
    if look.what == "kind":
        return (S_ISDIR(found.st_mode),)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _may_matter(name: str) -> bool:
    """Whether it may be a file of a policy or a folder: a ledger beside it, and what an editor keeps, come and go."""
    return name.endswith((".yaml", ".yml")) or "." not in name
