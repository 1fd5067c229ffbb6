"""That a policy has no conflicts is kept as a line of data; nothing that is kept is taken for a policy, or run."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import billpolicy
from billpolicy.analysis import proofs as proofs_of_all
from billpolicy.deciding import verdicts
from billpolicy.deciding.proven import load_proven, validate
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Vocabulary
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.refusals import codes, refused

TEXT = f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
CONFLICT = (
    TEXT
    + """exceptions:
  - {id: german, operations: [create_payment], when: {account.country: DE}, then: {sequence_set: [account]}}
  - {id: large, operations: [create_payment], when: {amount: {above: 5.00 EUR}}, then: {sequence_set: [default]}}
"""
)
PAYMENT = {"id": "p-1", "operation": "create_payment", "account": "acme", "amount": "150.00", "date": "2026-03-01"}
SWITCH = "BILLPOLICY_CACHE"
RUNS_CODE = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"}
"""Modules whose readers run, or build, whatever a file says."""


@pytest.fixture(name="cache")
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where verdicts are kept: a folder in a folder, neither of which is there yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "own.yaml").write_text(TEXT, encoding="utf-8")
    cache = tmp_path / "deep" / "cache"
    monkeypatch.setenv(SWITCH, str(cache))
    return cache


@pytest.fixture(name="proofs")
def _proofs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digest of every policy that is proven free of conflicts, not known to be so."""
    digests: list[str] = []
    prove = proofs_of_all.no_conflicts

    def noted(policy: Policy, vocabulary: Vocabulary) -> list[Diagnostic]:
        digests.append(policy.digest)
        return list(prove(policy, vocabulary))

    monkeypatch.setattr(proofs_of_all, "no_conflicts", noted)
    return digests


def times(proofs: list[str], policy: str = "policy") -> int:
    """How often a policy was proven to load it once more."""
    before = len(proofs)
    assert load_proven(Path(policy)).name == "own"
    return len(proofs) - before


def test_an_unchanged_policy_is_proven_once(cache: Path, proofs: list[str]) -> None:
    assert [times(proofs) for _ in range(3)] == [1, 0, 0]
    (entry,) = cache.iterdir()
    assert entry.suffix == ".json"
    assert cache.stat().st_mode & 0o077 == 0


