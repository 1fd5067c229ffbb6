"""The mark of tests that need the rules engine: skipped where it does not load, unless it is required."""

from __future__ import annotations

import os

import pytest

from billpolicy.deciding.matching.durable import unavailable

needs_engine = pytest.mark.skipif(
    unavailable() is not None and os.environ.get("BILLPOLICY_REQUIRE_ENGINE") != "1", reason=unavailable() or ""
)
