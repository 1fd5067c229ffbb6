"""The power goes: what was acknowledged was synced, so it is there, whatever became of all that was not."""

from __future__ import annotations

from tests.faults.running import outlived, tried


def test_a_sample_of_the_moments() -> None:
    tally = outlived("power", "--cuts", "25")
    assert set(tally.rows) == {
        f"power cut, {left} of what was not synced is kept" for left in ("nothing", "some", "all")
    }


def test_a_ledger_that_does_not_wait_for_the_disk_is_noticed() -> None:
    tally = tried("power", "--cuts", "25", "--only", "several operations", "--broken", "unsynced")
    assert sum(row.lost for row in tally.rows.values()) > 0
