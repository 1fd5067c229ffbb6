"""Services to ask: in this process, on a book or on a ledger of the story of the three brands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.helpers.paths import ROOT
from tests.pictures.browser import started
from tests.service.browsing import listening

STORY = ROOT / "examples" / "three-brands"
OPERATIONS = (STORY / "operations.yaml").read_text(encoding="utf-8")
ACTOR = "ines"
HERE = "http://127.0.0.1"
"""What a service that knows no callers is asked as: a name of this machine."""


@pytest.fixture(scope="session")
def policy() -> billpolicy.Versions:
    return billpolicy.load_policy(STORY / "policy.yaml", engine="python")


@pytest.fixture
def client(policy: billpolicy.Versions) -> Iterator[TestClient]:
    """Asks a service on the book of the story."""
    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), OnThisMachine(ACTOR))
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[billpolicy.Ledger]:
    """A ledger with the book of the story."""
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        yield ledger


@pytest.fixture
def posting(policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> Iterator[TestClient]:
    """Asks a service on that ledger."""
    serving = Serving(InForce(policy), ledger, OnThisMachine(ACTOR))
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One for all tests, since to start it takes longer than to use it."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="package")
def address(policy: billpolicy.Versions) -> Iterator[str]:
    """Of a service on the book of the story, with its operations at hand."""
    book, operations = billpolicy.load_book(STORY / "book.yaml"), billpolicy.load_operations(STORY / "operations.yaml")
    with listening(Serving(InForce(policy), book, OnThisMachine(ACTOR), operations=tuple(operations))) as at:
        yield at
