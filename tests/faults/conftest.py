"""Where the tests of faults keep their ledgers: each test runs once for each place."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a place to make ledgers in (`places.py`): of SQLite an empty folder."""
    return {"sqlite": f"sqlite:///{tmp_path}"}[request.param]
