"""Each code has its entry; its bad example gives the code and nothing else, its mended one gives nothing at all."""

from __future__ import annotations

import ast
import typing
from pathlib import Path

import pytest

from billpolicy.catalogue.entry import codes, entry
from billpolicy.diagnostics.codes import Known
from tests.catalogue.sessions import run
from tests.helpers.paths import ROOT

SOURCE = ROOT / "src" / "billpolicy"
each_code = pytest.mark.parametrize("code", codes())


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    assert list(codes()) == sorted(typing.get_args(Known))


BY_HAND = {"chain-differs", "imported-differs", "row-odd", "schema-differs"}
"""What the check tells of nearly everything that somebody does to a ledger's file."""


@each_code
def test_the_bad_example_gives_the_code(code: str, tmp_path: Path) -> None:
    found = entry(code)
    assert found is not None
    session = run(found.bad, tmp_path)
    assert (found.text.severity, code) in session.told, session.printed
    assert {other for _, other in session.told} - BY_HAND == {code, *found.text.beside} - BY_HAND, session.printed


@each_code
def test_the_mended_example_does_not(code: str, tmp_path: Path) -> None:
    found = entry(code)
    assert found is not None
    session = run(found.mended, tmp_path)
    assert session.told == set(), session.printed
    assert session.code == 0, session.printed


def test_a_severity_is_that_of_the_code_and_not_of_a_place() -> None:
    """Codes that the source gives as warnings, by a call of `warn` or with `warning` among what makes a diagnostic."""
    warnings, others = set(), set()
    for file in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            given = [one.value for one in ast.walk(call) if isinstance(one, ast.Constant)]
            named = {code for code in given if code in typing.get_args(Known)}
            if getattr(call.func, "attr", "") == "warn" or "warning" in given:
                warnings |= named
            elif getattr(call.func, "attr", getattr(call.func, "id", "")) in ("Diagnostic", "problem", "refuse"):
                others |= named
    listed = {code for code in codes() for found in [entry(code)] if found and found.text.severity == "warning"}
    assert warnings == listed
    assert warnings & others == set()
