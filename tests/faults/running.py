"""The programs of this folder, run from tests and by `make soak-ledger`, and what they tell, counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import with_shim
from tests.faults.tally import Struck, Tally, struck_of
from tests.helpers.paths import ROOT
from tests.helpers.tools import needs

SEED = os.environ.get("FAULTS_SEED", "20261127")


def struck(program: str, *arguments: str) -> Iterator[Struck]:
    """Run one with the shim, and give each fault as it is told. Raises where the program itself fails."""
    command = [sys.executable, "-W", "error", "-m", f"tests.faults.{program}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=with_shim(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield from map(struck_of, child.stdout)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


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
