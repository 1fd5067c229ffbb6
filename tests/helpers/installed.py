"""`billpolicy` as a program on the PATH, which runs this source, and the Python that it is installed for.

For scripts that call them by their names.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tests.helpers.paths import ROOT
from tests.helpers.repository import SETTINGS


def environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment with both in `folder`, first on its PATH; of git's settings only those of the tests."""
    for name, arguments in (("billpolicy", "-m billpolicy "), ("python", "")):
        program = folder / name
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments}"$@"\n'
            program.write_text(text, encoding="utf-8")
            program.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
    path = f"{folder}{os.pathsep}{own['PATH']}"
    return {
        **own,
        **SETTINGS,
        "PATH": path,
        "PYTHONPATH": str(ROOT / "src"),
        "BILLPOLICY_CACHE": str(folder / "cache"),
        "COLUMNS": "80",
        **more,
    }
