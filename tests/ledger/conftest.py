"""Ledgers for the tests: each its own file, closed at the end. Made once and copied, which is quicker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.sample import sample


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty ledger; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "empty.db"
    create_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def made_stocked(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Path:
    """The file of a ledger that holds the sample book; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "stocked.db"
    shutil.copy(made, path)
    with open_ledger(f"sqlite:///{path}") as ledger:
        ledger.import_book(sample())
    return path


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(tmp_path: Path, made: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    path = tmp_path / "empty.db"
    shutil.copy(made, path)
    with open_ledger(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def stocked(tmp_path: Path, made_stocked: Path) -> Iterator[Ledger]:
    """A ledger that holds the sample book."""
    path = tmp_path / "stocked.db"
    shutil.copy(made_stocked, path)
    with open_ledger(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def book() -> Book:
    """The sample book."""
    return sample()
