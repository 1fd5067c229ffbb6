"""What `ledger backup` and `ledger restore` answer."""

from __future__ import annotations

from billpolicy.report.stats import PostedAtReport
from billpolicy.source.record import record


@record
class BackupReport:
    """A backup that was made."""

    file: str
    size: int
    """In bytes."""
    sha256: str
    """Of the file."""
    documents: int
    operations: int
    last: PostedAtReport | None = None
    """The operation in it that was posted last."""
    numbers: tuple[str, ...] = ()
    """The last number in it that the ledger gave by each counter."""
    head: str | None = None
    """What stands for all that was ever written into it, as `ledger head` of that ledger has it; none where the version
    of billpolicy that made the ledger knew no chain."""


@record
class RestoreReport:
    """A backup that was put in the place of a ledger."""

    ledger: str
    documents: int
    operations: int
    last: PostedAtReport | None = None
    kept: str | None = None
    """The file that has what stood there before."""
    discarded_operations: tuple[str, ...] = ()
    """The ids of operations that only that file has, in the order in which they were posted."""
    discarded_numbers: tuple[str, ...] = ()
    """The numbers of documents that only that file has: they will be given again."""
    head: str
    """What stands for all that was ever written into the ledger as it is now, as `ledger head` has it."""
