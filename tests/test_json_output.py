"""What every command answers as JSON keeps to its published schema: of all stories, done and refused."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from billpolicy.book.changes import CHANGES
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT, STANDARD

STORIES = sorted(file.parent for file in ROOT.glob("examples/*/operations.yaml"))
ANSWERS = ("validate", "explain", "plan", "post", "matrix", "ledger-show", "ledger-history", "diagnostics")
TODAY = ("--today", "2026-04-01")
DAY, AMOUNT, ORDINAL = map(re.compile, (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"-?[0-9]+(\.[0-9]+)?", "7[0-9]{5}"))
FORMS = {
    **dict.fromkeys(("date", "day", "until", "due_date", "service_start", "service_end", "canceled_on"), DAY),
    **dict.fromkeys(("amount", "balance", "open", "unit_price", "rate", "quantity"), AMOUNT),
}


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


VALIDATORS = {name: Draft7Validator(schema(name)) for name in ANSWERS}


def answer(name: str, *command: str | Path, code: int = 0) -> Any:
    """The answer of a command, which keeps to a schema and to what all answers have in common."""
    ran = billpolicy(*command, "--format", "json")
    assert ran.code == code, ran.out + ran.err
    told = json.loads(ran.out)
    found = [f"{error.json_path}: {error.message[:300]}" for error in VALIDATORS[name].iter_errors(told)]
    assert not found, "\n".join(found)
    assert not list(odd(told, name))
    return told


def odd(data: Any, where: str) -> Iterator[str]:
    """Numbers where an exact text belongs: days as ordinals, amounts as minor units."""
    if isinstance(data, list):
        for place, value in enumerate(data):
            yield from odd(value, f"{where}[{place}]")
    for key, value in data.items() if isinstance(data, dict) else ():
        here = f"{where}.{key}: {value}"
        if key == "facts":
            yield from (here for fact in value.values() if not isinstance(fact, str) or ORDINAL.fullmatch(fact))
        elif isinstance(value, dict | list):
            yield from odd(value, f"{where}.{key}")
        elif key in FORMS and not (isinstance(value, str) and FORMS[key].fullmatch(value)):
            yield here


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LOGNAME", "ines")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_every_command_on_every_story(story: Path, tmp_path: Path) -> None:
    policy, book, operations = story / "policy.yaml", story / "book.yaml", story / "operations.yaml"
    ledger = f"sqlite:///{tmp_path / 'story.db'}"
    for prepared in (("init", ledger), ("import", ledger, book, "--policy", policy)):
        assert billpolicy("ledger", *prepared).code == 0
    answer("validate", "validate", policy)
    answer("matrix", "matrix", policy)
    decided = ("--policy", policy, "--engine", "python", *TODAY, operations)
    code = 1 if "refused:" in (story / "expected.yaml").read_text(encoding="utf-8") else 0
    explained = answer("explain", "explain", *decided, "--book", book, code=code)
    planned = answer("plan", "plan", *decided, "--ledger", ledger, code=code)
    assert explained["refused"] == planned["refused"]
    assert bool(planned["refused"]) is (code == 1)
    posted = answer("post", "post", *decided, "--yes", "--ledger", ledger, code=code)
    assert [one["plan"]["id"] for one in posted["posted"]] == [one["id"] for one in planned["plans"]]
    for before, after in zip(planned["plans"], posted["posted"], strict=True):
        assert done(after["plan"]) == done(before)
    again = answer("plan", "plan", *decided, "--ledger", ledger, code=code)
    assert again["posted_before"] == sorted(one["id"] for one in planned["plans"])
    repeated = answer("post", "post", *decided, "--yes", "--ledger", ledger, code=code)
    known = {one["plan"]["id"] for one in repeated["posted"] if one["repeated"]}
    assert known == set(again["posted_before"])
    shown = [answer("ledger-show", "ledger", "show", ledger, id) for id in everything_in(tmp_path / "story.db")]
    assert {one["document"]["kind"] for one in shown if "document" in one}
    for one in shown:
        document = one.get("document", {}).get("record", {})
        if "items" in document and document.get("status") != "canceled":
            told = answer("ledger-history", "ledger", "history", ledger, document["number"])
            named = {
                (line["line"]["document"], line["line"]["item"]) for each in told["trails"] for line in each["lines"]
            }
            number = document.get("posted_as", document["number"])
            assert {(number, item["id"]) for item in document["items"]} <= named
    checked = answer("diagnostics", "ledger", "check", ledger)["diagnostics"]
    assert {one["code"] for one in checked} <= {"number-missing"}  # of books that begin with a later number


def done(plan: dict[str, Any]) -> dict[str, Any]:
    """What a plan does, without what it was asked by and relied on."""
    kept = ("id", "operation", "date", "documents", "changes", "balances")
    return {key: plan[key] for key in kept} | {"steps": [done(step["plan"]) for step in plan.get("steps", ())]}


def everything_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as opened:
        queries = ("SELECT id FROM accounts", "SELECT number FROM documents", "SELECT id FROM operations")
        return [str(id) for query in queries for (id,) in opened.execute(query)]


@pytest.mark.parametrize(
    "command",
    [
        ("validate", "tests/bad/yaml-tabs/policy.yaml"),
        ("validate", "no-such-policy"),
        ("matrix", "no-such-policy"),
        ("explain", "--policy", STANDARD, "--book", "no-book.yaml", "no-operations.yaml"),
        ("plan", "--policy", STANDARD, "--book", "no-book.yaml", "examples/invoice-reversed/operations.yaml"),
        ("post", "--policy", STANDARD, "--ledger", "sqlite:///none.db", "examples/invoice-reversed/operations.yaml"),
        ("ledger", "show", "sqlite:///none.db", "INV00000001"),
        ("ledger", "check", "sqlite:///none.db"),
    ],
    ids=lambda command: " ".join(map(str, command[:2])),
)
def test_what_cannot_be_done_is_told_alike(command: tuple[str | Path, ...]) -> None:
    (first, *_) = answer("diagnostics", *command, code=1)["diagnostics"]
    assert first["severity"] == "error"


def test_a_cell_of_the_matrix_names_its_levels_and_its_exceptions() -> None:
    told = answer("matrix", "matrix", "examples/a-page-of-company-policy/policy.yaml")
    (row,) = (one for one in told["operations"] if one["operation"] == "credit_memo_from_invoice")
    cell = row["attributes"]["bill_to_contact"]
    assert cell["chain"] == ["invoice", "account"]
    exceptions = {one["rule"]["id"]: one for one in told["exceptions"]}
    assert cell["exceptions"]
    for id in cell["exceptions"]:
        assert isinstance(exceptions[id]["then"]["bill_to_contact"], list)


def test_the_schemas_that_are_published_are_those_of_this_program() -> None:
    ran = billpolicy("schema", "--all", "--check", "schemas")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("wanted", "is_right"),
    [
        ({"at_least": 1}, True),
        ({"at_least": 1, "below": 2}, True),
        ({"at_least": 1, "bellow": 2}, False),
        ({}, False),
        ({"is": "set"}, True),
        ({"is": "set", "at_least": 1}, False),
        ({"is": "there"}, False),
    ],
)
def test_an_editor_sees_which_conditions_cannot_be(wanted: dict[str, Any], is_right: bool) -> None:
    exception = {"id": "x", "operations": ["write_off_invoice"], "when": {"amount": wanted}, "then": {"item_limit": 1}}
    assert Draft7Validator(schema("policy")).is_valid({"exceptions": [exception]}) is is_right


@pytest.mark.parametrize("name", ANSWERS)
def test_a_schema_is_closed_and_requires_what_is_always_written(name: str) -> None:
    """Mappings whose keys are data have a schema for their values instead."""
    seen = list(objects(schema(name)))
    assert seen
    for one in seen:
        assert one["additionalProperties"] is False
        assert one["required"]
        assert not [key for key in one["required"] if "default" in one["properties"][key]]


def objects(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if data.get("type") == "object":
            if "properties" in data:
                yield data
            else:
                assert isinstance(data["additionalProperties"], dict)
        for value in data.values():
            yield from objects(value)
    elif isinstance(data, list):
        for value in data:
            yield from objects(value)


@pytest.mark.parametrize("name", ["plan", "post", "ledger-show"])
def test_every_kind_of_change_is_in_the_schema(name: str) -> None:
    named = {
        value
        for one in objects(schema(name))
        for value in (one["properties"].get("change", {}).get(key) for key in ("const", "enum"))
        for value in (value if isinstance(value, list) else [value])
    }
    assert named - {None} == set(CHANGES)
