"""The page of comparing: its files are there, its commands are run, and print what it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "comparing.md"
BLOCK = re.compile(r"(?:^`([\w.]+)`:\n\n)?^```(yaml|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

TEXT = re.compile(r"^```text\n.*?^```$", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "policies", "policies")
    shutil.copytree(ROOT / "examples" / "a-page-of-company-policy", "examples/a-page-of-company-policy")
    page = PAGE.read_text(encoding="utf-8")
    printed, shown = "", []
    for name, kind, text in BLOCK.findall(page):
        if kind == "yaml":
            Path(name).write_text(text, encoding="utf-8")
        elif kind == "sh":
            for line in text.splitlines():
                ran = billpolicy(*shlex.split(line)[1:])
                assert ran.code in (0, 1), ran.err
                printed = ran.out
        else:
            shown.append((text, printed))
    if os.environ.get("BILLPOLICY_RECORD"):
        parts = iter(printed for _, printed in shown)
        PAGE.write_text(TEXT.sub(lambda _: f"```text\n{next(parts)}```", page), encoding="utf-8")
        return
    assert shown
    for text, printed in shown:
        assert printed == text
