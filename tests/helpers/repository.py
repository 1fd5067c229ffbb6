"""A fresh git repository, which knows nothing of the settings of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.helpers.paths import STANDARD

SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "ines",
    "GIT_AUTHOR_EMAIL": "ines@example.com",
    "GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z",
    "GIT_COMMITTER_NAME": "ines",
    "GIT_COMMITTER_EMAIL": "ines@example.com",
    "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z",
}
ACME = "policy: acme\nextends: ../standard\neffective: {from: 2026-01-01}\n"


class Repository:
    """A folder under version control."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *words: str | Path) -> str:
        """What a command of git prints."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | SETTINGS
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        """One file, in folders that are made for it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, message: str = "A change") -> str:
        """Everything as it is now; the id of the revision."""
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def with_policies(root: Path) -> Repository:
    """A repository with the standard policy and that of a company on top, in two folders of `policies`."""
    made = Repository(root)
    for file in sorted(STANDARD.glob("*.yaml")):
        if ".test." not in file.name:
            made.write(f"policies/standard/{file.name}", file.read_text(encoding="utf-8"))
    made.write("policies/acme/policy.yaml", ACME)
    made.commit("Policies")
    return made
