"""Which policies were proven free of conflicts: kept, so that one that has not changed is not proven again.

What is kept is one line of JSON for each path, with the digest of the policy that was read there and the program that
proved it. It is never taken for a policy: that is read again each time, and all the other checks are made again. An
entry counts only if it is to the letter what this program would write for what was just read; nothing else in it is
looked at. So a file that was restored from elsewhere, or forged, can save or cost the one proof and nothing more: two
rules that conflict are refused where they decide something, proven or not, and `validate` proves anew.

In the same way it is kept that nothing is odd about a large book under a policy: that only saves warnings.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from billpolicy import __version__
from billpolicy.source.cache import folder, program, read_own, write_own

_PROVED_BY = ("analysis", "book", "countries", "deciding", "diagnostics", "policy", "source", "vocabulary")
"""The rooms that a proof stands on."""


def is_proven(path: Path, digest: str) -> bool:
    """Whether it is kept that what stands at `path`, of this digest, was proven by this very program."""
    entry = _entry(path)
    if entry is None:
        return False
    wanted = _line(digest)
    return read_own(entry, len(wanted) + 1) == wanted


def keep_proven(path: Path, digest: str) -> None:
    """Keep that what stands at `path`, of this digest, is proven. Where it cannot be kept, nothing happens."""
    entry = _entry(path)
    if entry is not None:
        write_own(entry, _line(digest))


def _line(digest: str) -> bytes:
    return f'{{"proven":"{digest}","by":"{program(__version__, _PROVED_BY)}"}}\n'.encode()


def _entry(path: Path) -> Path | None:
    root = folder()
    try:
        return None if root is None else root / f"{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}.json"
    except OSError:  # a current folder that was removed
        return None
