"""`--log-format json`: standard error is lines of the published schema, whatever happens, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import billpolicy as api
from billpolicy.cli import logs
from billpolicy.exchange.schemas import schema_of
from tests import test_exit_codes
from tests.helpers.command_line import Ran, billpolicy
from tests.test_exit_codes import CASES, LEDGER, PLANNED

folder = test_exit_codes.folder
LINE = Draft7Validator(schema_of("log"))


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def lines(ran: Ran) -> list[dict[str, Any]]:
    """What was logged, each line held against the schema."""
    assert ran.err.isascii()
    found = [json.loads(line) for line in ran.err.splitlines()]
    for one in found:
        assert [error.message for error in LINE.iter_errors(one)] == []
    assert len({one["run"] for one in found}) == 1
    assert [one["event"] for one in found].count("finished") == 1
    assert (found[-1]["event"], found[-1]["exit_code"]) == ("finished", ran.code)
    return found


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("command", CASES)
def test_of_every_command_all_lines_are_of_the_schema(command: str, code: int) -> None:
    ran = billpolicy("--log-format", "json", *command.split(), *CASES[command][code])
    assert ran.code == code
    found = lines(ran)
    assert (found[0]["event"], found[0]["version"]) == ("started", api.__version__)
    assert {one["command"] for one in found} == {command}


@pytest.mark.parametrize("typed", [["--nonsense"], ["nonsense"], ["ledger", "nonsense"], ["post"], ["ledger"]])
def test_what_is_typed_wrong_is_a_line(typed: list[str]) -> None:
    ran = billpolicy("--log-format=json", *typed)
    (told,) = (one for one in lines(ran) if one["event"] == "finding")
    assert (ran.code, ran.out, told["code"], told["level"]) == (2, "", "usage-wrong", "error")


def test_a_fault_of_the_program_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of\x1b]0;mine\nall")

    monkeypatch.setattr(api, "open_ledger", broken)
    ran = billpolicy("--log-format", "json", "ledger", "check", LEDGER)
    (told,) = (one for one in lines(ran) if one["event"] == "finding")
    assert (ran.code, told["code"]) == (3, "internal-error")


def test_the_result_is_the_same(folder: Path) -> None:
    for typed in (["validate", "policies/wrong"], ["ledger", "show", LEDGER, "a"], ["explain", *CASES["explain"][1]]):
        assert billpolicy(*typed).out == billpolicy("--log-format", "json", *typed).out


def test_the_environment_asks_for_it_and_an_option_takes_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLPOLICY_LOG_FORMAT", "json")
    assert lines(billpolicy("ledger", "check", LEDGER))
    assert billpolicy("--log-format", "text", "ledger", "check", LEDGER).err == ""
    monkeypatch.setenv("BILLPOLICY_LOG_FORMAT", "jsno")
    ran = billpolicy("ledger", "check", LEDGER)
    assert ran.code == 2
    assert "'jsno' is not one of 'text', 'json'" in ran.err


def test_each_operation_has_its_outcome(folder: Path) -> None:
    """One is posted, the other one is refused; then the first is there already, and planned it would be the same."""
    good, bad = (folder / name for name in ("good.yaml", "bad.yaml"))
    entries = [one.read_text().partition("[")[2].rpartition("]")[0] for one in (good, bad)]
    (folder / "both.yaml").write_text(f"operations: [{', '.join(entries).replace('id: good', 'id: logged')}]\n")
    typed = [*PLANNED, "--ledger", LEDGER, "--actor", "ines", "both.yaml"]

    def outcomes(*before: str) -> list[tuple[Any, ...]]:
        found = lines(billpolicy("--log-format", "json", *before, *typed))
        told = (one for one in found if one["event"] == "operation")
        return [(one["operation"], one["outcome"], one.get("codes"), one["level"]) for one in told]

    refused = ("bad", "refused", ["account-unknown"], "warning")
    assert outcomes("post", "--atomic") == [("logged", "not_posted", None, "info"), refused]
    assert outcomes("post") == [("logged", "posted", None, "info"), refused]
    assert outcomes("post") == [("logged", "posted_before", None, "info"), refused]


def test_progress_is_told_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("billpolicy.cli.logs.time.monotonic", lambda: now[0])
    log = logs.Log()
    log.command = "post"
    for done in range(1, 101):
        now[0] += 0.15  # 15 seconds in all, and 5 between two lines: the first at 5.1
        log.progress("posting", done, 100)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    # 34 steps of 0.15 s are 5.1 s, and the next 34 too.
    assert [(one["done"], one["of"]) for one in told] == [(34, 100), (68, 100)]
