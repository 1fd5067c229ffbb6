"""A story that was copied stands on its own: it prints what the shipped one prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billpolicy.starting.stories import stories, story_files
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

EXAMPLES = ROOT / "examples"


def test_each_story_is_listed_with_its_title() -> None:
    listed = billpolicy("init", "--examples")
    assert listed.code == 0
    assert len(listed.out.splitlines()) == len(list(EXAMPLES.glob("*/policy.yaml")))
    assert "a-page-of-company-policy " in listed.out
    assert "  A page of company policy\n" in listed.out
    told = json.loads(billpolicy("init", "--examples", "--format", "json").out)["stories"]
    assert told[0] == {"name": "a-chargeback", "title": "A chargeback"}


@pytest.mark.parametrize("name", stories())
def test_a_copy_leads_nowhere_else(name: str) -> None:
    """No path leads out of its folder: policy, schemas and pages are all there, or named in words."""
    files = story_files(name)
    assert {"README.md", "policy.yaml", "book.yaml"} <= files.keys()
    for path, text in files.items():
        if not path.startswith("schemas/"):
            assert "../" * len(Path(path).parts) not in text, path
            assert "examples/" not in text, path
    texts = "".join(text for path, text in files.items() if not path.startswith("schemas/"))
    assert all(file in texts for file in files if file.startswith("schemas/"))


@pytest.mark.parametrize("name", ["a-page-of-company-policy", "who-may-do-what", "a-chargeback"])
def test_a_copy_prints_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert billpolicy("init", "copy", "--example", name).code == 0
    monkeypatch.chdir("copy")
    assert billpolicy("validate", "policy.yaml").code == 0
    planned = billpolicy("plan", "operations.yaml", "--policy", "policy.yaml", "--book", "book.yaml")
    monkeypatch.chdir(EXAMPLES / name)
    there = billpolicy("plan", "operations.yaml", "--policy", "policy.yaml", "--book", "book.yaml")
    assert planned.code == there.code
    assert planned.out == there.out


def test_a_story_that_there_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = billpolicy("init", "copy", "--example", "a-charge-back")
    assert ran.code == 1
    assert "did you mean `a-chargeback`?" in ran.err
    assert not Path("copy").exists()
