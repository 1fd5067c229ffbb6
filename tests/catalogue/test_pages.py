"""`docs/diagnostics/` is what the catalogue gives, and `billpolicy rule` prints the same page."""

from __future__ import annotations

import json

import pytest

from billpolicy.catalogue.page import pages
from billpolicy.report.findings.formats import FORMATS
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

FOLDER = ROOT / "docs" / "diagnostics"


def test_the_pages_are_those_of_the_catalogue() -> None:
    """`make pages` writes them anew."""
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()} == dict(
        pages({name: purpose for name, (_, purpose) in FORMATS.items()})
    )


@pytest.mark.parametrize("code", ["key-unknown", "number-gap"])
def test_the_command_prints_the_page(code: str) -> None:
    ran = billpolicy("rule", code)
    assert ran.out == (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    assert (ran.code, ran.err) == (0, "")
    assert billpolicy("rule", f"[{code}]") == ran


def test_programs_are_told_the_same() -> None:
    told = json.loads(billpolicy("rule", "key-unknown", "--format", "json").out)
    assert (told["code"], told["severity"]) == ("key-unknown", "error")
    assert told["bad"]["run"] == told["mended"]["run"] == "billpolicy validate policy.yaml"
    assert "exeptions" in told["bad"]["files"]["policy.yaml"]
    assert "exeptions" not in told["mended"]["files"]["policy.yaml"]


def test_a_code_that_is_none_is_refused_with_the_closest() -> None:
    ran = billpolicy("rule", "key-unknwon")
    assert ran.code == 1
    assert (
        ran.err
        == "error: no diagnostic has the code `key-unknwon` [code-unknown]\n    hint: did you mean `key-unknown`?\n"
    )
