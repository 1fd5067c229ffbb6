"""README.md: it names every command, and leads to pages that are there."""

from __future__ import annotations

import re
from pathlib import Path

from billpolicy.cli import COMMANDS
from tests.helpers.paths import ROOT

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_names_every_command() -> None:
    assert [name for name in COMMANDS if f"`{name}`" not in PAGE and f"`{name} " not in PAGE] == []


def test_every_page_that_it_leads_to_is_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+)[#)]", PAGE):
        assert (ROOT / Path(target)).exists(), target
