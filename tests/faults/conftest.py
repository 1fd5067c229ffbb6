"""Where the tests of faults keep their ledgers: each test runs once for each place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.postgresql import server


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a place to make ledgers in (`places.py`): of SQLite an empty folder, of PostgreSQL a server that
    may be stopped, which no other test has."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}"
        return
    with server() as started:
        yield started.url("postgres")
