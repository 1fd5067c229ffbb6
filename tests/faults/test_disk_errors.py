"""The disk is full, or fails, at anything that is done to it: told in a sentence, and nothing is half there."""

from __future__ import annotations

from tests.faults.sampling import outlived


def test_a_sample_of_the_points() -> None:
    tally = outlived("points", "errors", "--kinds", "5", "--each", "1")
    assert len(tally.rows) >= 5
    assert tally.total.refused > 0  # else nothing may have failed; what fails as a ledger is closed is not told
    assert tally.rows.keys() <= {
        "the disk is full",
        "the disk is gone",
        "a write fails",
        "a sync fails",
        "a truncate fails",
        "a delete fails",
        "the making of a file fails",
        "the naming of a file fails",
        "a read fails",
        "a sync fails, then killed",
    }
