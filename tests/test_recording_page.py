"""`docs/recording.md`: what it shows is what is printed, command by command."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.engine import needs_engine
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "recording.md"
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@needs_engine
def test_what_the_page_shows_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`BILLPOLICY_RECORD=1` writes what is printed into the page."""
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    monkeypatch.chdir(tmp_path)
    assert billpolicy("ledger", "init", "sqlite:///ledger.db").code == 0

    def shown(found: re.Match[str]) -> str:
        kind, text = found.groups()
        first, _, rest = text.partition("\n")
        if kind == "yaml":
            name = first.removeprefix("# ")
            (tmp_path / name).write_text(rest, encoding="utf-8")
            if name == "book.yaml":
                assert billpolicy("ledger", "import", "sqlite:///ledger.db", name).code == 0
            return found[0]
        ran = billpolicy(*shlex.split(first)[2:])
        assert ran.code in (0, 1)
        # The digest of a policy is another one with every change of the standard policy.
        printed = re.sub(r"\([0-9a-f]{12}\)", "(…)", ran.out + ran.err)
        return f"```console\n{first}\n{printed}```"

    page = PAGE.read_text(encoding="utf-8")
    printed = BLOCK.sub(shown, page)
    if os.environ.get("BILLPOLICY_RECORD"):
        PAGE.write_text(printed, encoding="utf-8")
    assert printed == page or os.environ.get("BILLPOLICY_RECORD")
