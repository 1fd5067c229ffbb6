"""The table of docs/operations.md is what the operations ask for."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields

from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import Request
from billpolicy.source.record import written_name
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_operation_with_its_keys() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    said = [(name, doc, re.findall(r"`(\w+)`", needs), re.findall(r"`(\w+)`", may)) for name, doc, needs, may in rows]
    everywhere = {field.name for field in fields(Request)}
    known = []
    for name, operation in OPERATIONS.items():
        own = [field for field in fields(operation.request) if field.name not in everywhere]
        needs = [f.name for f in own if f.default is MISSING and f.default_factory is MISSING]
        may = [f.name for f in own if f.name not in needs]
        known.append((name, operation.spec.doc, [*map(written_name, needs)], [*map(written_name, may)]))
    assert said == known
