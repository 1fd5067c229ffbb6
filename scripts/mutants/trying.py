"""Making one change in a copy of the tree, and seeing whether a test fails."""

from __future__ import annotations

import compileall
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue

from scripts.mutants.drawing import PACKAGE
from scripts.mutants.mutations import Mutation
from scripts.mutants.suite import FIRST, PYTEST, Suite, copied, environment

EQUIVALENT = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Result:
    """What became of a change: `killed`, `timeout`, `equivalent` or `survived`; and its line before and after."""

    mutation: Mutation
    before: str
    after: str
    outcome: str
    seconds: float

    def __str__(self) -> str:
        place = f"{Path(self.mutation.file).relative_to(PACKAGE)}:{self.mutation.first}"
        change = "" if self.outcome in ("killed", "timeout") else f"\n  - {self.before}\n  + {self.after}"
        return f"{self.outcome} {place} ({self.seconds:.0f} s){change}"


class Copies:
    """Copies of the tree as it was when all began, each used for one change at a time."""

    def __init__(self, folder: Path, count: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(count):
            copy = copied(folder / str(number))
            # Compiled files are kept by content: by time and size, a change within a second could go unseen.
            by_content = PycInvalidationMode.CHECKED_HASH
            compileall.compile_dir(copy / "src", quiet=1, invalidation_mode=by_content)
            self._free.put(copy)

    @contextmanager
    def one(self) -> Iterator[Path]:
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)

    def check(self, suite: Suite) -> None:
        """Exits where tests fail in a copy without any change: then all changes would seem to be noticed."""
        tests = sorted(suite.now, key=lambda test: suite.seconds.get(test, 0))[:FIRST]
        with self.one() as copy:
            if _run(copy, tests, suite.patience(tests)) != "survived":
                sys.exit("tests fail in a copy of the tree without any change")


def tried(mutation: Mutation, suite: Suite, copies: Copies, *, quick: bool) -> Result:
    """Make one change, and run tests until one fails. `quick`: only the quickest that execute the changed lines."""
    with copies.one() as copy:
        begun = time.monotonic()
        file = copy / mutation.file
        source = file.read_bytes()
        before, after = mutation.in_words(source)
        outcome = "equivalent" if _is_equivalent(mutation, source) else "survived"
        tests = suite.tests_for(mutation)
        if quick:
            tests = suite.quickest(tests)
        try:
            file.write_bytes(mutation.applied(source))
            for batch in (tests[:FIRST], tests[FIRST:]):
                if outcome == "survived" and batch:
                    outcome = _run(copy, batch, suite.patience(batch))
            if outcome == "survived" and not quick:
                outcome = _run(copy, [], suite.patience())
        finally:
            file.write_bytes(source)
        return Result(mutation, before, after, outcome, time.monotonic() - begun)


def _run(copy: Path, tests: Sequence[str], patience: float) -> str:
    """Run some tests, or all, until one fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as names:
        names.write("\n".join(tests))
        names.flush()
        process = subprocess.Popen(
            [*PYTEST, "-x", "--hypothesis-seed=0", *([f"@{names.name}"] if tests else [])],
            cwd=copy,
            env=environment(copy),
            start_new_session=True,  # with whatever processes it starts
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return "survived" if process.wait(patience) == 0 else "killed"
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _is_equivalent(mutation: Mutation, source: bytes) -> bool:
    """Whether a change is listed among those that mean the same."""
    above = source[: source.rfind(b"\n", 0, mutation.start)].decode().rpartition("\n")[2].strip()
    file, words = Path(mutation.file).relative_to(PACKAGE).as_posix(), mutation.in_words(source)
    return any(
        (each["file"], each["before"], each["after"]) == (file, *words) and each.get("above", above) == above
        for each in _listed()
    )


@cache
def _listed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    return found
