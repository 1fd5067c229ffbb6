"""Where files are read from: the disk and texts that are kept answer alike, and each is shown by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove, validate
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.source.files import DISK, Files, Place, Texts
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused

TEXTS = {"a/one.yaml": b"one", "a/b/two.yaml": b"twotwo", "c.yaml": b""}
POLICY = b"policy: acme\nextends: ../standard\neffective: {from: 2026-01-01}\n"


@pytest.fixture(params=["disk", "texts"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The same files on the disk, in the working folder, and kept as texts."""
    if request.param == "texts":
        return Texts(TEXTS)
    for name, raw in TEXTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    monkeypatch.chdir(tmp_path)
    return DISK


def test_what_is_there(files: Files) -> None:
    assert [files.exists(Path(name)) for name in ("a", "a/b", "c.yaml", "d", "c.yaml/x")] == [True] * 3 + [False] * 2
    assert [files.is_dir(Path(name)) for name in ("a", "a/b", "c.yaml", "d")] == [True, True, False, False]
    assert sorted(files.names(Path("a"))) == ["b", "one.yaml"]
    assert sorted(files.names(Path())) == ["a", "c.yaml"]
    assert files.read(Path("a/b/two.yaml")) == b"twotwo"
    assert files.read(Path("a/b/two.yaml"), 4) == b"twot"
    assert files.shown(Path("a/one.yaml")) == "a/one.yaml"


@pytest.mark.parametrize(("name", "error"), [("a", IsADirectoryError), ("a/three.yaml", FileNotFoundError)])
def test_what_cannot_be_read(files: Files, name: str, error: type[OSError]) -> None:
    with pytest.raises(error):
        files.read(Path(name))


def standard() -> dict[str, bytes]:
    return {f"policies/standard/{file.name}": file.read_bytes() for file in STANDARD.glob("*.yaml")}


def test_a_policy_that_is_kept_as_text_is_that_of_the_files() -> None:
    kept = prove(Path("policies/standard"), Texts(standard()))
    assert kept.digest == prove(STANDARD).digest
    assert kept.files[0] == "policies/standard/accounts.yaml"
    acme = prove(Path("policies/acme"), Texts({**standard(), "policies/acme/policy.yaml": POLICY}))
    assert (acme.name, len(acme.files)) == ("acme", len(kept.files) + 1)


def test_what_is_wrong_with_a_text_has_its_place() -> None:
    (found,) = refused(lambda: prove(Path("policies/acme"), Texts({"policies/acme/policy.yaml": POLICY}))).diagnostics
    assert (found.code, found.position) == ("policy-missing", Position("policies/acme/policy.yaml", 2, 10, 2, 21))


def test_a_text_can_stand_beside_what_is_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "standard").symlink_to(STANDARD)
    files = Texts({str(tmp_path / "acme.yaml"): POLICY.replace(b"../", b"")}, beside=DISK)
    assert validate(Place(files, tmp_path / "acme.yaml")).name == "acme"
    assert list(files.was_read) == [str(tmp_path / "acme.yaml")]
