"""Revisions of git: what stood in them is read and nothing else, and where that cannot be, it is said why."""

from __future__ import annotations

import gc
import shutil
import subprocess
from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove, validate
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.files import DISK
from billpolicy.source.revision import Range, Revision, as_range, place_of, revision, sides
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused
from tests.helpers.repository import ACME, SETTINGS, Repository, with_policies

WRONG = ACME + "operations:\n  create_payment: {nope: 3}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Two revisions on `main`, and the working folder in it. Only the older one is sound."""
    made = with_policies(tmp_path / "repository")
    made.write("policies/acme/policy.yaml", WRONG)
    made.commit()
    monkeypatch.chdir(made.root)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return made


def codes(text: str) -> list[str]:
    return [found.code for found in refused(lambda: validate(place_of(text))).diagnostics]


def test_the_policy_of_a_revision_is_that_of_its_files(repository: Repository) -> None:
    policy = validate(place_of("main~1:policies/acme"))
    assert (policy.name, policy.files[-1]) == ("acme", "main~1:policies/acme/policy.yaml")
    assert validate(place_of("main~1:policies/standard")).digest == prove(STANDARD).digest
    repository.write("policies/acme/policy.yaml", ACME)
    assert prove(Path("policies/acme")).digest == policy.digest


def test_a_position_says_the_revision(repository: Repository) -> None:
    (found,) = refused(lambda: validate(place_of("main:policies/acme"))).diagnostics
    assert str(found.position) == "main:policies/acme/policy.yaml:5:20"


@pytest.mark.parametrize("name", ["HEAD~1", "v1", "branch", "refs/heads/branch"])
def test_the_names_that_git_knows(repository: Repository, name: str) -> None:
    repository.git("tag", "--annotate", "--message", "One", "v1", "HEAD~1")
    repository.git("branch", "branch", "HEAD~1")
    assert validate(place_of(f"{name}:policies/acme")).name == "acme"


def test_paths_are_seen_as_git_sees_them(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.root / "policies" / "acme")
    for text in ("HEAD~1:policies/acme", "HEAD~1:./policy.yaml", "HEAD~1:../acme", "HEAD~1:./"):
        assert validate(place_of(text)).name == "acme"
    old, new = sides("HEAD~1..HEAD")
    assert old.read(Path("policy.yaml")) == ACME.encode()
    assert new.shown(Path("policy.yaml")) == "HEAD:policies/acme/policy.yaml"
    assert old.read(repository.root / "policies" / "acme" / "policy.yaml") == ACME.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("main..HEAD", Range("main", "..", "HEAD")),
        ("main...topic/one", Range("main", "...", "topic/one")),
        ("main..", Range("main", "..", "HEAD")),
        ("..main", Range("HEAD", "..", "main")),
        ("main", None),
        ("../standard", None),
        ("policies/../standard", None),
        ("..", Range("HEAD", "..", "HEAD")),
        ("--output=x..main", None),
        ("a b..main", None),
    ],
)
def test_ranges(text: str, expected: Range | None) -> None:
    assert as_range(text) == expected


def test_the_sides_of_a_range(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "topic", "main~1")
    repository.write("policies/acme/policy.yaml", ACME + "roles: {clerk: [ines]}\n")
    topic = repository.commit()
    path = Path("policies/acme/policy.yaml")
    old, new = sides("main..topic")
    assert (old.read(path), new.read(path)) == (WRONG.encode(), (ACME + "roles: {clerk: [ines]}\n").encode())
    old, new = sides("main...topic")  # since the two parted, main has gone on
    assert (old.read(path), old.shown(path)) == (ACME.encode(), "main:policies/acme/policy.yaml")
    assert isinstance(new, Revision)
    assert new.commit == topic
    old, disk = sides("main")
    assert old.read(path) == WRONG.encode()
    assert disk is DISK
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit()
    assert [found.code for found in refused(lambda: sides("main...other")).diagnostics] == ["revision-unknown"]


def test_what_is_on_the_disk_by_the_name_of_a_revision_is_ambiguous(repository: Repository) -> None:
    """A change that brings such a file must not choose what is looked at."""
    repository.write("main:acme/policy.yaml", ACME.replace("../", "../policies/"))
    (found,) = refused(lambda: place_of("main:acme")).diagnostics
    assert found.code == "revision-ambiguous"
    assert place_of("./main:acme").files is DISK
    assert validate(place_of("./main:acme")).name == "acme"


def test_what_is_on_the_disk_by_a_name_that_is_no_revision_is_meant(repository: Repository) -> None:
    repository.write("mian:acme/policy.yaml", ACME.replace("../", "../policies/"))
    assert place_of("mian:acme").files is DISK


@pytest.mark.parametrize("name", ["mian", "--help", "HEAD^{tree}", "main:policies", "main~7", "ma in", "-"])
def test_no_revision(repository: Repository, name: str) -> None:
    assert [found.code for found in refused(lambda: revision(name)).diagnostics] == ["revision-unknown"]


def test_a_base_outside_of_the_repository_is_refused(repository: Repository) -> None:
    for where in (str(STANDARD), "../../../standard", "../../../../../../etc"):
        repository.write("policies/acme/policy.yaml", ACME.replace("../standard", where))
        repository.commit()
        assert codes("HEAD:policies/acme") == ["policy-unreadable"]


