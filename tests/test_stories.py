"""The stories under `examples/`: what was worked out by hand comes out, and what is recorded is what is printed.

`BILLPOLICY_RECORD=1` writes `plan.txt`, `explain.txt` and `sync.txt` anew; no program ever writes `expected.yaml`.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.history import value_of
from billpolicy.book.load import load_book
from billpolicy.book.model import (
    CreditAdjustment,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Payment,
)
from billpolicy.cli import cli
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.exchange.operations_file import load_operations
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import Plan, PlannedDocument
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import parse
from billpolicy.testing.came_out import came_out as words_of
from tests.helpers.engine import needs_engine
from tests.helpers.ledgers import whole
from tests.helpers.paths import ROOT
from tests.helpers.planning import Planned, dry_run

SYNCS = sorted(newer.parent.relative_to(ROOT) for newer in ROOT.glob("examples/*/newer.yaml"))
STORIES = sorted({readme.parent.relative_to(ROOT) for readme in ROOT.glob("examples/*/README.md")} - {*SYNCS})
YAML_FILES = sorted(
    file.relative_to(ROOT)
    for folder in ("policies", "examples")
    for file in (ROOT / folder).rglob("*.y*ml")
    if file.parent.name not in ("ci", "mistakes")  # of services that run this, with other schemas; wrong on purpose
)
TODAY = datetime.date(2026, 4, 1)
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
each_sync = pytest.mark.parametrize("story", SYNCS, ids=lambda path: path.name)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BILLPOLICY_CACHE", "off")


def planned(story: Path, engine: EngineName = "python", policy: Path | None = None) -> list[Planned]:
    versions = Versions([Resolver(prove(policy or story / "policy.yaml"), engine)])
    return list(dry_run(versions, load_book(story / "book.yaml"), load_operations(story / "operations.yaml"), TODAY))


# -- what was worked out by hand -----------------------------------------------------------------------------------


@each_story
def test_what_was_worked_out_by_hand_comes_out(story: Path) -> None:
    expected = parse(story / "expected.yaml", max_megabytes=1).data
    assert expected.get("today", str(TODAY)) == str(TODAY)
    found = {one.asked.request.id: came_out(one) for one in planned(story)}
    assert list(expected["operations"]) == list(found)
    wrong = list(differences(story.name, expected["operations"], found))
    assert not wrong, "\n" + "\n".join(wrong)


def came_out(one: Planned) -> dict[str, Any]:
    """What became of one operation, as `expected.yaml` says it; what is empty is left out."""
    if one.plan is None:
        return {"refused": sorted(problem.code for problem in one.problems)}
    return _planned(one.plan, dated=one.asked.request.date is not None)


_AS_TESTS_SAY = (
    "reversed",
    "balances",
    "canceled",
    "posted_drafts",
    "canceled_drafts",
    "created",
    "given",
    "added",
    "inheriting",
    "notes",
    "charged_through",
    "recorded_usage",
    "billed_usage",
    "closure",
    "charge_periods",
    "warnings",
)
"""What is said in the very words of policy tests."""


def _planned(plan: Plan, *, dated: bool) -> dict[str, Any]:
    found = words_of(plan)
    return stated(
        documents=[
            _document(one, said["parts"], dated) for one, said in zip(plan.documents, found["documents"], strict=True)
        ],
        by={
            key: resolution.rule
            for resolved in plan.decisions
            for key, resolution in resolved.resolutions.items()
            if resolution.rule != f"{resolved.operation}.{key}"
        },
        applications=[_texts({**one, "parts": _parts(one["parts"])}) for one in found["applications"]],
        **{key: _texts(found[key]) for key in _AS_TESTS_SAY},
        steps=[
            {
                "step": followed.plan.id.removeprefix(f"{plan.id}/"),
                "operation": followed.plan.operation,
                "date": str(followed.plan.date),
                "rule": followed.rule,
                **_planned(followed.plan, dated=True),
            }
            for followed in plan.follow_ups
        ],
    )


def _texts(value: Any) -> Any:
    """The same as a file has it: all is text, and what is empty is left out."""
    if isinstance(value, dict):
        return stated(**{key: _texts(held) for key, held in value.items()})
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return None if value is None else str(value)


def _document(planned: PlannedDocument, parts: dict[str, Decimal], dated: bool) -> dict[str, Any]:
    document = planned.document
    assert document.number == planned.draw.number
    attributes = {
        key: stated(
            value=resolution.value,
            level=resolution.level,
            rule=None if resolution.rule == f"{planned.resolved.operation}.{key}" else resolution.rule,
            stored="false" if document.attributes.get(key) is None else None,
        )
        for key, resolution in planned.resolved.resolutions.items()
        if resolution.level is not None
        and document.kind != "credit_adjustment"
        and (document.kind, key) != ("credit_memo", "payment_term")
    }
    for key, value in document.attributes.items() if attributes else ():  # a draft brings its own along
        assert attributes[key]["value"] == value
    items = document.items if isinstance(document, Document) else ()
    return stated(
        kind=document.kind,
        draft="true" if document.status == "draft" else None,
        number=document.number,
        account=document.account if isinstance(document, Payment) and document.source else None,
        of=document.source if isinstance(document, Payment) else getattr(document, "document", None),
        type=document.type if isinstance(document, CreditAdjustment) else None,
        date=None if dated and document.date == planned.resolved.date else str(document.date),
        amount=str(document.amount),
        currency=document.currency,
        reason=getattr(document, "reason", None),
        due_date=str(document.due_date) if isinstance(document, DebitMemo | Invoice) else None,
        attributes=attributes,
        items=[_item(item) for item in items],
        parts=_texts(_parts(parts)),
    )


def _item(item: Item) -> dict[str, Any]:
    charges = [each.subscribed_charge for each in item.by_charge if each.subscribed_charge]
    billed = f"{item.subscription}/{'+'.join(charges)}" if charges else None
    mirrored = item.source_item if item.source is None else None
    return stated(
        of=mirrored or billed or item.charge,
        name=item.name if billed and mirrored is None else None,
        service=f"{item.service_start} to {item.service_end}" if billed and mirrored is None else None,
        amount=str(item.amount),
        taxes=[str(tax.amount) for tax in item.taxes],
        quantity=None if item.quantity is None else str(item.quantity),
        unit_price=None if item.unit_price is None else str(item.unit_price),
        combines={one.subscribed_charge: str(one.amount) for one in item.combines},
    )


def _parts(parts: dict[str, Decimal]) -> dict[str, Decimal]:
    """Shares are only said where there are several."""
    return parts if len(parts) > 1 else {}


def stated(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {})}


def differences(where: str, expected: Any, found: Any) -> Iterator[str]:
    """One line for each place at which the two are not the same."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            here = f"{where}.{key}"
            if key not in found:
                yield f"{here}: expected {expected[key]}, but there is none"
            elif key not in expected:
                yield f"{here}: expected none, but it is {found[key]}"
            else:
                yield from differences(here, expected[key], found[key])
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(f"{where}[{index}]", one, other)
    elif expected != found:
        yield f"{where}: expected {expected}, but it is {found}"


