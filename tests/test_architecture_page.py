"""The page about the rooms names every room, and no file that is not there."""

from __future__ import annotations

import re

from tests.helpers.paths import ROOT

SOURCE = ROOT / "src" / "billpolicy"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_room_is_named_and_asks_a_question() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \| ([^|]*\?) \|$", PAGE, re.MULTILINE)
    named = {name for rooms, _ in rows for name in re.findall(r"`(\w+)`", rooms)}
    rooms = {path.stem for path in SOURCE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert named == {room for room in rooms if not room.startswith("__")}


def test_every_file_it_names_is_there() -> None:
    files = set(re.findall(r"`(?:src/billpolicy/)?((?:\w+/)+\w+\.py)`", PAGE))
    assert len(files) > 20
    missing = [name for name in sorted(files) if not (SOURCE / name).exists() and not (ROOT / name).exists()]
    assert missing == []


def test_the_first_line_of_each_room_is_its_question() -> None:
    for room in sorted(path for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"):
        first = (room / "__init__.py").read_text(encoding="utf-8").partition("\n")[0]
        assert "?" in first, room.name
