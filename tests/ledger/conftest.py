"""Ledgers for the tests, in every database that there is; what is of one kind alone is marked so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.postgresql import Server
from tests.helpers.tampering import fill

STORES = ("sqlite", "postgresql")
ONLY = {"in_a_file": "sqlite", "on_a_server": "postgresql"}
"""Mark -> the database that a test is of alone."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that wants a ledger runs once for each database."""
    if "kept_in" in metafunc.fixturenames:
        of_one = {mark.name for mark in metafunc.definition.iter_markers()} & ONLY.keys()
        stores = STORES if not of_one else [ONLY[mark] for mark in of_one]
        metafunc.parametrize("kept_in", stores, scope="function")


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a ledger that has everything."""
    path = tmp_path_factory.mktemp("filled") / "ledger.db"
    with create_ledger(f"sqlite:///{path}") as ledger:
        fill(ledger)
    return path


@pytest.fixture
def url(kept_in: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a ledger that is not there yet."""
    if kept_in == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture
def ledger(kept_in: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    yield from _opened(kept_in, request, tmp_path, "empty")


@pytest.fixture
def stocked(kept_in: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that holds the sample book."""
    yield from _opened(kept_in, request, tmp_path, "stocked")


def _opened(kept_in: str, request: pytest.FixtureRequest, folder: Path, what: str) -> Iterator[Ledger]:
    if kept_in == "sqlite":
        path = folder / f"{what}.db"
        shutil.copy(request.getfixturevalue(f"{what}_file"), path)
        with open_ledger(f"sqlite:///{path}") as opened:
            yield opened
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database(request.getfixturevalue(f"{what}_database")) as name, open_ledger(server.url(name)) as opened:
        yield opened
