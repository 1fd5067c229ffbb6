"""The programs of this folder, run with the shim, and what they tell, line by line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.faults.disk import with_shim
from tests.faults.tally import Struck, struck_of
from tests.helpers.paths import ROOT


def struck(program: str, *arguments: str) -> Iterator[Struck]:
    """Run one with the shim, and give each fault as it is told. Raises where the program itself fails."""
    command = [sys.executable, "-W", "error", "-m", f"tests.faults.{program}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=with_shim(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield from map(struck_of, child.stdout)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
