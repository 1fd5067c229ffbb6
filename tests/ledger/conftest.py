"""Ledgers for the tests: each its own file, closed at the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.ledger.store import Ledger, open_ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(tmp_path: Path, empty_file: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    path = tmp_path / "empty.db"
    shutil.copy(empty_file, path)
    with open_ledger(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def stocked(tmp_path: Path, stocked_file: Path) -> Iterator[Ledger]:
    """A ledger that holds the sample book."""
    path = tmp_path / "stocked.db"
    shutil.copy(stocked_file, path)
    with open_ledger(f"sqlite:///{path}") as opened:
        yield opened
