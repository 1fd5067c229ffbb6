"""A test without its tool is skipped with what to do, and fails where the tool must be there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.helpers import tools
from tests.helpers.tools import needs, needs_package


@pytest.fixture(autouse=True)
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BILLPOLICY_REQUIRE_TOOLS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env" / "python"))
    monkeypatch.setattr(tools, "find_spec", lambda name: None)


def test_a_command_is_skipped_with_how_to_get_it() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^hledger is not installed: apt-get install hledger$"):
        needs("hledger")


def test_a_package_is_skipped_with_how_to_get_it() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^openpyxl is not installed: pip install openpyxl$"):
        needs_package("openpyxl")


def test_where_it_must_be_there_its_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLPOLICY_REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"^fish is not installed"):
        needs("fish")
    with pytest.raises(pytest.fail.Exception, match=r"^playwright is not installed"):
        needs_package("playwright")


def test_that_of_the_environment_comes_before_that_of_the_machine(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "env"):
        folder.mkdir(exist_ok=True)
        (folder / "bean-check").write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / "bean-check").chmod(0o755)
    assert needs("bean-check") == str(tmp_path / "env" / "bean-check")


def test_a_package_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda name: object())
    needs_package("openpyxl")
