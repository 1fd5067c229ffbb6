"""The disk is full, or fails, at anything that is done to it: told in a sentence, and nothing is half there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.disk import with_shim
from tests.faults.sampling import outlived
from tests.helpers.paths import ROOT
from tests.helpers.tools import needs

CHECKED_ON_A_BAD_DISK = """
import sys
from pathlib import Path
import billpolicy
from tests.faults import disk
from tests.faults.scenarios import stock
file = Path(sys.argv[1])
with billpolicy.create_ledger(f"sqlite:///{file}") as ledger:
    ledger.import_book(stock())
with billpolicy.open_ledger(f"sqlite:///{file}") as ledger:
    disk.arm(file.parent, disk.Call.READ, disk.Mode.FAIL_ONCE, int(sys.argv[2]), disk.ERRORS["EIO"])
    try:
        print(*(one.code for one in ledger.check()))
    except billpolicy.Refused as refused:
        print(*(one.code for one in refused.diagnostics))
"""


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


@pytest.mark.parametrize("at", [3, 20])
def test_a_page_that_cannot_be_read_is_no_damage_by_a_hand(at: int, tmp_path: Path) -> None:
    needs("cc")
    command = [sys.executable, "-c", CHECKED_ON_A_BAD_DISK, str(tmp_path / "ledger.db"), str(at)]
    ran = subprocess.run(command, cwd=ROOT, env=with_shim(), capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["ledger-disk-failed"]
