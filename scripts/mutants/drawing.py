"""Which changes are tried: so many at random, of some rooms, of all lines or of those that are new."""

from __future__ import annotations

import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from scripts.mutants.mutations import Mutation, compiles, mutations

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src", "billpolicy")
ROOMS = sorted(path.stem for path in (ROOT / PACKAGE).iterdir() if path.suffix in ("", ".py") and path.stem[0] != "_")
CORE = (
    *("allocation", "billing", "book", "deciding", "ledger", "money"),
    *("operations", "planning", "policy", "posting", "source"),
)
"""The rooms in which a mistake moves money or decides something."""


def room_of(file: str) -> str:
    """The room of a file of the package: a folder, or a file of its own."""
    return Path(file).relative_to(PACKAGE).parts[0].removesuffix(".py")


def draw(seed: int, count: int, rooms: Iterable[str], since: str | None) -> list[Mutation]:
    """So many changes at random, or all where there are fewer. `since`: only of lines that this revision has not."""
    new = None if since is None else _new_lines(since)
    found: list[Mutation] = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        if room_of(file) in rooms:
            every = mutations(file, path.read_bytes())
            found += every if new is None else (each for each in every if not new[file].isdisjoint(each.lines))
    random.Random(seed).shuffle(found)
    drawn: list[Mutation] = []
    for each in found:
        if len(drawn) < count and compiles(each.applied((ROOT / each.file).read_bytes())):
            drawn.append(each)
    return drawn


def _new_lines(since: str) -> dict[str, set[int]]:
    """File -> the lines that are new in it since a revision."""
    command = ["git", "diff", "--unified=0", "--no-color", "--no-ext-diff", since, "--", str(PACKAGE)]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout
    found: dict[str, set[int]] = defaultdict(set)
    file = ""
    for line in text.splitlines():
        if line.startswith("+++ "):
            file = line.removeprefix("+++ b/")
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first = int(hunk[1])
            found[file].update(range(first, first + int(hunk[2] or 1)))
    return found
