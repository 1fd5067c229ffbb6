"""`docs/analysis.md`: what it shows is what is printed, and its table has every code that an analysis can find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billpolicy.catalogue.entry import entries
from tests.helpers.pages import check_page
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "analysis.md"


def test_what_the_page_shows_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_page(PAGE, tmp_path, monkeypatch)


def test_the_table_has_every_code() -> None:
    listed = re.findall(r"^\| \[([a-z-]+)\]", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found = [one.code for one in entries() if one.theme == "analysis"]
    assert sorted(listed) == sorted({*found, "exceptions-conflict", "follow-up-cycle"} - {"exception-unproven"})
