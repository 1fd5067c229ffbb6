"""How the rules engine is had: what setup does and says, and what is asked of a wheel that is passed on."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from billpolicy.deciding.matching import durable
from scripts import setup_venv
from scripts.build_engine_wheel import check_licence
from scripts.setup_venv import ENGINE_FLAG, ENGINE_LOCK, ROOT, Environment, SetupError, build_settings
from tests.helpers import engine as engine_helper


class Dry(Environment):
    """An environment in which nothing is run: `loads` says after which pip runs the engine loads."""

    def __init__(self, folder: Path, loads: str) -> None:
        super().__init__(folder)
        self.loads = loads
        self.installs: list[str] = []

    def run(self, *arguments: str | Path) -> tuple[bool, str]:
        words = " ".join(map(str, arguments))
        if words.startswith("-m pip install"):
            self.installs.append(words)
            return True, ""
        assert words == "-c import durable_rules_engine"
        return bool(self.installs) and self.loads in self.installs[-1], ""


@pytest.fixture(autouse=True)
def _a_machine_with_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_venv, "missing_for_engine", lambda: None)
    monkeypatch.delenv("BILLPOLICY_REQUIRE_ENGINE", raising=False)
    monkeypatch.setenv("ENGINE_WHEELS", "no-such-folder")


def test_a_wheel_is_taken_where_one_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_WHEELS", str(tmp_path))
    environment = Dry(tmp_path, loads="--no-index")
    assert environment.install_engine()
    (install,) = environment.installs
    assert f"--find-links {tmp_path} --only-binary :all:" in install


def test_else_the_locked_source_is_compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = Dry(tmp_path, loads="--require-hashes")
    assert environment.install_engine()
    assert f"-r {ROOT / ENGINE_LOCK}" in environment.installs[-1]
    assert "--no-cache-dir" in environment.installs[-1]
    assert capsys.readouterr().out.splitlines() == [
        "No wheel of the rules engine in no-such-folder fits this Python",
        "Installing the rules engine, compiled here",
    ]


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup_venv, "missing_for_engine", lambda: "there is no C compiler `gcc`")
    assert not Dry(tmp_path, loads="nothing").install_engine()
    said = capsys.readouterr().out.splitlines()[-1]
    assert "could not be built (there is no C compiler `gcc`)" in said
    assert "apt-get install gcc libc6-dev python3-dev" in said
    monkeypatch.setenv("BILLPOLICY_REQUIRE_ENGINE", "1")
    with pytest.raises(SetupError, match="no C compiler"):
        Dry(tmp_path, loads="nothing").install_engine()


def test_a_build_that_does_not_load_is_not_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not Dry(tmp_path, loads="nothing").install_engine()
    assert "could not be built (see " in capsys.readouterr().out


def test_the_flag_is_added_to_those_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPPFLAGS", "-I/opt/include")
    assert build_settings()["CPPFLAGS"] == f"-I/opt/include {ENGINE_FLAG}"
    monkeypatch.delenv("CPPFLAGS")
    assert build_settings()["CPPFLAGS"] == ENGINE_FLAG


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CC", "no-such-compiler -pthread")
    assert setup_venv.missing_for_engine() == "there is no C compiler `no-such-compiler`"
    monkeypatch.setenv("CC", "sh")  # something that is there
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/no-such-folder")
    assert setup_venv.missing_for_engine() == "Python.h is missing"


# -- which tests are skipped ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "missing", "installed", "required", "excused"),
    [
        pytest.param(None, "no compiler", True, "", False, id="it loads"),
        pytest.param("not installed", None, False, "", False, id="it could be built"),
        pytest.param("does not load", "no compiler", True, "", False, id="it is installed and does not load"),
        pytest.param("not installed", "no compiler", False, "1", False, id="it is required"),
        pytest.param("not installed", "no compiler", False, "", True, id="it cannot be had"),
    ],
)
def test_only_where_it_cannot_be_had_are_its_tests_skipped(
    monkeypatch: pytest.MonkeyPatch,
    trouble: str | None,
    missing: str | None,
    installed: bool,
    required: str,
    excused: bool,
) -> None:
    monkeypatch.setattr(engine_helper, "unavailable", lambda: trouble)
    monkeypatch.setattr(engine_helper, "missing_for_engine", lambda: missing)
    monkeypatch.setattr(engine_helper, "find_spec", lambda name: object() if installed else None)
    monkeypatch.setenv("BILLPOLICY_REQUIRE_ENGINE", required)
    reason = engine_helper._excuse()
    assert (reason is not None) is excused
    assert reason is None or missing is None or missing in reason


# -- the wheel -----------------------------------------------------------------------------------------------------


def test_a_wheel_without_the_licence_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "durable_rules-2.0.28-cp313-cp313-linux_x86_64.whl"
    info = "durable_rules-2.0.28.dist-info"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr(f"{info}/METADATA", "License: MIT")
    with pytest.raises(SetupError, match="does not have the licence"):
        check_licence(wheel)
    with zipfile.ZipFile(wheel, "a") as files:
        files.writestr(f"{info}/licenses/LICENSE", "The MIT License (MIT)\n\nCopyright (c) 2013 Jesus Ruiz\n")
    check_licence(wheel)


def test_the_program_and_the_lock_and_setup_agree() -> None:
    version, _ = setup_venv.locked("durable-rules", ENGINE_LOCK)
    assert durable.INSTALL.startswith(f"CPPFLAGS={ENGINE_FLAG} pip install ")
    assert durable.INSTALL.endswith(f" durable_rules=={version}")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # The extra, and the group that `make setup` builds.
    assert project.count(f'engine = ["durable_rules=={version}"]') == 2
    assert f"\n{durable.INSTALL}\n" in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
