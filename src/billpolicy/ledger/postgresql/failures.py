"""What a server of PostgreSQL, the way to it, rights and locks do to a ledger, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.visible import visible

_AGAIN = "do it again: what was posted is not posted twice"
_FAILURES: tuple[tuple[tuple[type[psycopg.Error], ...], Code, str, str], ...] = (
    (
        (errors.DiskFull, errors.OutOfMemory, errors.ConfigurationLimitExceeded),
        "ledger-disk-full",
        "the server of this ledger has no space left; nothing was changed",
        "free some space there and do it again",
    ),
    (
        (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure),
        "ledger-busy",
        "another program is writing to this ledger and did not finish in time",
        "try again in a moment; nothing was changed",
    ),
    (
        (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction),
        "ledger-read-only",
        "this ledger can only be read here, not written",
        "ask for the rights of a role that posts: docs/postgresql.md",
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted, errors.UndefinedTable, errors.UndefinedColumn),
        "ledger-damaged",
        "this ledger is damaged",
        "restore it from a backup",
    ),
    (
        (errors.IoError,),
        "ledger-disk-failed",
        "the disk under this ledger reported an error; nothing was changed",
        "check that the disk of the server is well and not full",
    ),
)
"""Errors of the server -> code, message, hint."""


@contextmanager
def server_failures(address: str) -> Iterator[None]:
    """Raise `Refused` for whatever the server and the way to it do to the ledger at `address`."""
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        for kinds, code, message, hint in _FAILURES:
            if isinstance(original, kinds):
                raise refusal(code, message, address, hint) from None
        if isinstance(original, (psycopg.OperationalError, psycopg.InterfaceError)):
            message = f"the server of this ledger cannot be reached: {first_line(original)}"
            raise refusal("ledger-unreachable", message, address, _AGAIN) from None
        raise
    except UnicodeEncodeError as error:
        message = f"{error.object!r} has characters that are no text"
        raise refusal("text-wrong", message, address, "write it in UTF-8") from None


def first_line(error: object) -> str:
    """What the server says, in one line."""
    return visible(str(error).strip().partition("\n")[0])


def refusal(code: Code, message: str, address: str, hint: str) -> Refused:
    """One refusal about a ledger at an address."""
    return Refused([Diagnostic(code, message, Position(told_address(address)), hint)])
