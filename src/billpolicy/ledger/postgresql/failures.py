"""What a server of PostgreSQL, the way to it, rights and locks do to a ledger, in words.

What the server or its driver say is never told as they say it: it may be in any language, of several lines, and hold a
part of what somebody took for the address, such as a password.
"""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.visible import visible
from billpolicy.ledger.postgresql.addresses import database_named

logging.getLogger("psycopg").addHandler(logging.NullHandler())
"""A lost connection is told as a refusal: without a handler Python would print what psycopg says of it, besides."""
_Told = tuple[Code, str, str]
"""Code, message and hint, in which `{database}` stands for the one that the address names."""
_AGAIN = "do it again: what was posted is not posted twice"
_LATER = "try again in a moment"
"""Where no connection was made nothing can have been posted by it."""
SQL_OF_RIGHTS = "`billpolicy rule ledger-read-only` shows them"
"""Where each role's rights can be read without these pages."""
_RIGHTS = (
    "check who you are there and which password you have (`~/.pgpass` or `PGPASSWORD`), or ask for the right to it"
)
_LIMITS = (errors.IdleInTransactionSessionTimeout, errors.TransactionTimeout)
_FAILURES: tuple[tuple[tuple[type[psycopg.Error], ...], _Told], ...] = (
    (
        (errors.DiskFull, errors.ConfigurationLimitExceeded),
        (
            "ledger-disk-full",
            "the server of this ledger has no space left; nothing was changed",
            "free some space there and do it again",
        ),
    ),
    (
        (errors.OutOfMemory,),
        (
            "ledger-stopped",
            "the server of this ledger has no memory left; nothing was changed",
            "do it again when the server has less to do, or ask whoever looks after it for more memory",
        ),
    ),
    (
        (errors.QueryCanceled, *_LIMITS),
        (
            "ledger-stopped",
            "the server of this ledger stopped this, by a time limit or because it was told to; nothing was changed",
            "do it again; if it lasts, have `statement_timeout` and the other time limits of your role raised",
        ),
    ),
    (
        (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure),
        (
            "ledger-busy",
            "another program is writing to this ledger and did not finish in time",
            "try again in a moment; nothing was changed",
        ),
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        (
            "ledger-read-only",
            "the server of this ledger only follows another one (a standby), and cannot be written",
            "give the address of the server that it follows",
        ),
    ),
    (
        (errors.InsufficientPrivilege,),
        (
            "ledger-read-only",
            "this ledger can only be read here, not written",
            f"ask for the rights of a role that posts: {SQL_OF_RIGHTS}",
        ),
    ),
    (
        (errors.InvalidSchemaName,),
        (
            "file-missing",
            "there is no such schema in this database",
            "check `search_path` in the address, or make the schema with `CREATE SCHEMA`",
        ),
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted, errors.UndefinedTable, errors.UndefinedColumn),
        ("ledger-damaged", "this ledger is damaged", "restore it from a backup"),
    ),
    (
        (errors.IoError,),
        (
            "ledger-disk-failed",
            "the disk under this ledger reported an error; nothing was changed",
            "check that the disk of the server is well and not full",
        ),
    ),
)
"""Errors of the server -> what is told."""
_ON_THE_WAY: tuple[tuple[str, _Told], ...] = (
    (
        r'database "[^"]*" does not exist|database .* is not currently accepting',
        (
            "file-missing",
            "the server has no such database, or lets nobody in",
            "check the address, or make the database with `createdb --encoding UTF8 --template template0 {database}`",
        ),
    ),
    (
        r"too many (?:clients|connections)|connection slots",
        (
            "ledger-unreachable",
            "the server of this ledger has no connection left",
            "try again in a moment, or have `max_connections` of the server, or the limit of your role, raised",
        ),
    ),
    (
        r"password|role .* (?:does not exist|is not permitted)|authentication|pg_hba|permission denied",
        ("ledger-unreadable", "the server of this ledger does not let you in", _RIGHTS),
    ),
    (
        r"SSL|sslmode|TLS|certificate|GSSAPI",
        (
            "ledger-unreachable",
            "the connection to the server of this ledger cannot be secured as the address wants it",
            "check `sslmode` and the certificates that it names",
        ),
    ),
    (
        r"resolve host|translate host",
        (
            "ledger-unreachable",
            "the server of this ledger cannot be reached: there is none of this name, or on this port",
            "check the name and the port in the address",
        ),
    ),
    (
        r"Connection refused|No such file or directory",
        (
            "ledger-unreachable",
            "the server of this ledger cannot be reached: nothing answers at its address",
            "check the address and that the server runs; then try again",
        ),
    ),
    (
        r"timeout|timed out",
        ("ledger-unreachable", "the server of this ledger does not answer in time", _LATER),
    ),
    (
        r"starting up|shutting down|recovery",
        ("ledger-unreachable", "the server of this ledger is being started or stopped", _LATER),
    ),
    (
        r"connection failed|connection is bad",
        (
            "ledger-unreachable",
            "no connection to the server of this ledger can be made",
            "check the address: `psql` with the same one tells why",
        ),
    ),
)
"""What is said where no connection was made, which has no number -> what is told; the first that fits."""
_NOT_CONNECTED = re.compile("connection (?:failed|is bad|timeout)|failed to resolve host|multiple connection attempts")
"""How the driver begins what it says then. Of a connection that is lost it may speak of SSL or time, too."""
_LOST: _Told = ("ledger-unreachable", "the connection to the server of this ledger was lost", _AGAIN)


@contextmanager
def server_failures(address: str) -> Iterator[None]:
    """Raise `Refused` for whatever the server and the way to it do to the ledger at `address`."""
    try:
        yield
    except psycopg.Error as error:
        told = _told(error)
        if told is None:
            raise
        database = visible(shlex.quote(database_named(address) or "NAME"))
        raise refusal(told[0], told[1], address, told[2].replace("{database}", database)) from None
    except UnicodeEncodeError as error:
        message = f"{error.object!r} has characters that are no text"
        raise refusal("text-wrong", message, address, "write it in UTF-8") from None


def is_of_tables(error: BaseException) -> bool:
    """Whether it may be that the tables are other ones than a statement was written for, or hold something else."""
    others = (psycopg.OperationalError, *_LIMITS, errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)
    return isinstance(error, psycopg.DatabaseError) and not isinstance(error, (*others, errors.InvalidSchemaName))


def _told(error: BaseException) -> _Told | None:
    for kinds, told in _FAILURES:
        if isinstance(error, kinds):
            return told
    if isinstance(error, errors.RaiseException):
        text = visible((error.diag.message_primary or "").removeprefix("guard: "))
        return _not_fitting(f"a guard of this ledger did not let it be written: {text}")
    if isinstance(error, psycopg.IntegrityError):
        return _not_fitting(f"what was to be written does not fit what `{error.diag.table_name}` has")
    if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return None
    if error.sqlstate is None and _NOT_CONNECTED.match(str(error)):
        for pattern, told in _ON_THE_WAY:
            if re.search(pattern, str(error)):
                return told
    return _LOST


def _not_fitting(message: str) -> _Told:
    hint = "run `billpolicy ledger check`; if it finds nothing, please report this"
    return "ledger-damaged", f"{message}; nothing was changed", hint


def refusal(code: Code, message: str, address: str, hint: str) -> Refused:
    """One refusal about a ledger at an address."""
    return Refused([Diagnostic(code, message, Position(told_address(address)), hint)])
