"""`--log-format json`: standard error is lines of the published schema, whatever happens, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import billpolicy as api
from billpolicy.cli import log_lines, main
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
    # What is found is in the log also where the result tells it.
    assert any(one["event"] == "finding" for one in found) == (code == 1)


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


@pytest.mark.parametrize("format", [[], ["--format", "json"], ["--format", "sarif"]])
@pytest.mark.parametrize("command", CASES)
def test_the_result_is_the_same(command: str, format: list[str]) -> None:
    """Of what is refused: it is so again, since nothing was changed."""
    typed = [*command.split(), *CASES[command][1], *format]
    plain, logged = billpolicy(*typed), billpolicy("--log-format", "json", *typed)
    assert (logged.code, logged.out) == (plain.code, plain.out)
    assert any(one["event"] == "finding" for one in lines(logged))


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
    monkeypatch.setattr("billpolicy.cli.log_lines.time.monotonic", lambda: now[0])
    log = log_lines.Log()
    log.command = "post"
    for done in range(1, 101):
        now[0] += 0.15  # 15 seconds in all, and 5 between two lines: the first at 5.1
        log.progress("posting", done, 100)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    # 34 steps of 0.15 s are 5.1 s, and the next 34 too.
    assert [(one["done"], one["of"]) for one in told] == [(34, 100), (68, 100)]


def finding(ran: Ran) -> dict[str, Any]:
    """The one that there is."""
    (told,) = (one for one in lines(ran) if one["event"] == "finding")
    return told


def test_what_the_result_tells_is_found_with_its_place_and_its_operation() -> None:
    told = finding(billpolicy("--log-format", "json", "post", *CASES["post"][1]))
    assert (told["operation"], told["code"], told["file"], told["line"]) == ("bad", "account-unknown", "bad.yaml", 1)
    in_policy = finding(billpolicy("--log-format", "json", "validate", *CASES["validate"][1]))
    assert (in_policy["code"], in_policy["file"]) == ("key-unknown", "policies/wrong/policy.yaml")


def test_lines_name_the_ledger_from_where_it_is_known() -> None:
    first, *others = lines(billpolicy("--log-format", "json", "ledger", "check", LEDGER))
    assert "ledger" not in first
    assert {one["ledger"] for one in others} == {LEDGER}


@pytest.mark.parametrize("typed", [["ledger", "check", "ADDRESS"], ["ledger", "check", LEDGER, "ADDRESS"], ["ADDRESS"]])
def test_a_password_is_in_no_line(typed: list[str]) -> None:
    """Of an address of a database, be it the ledger or typed where none belongs."""
    address = "postgresql://night:s3cr:et@host/ledger"
    ran = billpolicy("--log-format", "json", *(address if word == "ADDRESS" else word for word in typed))
    assert "s3cr" not in ran.err
    assert "et@" not in ran.err
    assert any("//night:***@host/ledger" in json.dumps(one) for one in lines(ran))


def test_nothing_that_cannot_be_seen_is_in_a_line() -> None:
    told = finding(billpolicy("--log-format", "json", "ledger", "check", "sqlite:///\x1b]0;mine\x07\u202e.db\n"))
    assert all(text.isprintable() for text in told.values() if isinstance(text, str))


def test_a_group_without_a_command_is_no_page_of_help() -> None:
    assert finding(billpolicy("--log-format", "json", "ledger"))["message"] == "no command was typed"


@pytest.mark.parametrize("typed", ["--nonsense", "postgresql://a:b@c", "--help"])
def test_a_command_is_named_by_known_words_only(typed: str) -> None:
    assert {one["command"] for one in lines(billpolicy("--log-format", "json", "ledger", typed))} == {"ledger"}


def test_what_libraries_tell_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def odd(*_: object, **__: object) -> None:
        called.append("once, and again to see whether the ledger is damaged")
        if len(called) > 1:
            raise ZeroDivisionError
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("goes in the next version", DeprecationWarning, stacklevel=1)
        logging.getLogger("some.library").error("retried\nin vain")
        raise ZeroDivisionError

    monkeypatch.setattr(api, "open_ledger", odd)
    monkeypatch.setenv("BILLPOLICY_DEBUG", "1")
    handlers = list(logging.getLogger().handlers)
    notes = [one for one in lines(billpolicy("--log-format", "json", "ledger", "check", LEDGER)) if "message" in one]
    told = [(one["level"], one["message"]) for one in notes]
    assert any(level == "warning" and "goes in the next version" in message for level, message in told)
    assert [message for level, message in told if message in ("retried", "in vain")] == ["retried", "in vain"]
    assert ("error", "Traceback (most recent call last):") in told  # that BILLPOLICY_DEBUG asks for
    assert logging.getLogger().handlers == handlers


def test_interrupted_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "open_ledger", interrupted)
    ran = billpolicy("--log-format", "json", "ledger", "check", LEDGER)
    assert (ran.code, finding(ran)["code"]) == (130, "interrupted")


def test_a_log_that_cannot_be_written_keeps_nothing_from_being_posted(folder: Path) -> None:
    """Whoever collects it is gone."""
    (folder / "gone.yaml").write_text((folder / "good.yaml").read_text().replace("id: good", "id: log-gone"))
    typed = ["post", *PLANNED, "--ledger", LEDGER, "--actor", "ines", "gone.yaml"]
    reads, writes = os.pipe()
    os.close(reads)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "billpolicy", "--log-format", "json", *typed],
            stdout=subprocess.PIPE,
            stderr=writes,
            env={**os.environ, "BILLPOLICY_CACHE": "off"},
            check=False,
        )
    finally:
        os.close(writes)
    assert ran.returncode == 0
    assert b"1 posted" in ran.stdout
    assert billpolicy("ledger", "show", LEDGER, "log-gone").code == 0


def test_without_a_standard_error_no_line_goes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["billpolicy", "--log-format", "json", "ledger", "check", LEDGER])
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(None), pytest.raises(SystemExit) as done:
        main()
    (line,) = out.getvalue().splitlines()
    assert (done.value.code, line.startswith(f"{LEDGER}: every check passed on ")) == (0, True)


def test_whoever_types_it_behind_the_command_is_told_where_it_stands() -> None:
    ran = billpolicy("ledger", "check", "--log-format", "json", LEDGER)
    assert ran.code == 2
    assert "--log-format stands before the command: billpolicy --log-format json ledger check ..." in ran.err


def test_what_waits_is_approved_and_withdrawn(folder: Path) -> None:
    waits = "{id: ID, operation: write_off_invoice, invoice: INV00000001, actor: ines}"
    entries = waits.replace("ID", "log-one"), waits.replace("ID", "log-two")
    (folder / "log-waits.yaml").write_text(f"operations: [{', '.join(entries)}]\n")
    asked = ["--policy", "policies/two", "--today", "2026-04-01", "--ledger", LEDGER]

    def outcomes(*typed: str) -> list[tuple[str, ...]]:
        found = lines(billpolicy("--log-format", "json", *typed))
        told = (one for one in found if one["event"] == "operation")
        return [(one["operation"], one["kind"], one["outcome"], one["level"]) for one in told]

    kind = "write_off_invoice"
    waiting = [(id, kind, "waiting", "info") for id in ("log-one", "log-two")]
    assert outcomes("post", "log-waits.yaml", *asked, "--wait") == waiting
    assert outcomes("approve", "log-one", *asked, "--actor", "maria") == [("log-one", kind, "approved", "info")]
    assert outcomes("withdraw", "log-two", "--ledger", LEDGER) == [("log-two", kind, "withdrawn", "info")]
    refused = billpolicy("--log-format", "json", "approve", "log-two", *asked, "--actor", "maria", "--format", "json")
    assert finding(refused)["code"] == "waiting-unknown"
