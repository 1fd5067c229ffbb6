"""Pages that show files and commands: what they show is what is printed.

A page that has a comment `<!-- run: ... -->` is a session of one shell in a new folder, block by block:

| on the page | in the session |
|---|---|
| `<!-- run: COMMANDS -->` | is run, and shown to nobody: it makes the folder that the page begins in |
| a line that begins with a file name in backticks and ends with a colon, and a block | that file is written |
| a block of `sh` | its lines are run |
| a block of `text` right behind it | is what they print |
| a block of `console` | its lines that begin with `$ ` are run, and the others are what each prints |
| `<!-- not run: WHY -->` above a block | is no part of the session |

In what is shown a line `...` stands for any lines, and `…` for anything within a line: digests and moments are not the
same every time. No command of a page may be mistyped or run into a fault.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.helpers.installed import environment
from tests.helpers.paths import ROOT

_HIDDEN = r"^<!-- run: (?P<hidden>.*?) ?-->$"
_LEFT_OUT = r"^<!-- not run: [^\n]*-->\n+```(?P<left_out>.*?)^```$"
_FILE = r"^`(?P<name>[\w./-]+\.\w+)`[^\n]*:\n\n```(?!console|text|sh)\w+\n(?P<written>.*?)^```$"
_CONSOLE = r"^```console\n(?P<console>.*?)^```$"
_TYPED = r"^```sh\n(?P<typed>.*?)^```$(?:\n\n```text\n(?P<printed>.*?)^```$)?"
_PART = re.compile("|".join((_HIDDEN, _LEFT_OUT, _FILE, _CONSOLE, _TYPED)), re.MULTILINE | re.DOTALL)

_ANOTHER_EACH_TIME = re.compile(r"\b[0-9a-f]{12}\b|\b[0-9a-f]{64}\b|\d{4}-\d\d-\d\d(?: \d\d:\d\d UTC|T\d\d:\d\dZ)")
"""Digests, which are others with every change of the standard policy, and moments."""

END = "\x1e"
"""Stands before the exit code, where what a command prints ends."""
AS_EVER = {0, 1, 4}
"""What a command of a page may answer (docs/exit-codes.md)."""


class Page(NamedTuple):
    """A page, before it is run and after: `printed` is its text with what its commands print."""

    shown: str
    printed: str


def pages() -> list[Path]:
    """Every page that people read, but those that are written from the catalogue, which has tests of its own."""
    return [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "diagnostics")]


def is_run(page: Path) -> bool:
    return "<!-- run: " in page.read_text(encoding="utf-8")


def shows_output(page: Path) -> bool:
    """Whether it shows what commands print, where it does not say why these are not run."""
    parts = _PART.finditer(page.read_text(encoding="utf-8"))
    return any(part["console"] is not None or part["printed"] is not None for part in parts)


def run(page: Path, folder: Path, programs: Path) -> Page:
    """Go through a page in a folder. `programs` has the command and its cache; several pages may share it."""
    text = page.read_text(encoding="utf-8")
    with Shell(folder, programs) as shell:
        return Page(text, "".join(_gone_through(text, folder, shell)))


def _gone_through(text: str, folder: Path, shell: Shell) -> Iterator[str]:
    """The page, with what is printed in place of what is shown where the two are not the same."""
    at = 0
    for part in _PART.finditer(text):
        yield text[at : part.start()]
        at = part.end()
        if part["hidden"] is not None:
            shell.run(part["hidden"])
        elif part["name"] is not None:
            file = folder / part["name"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(part["written"], encoding="utf-8")
        elif part["console"] is not None:
            yield f"```console\n{''.join(_on_the_console(part['console'], shell))}```"
            continue
        elif part["typed"] is not None:
            printed = shell.run(part["typed"])
            if part["printed"] is not None:
                yield f"```sh\n{part['typed']}```\n\n```text\n{_unless_the_same(part['printed'], printed)}```"
                continue
        yield part[0]
    yield text[at:]


def _on_the_console(block: str, shell: Shell) -> Iterator[str]:
    for typed, shown in re.findall(r"^\$ (.*\n)((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        yield f"$ {typed}{_unless_the_same(shown, shell.run(typed))}"


def _unless_the_same(shown: str, printed: str) -> str:
    """What is printed; or what is shown, where that says the same with something left out."""
    lines = (r"(?:.*\n)*" if line == "...\n" else re.escape(line).replace("…", ".*") for line in shown.splitlines(True))
    return shown if re.fullmatch("".join(lines), printed) else _ANOTHER_EACH_TIME.sub("…", printed)


class Shell:
    """A POSIX shell in a folder, which goes on from command to command, with `$REPOSITORY` as the root of this one."""

    def __init__(self, folder: Path, programs: Path) -> None:
        # What is printed comes in the order in which a terminal would have it.
        own = environment(programs, REPOSITORY=str(ROOT), PYTHONUNBUFFERED="1")
        self._process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, commands: str) -> str:
        """What the commands print. The last one must not have been mistyped, nor be at fault."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{{ {commands}\n}} </dev/null\nprintf '{END}%s\\n' $?\n")
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            text, ended, code = line.partition(END)
            printed += text
            if ended:
                assert int(code) in AS_EVER, f"{commands}{printed}exits with {code}"
                return printed
        raise AssertionError(f"the shell ended at {commands}{printed}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._process.communicate()
