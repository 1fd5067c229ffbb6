"""`standard` is the policy that comes with the program, wherever one is named, unless something there is called so."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.deciding.proven import load_proven, prove
from billpolicy.policy.affected import affected
from billpolicy.policy.layers import shipped_digest
from billpolicy.source import files
from billpolicy.source.revision import place_of
from tests.helpers.command_line import billpolicy
from tests.helpers.one_dispute import BOOK, OPERATIONS
from tests.helpers.paths import STANDARD
from tests.helpers.repository import ACME, Repository

OWN = ACME.replace("../standard", "standard")
TEST = """
  - name: a memo on a dispute has the contact of its invoice
    operation: {operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV00000001, reason: Charge Dispute}
    expect: {bill_to_contact: ann}
"""
ASKED = ["--book", "book.yaml", "operations.yaml"]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A company's policy on the standard one, and nothing else."""
    made = Repository(tmp_path / "repository")
    made.write("acme/policy.yaml", OWN)
    made.write("book.yaml", BOOK)
    made.write("operations.yaml", OPERATIONS)
    made.commit()
    monkeypatch.chdir(made.root)
    return made


def test_it_is_the_one_source_of_it_and_shown_by_the_same_name_everywhere() -> None:
    named, at = prove(Path("acme")), api.validate(STANDARD)
    assert named.standard == at.digest == shipped_digest()
    assert {rule.position.file for rule in named.base.values()} == {
        f"<standard>/{Path(rule.position.file).name}" for rule in at.base.values()
    }
    assert named.own_files == ("acme/policy.yaml",)
    assert at.standard == ""  # named by its path it is a folder like any other


def test_it_is_told_which_one_it_is() -> None:
    ran = billpolicy("validate", "acme")
    assert ran.out.splitlines()[-1] == (
        f"on the standard policy that comes with billpolicy {api.__version__}, digest {shipped_digest()[:12]}"
    )
    assert json.loads(billpolicy("validate", "acme", "--format", "json").out)["standard"] == shipped_digest()
    version = billpolicy("--version").out.splitlines()
    assert version[0] == f"billpolicy {api.__version__}"
    assert version[1].startswith("rules engine: ")
    assert version[2] == f"standard policy: digest {shipped_digest()[:12]}"
    assert len(version) == 3


def test_without_the_engine_the_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billpolicy.deciding.about.available", lambda: False)
    assert api.about().engine is None
    assert "rules engine: none; plain Python decides the same\n" in billpolicy("--version").out


def test_commands_and_programs_take_it_by_name() -> None:
    files = [one for one in STANDARD.glob("*.yaml") if not one.name.endswith(".test.yaml")]
    assert billpolicy("validate", "standard").out.startswith(f"policy standard is valid: {len(files)} files")
    by_path = billpolicy("matrix", STANDARD).out.replace(str(STANDARD), "<standard>")
    assert billpolicy("matrix", "standard").out == by_path
    assert api.validate("standard").digest == api.validate(Path("standard")).digest == shipped_digest()
    explained = billpolicy("explain", "--policy", "standard", *ASKED)
    assert explained.code == 0
    assert "base rule, <standard>/credit_memos.yaml:" in explained.out
    assert api.find_tests("standard") == api.find_tests(STANDARD)


def test_a_test_file_takes_it_by_name(repository: Repository) -> None:
    test = repository.write("acme/a.test.yaml", f"policy: standard\nbook: ../book.yaml\ntests:\n{TEST}")
    assert [str(one) for one in api.load_tests(test).policies] == [str(STANDARD)]


def test_a_revision_and_standard_input_stand_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.validate(place_of("HEAD:acme")).digest == api.validate("acme").digest
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OWN.encode())))
    assert json.loads(billpolicy("validate", "-", "--format", "json").out)["standard"] == shipped_digest()
    assert billpolicy("diff", "HEAD", "acme").code == 0


def test_a_revision_has_no_policy_of_that_name_by_itself() -> None:
    assert "there is no policy at `HEAD:standard`" in billpolicy("validate", "HEAD:standard").out


def test_what_is_called_so_wins_and_that_is_told(repository: Repository) -> None:
    repository.write("acme/standard/policy.yaml", "policy: ours\nextends: ../../base\neffective: {from: 2026-01-01}\n")
    repository.write("base/policy.yaml", (STANDARD / "policy.yaml").read_text(encoding="utf-8"))
    for file in STANDARD.glob("*.yaml"):
        if ".test." not in file.name:
            repository.write(f"base/{file.name}", file.read_text(encoding="utf-8"))
    policy = prove(Path("acme"))
    assert policy.standard == ""
    assert [(one.code, str(one.position)) for one in policy.warnings] == [
        ("standard-shadowed", "acme/policy.yaml:2:10")
    ]
    repository.write("acme/policy.yaml", OWN.replace("standard", "./standard"))
    assert prove(Path("acme")).warnings == ()


