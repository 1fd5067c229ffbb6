"""Every command that reads a policy takes several paths where that means something, `REV:path`, and standard input."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from billpolicy.cli import COMMANDS, cli
from billpolicy.cli.reading import PLACE
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.repository import ACME, Repository, with_policies

STORY = ROOT / "examples" / "bad-debt-written-off"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = with_policies(tmp_path / "repository")
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What puts a text on standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_every_argument_and_option_for_a_policy_takes_a_place() -> None:
    context = click.Context(cli)
    commands = [command for name in COMMANDS if (command := cli.get_command(context, name)) is not None]
    below = [each for one in commands if isinstance(one, click.Group) for each in one.commands.values()]
    found = {
        command.name: parameter.type is PLACE and any(one.name == "stdin_filename" for one in command.params)
        for command in (*commands, *below)
        for parameter in command.params
        if parameter.name in ("policy", "policies") or (command.name, parameter.name) == ("diff", "new")
    }
    assert set(found) >= {"validate", "analyze", "lint", "test", "diff", "matrix", "explain", "plan", "post", "sync"}
    assert [name for name, is_place in found.items() if not is_place] == []


def test_several_policies_are_each_their_own(repository: Repository) -> None:
    repository.write("policies/other/policy.yaml", ACME.replace("acme", "other"))
    ran = billpolicy("validate", "policies/acme", "policies/other", "HEAD:policies/standard")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[1] for line in ran.out.splitlines() if line.startswith("policy ")] == [
        "acme",
        "other",
        "standard",
    ]
    answer = json.loads(billpolicy("validate", "policies/acme", "policies/other", "--format", "json").out)
    assert ([one["policy"] for one in answer["policies"]], answer["diagnostics"]) == (["acme", "other"], [])


def test_what_is_wrong_with_one_keeps_no_other_from_being_told(repository: Repository) -> None:
    repository.write("policies/wrong/policy.yaml", ACME + "opperations: {}\n")
    ran = billpolicy("validate", "policies/wrong", "policies/acme", "policies/missing")
    assert ran.code == 1
    assert "policies/wrong/policy.yaml:4:1: error:" in ran.out
    assert "there is no policy at `policies/missing` [policy-missing]" in ran.out
    assert ran.out.endswith("1 of 3 policies are valid\n")
    assert "\npolicy acme is valid" in ran.out
    ran = billpolicy("validate", "policies/wrong", "policies/acme", "--format", "json")
    answer = json.loads(ran.out)
    assert (ran.code, ran.err) == (1, "")
    assert [one["policy"] for one in answer["policies"]] == ["acme"]
    assert [one["code"] for one in answer["diagnostics"]] == ["key-unknown"]
    assert billpolicy("validate", "policies/wrong", "policies/acme", "--format", "github").out.count("::error") == 1


def test_standard_input(repository: Repository, typed: Callable[[str], None]) -> None:
    text = ACME.replace("../standard", "policies/standard")
    typed(text)
    ran = billpolicy("validate", "-")
    assert (ran.code, ran.err) == (0, "")
    files = [one for one in STANDARD.glob("*.yaml") if not one.name.endswith(".test.yaml")]
    assert ran.out.startswith(f"policy acme is valid: {len(files) + 1} files")
    typed(text + "opperations: {}\n")
    ran = billpolicy("validate", "policies/acme", "-")
    assert ran.out.splitlines()[:3] == [
        "<stdin>:4:1: error: `opperations` is not a key that is known here [key-unknown]",
        " 4 | opperations: {}",
        "   | ^^^^^^^^^^^",
    ]
    assert "\npolicy acme is valid" in ran.out


def test_standard_input_can_stand_for_a_file(repository: Repository, typed: Callable[[str], None]) -> None:
    name = "policies/acme/policy.yaml"
    for arguments in (["-", "--stdin-filename", name], ["--stdin-filename", name, "-"]):
        typed(ACME + "roles: {clerk: [ines]}\n")
        ran = billpolicy("validate", *arguments, "--format", "json")
        assert json.loads(ran.out)["files"][-1] == name
    typed(ACME + "opperations: {}\n")
    assert billpolicy("validate", "-", "--stdin-filename", name, "--format", "concise").out.startswith(f"{name}:4:1: ")


def test_standard_input_is_read_once(repository: Repository, typed: Callable[[str], None]) -> None:
    typed(ACME)
    ran = billpolicy("validate", "-", "-")
    assert ran.code == 2
    assert "standard input can be read only once" in ran.err


@pytest.mark.parametrize("text", ["", "\x00", "- a\n", "policy: a\n---\npolicy: b\n"])
def test_what_is_no_policy_on_standard_input_is_refused(
    text: str, repository: Repository, typed: Callable[[str], None]
) -> None:
    typed(text)
    ran = billpolicy("validate", "-")
    assert ran.code == 1
    assert ran.out.startswith("<stdin>")


def test_commands_with_operations_take_them_too(repository: Repository, typed: Callable[[str], None]) -> None:
    asked: list[str | Path] = ["--book", STORY / "book.yaml", STORY / "operations.yaml", "--today", "2026-04-01"]

    def explained(policy: str | Path) -> Ran:
        return billpolicy("explain", *asked, "--policy", policy, "--format", "json")

    on_disk = explained(STANDARD)
    in_revision = explained("HEAD:policies/standard")
    assert in_revision.out.replace("HEAD:policies", str(STANDARD.parent)) == on_disk.out
    assert '"file": "HEAD:policies/standard/' in in_revision.out
    typed(ACME.replace("../", "policies/"))
    of_acme = json.loads(explained("-").out)["explanations"]
    assert [one["policy"] for one in of_acme] == ["acme"] * len(json.loads(on_disk.out)["explanations"])
    typed(ACME.replace("../", "policies/"))
    matrix = billpolicy("matrix", "-")
    assert (matrix.code, matrix.out.splitlines()[0].split(",")[0]) == (0, "policy acme")
