"""Commands and packages that only some tests need: skipped where they are missing, unless this machine must have them.

`BILLPOLICY_REQUIRE_TOOLS=1` says that it must, as in CI: there a test that lacks its tool fails.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

COMMANDS = {
    "bash": "apt-get install bash",
    "bean-check": "pip install beancount",
    "cc": "apt-get install gcc libc6-dev",
    "chromium": "apt-get install chromium",
    "fish": "apt-get install fish",
    "hledger": "apt-get install hledger",
    "java": "apt-get install openjdk-17-jre-headless",
    "zsh": "apt-get install zsh",
}
"""Command -> how to get it."""
PACKAGES = {
    "beancount": "pip install beancount",
    "duckdb": "pip install duckdb",
    "mkdocs": "pip install mkdocs",
    "openpyxl": "pip install openpyxl",
    "playwright": "pip install playwright",
    "pyspark": "pip install pyspark",
    "xlsxwriter": "pip install XlsxWriter",
}
"""What is imported -> how to get it."""


def needs(command: str) -> str:
    """The path of a command: that of the environment which runs the tests, or the first on the PATH."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(command, path=beside) or shutil.which(command)
    return found or _without(command, COMMANDS[command])


def needs_package(name: str) -> None:
    """Go on only where a package can be imported."""
    if find_spec(name) is None:
        _without(name, PACKAGES[name])


def _without(name: str, remedy: str) -> str:
    said = f"{name} is not installed: {remedy}"
    if os.environ.get("BILLPOLICY_REQUIRE_TOOLS") == "1":
        pytest.fail(said, pytrace=False)
    pytest.skip(said)
