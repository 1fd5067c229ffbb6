"""A PostgreSQL server for the tests: made of Debian's packages in a folder of its own, and thrown away.

The server refuses root, so it runs as `postgres` where the tests run as root. Nothing of it is kept: it does not wait
for the disk, but where a test asks whether what was acknowledged survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
"""Where Debian keeps the newest server that is installed; None where none is."""
MISSING = "PostgreSQL is missing: `apt-get install postgresql`, as `.ci/run` does"
_NAMES = count(1)


class Server:
    """A server of its own, listening in a folder and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make its files."""
        assert PROGRAMS is not None, MISSING
        self.program(
            "initdb",
            "--pgdata",
            str(self.folder / "data"),
            "--auth",
            "trust",
            "--username",
            "postgres",
            "--encoding",
            "UTF8",
            "--no-sync",
            "--locale",
            "C.UTF-8",
        )

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers. `settings`: of the server, such as `fsync`."""
        assert PROGRAMS is not None, MISSING
        told = {"fsync": "off", "listen_addresses": "", "unix_socket_directories": str(self.folder), **settings}
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in told.items())
        self.program(
            "pg_ctl",
            "start",
            "--wait",
            "--silent",
            "--pgdata",
            str(self.folder / "data"),
            "--log",
            str(self.folder / "log"),
            "--options",
            options,
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast`, or `immediate`, as if the power failed."""
        self.program("pg_ctl", "stop", "--wait", "--silent", "--pgdata", str(self.folder / "data"), "--mode", mode)

    def url(self, database: str, user: str = "postgres") -> str:
        """The address of a ledger in one of its databases."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def new_database(self, like: str = "template0") -> str:
        """The name of a database that is like another one; by default nothing is in it."""
        name = f"ledger_{next(_NAMES)}"
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    @contextmanager
    def database(self, like: str = "template0") -> Iterator[str]:
        """The same, for a while."""
        name = self.new_database(like)
        try:
            yield name
        finally:
            self.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, database: str, *statements: str) -> None:
        """Run SQL as the owner of the server."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def asked(self, database: str, query: str) -> list[tuple[object, ...]]:
        """What a query finds there."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def program(self, program: str, *arguments: str) -> str:
        """Run a program of PostgreSQL in its folder, and give what it prints."""
        assert PROGRAMS is not None, MISSING
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self.folder,
            user=user,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout


@contextmanager
def server() -> Iterator[Server]:
    """A server for a while."""
    folder = Path(tempfile.mkdtemp(prefix="billpolicy-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    made = Server(folder)
    try:
        made.make()
        made.start()
        yield made
    finally:
        with suppress(AssertionError):  # where the test has stopped it
            made.stop("immediate")
        shutil.rmtree(folder)
