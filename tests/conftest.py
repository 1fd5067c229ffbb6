"""What holds for all tests: on which examples a property is tried. And ledgers to copy, quicker than to make."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from billpolicy.book.book import Book
from billpolicy.ledger import migrations
from billpolicy.ledger.store import create_ledger, open_ledger
from tests.helpers.postgresql import Server, server
from tests.helpers.sample import sample
from tests.helpers.tables import made_once

# A machine that is busy is no finding.
_COMMON = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", _COMMON, max_examples=100, derandomize=True)
settings.register_profile(
    "soak",
    _COMMON,
    max_examples=100 * int(os.environ.get("SOAK_TIMES", "10")),
    derandomize=False,
    print_blob=True,
)
settings.load_profile("ci")


_UPGRADE = made_once(migrations.upgrade)
_BY_STEPS = ("faults", "speed")
"""Tests of these folders look at each statement of the migrations."""


@pytest.fixture(autouse=True, scope="module")
def tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """New ledgers in files are made quickly, but for tests that look at how they are made."""
    with pytest.MonkeyPatch.context() as patch:
        if not set(request.path.parts).intersection(_BY_STEPS):
            patch.setattr(migrations, "upgrade", _UPGRADE)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A server of PostgreSQL. Where there is none the tests that want it fail: they are half of what is promised."""
    with server() as started:
        yield started


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty ledger; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "empty.db"
    create_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def stocked_file(tmp_path_factory: pytest.TempPathFactory, empty_file: Path) -> Path:
    """The file of a ledger that holds the sample book; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "stocked.db"
    shutil.copy(empty_file, path)
    with open_ledger(f"sqlite:///{path}") as ledger:
        ledger.import_book(sample())
    return path


@pytest.fixture(scope="session")
def empty_database(postgresql: Server) -> str:
    """The name of a database with an empty ledger; not to be written to."""
    name = postgresql.new_database()
    create_ledger(postgresql.url(name)).close()
    return name


@pytest.fixture(scope="session")
def stocked_database(postgresql: Server, empty_database: str) -> str:
    """The name of a database with a ledger that holds the sample book; not to be written to."""
    name = postgresql.new_database(empty_database)
    with open_ledger(postgresql.url(name)) as ledger:
        ledger.import_book(sample())
    return name


@pytest.fixture
def book() -> Book:
    """The sample book."""
    return sample()
