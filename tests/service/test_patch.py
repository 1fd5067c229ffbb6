"""A change as a patch: git takes it, in the folder that the service was begun in, and then the files say just that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from billpolicy.service.answers.patch import patch_of
from tests.helpers.tools import needs

TEXTS = {
    "one line more": ("a: 1\n", "a: 1\nb: 2\n"),
    "no end before": ("a: 1", "a: 1\nb: 2\n"),
    "no end after": ("a: 1\nb: 2\n", "a: 1"),
    "no end at all": ("a: 1\nb: 2", "a: 1\nb: 3"),
    "other ends of lines": ("a: 1\r\nb: 2\r\n", "a: 1\r\nb: 3\r\n"),
    "what some count as an end": ("a: 1\u2028\x0c\x85\nb: 2\n", "a: 2\u2028\x0c\x85\nb: 2\n"),
    "no more of it": ("a: 1\n", ""),
    "what looks like a patch": ("-- a\n++ b\n", "--- a\n+++ b\n@@ -1 +1 @@\n"),
}

NAMES = ["policy/rules.yaml", "policy/höhe \u202e 1.yaml", 'policy/a "b"\\c.yaml', "rules 1.yaml"]


def _git(folder: Path, *words: str, given: bytes = b"") -> None:
    done = subprocess.run([needs("git"), *words], cwd=folder, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "name", ["policy/rules.yaml", "policy/höhe \u202e 1.yaml", 'policy/a "b"\\c.yaml', "rules 1.yaml"]
)
def test_git_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: tuple[str, str], name: str) -> None:
    """Also in a folder below that of the repository."""
    _git(tmp_path, "init", "-q")
    here = tmp_path / "billing"
    file = here / name
    file.parent.mkdir(parents=True)
    file.write_bytes(texts[0].encode())
    monkeypatch.chdir(here)
    patch = patch_of({name: texts[0], "other.yaml": "x\n"}, {name: texts[1], "other.yaml": "x\n"})
    _git(here, "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-", given=patch)
    assert file.read_bytes() == texts[1].encode()


def test_a_file_that_is_named_from_the_root_is_in_the_patch_as_seen_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = str(tmp_path / "policy" / "rules.yaml")
    assert patch_of({name: "a\n"}, {name: "b\n"}).splitlines()[:2] == [
        b"--- a/policy/rules.yaml",
        b"+++ b/policy/rules.yaml",
    ]


def test_no_folder_that_the_service_has_elsewhere_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    name = str(tmp_path / "secret" / "policy" / "rules.yaml")
    assert b"secret" not in patch_of({name: "a\n"}, {name: "b\n"})


def test_nothing_changed_is_no_patch() -> None:
    assert patch_of({"a": "x"}, {"a": "x"}) == b""
