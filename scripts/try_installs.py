"""Install what is built as people do, in clean environments, and use it: `make installs`.

    python scripts/try_installs.py [PYTHON ...]

builds the sdist, and a wheel of that; then, for each Python (by default each from 3.11 on that `pyenv` has, else this
one), installs them with pip, pipx and `uv tool`, and without a compiler, each in an empty folder, and goes from `init`
over an explanation to posted documents, a check and a report. Dependencies come from the package index. Prints a row
for each, and fails if one failed. It takes minutes, so it is no part of `make test`, which does this once, offline
(tests/test_installed.py).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = re.compile(r"3\.(1[1-9])\.\d+")
STEPS = (
    "billpolicy --version",
    "billpolicy init acme --yes",
    "cd acme && billpolicy explain credit_memo_from_invoice invoice=INV00000001 'reason=Charge Dispute'",
    "cd acme && billpolicy ledger init sqlite:///l.db && billpolicy ledger import sqlite:///l.db book.yaml",
    "cd acme && billpolicy post operations.yaml --ledger sqlite:///l.db",
    "cd acme && billpolicy ledger check sqlite:///l.db",
    # 240.00 was billed; 140.00 is paid, 50.00 credited and not yet used, and all 150.00 of the other written off.
    "cd acme && billpolicy report balances --ledger sqlite:///l.db | grep -E 'total +100.00 +50.00 +0.00 +50.00'",
)
ENGINE = "billpolicy --version | grep 'rules engine: durable_rules'"
NO_ENGINE = "billpolicy --version | grep 'rules engine: none'"
WORKBOOK = "cd acme && billpolicy report balances --ledger sqlite:///l.db --format xlsx --out b.xlsx"
NO_WORKBOOK = f"{WORKBOOK}; test $? = 2"


class Way(NamedTuple):
    """A way to install: its name, the commands that do it, and what goes before the PATH then."""

    name: str
    commands: tuple[str, ...]
    path: str
    then: tuple[str, ...] = (NO_ENGINE, NO_WORKBOOK)
    """What is tried beside the steps: what there is, and what there is not."""


def main(pythons: list[Path]) -> int:
    """Try every way on every Python."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        sdist, wheel = built(work)
        tools = work / "tools"
        run(f"{sys.executable} -m venv {tools} && {tools}/bin/pip install --quiet pipx uv", work)
        print(f"{'python':<10} {'by':<34} {'seconds':>7}  billpolicy", flush=True)
        for python in pythons:
            for way in ways(python, sdist, wheel, tools):
                folder = work / "try"
                folder.mkdir()
                began = time.monotonic()
                told = tried(way, folder)
                failed += told.startswith("FAILED")
                print(f"{version_of(python):<10} {way.name:<34} {time.monotonic() - began:>7.0f}  {told}", flush=True)
                shutil.rmtree(folder)
    return 1 if failed else 0


def built(work: Path) -> tuple[Path, Path]:
    """The sdist of the last commit, and the wheel that is built of it."""
    source = work / "source"
    run(f"git clone --quiet {ROOT} {source}", work)
    build = f"{sys.executable} -m venv {work}/build && {work}/build/bin/pip install --quiet build"
    run(f"{build} && {work}/build/bin/python -m build --outdir {work}/dist {source}", work)
    (sdist,), (wheel,) = (work / "dist").glob("*.tar.gz"), (work / "dist").glob("*.whl")
    return sdist, wheel


def ways(python: Path, sdist: Path, wheel: Path, tools: Path) -> Iterator[Way]:
    """Every way, into the folder where it is tried. `$PWD` is that folder."""
    into, pip = f"{python} -m venv $PWD/env", "$PWD/env/bin/pip install --quiet"
    usual = os.environ["PATH"]
    bare = "$PWD/env/bin:$PWD/nothing"
    engine = "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject "
    yield Way("pip, wheel", (into, f"{pip} {wheel}"), f"$PWD/env/bin:{usual}")
    yield Way("pip, sdist", (into, f"{pip} {sdist}"), f"$PWD/env/bin:{usual}")
    yield Way("pip, wheel, no compiler", (into, f"PATH={bare} CC=/nothing {pip} {wheel}"), f"$PWD/env/bin:{usual}")
    yield Way(
        "pip, wheel[engine]",
        (into, f"{engine}{pip} --no-cache-dir '{wheel}[engine]'"),
        f"$PWD/env/bin:{usual}",
        (ENGINE,),
    )
    yield Way("pip, wheel[excel]", (into, f"{pip} '{wheel}[excel]'"), f"$PWD/env/bin:{usual}", (NO_ENGINE, WORKBOOK))
    own = "PIPX_HOME=$PWD/pipx PIPX_BIN_DIR=$PWD/bin"
    yield Way(
        "pipx, wheel", (f"{own} {tools}/bin/pipx install --quiet --python {python} {wheel}",), f"$PWD/bin:{usual}"
    )
    own = "UV_TOOL_DIR=$PWD/uv UV_TOOL_BIN_DIR=$PWD/bin UV_PYTHON_DOWNLOADS=never"
    yield Way(
        "uv tool, wheel", (f"{own} {tools}/bin/uv tool install --quiet --python {python} {wheel}",), f"$PWD/bin:{usual}"
    )


def tried(way: Way, folder: Path) -> str:
    """What the first step prints, or which one failed."""
    said = ""
    for command in (*way.commands, *STEPS, *way.then):
        path = os.environ["PATH"] if command in way.commands else way.path.replace("$PWD", str(folder))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env={**clean(), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return f"FAILED: {command}: {lines[-1] if lines else done.returncode}"
        if command == STEPS[0]:
            said = "; ".join(done.stdout.splitlines()[:2])
    return said


def clean() -> dict[str, str]:
    """The environment without anything that leads to this checkout or its packages."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**own, "BILLPOLICY_CACHE": "off", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(command: str, folder: Path) -> None:
    """What has to be there before anything can be tried."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=clean(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")


def version_of(python: Path) -> str:
    told = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, check=True
    )
    return told.stdout.decode().strip()


def every_python() -> list[Path]:
    """Those of `pyenv` that this program runs on; without any, the one that runs this."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [one / "bin" / "python" for one in sorted(root.glob("*")) if SUPPORTED.fullmatch(one.name)]
    return found or [Path(sys.executable)]


if __name__ == "__main__":
    sys.exit(main([Path(one).absolute() for one in sys.argv[1:]] or every_python()))