def test_a_difference_is_named_by_its_place() -> None:
    expected = {"a": {"value": "claire", "items": ["1", "2"]}, "b": "1"}
    found = {"a": {"value": "paul", "items": ["1", "3"]}, "c": "2"}
    assert list(differences("story", expected, found)) == [
        "story.a.value: expected claire, but it is paul",
        "story.a.items[1]: expected 2, but it is 3",
        "story.b: expected 1, but there is none",
        "story.c: expected none, but it is 2",
    ]


# -- what is printed -----------------------------------------------------------------------------------------------


def too_wide(printed: str) -> list[str]:
    """Lines that do not fit a terminal. Where there is none, what is found is on one line, as it is searched for."""
    return [line for line in printed.splitlines() if len(line) > 80 and not FOUND.match(line)]


FOUND = re.compile(r"[^ ]+: (error|warning|hint): | +hint: ")


@each_story
@pytest.mark.parametrize("command", ["explain", "plan"])
def test_the_commands_of_the_readme_print_what_is_recorded(story: Path, command: str) -> None:
    typed = {line.split()[1]: line for line in readme_commands(story)}
    assert list(typed) == ["explain", "plan"]
    assert typed[command].endswith(f" {story.as_posix()}/operations.yaml")

    arguments = [*shlex.split(typed[command])[1:], "--engine", "python", "--today", str(TODAY)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    refused = [one for one in planned(story) if one.plan is None]
    assert result.exit_code == (1 if refused else 0), result.output
    assert all(ord(character) >= 32 or character == "\n" for character in result.output)
    assert too_wide(result.stdout) == []

    recorded = story / f"{command}.txt"
    if os.environ.get("BILLPOLICY_RECORD") == "1":
        recorded.write_text(result.output, encoding="utf-8")
    assert result.output == recorded.read_text(encoding="utf-8"), "BILLPOLICY_RECORD=1 records it anew"


def readme_commands(story: Path) -> list[str]:
    """The commands of the code block in a story's README, as they are run."""
    text = (story / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    first, *lines = block.splitlines()
    assert first == f"story={story.as_posix()}"
    return [line.replace("$story", story.as_posix()) for line in lines]


@needs_engine
@each_story
def test_the_rules_engine_decides_the_same(story: Path) -> None:
    by_python, by_both = planned(story, "python"), planned(story, "both")
    assert [whoever_decides(one.plan) if one.plan else one.problems for one in by_both] == [
        whoever_decides(one.plan) if one.plan else one.problems for one in by_python
    ]


def whoever_decides(plan: Plan) -> Plan:
    """The plan without the name of the engine."""
    steps = tuple(replace(followed, plan=whoever_decides(followed.plan)) for followed in plan.follow_ups)
    return replace(plan, engine="", follow_ups=steps)


def test_an_edit_of_the_page_of_policy_changes_a_resolution(tmp_path: Path) -> None:
    """What the README of the story tells its reader to try."""
    story = Path("examples/a-page-of-company-policy")
    page = (story / "policy.yaml").read_text(encoding="utf-8")
    assert "`at_least: 900.00 EUR`" in (story / "README.md").read_text(encoding="utf-8")
    assert page.count("at_least: 1000.00 EUR") == 1
    edited = tmp_path / "policy.yaml"
    edited.write_text(
        page.replace("1000.00 EUR", "900.00 EUR").replace("../../policies", str(ROOT / "policies")), encoding="utf-8"
    )

    def contacts(policy: Path) -> dict[str, str]:
        return {
            one.plan.id: one.plan.documents[0].resolved.text("bill_to_contact")
            for one in planned(story, policy=policy)
            if one.plan is not None
        }

    before, after = contacts(story / "policy.yaml"), contacts(edited)
    assert before["dispute-of-952"] == "birgit"
    assert after == {**before, "dispute-of-952": "jonas"}


# -- a newer book --------------------------------------------------------------------------------------------------


@each_sync
def test_what_was_worked_out_by_hand_follows_a_newer_book(story: Path, tmp_path: Path) -> None:
    expected = parse(story / "expected.yaml", max_megabytes=1).data
    versions, newer = billpolicy.load_policy(story / "policy.yaml", engine="python"), load_book(story / "newer.yaml")
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(load_book(story / "book.yaml"))
        found = billpolicy.sync(versions, ledger, newer, today=TODAY)
        steps = [step.operation for step in found.steps]
        assert all(one.posted for one in billpolicy.post_all(versions, ledger, steps, who="ines", today=TODAY))
        then = whole(ledger)
    assert [f"{step.operation['operation']} {step.id}" for step in found.steps] == expected["steps"]
    assert [f"{one.diagnostic.code} {one.id}" for one in found.not_followed] == expected["not_followed"]
    assert {
        section: [str(number) for number in (one.new, one.changed, one.same, one.not_followed, one.left)]
        for section, one in found.counts.items()
    } == expected["counts"]
    for id, values in expected["then"].items():
        assert {name: _held(then, id, name) for name in values} == values


def _held(book: Book, id: str, name: str) -> str | None:
    """What an account or a subscription holds: a field, an attribute, or a charge with its price and its end."""
    record: Any = book.accounts.get(id) or book.subscriptions[id]
    for charge in getattr(record, "charges", ()):
        if charge.id == name:
            return f"{charge.quantity} x {charge.rate}" + (f" until {charge.until}" if charge.until else "")
    return value_of(record, name if hasattr(record, name) else f"attributes.{name}")


@each_sync
def test_a_sync_prints_what_is_recorded(story: Path, tmp_path: Path) -> None:
    ledger, printed, codes = f"sqlite:///{tmp_path / 'ledger.db'}", "", []
    for line in readme_commands(story):
        arguments = shlex.split(line.replace("$ledger", ledger))[1:]
        if arguments[1] == "sync":
            arguments += ["--engine", "python", "--today", str(TODAY), "--actor", "ines"]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        codes.append(result.exit_code)
        assert too_wide(result.stdout.replace(ledger, "LEDGER")) == []
        printed += f"$ {line}\n{result.output.replace(ledger, 'LEDGER')}\n"
    assert codes == [0, 0, 1, 1, 1, 0]
    recorded = story / "sync.txt"
    if os.environ.get("BILLPOLICY_RECORD") == "1":
        recorded.write_text(printed, encoding="utf-8")
    assert printed == recorded.read_text(encoding="utf-8"), "BILLPOLICY_RECORD=1 records it anew"


@each_sync
def test_a_story_of_a_sync_is_complete(story: Path) -> None:
    assert sorted(file.name for file in story.iterdir()) == [
        "README.md",
        "book.yaml",
        "expected.yaml",
        "newer.yaml",
        "policy.yaml",
        "sync.txt",
    ]


# -- the files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", YAML_FILES, ids=str)
def test_a_file_names_its_schema_and_keeps_to_it(file: Path) -> None:
    modeline = MODELINE.match(file.read_text(encoding="utf-8"))
    assert modeline, "the first line says `# yaml-language-server: $schema=...`"
    schema = file.parent / modeline[1]
    assert schema.exists(), f"{modeline[1]} does not exist"
    validator = Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(editors_see(file))]
    assert not found, "\n".join(found)


def editors_see(file: Path) -> Any:
    """The data of a file as an editor reads it, by YAML 1.2: plain scalars that look like numbers are numbers."""

    def seen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: seen(held) for key, held in value.items()}
        if isinstance(value, list):
            return [seen(held) for held in value]
        if isinstance(value, Plain):
            if value in ("true", "false"):
                return value == "true"
            if INTEGER.fullmatch(value):
                return int(value)
            return float(value) if DECIMAL.fullmatch(value) else str(value)
        return value

    return seen(parse(file, max_megabytes=1).data)


@each_story
def test_a_story_is_complete(story: Path) -> None:
    assert sorted(file.name for file in story.iterdir() if ".test." not in file.name) == [
        "README.md",
        *(["approvals.txt"] if story.name == "who-may-do-what" else []),
        "book.yaml",
        "expected.yaml",
        "explain.txt",
        *(["mistakes", "northpine"] if story.name == "three-brands" else []),
        "operations.yaml",
        "plan.txt",
        "policy.yaml",
    ]


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh here")
def test_the_demo_runs() -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "examples/demo.sh"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 had been posted before" in done.stdout


def test_every_operation_has_a_story() -> None:
    told = {one.request.operation for story in STORIES for one in load_operations(ROOT / story / "operations.yaml")}
    assert told == set(OPERATIONS)
