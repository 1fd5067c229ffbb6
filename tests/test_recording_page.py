"""`docs/recording.md`: what it shows is what is printed, command by command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.engine import needs_engine
from tests.helpers.pages import check_page
from tests.helpers.paths import ROOT


@needs_engine
def test_what_the_page_shows_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert billpolicy("ledger", "init", "sqlite:///ledger.db").code == 0

    def imported(name: str) -> None:
        if name == "book.yaml":
            assert billpolicy("ledger", "import", "sqlite:///ledger.db", name).code == 0

    check_page(ROOT / "docs" / "recording.md", tmp_path, monkeypatch, imported)
