"""`make serve` brings the story of the three brands up, by `examples/serve.sh`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT


def test_the_story_can_be_served() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = ["sh", "examples/serve.sh", "--port", "0", "--check"]
    ran = subprocess.run(
        script, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "this can be served\n"), ran.stderr
