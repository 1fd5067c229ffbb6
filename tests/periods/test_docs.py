"""`docs/closure.md` names the rules in the order in which they count, as plans word them."""

from __future__ import annotations

import re

from billpolicy.periods.closure import RULES
from billpolicy.planning.closure import RULES_IN_WORDS
from tests.helpers.paths import ROOT


def test_the_table_of_rules() -> None:
    page = (ROOT / "docs" / "closure.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", page, re.MULTILINE)
    assert rows == [(rule, RULES_IN_WORDS[rule]) for rule in RULES]
