"""Which tests execute which lines: measured with the whole suite, once per state of `src`; kept in `build/mutants`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import coverage

from scripts.mutants.drawing import PACKAGE, ROOT, room_of
from scripts.mutants.mutations import Mutation

KEPT = ROOT / "build" / "mutants"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
FIRST = 20
"""So many tests are run first, alone: most changes are noticed by one of them, and collecting all takes longer."""
QUICK = 15
"""Seconds of tests for each change with `--quick`."""
NEW = 0.001
"""Seconds that a test is taken to need that was not there when they were measured."""
PATIENCE = 30
"""Seconds that tests may take beyond `SLOWER` times what they took when they were measured."""
SLOWER = 4


@dataclass
class Suite:
    """Which tests execute which lines, how many seconds each takes, and the tests that there are now."""

    tests_of: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    now: set[str] = field(default_factory=set)

    @classmethod
    def measured(cls) -> Suite:
        """As measured before with this very `src`, or measured now. Exits where a test fails on the code as it is."""
        digest = hashlib.sha256()
        for path in sorted((ROOT / PACKAGE).rglob("*.py")):
            digest.update(path.read_bytes())
        data, report = (KEPT / f"{digest.hexdigest()[:16]}.{end}" for end in ("coverage", "xml"))
        if not (data.exists() and report.exists()):
            print("Measuring which tests run which lines, with the whole suite (about 10 minutes)", flush=True)
            shutil.rmtree(KEPT, ignore_errors=True)
            KEPT.mkdir(parents=True)
            _measure(data, report)
        suite = cls()
        suite._read_lines(data)
        suite._read_seconds(report)
        listed = subprocess.run(
            [*PYTEST, "--collect-only"], cwd=ROOT, env=environment(ROOT), check=True, capture_output=True
        ).stdout
        # Some are named after a file of the tree, which is another one in a copy.
        suite.now = {line for line in listed.decode().splitlines() if "::" in line and str(ROOT) not in line}
        return suite

    def _read_lines(self, data: Path) -> None:
        measured = coverage.CoverageData(str(data))
        measured.read()
        for file in measured.measured_files():
            self.tests_of[Path(file).as_posix()] = {
                line: {context.partition("|")[0] for context in contexts if context}
                for line, contexts in measured.contexts_by_lineno(file).items()
            }

    def _read_seconds(self, report: Path) -> None:
        for case in ET.parse(report).iter("testcase"):
            file, name = case.get("file", ""), case.get("name", "")
            classes = case.get("classname", "").removeprefix(file.removesuffix(".py").replace("/", ".")).split(".")[1:]
            self.seconds["::".join((file, *classes, name))] = float(case.get("time", 0))

    def tests_for(self, mutation: Mutation) -> list[str]:
        """Those that execute the changed lines, and those that were not there when it was measured; the quickest first.

        Of a line that runs when it is imported: those that execute any of the file, else all of its room.
        """
        lines = self.tests_of.get(mutation.file, {})
        found = set().union(*(lines.get(line, ()) for line in mutation.lines)) or set().union(*lines.values())
        room = f"tests/{room_of(mutation.file)}/"
        found = (found & self.now) or {test for test in self.now if test.startswith(room)}
        found |= self.now - self.seconds.keys()
        return sorted(found, key=lambda test: (self.seconds.get(test, NEW), test))

    def quickest(self, tests: Sequence[str]) -> list[str]:
        """The first of them, as many as take `QUICK` seconds and at least `FIRST`."""
        ends = accumulate(self.seconds.get(test, NEW) for test in tests)
        return [test for place, (test, end) in enumerate(zip(tests, ends, strict=True)) if place < FIRST or end < QUICK]

    def patience(self, tests: Sequence[str] = ()) -> float:
        """How many seconds some tests, or all, may take before they are stopped: the change made them run for ever."""
        return PATIENCE + SLOWER * sum(self.seconds.get(test, NEW) for test in tests or self.seconds)


def environment(tree: Path) -> dict[str, str]:
    """Of tests that import the code of a tree, in other processes, too."""
    return {**os.environ, "PYTHONPATH": str(tree / "src")}


def copied(folder: Path) -> Path:
    """A copy of the tree as it is, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    folder.parent.chmod(0o755)  # a temporary one: some tests run the program as another user
    return folder


def _measure(data: Path, report: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder, "copy"))
        settings = Path(folder, "coveragerc")
        settings.write_text(
            f"[run]\nsource = src\nrelative_files = true\ndata_file = {folder}/coverage\n",
            encoding="utf-8",
        )
        lines = ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report="]
        seconds = ["-o", "junit_family=xunit1", f"--junitxml={folder}/junit.xml"]
        if subprocess.run([*PYTEST, *lines, *seconds], cwd=copy, env=environment(copy), check=False).returncode:
            sys.exit("a test fails on the code as it is, so the tests cannot tell a mistake")
        shutil.move(Path(folder, "coverage"), data)
        shutil.move(Path(folder, "junit.xml"), report)
