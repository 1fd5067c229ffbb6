"""docs/limits.md says the limits that the readers have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billpolicy.book import load as books
from billpolicy.comparing import allow
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.exchange import callers_file, operations_file, plan_file, usage_file
from billpolicy.exchange.tables import csv_table, excel_table, mapping
from billpolicy.linting import baseline, linting
from billpolicy.money import MAX_MINOR
from billpolicy.policy import layers
from billpolicy.recording import lines
from billpolicy.source import csv_lines, scalars, toml, tree
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
MEGABYTE = 1024 * 1024
TABLE = {
    "a policy file, an `--allow` file": {layers.MAX_MEGABYTES, allow.MAX_MEGABYTES},
    "operations, policy tests": {operations_file.MAX_MEGABYTES},
    "a book, a table as CSV, a workbook, usage": {
        books.MAX_MEGABYTES,
        csv_table.MAX_MEGABYTES,
        excel_table.MAX_MEGABYTES,
        usage_file.MAX_MEGABYTES,
        linting.MAX_MEGABYTES,
    },
    "a recording": {lines.MAX_LINE // MEGABYTE},
    "a plan file": {plan_file.MAX_MEGABYTES},
    "a baseline of findings": {baseline.MAX_MEGABYTES},
    "a mapping of tables, `billpolicy.toml`, a file of callers": {
        mapping.MAX_MEGABYTES,
        toml.MAX_MEGABYTES,
        callers_file.MAX_MEGABYTES,
    },
}


@pytest.mark.parametrize(("files", "limits"), TABLE.items(), ids=TABLE)
def test_a_file_has_the_limit_of_its_line(files: str, limits: set[int]) -> None:
    (said,) = re.findall(rf"^\| {re.escape(files)} \| (\d+) MB", PAGE, re.MULTILINE)
    assert {int(said)} == limits


@pytest.mark.parametrize(
    "said",
    [
        f"nested at most {tree.MAX_DEPTH} deep",
        f"at most {tree.MAX_VALUES:,} single values",
        f"A key has at most {tree.MAX_KEY} characters",
        f"a whole number has at most {len(str(scalars.MAX_INTEGER))} digits",
        f"The first {MAX_PROBLEMS:,} mistakes",
        f"at most {csv_lines.MAX_ROW:,} characters, a CSV file {csv_lines.MAX_LINES:,} lines",
        f"at most {excel_table.MAX_UNPACKED // MEGABYTE} MB when it is unpacked",
        f"{excel_table.MAX_COLUMNS:,} columns",
        f"below 10^{len(str(MAX_MINOR)) - 1} of the smallest unit",
    ],
)
def test_what_holds_within_a_file(said: str) -> None:
    assert said in PAGE.replace("\n", " ")
    assert tree.MAX_KEY == scalars.MAX_TEXT


def test_every_reader_that_has_a_limit_is_held_to_its_line() -> None:
    have = {
        file
        for file in (ROOT / "src").rglob("*.py")
        if re.search("^MAX_MEGABYTES = ", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    readers = [
        allow,
        baseline,
        books,
        callers_file,
        csv_table,
        excel_table,
        layers,
        linting,
        mapping,
        operations_file,
        plan_file,
    ]
    named = {Path(str(module.__file__)) for module in (*readers, toml, usage_file)}
    # Books and operations, found in folders or held against a schema.
    assert {file.name for file in have - named} == {"samples.py", "conformity.py"}
    assert named <= have
