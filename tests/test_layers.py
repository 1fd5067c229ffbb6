"""Imports point one way: the contracts in `.importlinter`, each with its reason there."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.helpers.paths import ROOT


def test_no_room_imports_what_it_must_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(str(ROOT / ".importlinter"), no_cache=True, show_timings=False)
    assert broken == 0, capsys.readouterr().out
