"""Ledgers for the tests: each its own file, closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.ledger.importing import import_book
from billpolicy.ledger.store import Ledger, create
from tests.ledger.build import sample


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with create(url) as made:
        yield made


@pytest.fixture
def stocked(ledger: Ledger) -> Ledger:
    """A ledger that holds the sample book."""
    import_book(ledger, sample())
    return ledger


@pytest.fixture
def book() -> Book:
    """The sample book."""
    return sample()
