"""Policies that lints look at, as text, and what is found in them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.linting.linting import lint
from tests.helpers.paths import STANDARD

HEAD = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
FIRST = HEAD.count("\n") + 1
"""The line on which the text begins."""
TODAY = datetime.date(2026, 6, 1)


class Found(NamedTuple):
    """A finding, in short."""

    code: str
    line: int
    column: int


def written(text: str, folder: Path) -> Path:
    """The file of a policy that extends the standard one."""
    path = folder / "policy.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def diagnostics(text: str, folder: Path, *data: Path, today: datetime.date = TODAY) -> list[Diagnostic]:
    """What linting finds in it, as it is."""
    return list(lint(written(text, folder), today=today, data=data).found)


def found(text: str, folder: Path, *data: Path, today: datetime.date = TODAY) -> list[Found]:
    """The same in short; lines are those of `text`."""
    told = []
    for one in diagnostics(text, folder, *data, today=today):
        assert one.position is not None
        told.append(Found(one.code, one.position.line - FIRST + 1, one.position.column))
    return sorted(told)
