"""The mark of tests that need the rules engine: skipped only where it is not installed and could not be built."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from billpolicy.deciding.matching.durable import unavailable
from scripts.setup_venv import missing_for_engine


def _excuse() -> str | None:
    """Why the tests may be skipped. Where there is no excuse they run, and fail if the engine does not."""
    missing = missing_for_engine()
    if unavailable() is None or missing is None or find_spec("durable_rules_engine") is not None:
        return None
    if os.environ.get("BILLPOLICY_REQUIRE_ENGINE") == "1":
        return None
    return f"the rules engine is not installed, and cannot be built here: {missing}"


needs_engine = pytest.mark.skipif(_excuse() is not None, reason=_excuse() or "")
