"""docs/journal.md: what it shows is what is printed, and its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billpolicy.vocabulary.accounts import ACCOUNT_ROLES
from tests.helpers.pages import check_page
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "journal.md"


def test_what_it_shows_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_page(PAGE, tmp_path, monkeypatch)


def test_the_table_of_roles() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (`by_[^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [(one.name, one.doc, ", ".join(f"`by_{by}`" for by in one.by)) for one in ACCOUNT_ROLES.values()]
    assert rows == expected
