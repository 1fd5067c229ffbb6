"""Some seconds of what `make soak-serve` does for minutes."""

from __future__ import annotations

from pathlib import Path

from tests.service.soak import Soak, told


def test_some_seconds_of_everything_at_once(tmp_path: Path) -> None:
    found = Soak(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, seed=1, seconds=6).run()
    assert found.wrong == [], "\n".join(told(found))
    assert found.acknowledged
    assert found.refusals
