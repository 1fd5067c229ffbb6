"""What holds for all tests: on which examples a property is tried, and that helpers tell why an assertion failed."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.helpers")

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
