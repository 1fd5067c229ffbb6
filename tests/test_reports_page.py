"""docs/reports.md shows what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.pages import check_page
from tests.helpers.paths import ROOT


def test_the_page_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_page(ROOT / "docs" / "reports.md", tmp_path, monkeypatch)
