"""Files of ledgers and backups: made under another name, and given theirs when they are whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.ledger.databases import database_of
from billpolicy.source.plain_file import is_there


def address_of(file: Path) -> str:
    """The address of the ledger that is a file. A backup is one, wherever the ledger is that it is of."""
    return f"sqlite:///{file}"


@contextmanager
def in_the_making(target: Path) -> Iterator[Path]:
    """A name for a file beside the one that it is to be; whatever still goes by it in the end is removed. What the disk
    does to it is told of that one."""
    if not exists(target.parent):
        raise refusal("file-missing", f"there is no folder `{target.parent}`", target, "make the folder first")
    file = Path(os.path.realpath(target)).with_name(f".billpolicy-{secrets.token_hex(8)}")
    try:
        yield file
    except Refused as refused:
        raise Refused([_told_of(target, one) if _is_of(file, one) else one for one in refused.diagnostics]) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    finally:
        for each in database_of(address_of(file)).files_of(address_of(file)):
            each.unlink(missing_ok=True)


def give_name(file: Path, target: Path) -> None:
    """Give a whole file its name, which nothing may have yet, so that it lasts through a power cut."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
    try:
        os.link(file, target)  # unlike a rename, this never replaces what somebody has put there meanwhile
    except FileExistsError:
        raise refusal("file-there", "there is a file here already", target, "name a file that is not there") from None
    except OSError:  # not every disk has links
        file.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def refuse_beside(path: Path) -> None:
    """Refuse a new file beside which something stands that would be taken for its own, and destroyed."""
    for left in database_of(address_of(path)).files_of(address_of(path)):
        if left != path and os.path.lexists(left):
            message = f"a new ledger `{path.name}` would destroy this file"
            hint = "move it away, or name another ledger; if it is left of a ledger, bring that one back first"
            raise refusal("file-in-use", message, left, hint)


def exists(path: Path) -> bool:
    """Whether there is such a file. Raises `Refused` where that cannot be told."""
    try:
        return is_there(path)
    except OSError as error:
        message = f"this ledger cannot be reached: {(error.strerror or str(error)).lower()}"
        raise refusal("ledger-unreadable", message, path, "check the path and who may read its folders") from None


def refusal(code: Code, message: str, path: Path, hint: str) -> Refused:
    """One refusal about a file."""
    return Refused([Diagnostic(code, message, Position(str(path)), hint)])


def _is_of(file: Path, one: Diagnostic) -> bool:
    return one.position is not None and one.position.file == str(file)


def _told_of(target: Path, one: Diagnostic) -> Diagnostic:
    return Diagnostic(one.code, one.message, Position(str(target)), one.hint)
