"""`docs/analysis.md`: its table has every code that an analysis can find."""

from __future__ import annotations

import re

from billpolicy.catalogue.entry import entries
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "analysis.md"


def test_the_table_has_every_code() -> None:
    listed = re.findall(r"^\| \[([a-z-]+)\]", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found = [one.code for one in entries() if one.theme == "analysis"]
    assert sorted(listed) == sorted({*found, "exceptions-conflict", "follow-up-cycle"} - {"exception-unproven"})
