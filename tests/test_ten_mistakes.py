"""Ten policies of the three brands, each with one mistake: it is found, with its place, and mended as the hint says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic
from tests.helpers.paths import ROOT

STORY = ROOT / "examples" / "three-brands"
FOUND = [
    # File, code, line, and the mend: what is written in place of what.
    ("01-wrong-level", "level-unknown", 6, "subscripton", "subscription"),
    ("02-misspelt-role", "condition-wrong", 7, "clark", "clerk"),
    (
        "03-two-rules-disagree",
        "exceptions-conflict",
        17,
        "    then:",
        "    overrides: [german-disputes-go-to-the-hut]\n    then:",
    ),
    ("04-a-day-in-between", "dated-hole", 5, "until: 2026-05-31", "until: 2026-06-01"),
    (
        "05-a-limit-in-one-currency",
        "limit-of-one-currency",
        5,
        "500.00 EUR}",
        "[500.00 EUR, 600.00 USD], other_currencies: holds}",
    ),
    ("06-an-approval-nobody-can-give", "approval-impossible", 8, "by: [cfo]", "by: [lead, cfo]"),
    ("07-one-prefix-twice", "prefix-in-two-sets", 5, "AR-CM", "ZI-CM"),
    ("08-a-term-that-is-not-there", "default-unknown", 5, "Net 41", "Net 14"),
    ("09-a-rule-that-never-counts", "exception-dead", 5, "kiefer", "sequoia"),
    ("10-an-allocation-that-there-is-not", "value-not-allowed", 6, "by_component", "proration"),
]


def told(policy: Path) -> list[Diagnostic]:
    """All that `analyze` says of a policy, with all that `validate` does."""
    try:
        return [finding.diagnostic for finding in billpolicy.analyze(policy).findings]
    except billpolicy.Refused as refused:
        return list(refused.diagnostics)


@pytest.fixture
def story(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORY, tmp_path / "story"))


def test_there_are_ten() -> None:
    assert sorted(file.stem for file in (STORY / "mistakes").iterdir()) == [name for name, *_ in FOUND]
    assert len(FOUND) == 10


@pytest.mark.parametrize(("name", "code", "line", "wrong", "right"), FOUND, ids=[name for name, *_ in FOUND])
def test_it_is_found_and_mended(name: str, code: str, line: int, wrong: str, right: str, story: Path) -> None:
    file = story / "mistakes" / f"{name}.yaml"
    [found] = told(file)
    assert (found.code, found.position.line if found.position else None) == (code, line)
    assert found.hint or "did you mean" in found.message
    text = file.read_text(encoding="utf-8")
    assert text.count(wrong) >= 1
    file.write_text(text.replace(wrong, right, 1), encoding="utf-8")
    assert [one.message for one in told(file)] == []
