"""The recipe of the image: it takes what a build takes, runs as nobody in particular, on a Python that is supported.

That it builds and serves is what `make image` tries: tests have no registry to take a base from, and it takes minutes.
"""

from __future__ import annotations

import re
import tomllib

from tests.helpers.paths import ROOT
from tests.test_installed import FILES, SOURCES

RECIPE = (ROOT / "Containerfile").read_text(encoding="utf-8")
STAGES = re.split(r"^FROM ", RECIPE, flags=re.MULTILINE)[1:]


def test_it_takes_what_a_build_takes_and_the_locks() -> None:
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", RECIPE, re.MULTILINE) for name in line.split()}
    built = {*FILES, *(folder.partition("/")[0] for folder in SOURCES)}
    assert copied == built | {"requirements.lock", "requirements-engine.lock"}
    ignored = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert ignored[0] == "*"
    assert all((ROOT / name).exists() for name in copied)


def test_the_last_stage_compiles_nothing_and_is_nobody_in_particular() -> None:
    build, last = STAGES
    assert "gcc" in build
    assert not re.search(r"^RUN ", last, re.MULTILINE)
    assert re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE) == [("10001", "10001")]


def test_it_has_what_a_service_takes() -> None:
    assert "'.[engine,excel,postgresql,serve]'" in STAGES[0]
    assert re.findall(r"^EXPOSE (\d+)$", STAGES[1], re.MULTILINE) == ["8080"]


def test_its_python_is_one_that_the_program_says_it_runs_on() -> None:
    (base,) = re.findall(r"^ARG BASE=\S+:(\d+\.\d+)-slim", RECIPE, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Programming Language :: Python :: {base}" in project["classifiers"]


def test_the_engine_is_built_with_the_flag_that_the_page_tells() -> None:
    (flag,) = re.findall(r"CPPFLAGS=(\S+)", RECIPE)
    assert f"CPPFLAGS={flag} pip install" in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
