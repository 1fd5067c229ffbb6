"""README.md: what it shows of a command's output is printed by that command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from billpolicy.cli import COMMANDS
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```sh\n((?:(?!```).*\n)*)```\n\n```text\n((?:(?!```).*\n)*)```", PAGE, re.MULTILINE)


def test_it_shows_two_commands() -> None:
    assert len(SHOWN) == 2


@pytest.mark.parametrize(("typed", "shown"), SHOWN)
def test_what_it_shows_is_printed(typed: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    *settings, line = typed.splitlines()
    for one in settings:
        name, value = one.split("=")
        line = line.replace(f"${name}", value)
    ran = billpolicy(*shlex.split(line)[1:])
    assert (ran.code, ran.err.replace("\n", "")) == (0, "") or "note:" in ran.err
    assert shown in ran.out


def test_it_names_every_command() -> None:
    assert [name for name in COMMANDS if f"`{name}`" not in PAGE and f"`{name} " not in PAGE] == []


def test_every_page_that_it_leads_to_is_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+)[#)]", PAGE):
        assert (ROOT / Path(target)).exists(), target
