"""Make the virtual environment that the Makefile uses: `make setup`, or this script and a folder's name.

Needs nothing but Python's standard library, so that it also runs where pip and python3-venv are missing.
The rules engine comes from a wheel in dist/engine (or the folder ENGINE_WHEELS), or else is compiled here.
"""

import hashlib
import html
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - says so where the system's Python is older
    sys.exit(
        "billpolicy needs Python 3.11 or newer and this is {}.{}; name another one with "
        "`make PYTHON=python3.11 ...`.".format(*sys.version_info[:2])
    )

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock"
ENGINE_LOCK = "requirements-engine.lock"
ENGINE_WHEELS = "dist/engine"  # where `make engine-wheel` puts them
# The engine's source calls a function by a name that Python 3.13 took out. Where Python's headers still define it, the
# extension comes out the same, byte for byte. By CPPFLAGS, since the engine's setup.py sets CFLAGS itself.
ENGINE_FLAG = "-DPyEval_CallObject=PyObject_CallObject"
FINISHED = "finished"  # written last: a folder without it is half made and is made anew
LOG = "setup.log"

# Settings of the caller that would make pip install somewhere else, or something else.
UNWANTED_SETTINGS = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT")

NETWORK_TROUBLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError"
    r"|Max retries exceeded|Connection aborted|IncompleteRead|HTTP error \d+|HTTP Error \d+|\d+ Server Error"
)
NETWORK_ADVICE = "check the network (and HTTPS_PROXY, if you are behind a proxy) and run the same command again."


class SetupError(Exception):
    """What went wrong, in a sentence for the person who ran make."""


def say(text: str) -> None:
    print(text, flush=True)


