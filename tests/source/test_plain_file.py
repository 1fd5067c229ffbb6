"""Whether there is a file, on every Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.source.plain_file import is_there


def test_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert is_there(file)
    assert is_there(tmp_path)
    assert not is_there(tmp_path / "other")
    assert not is_there(file / "below a file")
    assert not is_there(tmp_path / "no\0name")


def test_where_it_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name in ("loop", "x" * 5000):
        with pytest.raises(OSError, match=name[:9]):
            is_there(tmp_path / name)
