"""The page of a review: its files are written, its lines typed, and what these print is what the page shows.

`BILLPOLICY_RECORD=1` writes what they print into the page.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.helpers.installed import environment
from tests.helpers.paths import ROOT
from tests.helpers.repository import with_policies

PAGE = ROOT / "docs" / "reviewing-a-change.md"
FILE = re.compile(r"^`([\w/.]+)`[^\n]*:\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    repository = with_policies(tmp_path / "repository")
    for file in (ROOT / "examples" / "ci").iterdir():
        repository.write(f"ci/{file.name}", file.read_text(encoding="utf-8"))
    repository.write(".gitignore", "policy-review/\nallow.yaml\n")
    own = environment(tmp_path / "bin")
    written, files = "", 0
    at = 0
    for part in sorted([*FILE.finditer(page), *CONSOLE.finditer(page)], key=re.Match.start):
        written += page[at : part.start()]
        at = part.end()
        if part.re is FILE:
            repository.write(part[1], part[2])
            repository.commit()
            files += 1
            if files == 1:
                repository.git("checkout", "--quiet", "-b", "topic")
            written += part[0]
            continue
        shown = ""
        for line in re.findall(r"^\$ (.*)$", part[1], re.MULTILINE):
            done = subprocess.run(
                ["sh", "-c", line],
                cwd=repository.root,
                env=own,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            shown += f"$ {line}\n{done.stdout}"
        written += f"```console\n{shown}```"
    written += page[at:]
    if os.environ.get("BILLPOLICY_RECORD"):
        PAGE.write_text(written, encoding="utf-8")
    assert written == page