@pytest.mark.parametrize("broken", ["link", "empty", "file"])
def test_what_is_called_so_and_is_no_policy_is_refused(broken: str, repository: Repository) -> None:
    there = repository.root / "acme" / "standard"
    if broken == "link":
        there.symlink_to("nowhere")
    elif broken == "empty":
        there.mkdir()
    else:
        there.write_text("accounts: []\n", encoding="utf-8")
    ran = billpolicy("validate", "acme")
    assert ran.code == 1
    wanted = {"link": "policy-missing", "empty": "policy-empty", "file": "policy-file-foreign"}
    assert f"[{wanted[broken]}]" in ran.out + ran.err


def test_another_path_that_is_missing_is_not_taken_for_it(repository: Repository) -> None:
    for path in ("../standard", "./standard", "standard/", "policies/standard"):
        repository.write("acme/policy.yaml", OWN.replace("standard", path))
        ran = billpolicy("validate", "acme")
        assert (ran.code, "[policy-missing]" in ran.out + ran.err) == (1, True), path
    assert "`extends: standard` is the standard policy that comes with billpolicy" in ran.out + ran.err


def test_the_cache_notices_what_takes_its_place(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLPOLICY_CACHE", str(repository.root / "cache"))
    assert load_proven(Path("acme")).standard == shipped_digest()
    assert len(list((repository.root / "cache").iterdir())) == 1
    repository.write("acme/standard/policy.yaml", "policy: ours\neffective: {from: 2026-01-01}\n")
    with pytest.raises(api.Refused):
        load_proven(Path("acme"))


def test_a_layer_of_that_name_comes_first_in_a_comparison(repository: Repository) -> None:
    repository.write("base/policy.yaml", OWN.replace("acme", "standard") + "roles: {clerk: [ines]}\n")
    repository.write("acme/policy.yaml", OWN.replace("extends: standard", "extends: ../base"))
    assert billpolicy("diff", "standard", "acme").out.startswith("standard, which acme extends -> acme")
    assert billpolicy("diff", "standard", "base").out.startswith("standard, which base extends -> base")
    assert billpolicy("diff", "standard", STANDARD).out.startswith("<standard> -> ")


def test_a_ledger_tells_what_was_decided_then_by_what_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert billpolicy("ledger", "init", "sqlite:///books.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///books.db", "book.yaml").code == 0
    asked = ["--ledger", "sqlite:///books.db", "--actor", "ines", "operations.yaml"]
    posted = billpolicy("post", "--policy", "acme", *asked)
    assert posted.code == 0, posted.out + posted.err
    # The program is of another version meanwhile, and what it brings is not looked at.
    monkeypatch.setattr(files, "shipped_folder", lambda: Path("nowhere"))
    explained = billpolicy("ledger", "explain", "sqlite:///books.db", "CM00000001")
    assert explained.code == 0, explained.err
    assert "base rule, <standard>/credit_memos.yaml:" in explained.out
    assert billpolicy("ledger", "check", "sqlite:///books.db").code == 0


def test_what_was_recorded_is_decided_again_by_it() -> None:
    recorded = billpolicy("plan", "--policy", "acme", *ASKED, "--record", "recorded.jsonl")
    assert recorded.code == 0, recorded.err
    assert billpolicy("replay", "recorded.jsonl", "--policy", "standard").code == 0


def test_a_change_of_it_concerns_what_stands_on_it_in_the_checkout_that_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, repository: Repository
) -> None:
    assert affected([Path("acme/policy.yaml")]) == [Path("acme")]
    for name in ("policies/standard/policy.yaml", "src/program.py"):
        repository.write(name, "policy: standard\n")
    monkeypatch.setattr(files, "shipped_folder", lambda: repository.root)
    assert affected([Path("policies/standard/policy.yaml")]) == [Path("acme"), Path("policies/standard")]


def test_what_is_wrong_with_it_is_quoted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write("shipped/policies/standard/policy.yaml", "policy: standard\nefective: {}\n")
    monkeypatch.setattr(files, "shipped_folder", lambda: repository.root / "shipped")
    found = billpolicy("validate", "acme").out
    assert "<standard>/policy.yaml:2:1: error:" in found
    assert " 2 | efective: {}\n" in found
    assert "::error file=<standard>/policy.yaml,line=2" in billpolicy("validate", "acme", "--format", "github").out


def test_it_is_not_mended_where_it_is_installed() -> None:
    ran = billpolicy("lint", "standard", "--fix")
    assert ran.code == 2
    assert "mends files on the disk" in ran.err


def test_what_is_written_never_replaces_it() -> None:
    target = STANDARD / "new.yaml"
    ran = billpolicy("plan", "--policy", "standard", *ASKED, "--record", target)
    assert ran.code != 0
    assert not os.path.lexists(target)