def test_an_absolute_base_in_the_repository_is_read_of_the_revision(repository: Repository) -> None:
    repository.write("policies/acme/policy.yaml", ACME.replace("..", f"{repository.root}/policies"))
    repository.commit()
    policy = validate(place_of("HEAD:policies/acme"))
    assert {name.partition(":")[0] for name in policy.files} == {"HEAD"}


def test_links_are_followed_within_the_revision_only(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("policy: secret\n", encoding="utf-8")
    links = {
        "policies/linked": "acme",
        "policies/standard/linked.yaml": "../../../secret.yaml",
        "policies/round": "round",
        "policies/nothing": "missing",
        "policies/absolute": str(tmp_path),
    }
    repository.write("policies/acme/policy.yaml", ACME)
    repository.commit()
    for name, target in links.items():
        (repository.root / name).symlink_to(target)
    repository.commit()
    assert validate(place_of("HEAD~1:policies/acme")).name == "acme"
    found = revision("HEAD", from_root=True)
    assert found.read(Path("policies/linked/policy.yaml")) == ACME.encode()
    for name in ("standard/linked.yaml", "round", "nothing", "absolute/secret.yaml"):
        with pytest.raises(OSError, match=r"."):
            found.read(Path("policies") / name)
    assert codes("HEAD:policies/standard") == ["file-unreadable"]
    assert codes("HEAD:policies/nothing") == ["policy-missing"]


def test_bare_shallow_and_detached_repositories(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("policies/acme/policy.yaml", ACME)
    repository.commit()
    repository.git("clone", "--quiet", "--bare", repository.root, tmp_path / "bare")
    repository.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), tmp_path / "shallow")
    subprocess.run(["git", "checkout", "--quiet", "--detach"], cwd=tmp_path / "shallow", check=True)
    for folder in ("bare", "shallow"):
        monkeypatch.chdir(tmp_path / folder)
        assert validate(place_of("HEAD:policies/acme")).name == "acme"
        assert sides("HEAD..HEAD")[0].is_dir(Path("policies/acme"))
    assert codes("HEAD~1:policies/acme") == ["revision-unknown"]


def test_what_a_partial_clone_has_not_is_not_fetched(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repository.git("clone", "--quiet", "--bare", "--filter=blob:none", repository.root.as_uri(), partial)
    monkeypatch.chdir(partial)
    (found,) = refused(lambda: validate(place_of("HEAD~1:policies/acme"))).diagnostics
    assert (found.code, "a partial clone" in found.message) == ("policy-unreadable", True)
    assert list(partial.glob("objects/pack/*.promisor")) != []  # it is one


def test_where_there_is_no_repository_and_no_git(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert codes("HEAD:policies/acme") == ["repository-missing"]
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = refused(lambda: place_of("HEAD:policies/acme")).diagnostics
    assert (found.code, str(found.position)) == ("git-missing", "HEAD:policies/acme")


def test_nothing_of_the_repository_is_run(repository: Repository) -> None:
    """Neither filters nor hooks nor what the settings of a repository name as programs."""
    trap = repository.root.parent / "run"
    program = repository.write("trap.sh", f"#!/bin/sh\ntouch {trap}\ncat\n")
    program.chmod(0o755)
    repository.write(".gitattributes", "*.yaml filter=trap diff=trap\n")
    repository.write("policies/acme/policy.yaml", ACME)
    repository.commit()
    settings = ("filter.trap.smudge", "diff.trap.textconv", "core.fsmonitor", "core.pager", "alias.cat-file")
    for name in settings:
        repository.git("config", name, str(program))
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(program, repository.root / ".git" / "hooks" / hook)
    trap.unlink(missing_ok=True)
    old, new = sides("HEAD~1...HEAD")
    assert (old.read(Path("policies/acme/policy.yaml")), new.read(Path("policies/acme/policy.yaml"))) == (
        WRONG.encode(),
        ACME.encode(),
    )
    assert not trap.exists()


def test_names_of_files_may_be_anything(repository: Repository) -> None:
    names = {"a b.yaml", "é.yaml", "-x.yaml", "a:b.yaml", "two\nlines.yaml", "tab\t.yaml", '"q".yaml'}
    for name in names:
        repository.write(f"odd/{name}", name)
    repository.commit()
    found = revision("HEAD", from_root=True)
    assert set(found.names(Path("odd"))) == names
    for name in names - {"two\nlines.yaml"}:
        assert found.read(Path("odd") / name).decode() == name
    with pytest.raises(OSError, match="line break"):
        found.read(Path("odd/two\nlines.yaml"))


def test_a_large_file_is_read_up_to_its_limit(repository: Repository) -> None:
    repository.write("policies/acme/large.yaml", "# " + "x" * 5_000_000)
    repository.commit()
    found = revision("HEAD", from_root=True)
    assert len(found.read(Path("policies/acme/large.yaml"), 10)) == 10
    assert found.read(Path("policies/acme/policy.yaml")) == WRONG.encode()
    assert "file-too-large" in codes("HEAD:policies/acme")


def test_git_ends_with_whoever_asked(repository: Repository) -> None:
    found = revision("HEAD", from_root=True)
    found.names(Path("policies"))
    process = found._objects
    assert process is not None
    del found
    gc.collect()
    assert process.returncode == 0
    with pytest.raises(Refused):
        revision("nothing")
