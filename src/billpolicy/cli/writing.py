"""Files that commands write: never over a file that is something else, and never half of one.

A file that is there is replaced only by one of its own kind: a report by a report, a schema by a schema.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import billpolicy
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.plain_file import read_plain

if TYPE_CHECKING:
    from billpolicy import Versions


class Kind(NamedTuple):
    """What a command writes, and how such a file begins, white space aside."""

    name: str
    begins: bytes | None
    """None: it replaces no file at all."""


REPORT = Kind("report", b"id,operation,")
RECORDING = Kind("recording", b'{"recording":')
PLAN = Kind("plan", b'{"plan_file":')
SCHEMA = Kind("schema", b'{"$schema":')
BASELINE = Kind("baseline", b'{"known":')
WITNESS = Kind("witness", b'{"today":')
POLICY = Kind("policy", b"")
"""A file of a policy that is mended: it was read before."""
BOOK = Kind("book of import-csv", b"#Madeby`billpolicyimport-csv`")
ALLOWED = Kind("file of what is allowed", b"allow:")
TABLE = Kind("report", None)
"""A report of an accountant, in any of its formats."""
DECIDED = Kind("table of decisions", None)
_ENOUGH = 256
"""Bytes at the start of a file that tell its kind."""


def check_target(path: Path, kind: Kind, files: Iterable[tuple[Path, str]]) -> None:
    """Refuse to write `path` if it is one of `files` (each with what it is to this command), or something else."""
    for file, what in files:
        if _same(path, file):
            hint = f"name another file for the {kind.name}"
            raise _refused("file-in-use", f"this is {what}; a {kind.name} would destroy it", path, hint)
    _check_replaced(path, kind)


def files_of_policy(policy: Versions, target: Path) -> Iterator[tuple[Path, str]]:
    """Every file of a policy and its bases, and `target` where it would be taken for one of them."""
    for file in policy.files:
        yield file, "a file of the policy"
    folders = {os.path.realpath(file.parent) for file in policy.files}
    if target.suffix in (".yaml", ".yml") and os.path.realpath(target.parent) in folders:
        yield target, "the name of a file of the policy"


def files_of_ledger(url: str) -> Iterator[tuple[Path, str]]:
    """Every file that a ledger is kept in, whether it is there yet or not."""
    for file in billpolicy.ledger_files(url):
        yield file, "a file of the ledger"


def write_file(path: Path, text: str | bytes, kind: Kind) -> None:
    """Write a whole file beside the old one and put it in its place: a crash leaves the old file or the new one."""
    replacing = Replacing(path, kind)
    try:
        replacing.write(text)
        replacing.keep()
    finally:
        replacing.drop()


class Replacing:
    """A file that is written bit by bit beside the old one, which stays as it was until it is replaced."""

    def __init__(self, path: Path, kind: Kind) -> None:
        import secrets

        _check_replaced(path, kind)
        self._path = path
        self._target = Path(os.path.realpath(path))
        self._beside = self._target.with_name(f".billpolicy-{secrets.token_hex(8)}")
        with self._failing():
            self._stream = self._beside.open("xb")

    @property
    def stream(self) -> BinaryIO:
        """What it is written to, for whoever writes in a form of their own."""
        return self._stream

    def write(self, text: str | bytes) -> None:
        """Write more of it."""
        with self._failing():
            self._stream.write(text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace"))

    def keep(self) -> None:
        """Put what was written in the place of the old file."""
        with self._failing():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if self._target.exists():
                import shutil

                shutil.copymode(self._target, self._beside)
            self._beside.replace(self._target)
        _sync_folder(self._target.parent)

    def drop(self) -> None:
        """Forget what was written, if it was not kept."""
        self._beside.unlink(missing_ok=True)
        with suppress(OSError):  # what could not be written is not wanted any more
            self._stream.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """A failure is told with the name of the file as it was given."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, also by links, also where it is not there yet."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False


def _check_replaced(path: Path, kind: Kind) -> None:
    """Refuse to replace anything but an empty file and one of this kind."""
    target = Path(os.path.realpath(path))  # what is written: `missing/../notes.txt` is `notes.txt`
    try:
        found = target.stat()
    except FileNotFoundError:
        return
    if not S_ISREG(found.st_mode):
        raise _refused("file-not-plain", "this is not a plain file", path, f"name a file for the {kind.name}")
    if any(os.path.samestat(found, output) for output in _outputs()):
        message = "what this command prints goes into this file already"
        raise _refused("file-in-use", message, path, f"name another file for the {kind.name}")
    head = read_plain(target, _ENOUGH)
    if head and kind.begins is None:
        message = f"this file is there already, and a {kind.name} replaces none"
        raise _refused("file-foreign", message, path, "name another file, or remove this one first")
    if head and kind.begins is not None and not b"".join(head.split()).startswith(kind.begins):
        message = f"this file is there already and is no {kind.name}"
        raise _refused("file-foreign", message, path, "name another file, or remove this one first")


def _outputs() -> Iterator[os.stat_result]:
    """The standard output and error, where they are open."""
    for number in (1, 2):
        with suppress(OSError):
            yield os.fstat(number)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder last through a power cut, where the system can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _refused(code: Code, message: str, path: Path, hint: str) -> Refused:
    return Refused([Diagnostic(code, message, Position(str(path)), hint)])
