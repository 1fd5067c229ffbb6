"""docs/linting.md: its tables are those of the registry and of the mends, its settings can be read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from billpolicy.catalogue.entry import entries
from billpolicy.linting.fixes import FIXES
from billpolicy.linting.registry import LINTS
from billpolicy.linting.settings import read_settings
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "linting.md"
HEAD = "| code | severity | about | what it finds | options |\n| --- | --- | --- | --- | --- |\n"
COMMENTS = ("suppression-unused", "suppression-without-reason", "suppression-wrong", "baseline-gone")


def table() -> str:
    about = {lint.code: lint.category for lint in LINTS} | dict.fromkeys(COMMENTS, "comments")
    options = {lint.code: ", ".join(f"`{name}` = {value}" for name, value in lint.options.items()) for lint in LINTS}
    lints = (one for one in entries() if one.theme == "lint")
    return HEAD + "".join(
        f"| [{one.code}](diagnostics/{one.code}.md) | {one.text.severity} | {about[one.code]} | "
        f"{one.text.sentence} | {options.get(one.code, '')} |\n"
        for one in sorted(lints, key=lambda one: (about[one.code], one.code))
    )


def test_it_lists_every_lint() -> None:
    """`BILLPOLICY_RECORD=1` writes the table."""
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("BILLPOLICY_RECORD"):
        text = re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table(), text)
        PAGE.write_text(text, encoding="utf-8")
    assert table() in text


def test_every_lint_has_its_page_and_the_severity_of_it() -> None:
    found = {one.code: one.text.severity for one in entries() if one.theme == "lint"}
    assert {lint.code: lint.severity for lint in LINTS} == {
        code: severity for code, severity in found.items() if code not in COMMENTS
    }
    assert [lint.code for lint in LINTS] == sorted(lint.code for lint in LINTS)


def test_it_lists_every_mend() -> None:
    mends = PAGE.read_text(encoding="utf-8").partition("| code | the mend |")[2]
    assert re.findall(r"^\| \[([a-z-]+)\]", mends, re.MULTILINE) == sorted(FIXES)


def test_the_settings_that_it_shows_can_be_read(tmp_path: Path) -> None:
    [block] = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    path = tmp_path / "billpolicy.toml"
    path.write_text(block, encoding="utf-8")
    settings = read_settings(path)
    assert settings.fail_level == "warning"
    assert settings.baseline == tmp_path / "baseline.json"
    assert settings.severity == {"policy-without-tests": "warning", "id-says-nothing": "off"}
    assert settings.options == {"ends-soon": {"days": 60}}
    assert settings.tests.threshold == 90
