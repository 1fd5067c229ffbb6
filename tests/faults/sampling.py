"""Samples of what the programs of this folder try, for tests, drawn by a printed seed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.running import struck
from tests.faults.tally import Tally
from tests.helpers.tools import needs

SEED = os.environ.get("FAULTS_SEED", "20261127")


def tried(program: str, *arguments: str) -> Tally:
    """What came of a sample."""
    needs("cc")
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only on Linux is it known which file is written to")
    tally = Tally()
    tally.add(struck(program, "--seed", SEED, *arguments))
    return tally


def outlived(program: str, *arguments: str) -> Tally:
    """The same, where nothing may have gone wrong."""
    tally = tried(program, *arguments)
    assert tally.problems == [], f"with FAULTS_SEED={SEED}\n" + "\n".join(tally.problems)
    assert all(row.whole == row.times > 0 == row.lost == row.doubled for row in tally.rows.values())
    return tally