def test_what_is_kept_is_the_digest_and_the_program_and_nothing_of_the_policy(cache: Path, proofs: list[str]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    kept = ast.literal_eval(entry.read_text(encoding="utf-8"))
    assert kept == {"proven": load_proven(Path("policy")).digest, "by": kept["by"]}
    assert len(kept["by"]) == 64  # SHA-256 in hexadecimal digits


def test_a_change_of_a_file_or_of_its_folder_is_seen(cache: Path, proofs: list[str]) -> None:
    assert times(proofs) == 1
    own = cache.parent.parent / "policy" / "own.yaml"
    own.write_text(TEXT + "# another comment\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    more = own.with_name("more.yaml")
    more.write_text("reason_codes: {refund: [Goodwill, Standard Refund]}\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    more.unlink()
    assert [times(proofs), times(proofs)] == [1, 0]
    assert len(list(cache.iterdir())) == 1  # one entry for each path, however often it is edited


def test_a_file_that_becomes_policy_in_a_subfolder_is_seen(cache: Path, proofs: list[str]) -> None:
    book = cache.parent.parent / "policy" / "tests" / "book.yaml"
    book.parent.mkdir()
    book.write_text("accounts: []\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    book.write_text("exceptions: []\n", encoding="utf-8")
    assert codes(refused(lambda: load_proven(Path("policy")))) == ["policy-in-subfolder"]


def test_it_is_kept_for_the_place_however_it_is_named(
    cache: Path, proofs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [times(proofs), times(proofs, "policy/own.yaml"), times(proofs)] == [1, 1, 0]
    monkeypatch.chdir(cache.parent.parent / "policy")
    assert [times(proofs, "own.yaml"), times(proofs, "../policy/own.yaml")] == [0, 1]


def test_another_program_proves_anew(cache: Path, proofs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert [times(proofs), times(proofs)] == [1, 0]
    monkeypatch.setattr(verdicts, "__version__", "0.0.1")
    assert [times(proofs), times(proofs)] == [1, 0]


def broken_entries() -> dict[str, bytes]:
    """Files that somebody else, or nobody on purpose, put where a verdict was."""
    return {
        "empty": b"",
        "no JSON": b"no json",
        "a list": b"[]\n",
        "true": b"true\n",
        "no digest": b'{"proven":null,"by":null}\n',
        "deep": b"[" * 100_000,
        "a pickle that runs a command": b"cos\nsystem\n(S'touch was-run'\ntR.",
        "another digest": b'{"proven":"' + b"0" * 64 + b'","by":"' + b"0" * 64 + b'"}\n',
    }


@pytest.mark.parametrize("broken", broken_entries().values(), ids=broken_entries())
def test_an_entry_that_is_damaged_or_hostile_is_no_entry(broken: bytes, cache: Path, proofs: list[str]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    entry.write_bytes(broken)
    assert [times(proofs), times(proofs)] == [1, 0]
    assert not Path("was-run").exists()


def test_more_behind_the_verdict_is_no_verdict(cache: Path, proofs: list[str]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    entry.write_bytes(entry.read_bytes() + b" ")
    assert [times(proofs), times(proofs)] == [1, 0]


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link that leads nowhere"])
def test_what_is_no_file_is_no_entry(kind: str, cache: Path, proofs: list[str]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    entry.unlink()
    if kind == "a pipe":
        os.mkfifo(entry)
    elif kind == "a folder":
        entry.mkdir()
    else:
        entry.symlink_to("nowhere")
    assert times(proofs) == 1


def test_a_forged_verdict_saves_a_proof_and_nothing_else(cache: Path, proofs: list[str]) -> None:
    """It may come from a restored folder: `validate` proves anew, and rules that conflict still decide nothing."""
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    own = cache.parent.parent / "policy" / "own.yaml"
    digest = load_proven(Path("policy")).digest
    own.write_text(CONFLICT, encoding="utf-8")
    found = refused(lambda: load_proven(Path("policy")))
    assert codes(found) == ["exceptions-conflict"]
    assert digest in entry.read_text(encoding="utf-8")  # that of the conflict was not kept

    entry.write_text(entry.read_text(encoding="utf-8").replace(digest, proofs[-1]), encoding="utf-8")
    forged = billpolicy.load_policy("policy")
    book = billpolicy.book_from({"accounts": [{"id": "acme", "currency": "EUR", "country": "DE"}]})
    assert codes(refused(lambda: billpolicy.plan(forged, book, PAYMENT))) == ["exceptions-conflict"]
    assert codes(refused(lambda: validate("policy"))) == ["exceptions-conflict"]


@pytest.mark.parametrize("mode", [0o020, 0o002])
@pytest.mark.parametrize("of_folder", [False, True])
def test_what_others_could_have_written_is_not_trusted(
    mode: int, of_folder: bool, cache: Path, proofs: list[str]
) -> None:
    assert [times(proofs), times(proofs)] == [1, 0]
    (entry,) = cache.iterdir()
    open_ = cache if of_folder else entry
    open_.chmod(0o700 | mode)
    assert times(proofs) == 1


@pytest.mark.parametrize("word", ["off", "OFF", "No", "false", "0"])
def test_it_can_be_switched_off(word: str, cache: Path, proofs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, word)
    assert [times(proofs), times(proofs)] == [1, 1]
    assert not cache.exists()
    assert not Path(word).exists()


@pytest.mark.parametrize("place", ["", None])
def test_without_a_folder_it_is_the_users_cache(
    place: str | None, cache: Path, proofs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if place is None:
        monkeypatch.delenv(SWITCH)
    else:
        monkeypatch.setenv(SWITCH, place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert times(proofs) == 1
    assert len(list((cache / "billpolicy").iterdir())) == 1
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(cache.parent))
    assert times(proofs) == 1
    assert len(list((cache.parent / ".cache" / "billpolicy").iterdir())) == 1


def test_where_nothing_can_be_kept_it_works_all_the_same(cache: Path, proofs: list[str]) -> None:
    cache.parent.write_text("a file where the folder would be", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 1]


def test_nothing_in_the_program_reads_what_could_run_code() -> None:
    imported = {
        (file.name, name.partition(".")[0])
        for file in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert ("codec.py", "msgspec") in imported  # so the walk sees imports
    assert not {(file, name) for file, name in imported if name in RUNS_CODE}


def test_what_a_policy_consists_of_stands_in_an_order_of_its_own_and_not_in_that_of_the_files(cache: Path) -> None:
    policy = load_proven(Path("policy"))
    assert list(policy.base) == sorted(policy.base)
    for held in (policy.attributes, policy.fields, policy.payment_terms, policy.sequence_sets):
        assert list(held) == sorted(held)
