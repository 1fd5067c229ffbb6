"""The stores that the contract is held against: each test runs once on each of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.ledger.store import open_ledger
from billpolicy.posting.store import Store
from tests.helpers.memory_store import MemoryStore
from tests.helpers.postgresql import Server
from tests.helpers.sample import sample

StoreOf = Callable[[Book], Store]


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def store_of(request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path, stocked_file: Path) -> Iterator[StoreOf]:
    """Makes a store that holds a book."""
    with ExitStack() as opened:

        def sqlite(book: Book) -> Store:
            path = tmp_path / "ledger.db"
            shutil.copy(stocked_file if book is sample() else empty_file, path)
            ledger = opened.enter_context(open_ledger(f"sqlite:///{path}"))
            if book is not sample():
                ledger.import_book(book)
            return ledger

        def postgresql(book: Book) -> Store:
            server: Server = request.getfixturevalue("postgresql")
            like = request.getfixturevalue("stocked_database" if book is sample() else "empty_database")
            ledger = opened.enter_context(open_ledger(server.url(opened.enter_context(server.database(like)))))
            if book is not sample():
                ledger.import_book(book)
            return ledger

        yield {"sqlite": sqlite, "postgresql": postgresql, "memory": MemoryStore}[request.param]


@pytest.fixture
def store(store_of: StoreOf) -> Store:
    """A store that holds the sample book."""
    return store_of(sample())