def locked(package: str, lock: str = LOCK) -> tuple[str, set[str]]:
    """The version and the SHA-256 hashes that a lock has for a package."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entry = re.search(rf"^{package}==(\S+)((?:.*\\\n)+.*)", text, re.MULTILINE)
    if entry is None:
        raise SetupError(f"{lock} does not pin {package}; write it anew with `make lock`.")
    return entry[1], set(re.findall(r"sha256:([0-9a-f]{64})", entry[2]))


def build_settings() -> dict[str, str]:
    """The settings under which pip runs: the caller's, without those that would mislead it, and the engine's flag."""
    settings = {name: value for name, value in os.environ.items() if name not in UNWANTED_SETTINGS}
    settings.setdefault("PIP_RETRIES", "2")
    settings["CPPFLAGS"] = f"{settings.get('CPPFLAGS', '')} {ENGINE_FLAG}".strip()
    return settings


def missing_for_engine() -> str | None:
    """What this machine would need to compile the engine and does not have; None where all is there."""
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or ""
    try:
        compiler = (shlex.split(named) or ["cc"])[0]
    except ValueError:  # a quote that is not closed
        compiler = named
    if shutil.which(compiler) is None:
        return f"there is no C compiler `{compiler}`"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python.h is missing"
    return None


class Environment:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.settings = build_settings()

    def run(self, *arguments: str | Path) -> tuple[bool, str]:
        """Run the environment's Python; whether it went well, and all that it printed."""
        command = [str(self.python), *map(str, arguments)]
        done = subprocess.run(
            command,
            env=self.settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}\n")
        return done.returncode == 0, done.stdout

    def pip_install(self, *arguments: str | Path) -> tuple[bool, str]:
        return self.run("-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments)

    def is_finished(self) -> bool:
        """Whether an earlier run got to its end, with the Python that runs now."""
        try:
            made_with = (self.folder / FINISHED).read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return made_with == sys.version and self.run("-c", "import pip")[0]

    def create(self) -> None:
        (self.folder / FINISHED).unlink(missing_ok=True)
        venv.EnvBuilder(clear=True, symlinks=True).create(self.folder)

    def get_pip(self) -> None:
        """Put pip in: the one that comes with Python, or, where the system left that out, the locked one."""
        if self.run("-m", "ensurepip", "--default-pip")[0]:
            return
        version, hashes = locked("pip")
        say(f"Fetching pip {version} (this Python comes without it)")
        name = f"pip-{version}-py3-none-any.whl"
        content = download_from_index("pip", name)
        if hashlib.sha256(content).hexdigest() not in hashes:
            raise SetupError(f"The downloaded {name} is not the file that {LOCK} names; nothing was installed.")
        with tempfile.TemporaryDirectory() as folder:
            wheel = Path(folder, name)
            wheel.write_bytes(content)
            # A wheel is a zip file, and Python runs the pip inside it.
            worked, output = self.run(wheel / "pip", "install", "--no-index", "--no-deps", wheel)
        if not worked:
            raise self.explain("pip could not be installed", output)

    def install_packages(self) -> None:
        worked, output = self.pip_install("--require-hashes", "--only-binary", ":all:", "-r", ROOT / LOCK)
        if not worked:
            raise self.explain("The packages could not be installed", output)

    def install_engine(self) -> bool:
        """Install the rules engine, from a wheel or compiled here. Without it billpolicy works, with its own engine."""
        if self.install_engine_wheel():
            return True
        reason = missing_for_engine()
        if reason is None:
            say("Installing the rules engine, compiled here")
            # Built with the locked setuptools, not with the newest one, so that it builds the same next year; and never
            # taken from pip's cache, where another build of it may be that does not load.
            how = ["--require-hashes", "--no-build-isolation", "--no-cache-dir"]
            if not self.loads_engine():
                how += ["--force-reinstall"]
            worked, output = self.pip_install(*how, "-r", ROOT / ENGINE_LOCK)
            if worked and self.loads_engine():
                return True
            if NETWORK_TROUBLE.search(output) and "ailed to build" not in output:
                raise self.explain("The rules engine could not be fetched", output)
            reason = f"see {self.shown(LOG)}"
        sentence = (
            f"The rules engine durable_rules could not be built ({reason}): install a C compiler and Python's headers "
            "(on Debian or Ubuntu: apt-get install gcc libc6-dev python3-dev) and run `make setup`; "
        )
        if os.environ.get("BILLPOLICY_REQUIRE_ENGINE") == "1":
            raise SetupError(sentence + "this run stops here because BILLPOLICY_REQUIRE_ENGINE=1.")
        say(sentence + "until then billpolicy uses `--engine python`.")
        return False

    def install_engine_wheel(self) -> bool:
        """Install the engine from a wheel that was built before, if there is one that fits this Python."""
        named = os.environ.get("ENGINE_WHEELS")
        folder = named or ENGINE_WHEELS
        if not named and not (ROOT / folder).exists():
            return False
        version, _ = locked("durable-rules", ENGINE_LOCK)
        only_there = ("--no-index", "--find-links", ROOT / folder, "--only-binary", ":all:", "--no-deps")
        worked, _ = self.pip_install(*only_there, f"durable_rules=={version}")
        if worked and self.loads_engine():
            say(f"Installing the rules engine from {folder}")
            return True
        say(f"No wheel of the rules engine in {folder} fits this Python")
        return False

    def loads_engine(self) -> bool:
        return self.run("-c", "import durable_rules_engine")[0]

    def install_project(self) -> None:
        worked, output = self.pip_install("--no-build-isolation", "--no-deps", "--editable", ROOT)
        if not worked:
            raise self.explain("billpolicy itself could not be installed", output)

    def finish(self) -> None:
        (self.folder / FINISHED).write_text(sys.version + "\n", encoding="utf-8")

    def shown(self, name: str = "") -> str:
        path = self.folder / name
        return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

    def explain(self, what: str, output: str) -> SetupError:
        """What pip's output means, in a sentence."""
        if "DO NOT MATCH THE HASHES" in output:
            return SetupError(f"{what}: a downloaded file is not the one that the lock names.")
        if NETWORK_TROUBLE.search(output):
            return SetupError(f"{what}: the package index cannot be reached; {NETWORK_ADVICE}")
        errors = [line for line in output.splitlines() if line.lower().startswith("error:")]
        reason = errors[-1][len("error:") :].strip() if errors else "pip failed"
        return SetupError(f"{what}: {reason} (all of pip's output is in {self.shown(LOG)}).")


def download_from_index(package: str, name: str) -> bytes:
    """Fetch one file of a package from the package index, through the system's proxy if one is set."""
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page_url = f"{index.rstrip('/')}/{package}/"
    try:
        trust = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
        with urllib.request.urlopen(page_url, timeout=60, context=trust) as page:
            links = re.findall(r'href="([^"#]+)', page.read().decode())
            page_url = page.url
        link = next((link for link in links if link.endswith("/" + name)), None)
        if link is None:
            raise SetupError(f"The package index has no {name}.")
        url = urllib.parse.urljoin(page_url, html.unescape(link))
        with urllib.request.urlopen(url, timeout=60, context=trust) as file:
            content: bytes = file.read()
            return content
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            advice = "its server's certificate cannot be checked; install ca-certificates, then run again."
        else:
            advice = f"{reason}; {NETWORK_ADVICE}"
        raise SetupError(f"pip could not be fetched: {advice}") from error


def set_up(folder: Path) -> None:
    environment = Environment(folder)
    version = ".".join(map(str, sys.version_info[:3]))
    if environment.is_finished():
        (folder / FINISHED).unlink()  # until this run is at its end too
    else:
        say(f"Making {environment.shown()} with Python {version}")
        environment.create()
        environment.get_pip()
    say("Installing the locked packages")
    environment.install_packages()
    has_engine = environment.install_engine()
    environment.install_project()
    environment.finish()
    say(f"Ready: Python {version}, rules engine: {'durable_rules' if has_engine else 'python'}")


def main(arguments: list[str]) -> int:
    folder = ROOT / (arguments[0] if arguments else ".venv")
    try:
        set_up(folder)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The environment {folder} could not be made: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; run the same command again to start over.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
