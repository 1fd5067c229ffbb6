"""A proven policy is kept, and proven again as soon as anything that it was made of is not what it was."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from billpolicy.deciding import proven
from billpolicy.deciding.proven import load_proven
from billpolicy.policy.model import Policy
from billpolicy.source.files import DISK, Files
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import codes, refused

TEXT = f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
SWITCH = "BILLPOLICY_CACHE"


@pytest.fixture(name="cache")
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where policies are kept: a folder in a folder, neither of which is there yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "own.yaml").write_text(TEXT, encoding="utf-8")
    cache = tmp_path / "deep" / "cache"
    monkeypatch.setenv(SWITCH, str(cache))
    return cache


@pytest.fixture(name="proofs")
def _proofs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every path that is read and proven, not taken from the cache."""
    paths: list[Path] = []
    prove = proven.prove

    def noted(path: Path, files: Files = DISK) -> Policy:
        paths.append(path)
        return prove(path, files)

    monkeypatch.setattr(proven, "prove", noted)
    return paths


def times(proofs: list[Path], policy: str = "policy") -> int:
    """How often a policy was proven to load it once more."""
    before = len(proofs)
    assert load_proven(Path(policy)).name == "own"
    return len(proofs) - before


def test_an_unchanged_policy_is_proven_once(cache: Path, proofs: list[Path]) -> None:
    assert [times(proofs) for _ in range(3)] == [1, 0, 0]
    (entry,) = cache.iterdir()
    assert entry.suffix == ".policy"
    assert cache.stat().st_mode & 0o077 == 0  # entries are pickles: nobody else may write them


def test_a_change_of_a_file_or_of_its_folder_is_seen(cache: Path, proofs: list[Path]) -> None:
    assert times(proofs) == 1
    own = cache.parent.parent / "policy" / "own.yaml"
    own.write_text(TEXT + "# another comment\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    more = own.with_name("more.yaml")
    more.write_text("reason_codes: {refund: [Goodwill, Standard Refund]}\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    more.unlink()
    assert [times(proofs), times(proofs)] == [1, 0]


def test_a_file_that_becomes_policy_in_a_subfolder_is_seen(cache: Path, proofs: list[Path]) -> None:
    book = cache.parent.parent / "policy" / "tests" / "book.yaml"
    book.parent.mkdir()
    book.write_text("accounts: []\n", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 0]
    book.write_text("exceptions: []\n", encoding="utf-8")
    assert codes(refused(lambda: load_proven(Path("policy")))) == ["policy-in-subfolder"]


def test_it_is_kept_for_the_path_and_the_folder_that_one_is_in(
    cache: Path, proofs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions are told by the path as it was given."""
    assert [times(proofs), times(proofs, "policy/own.yaml"), times(proofs)] == [1, 1, 0]
    monkeypatch.chdir(cache.parent)
    assert times(proofs, "../policy") == 1
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("broken", [b"", b"no pickle", b"\x80\x05]."])  # the last one is an empty list
def test_an_entry_that_is_damaged_is_no_entry(broken: bytes, cache: Path, proofs: list[Path]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    entry.write_bytes(broken)
    assert [times(proofs), times(proofs)] == [1, 0]


@pytest.mark.parametrize("mode", [0o020, 0o002])
@pytest.mark.parametrize("of_folder", [False, True])
def test_what_others_could_have_written_is_not_trusted(
    mode: int, of_folder: bool, cache: Path, proofs: list[Path]
) -> None:
    assert [times(proofs), times(proofs)] == [1, 0]
    (entry,) = cache.iterdir()
    open_ = cache if of_folder else entry
    open_.chmod(0o700 | mode)
    assert times(proofs) == 1


def test_it_can_be_switched_off(cache: Path, proofs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    assert [times(proofs), times(proofs)] == [1, 1]
    assert not cache.exists()
    assert not Path("off").exists()


@pytest.mark.parametrize("place", ["", None])
def test_without_a_folder_it_is_the_users_cache(
    place: str | None, cache: Path, proofs: list[Path], monkeypatch: pytest.MonkeyPatch
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


def test_where_nothing_can_be_kept_it_works_all_the_same(cache: Path, proofs: list[Path]) -> None:
    cache.parent.write_text("a file where the folder would be", encoding="utf-8")
    assert [times(proofs), times(proofs)] == [1, 1]


def test_an_entry_that_holds_something_else_is_not_taken_for_a_policy(cache: Path, proofs: list[Path]) -> None:
    assert times(proofs) == 1
    (entry,) = cache.iterdir()
    kept = pickle.loads(entry.read_bytes())
    entry.write_bytes(pickle.dumps({**kept, "policy": "a text"}))
    assert times(proofs) == 1
    assert times(proofs) == 0  # and it was kept anew


def test_what_a_policy_consists_of_stands_in_an_order_of_its_own_and_not_in_that_of_the_files(cache: Path) -> None:
    policy = load_proven(Path("policy"))
    assert list(policy.base) == sorted(policy.base)
    for held in (policy.attributes, policy.fields, policy.payment_terms, policy.sequence_sets):
        assert list(held) == sorted(held)
