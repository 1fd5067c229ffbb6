"""What is built is whole: the wheel, also one that is built of the sdist, works where there is no checkout.

Nothing is fetched. The dependencies are those of the environment that runs the tests, and of them only what the wheel
asks for: neither the rules engine, which is an extra, nor what tests and linters need.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.helpers.one_dispute import BOOK, OPERATIONS
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.tools import needs

SOURCES = ("src/billpolicy", "policies", "schemas", "examples")
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")


def ran(*command: str | Path, folder: Path) -> str:
    """What a command prints, in a folder, with no settings that lead to this source."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    settings = {**own, "BILLPOLICY_CACHE": "off", "COLUMNS": "80", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel_of(source: Path, into: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    ran(*pip, "--wheel-dir", into, source, folder=into.parent)
    (wheel,) = into.iterdir()
    return wheel


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build takes of the checkout, apart from it: building leaves files behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    ran(sys.executable, "-c", build, folder, folder=source)
    (archive,) = folder.iterdir()
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built of the sdist."""
    return wheel_of(sdist, tmp_path_factory.mktemp("of-sdist"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(packed.read(name).decode())


@pytest.fixture(scope="module")
def program(wheel: Path, metadata: Message, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`billpolicy`, installed in a fresh environment."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", symlinks=True, with_pip=False)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    ran(*pip, wheel, folder=folder)
    needed = folder / "needed"
    needed.mkdir()
    for name in closure(metadata.get_all("Requires-Dist", [])):
        link(importlib.metadata.distribution(name), needed)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(f"{needed}\n", encoding="utf-8")
    return folder / "env" / "bin" / "billpolicy"


def closure(requirements: list[str]) -> set[str]:
    """The names of all that is needed, without extras, by what the environment of the tests has."""
    found: set[str] = set()
    ahead = list(requirements)
    while ahead:
        one = Requirement(ahead.pop())
        if one.name in found or (one.marker is not None and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(one.name)
        ahead += importlib.metadata.requires(one.name) or []
    return found


def link(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    """Bring one installed distribution into a folder."""
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


def test_it_carries_the_standard_policy_the_schemas_and_the_examples(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        for folder in ("policies", "schemas", "examples"):
            here = [
                file for file in (ROOT / folder).rglob("*") if file.is_file() and file.suffix not in (".db", ".pyc")
            ]
            assert here
            for file in here:
                assert packed.read(f"billpolicy/shipped/{file.relative_to(ROOT)}") == file.read_bytes()
    assert {name.split("/")[2] for name in names if name.startswith("billpolicy/shipped/")} == {
        "policies",
        "schemas",
        "examples",
    }


def test_the_checkout_and_the_sdist_make_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    def what(file: Path) -> list[tuple[str, int]]:
        with zipfile.ZipFile(file) as packed:
            return sorted((one.filename, one.CRC) for one in packed.infolist() if not one.filename.endswith("RECORD"))

    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    stale = copy / "build" / "lib" / "billpolicy" / "shipped" / "policies" / "gone.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("policy: gone\n", encoding="utf-8")
    assert what(wheel_of(copy, tmp_path / "wheel")) == what(wheel)


def test_it_says_what_it_is_and_asks_for_no_compiler(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Requires-Python"]) == ("billpolicy", ">=3.11")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    assert metadata["Keywords"]
    asked = [Requirement(one) for one in metadata.get_all("Requires-Dist", [])]
    (engine,) = (one for one in asked if one.name == "durable_rules")
    assert str(engine.marker) == 'extra == "engine"'
    assert metadata.get_all("Provides-Extra") == ["bulk", "engine", "excel", "postgresql", "serve", "spark"]


def test_the_extra_is_the_engine_that_setup_builds(metadata: Message) -> None:
    (extra,) = (one for one in metadata.get_all("Requires-Dist", []) if one.startswith("durable_rules"))
    lock = (ROOT / "requirements-engine.lock").read_text(encoding="utf-8")
    assert re.findall(r"^durable-rules==(\S+)", lock, re.MULTILINE) == [
        extra.partition("==")[2].partition(";")[0].strip()
    ]


def test_from_an_empty_folder_to_a_posted_document(program: Path, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "policy.yaml").write_text(
        "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n", encoding="utf-8"
    )
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "operations.yaml").write_text(OPERATIONS, encoding="utf-8")
    version = ran(program, "--version", folder=tmp_path).splitlines()
    assert version[1] == "rules engine: none; plain Python decides the same"
    valid = ran(program, "validate", "acme", folder=tmp_path).splitlines()
    files = [one for one in STANDARD.glob("*.yaml") if not one.name.endswith(".test.yaml")]
    assert valid[0].startswith(f"policy acme is valid: {len(files) + 1} files")
    assert valid[-1].split("digest ")[1] == version[2].split("digest ")[1]
    by_path = ran(program, "validate", STANDARD, folder=tmp_path)
    assert f"digest {version[2].split('digest ')[1]}" in by_path  # the one that was built of the checkout is its own
    explained = ran(program, "explain", "--policy", "acme", "--book", "book.yaml", "operations.yaml", folder=tmp_path)
    assert "bill_to_contact: ann\n" in explained
    assert "base rule, <standard>/credit_memos.yaml:5\n" in explained
    url = "sqlite:///books.db"
    ran(program, "ledger", "init", url, folder=tmp_path)
    ran(program, "ledger", "import", url, "book.yaml", folder=tmp_path)
    posted = ran(
        program, "post", "--policy", "acme", "--ledger", url, "--actor", "ines", "operations.yaml", folder=tmp_path
    )
    assert "credit memo CM00000001" in posted
    assert "1 posted" in posted
    ran(program, "ledger", "check", url, folder=tmp_path)


def test_from_init_to_a_posted_document_its_journal_and_a_report(program: Path, tmp_path: Path) -> None:
    """240.00 was billed; 140.00 is paid, 50.00 credited and not yet used, and all 150.00 of the other written off."""
    hledger = needs("hledger")
    ran(program, "init", "acme", "--yes", folder=tmp_path)
    acme, url = tmp_path / "acme", "sqlite:///books.db"
    asked = ("credit_memo_from_invoice", "invoice=INV00000001", "reason=Charge Dispute")
    assert "bill_to_contact: ann\n" in ran(program, "explain", *asked, folder=acme)
    policy = acme / "policy" / "policy.yaml"
    changed = policy.read_text(encoding="utf-8").replace("[account, invoice]", "[invoice]")
    policy.write_text(changed, encoding="utf-8")
    assert "bill_to_contact: bob\n" in ran(program, "explain", *asked, folder=acme)
    ran(program, "ledger", "init", url, folder=acme)
    ran(program, "ledger", "import", url, "book.yaml", folder=acme)
    assert "3 posted, 0 refused" in ran(program, "post", "operations.yaml", "--ledger", url, folder=acme)
    ran(program, "ledger", "check", url, folder=acme)
    journal = ran(program, "ledger", "journal", url, "--policy", "policy", "--format", "hledger", folder=acme)
    (acme / "all.journal").write_text(journal, encoding="utf-8")
    ran(hledger, "-f", "all.journal", "check", "--strict", folder=acme)
    report = ran(program, "report", "balances", "--ledger", url, "--as-of", "2026-12-31", folder=acme)
    assert report.splitlines()[-1].split() == ["total", "100.00", "50.00", "0.00", "50.00"]


def test_an_example_that_it_carries_works_where_it_is(program: Path, tmp_path: Path) -> None:
    where = "import billpolicy.source.files as f; print(f.shipped_folder())"
    shipped = Path(ran(program.parent / "python", "-c", where, folder=tmp_path).strip())
    valid = ran(program, "validate", shipped / "examples" / "a-page-of-company-policy" / "policy.yaml", folder=tmp_path)
    assert valid.startswith("policy nordlicht is valid")
