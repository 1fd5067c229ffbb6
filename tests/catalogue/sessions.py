"""Examples of the catalogue, run as they are typed: in a folder of their own, line by line, in this process."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from billpolicy.catalogue.entry import Example, common_files, wants_copy
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

_TOLD = re.compile(r"^(?:\S.*?: )?(error|warning|hint): .* \[([a-z-]+)\]$", re.MULTILINE)
_WARNED = re.compile(r"^  ! [^\[]*\[([a-z-]+)\]$", re.MULTILINE)
"""A warning in a plan, which goes on below its beginning."""
_SHELL = re.compile(r"[|&;<>$`*(]")


class Session(NamedTuple):
    """What came of an example."""

    code: int
    """The exit code of the first line that failed; 0 if none did."""
    printed: str
    told: frozenset[tuple[str, str]]
    """Severity and code of every diagnostic that was printed."""


def run(example: Example, folder: Path) -> Session:
    """Write the files of an example into a folder, and type its lines there."""
    if wants_copy(example):
        shutil.copytree(ROOT / "policies", folder / "policies")
    for name, text in {**common_files(), **example.files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    printed, worst = "", 0
    with _inside(folder):
        for line in (example.run or "").splitlines():
            code, text = _typed(line)
            worst = worst or code
            printed += f"$ {line}\n{text}"
    warned = [("warning", code) for code in _WARNED.findall(printed)]
    return Session(worst, printed, frozenset([*_TOLD.findall(printed), *warned]))


def _typed(line: str) -> tuple[int, str]:
    """One line: the commands that examples are made of are run here, everything else by a shell."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["billpolicy"] and not _SHELL.search(line):
        ran = billpolicy(*words[1:])
        return ran.code, ran.out + ran.err
    if words[:1] == ["sqlite3"] and len(words) == 3:
        with closing(sqlite3.connect(words[1])) as connection, connection:
            connection.executescript(words[2])
        return 0, ""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "BILLPOLICY_CACHE": "off"}
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
