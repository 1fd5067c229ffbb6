"""Which policies a change concerns: by the folder that a file is in, and by what extends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billpolicy.policy.affected import affected
from tests.helpers.command_line import billpolicy
from tests.helpers.repository import ACME, Repository, with_policies

TESTED = "tests: []\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """standard <- acme <- acme-de; other, on nothing; two stories, each one file beside a book."""
    made = with_policies(tmp_path / "repository")
    made.write("policies/acme-de/policy.yaml", "extends: ../acme\npolicy: acme-de\nefective: {}\n")
    made.write("policies/acme/rules.yaml", "roles: {clerk: [ines]}\n")
    made.write("policies/other/policy.yaml", "policy: other\neffective: {from: 2026-01-01}\n")
    for story in ("one", "two"):
        made.write(f"stories/{story}/policy.yaml", f"policy: {story}\nextends: ../../policies/other\n")
        made.write(f"stories/{story}/book.yaml", "accounts: []\n")
        made.write(f"stories/{story}/operations.yaml", "operations:\n- {id: a}\n")
    made.write("README.md", "policy: not one\n")
    made.commit()
    monkeypatch.chdir(made.root)
    return made


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("policies/acme-de/policy.yaml", ["policies/acme-de"]),
        ("policies/acme/rules.yaml", ["policies/acme", "policies/acme-de"]),
        ("policies/standard/currencies.yaml", ["policies/acme", "policies/acme-de", "policies/standard"]),
        ("policies/acme/gone.yaml", ["policies/acme", "policies/acme-de"]),
        ("policies/acme/acme.test.yaml", ["policies/acme", "policies/acme-de"]),
        ("policies/acme/books/large.json", ["policies/acme", "policies/acme-de"]),
        ("policies/other/policy.yaml", ["policies/other", "stories/one/policy.yaml", "stories/two/policy.yaml"]),
        ("stories/one/policy.yaml", ["stories/one/policy.yaml"]),
        ("stories/two/book.yaml", ["stories/two/policy.yaml"]),
        ("policies/billpolicy.toml", ["policies/acme", "policies/acme-de", "policies/other", "policies/standard"]),
        ("README.md", []),
        ("policies/notes.md", []),
        ("policies/gone/policy.yaml", []),
        ("nowhere/../policies/acme-de/policy.yaml", ["policies/acme-de"]),
    ],
)
def test_what_a_file_concerns(changed: str, expected: list[str], repository: Repository) -> None:
    if changed == "policies/billpolicy.toml":
        expected = [*expected, "stories/one/policy.yaml", "stories/two/policy.yaml"]
    assert [str(policy) for policy in affected([Path(changed)])] == expected
    assert [str(policy) for policy in affected([repository.root / changed])] == expected


def test_a_policy_with_mistakes_is_one_too(repository: Repository) -> None:
    repository.write("policies/acme/rules.yaml", "roles: {clerk: [ines]\n")
    repository.write("policies/acme/policy.yaml", ACME + "exceptions: 3\n")
    assert Path("policies/acme") in affected([Path("policies/acme/rules.yaml")])


def test_policies_that_extend_each_other_end(repository: Repository) -> None:
    repository.write("policies/other/policy.yaml", "policy: other\nextends: ../acme-de\n")
    repository.write("policies/acme/policy.yaml", ACME.replace("standard", "other"))
    found = {str(policy) for policy in affected([Path("policies/acme/policy.yaml")])}
    assert found >= {"policies/acme", "policies/acme-de", "policies/other"}


def test_the_files_of_a_change(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.git("mv", "policies/acme-de/policy.yaml", "policies/acme-de/all.yaml")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write("policies/other/policy.yaml", "policy: other\neffective: {from: 2026-02-01}\n")
    repository.commit()
    repository.git("checkout", "--quiet", "topic")  # what main changed since is no part of it
    assert billpolicy("affected", "--since", "main").out == "policies/acme-de\n"
    monkeypatch.chdir(repository.root / "policies" / "acme-de")
    assert billpolicy("affected", "--since", "main").out == ".\n"
    ran = billpolicy("affected", "--since", "mian")
    assert (ran.code, "[revision-unknown]" in ran.err) == (1, True)


def test_only_those_below_a_folder_or_with_tests(repository: Repository) -> None:
    files = ["policies/other/policy.yaml", "policies/acme/rules.yaml"]
    assert billpolicy("affected", *files, "--below", "stories").out == (
        "stories/one/policy.yaml\nstories/two/policy.yaml\n"
    )
    repository.write("policies/acme/acme.test.yaml", TESTED)
    assert billpolicy("affected", *files, "--with-tests").out == "policies/acme\n"
    assert json.loads(billpolicy("affected", *files, "--with-tests", "--format", "json").out) == {
        "policies": ["policies/acme"]
    }


def test_a_command_is_run_on_them(repository: Repository) -> None:
    ran = billpolicy("affected", "policies/acme/rules.yaml", "--run", "validate")
    assert (ran.code, ran.out.count(" is valid: "), "policies/acme-de/policy.yaml" in ran.out) == (1, 1, True)
    repository.write(
        "policies/acme-de/policy.yaml", ACME.replace("standard", "acme").replace("policy: acme", "policy: de")
    )
    ran = billpolicy("affected", "policies/acme/rules.yaml", "--run", "validate")
    assert (ran.code, ran.out.count(" is valid: ")) == (0, 2)
    repository.write("policies/acme/rules.yaml", "rolls: {clerk: [ines]}\n")
    ran = billpolicy("affected", "policies/acme/rules.yaml", "--run", "validate", "--format", "github")
    assert (ran.code, ran.out.count("::error file=policies/acme/rules.yaml,line=1,")) == (1, 1)
    assert billpolicy("affected", "README.md", "--run", "validate") == (0, "", "")
