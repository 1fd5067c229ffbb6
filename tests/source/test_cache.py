"""What is kept counts for the very program that kept it: for every file that it stands on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billpolicy.book import kept
from billpolicy.deciding import verdicts
from billpolicy.source import cache

_ROOMS = """
import sys, {module}
print(*{{name.split(".")[1] for name in sys.modules if name.startswith("billpolicy.")}})
"""


@pytest.mark.parametrize(
    ("module", "rooms"),
    [("billpolicy.book.load", kept._READ_BY), ("billpolicy.deciding.proven, billpolicy.analysis", verdicts._PROVED_BY)],
)
def test_the_rooms_are_all_that_it_stands_on(module: str, rooms: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _ROOMS.format(module=module)], capture_output=True, text=True, check=True
    )
    assert set(ran.stdout.split()) <= {*rooms, "money"}


@pytest.mark.parametrize("changed", ["money.py", "book/load.py"])
def test_it_is_another_program_once_a_file_is_another(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "source" / "cache.py"))
    (tmp_path / "book").mkdir()
    for name in ("money.py", "book/load.py"):
        (tmp_path / name).write_text("")
    before = cache.program("1", ["book"])
    assert cache.program("1", ["book"]) == before
    (tmp_path / changed).write_text("MOST = 1")
    assert cache.program("1", ["book"]) != before
