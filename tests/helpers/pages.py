"""Pages of `docs/` that show files and commands: what they show is what is printed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

_BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIGEST = re.compile(r"\([0-9a-f]{12}\)")


def check_page(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, written: Callable[[str], None] = lambda name: None
) -> None:
    """Go through a page in an empty folder: a block of YAML whose first line is `# name` is that file, and a block
    `$ billpolicy ...` shows what is printed. `written` is told of each file.

    `BILLPOLICY_RECORD=1` writes what is printed into the page.
    """
    (folder / "policies").symlink_to(ROOT / "policies")
    monkeypatch.chdir(folder)

    def shown(found: re.Match[str]) -> str:
        kind, text = found.groups()
        first, _, rest = text.partition("\n")
        if kind == "yaml":
            if re.fullmatch(r"# [\w./-]+\.yaml", first):
                (folder / first[2:]).parent.mkdir(parents=True, exist_ok=True)
                (folder / first[2:]).write_text(rest, encoding="utf-8")
                written(first[2:])
            return found[0]
        ran = billpolicy(*shlex.split(first)[2:])
        assert ran.code in (0, 1, 4), ran.err
        # The digest of a policy is another one with every change of the standard policy.
        printed = _DIGEST.sub("(…)", ran.out + ran.err)
        return f"```console\n{first}\n{printed}```"

    text = page.read_text(encoding="utf-8")
    printed, blocks = _BLOCK.subn(shown, text)
    assert blocks
    if os.environ.get("BILLPOLICY_RECORD"):
        page.write_text(printed, encoding="utf-8")
    assert printed == text or os.environ.get("BILLPOLICY_RECORD")
