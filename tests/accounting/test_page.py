"""docs/journal.md: its tables are those of the code."""

from __future__ import annotations

import re

from billpolicy.vocabulary.accounts import ACCOUNT_ROLES
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "journal.md"


def test_the_table_of_roles() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (`by_[^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [(one.name, one.doc, ", ".join(f"`by_{by}`" for by in one.by)) for one in ACCOUNT_ROLES.values()]
    assert rows == expected
