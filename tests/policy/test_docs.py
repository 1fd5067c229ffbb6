"""`docs/policy-language.md` is true: what it shows can be loaded, and its tables are those of the vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove
from billpolicy.vocabulary.fields import SCOPES
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import events_of
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.scenes import HEAD

PAGE = (ROOT / "docs" / "policy-language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split(":")[0].split("\n")[-1])
def test_every_example_is_a_policy(block: str, tmp_path: Path) -> None:
    text = re.sub(r"^extends: \S+", f"extends: {STANDARD}", block, flags=re.MULTILINE)
    file = tmp_path / "policy.yaml"
    file.write_text(text if "policy: " in text else HEAD + text, encoding="utf-8")
    assert prove(file)


def rows(heading: str) -> dict[str, str]:
    """First column -> last column of the table with this heading; the names without their quotes."""
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {first.strip("`"): rest[-1] for first, *rest in cells}


def test_the_events_and_what_can_follow_them() -> None:
    shown = {event: set(re.findall(r"`(\w+)`", then)) for event, then in rows("| after |").items()}
    meant = {
        event: {spec.name for spec in VOCABULARY.values() if event in {one.name for one in spec.follows}}
        for event in events_of(VOCABULARY)
    }
    assert shown == meant


def test_the_fields_of_each_object() -> None:
    shown = {scope: set(re.findall(r"`(\w+)`", fields)) for scope, fields in rows("| of | fields |").items()}
    assert shown.pop("actor") == {"id", "role"}
    assert shown == {scope: {field.name for field in fields} for scope, fields in SCOPES.items()}
