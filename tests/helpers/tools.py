"""Programs that some tests need and not every machine has."""

from __future__ import annotations

import os
import shutil

import pytest

_PACKAGES = {"hledger": "hledger", "chromium": "chromium"}
"""Command -> the package of Debian that has it."""


def needs(command: str) -> str:
    """The path of a command; without it the test is skipped, or fails where `BILLPOLICY_REQUIRE_TOOLS` is set."""
    path = shutil.which(command)
    if path is None:
        reason = f"needs {command}: apt-get install {_PACKAGES.get(command, command)}"
        if os.environ.get("BILLPOLICY_REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
