"""Write the lock files from pyproject.toml: `make lock`, or `make lock UPGRADE=1` for newer versions.

Each lock holds one exact version and its hashes for every supported Python and platform:

  requirements.lock         what the program, its tests and its linters need, and what installs them
  requirements-engine.lock  the rules engine alone, since it is compiled here and the rest works without it
  requirements-spark.lock   what only `make spark` needs
  requirements-wheel.lock   what only `make engine-wheel` needs
  requirements-bench.lock   what only `make bench` needs
  requirements-mutants.lock what only `make mutants` needs
  requirements-fuzz.lock    what only `make fuzz` needs
  requirements-docs.lock    what only `make site` needs
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.9"
LOWEST_PYTHON = "3.11"
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"

MAIN_LOCK = "requirements.lock"
LOCKS: dict[str, list[str]] = {
    MAIN_LOCK: ["pyproject.toml", "--group", "dev"],
    "requirements-engine.lock": ["--group", "engine", "--constraints", MAIN_LOCK],
    "requirements-spark.lock": ["--group", "spark", "--constraints", MAIN_LOCK],
    "requirements-wheel.lock": ["--group", "wheel", "--constraints", MAIN_LOCK],
    "requirements-bench.lock": ["--group", "bench", "--constraints", MAIN_LOCK],
    "requirements-docs.lock": ["--group", "docs", "--constraints", MAIN_LOCK],
    "requirements-mutants.lock": ["--group", "mutants", "--constraints", MAIN_LOCK],
    "requirements-fuzz.lock": ["--group", "fuzz", "--constraints", MAIN_LOCK],
}


def packages(lock_text: str) -> list[str]:
    """The names of the packages that a lock pins."""
    return [line.split("==")[0] for line in lock_text.splitlines() if "==" in line and line[0] not in "# "]


def main() -> int:
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    with tempfile.TemporaryDirectory() as tools:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", tools, UV], check=True)
        uv = str(Path(tools, "bin", "uv"))
        for name, sources in LOCKS.items():
            lock = ROOT / name
            command = [uv, "pip", "compile", *sources, "--output-file", name, "--quiet", *upgrade]
            command += ["--universal", "--python-version", LOWEST_PYTHON, "--generate-hashes", "--no-header"]
            subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
            text = lock.read_text(encoding="utf-8")
            text = text.split("\n# The following packages were excluded")[0].rstrip("\n") + "\n"
            lock.write_text(HEADER + text, encoding="utf-8")
            print(f"{name}: {len(packages(text))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
