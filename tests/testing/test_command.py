"""`billpolicy test` as it is typed: `printed/` has all that it prints, recorded anew with BILLPOLICY_RECORD=1."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from jsonschema import Draft7Validator

from billpolicy.exchange.schemas import schema_of
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT

PRINTED = Path(__file__).parent / "printed"
JUNIT = xmlschema.XMLSchema(ROOT / "tests" / "findings" / "published" / "junit-10.xsd")
PAGE = "examples/a-page-of-company-policy"
POLICY = """\
policy: acme
extends: ../policies/standard
effective: {from: 2026-01-01}
exceptions:
  - id: large-ones-go-to-the-account
    operations: [credit_memo_from_invoice]
    when: {amount: {at_least: 100.00 EUR}}
    then: {bill_to_contact: [account, invoice]}
    because: FIN-7, whoever signed the contract hears of it
follow_ups:
  - {id: credits-are-used, after: credit_memo_posted, then: apply_credits, if_refused: leave_out}
"""
TESTS = """\
book:
  accounts:
    - {id: acme, name: Acme, currency: EUR, attributes: {bill_to_contact: ann}}
  contacts: [{id: ann, account: acme, name: Ann}, {id: bob, account: acme, name: Bob}]
  invoices:
    - number: INV-1
      account: acme
      date: 2026-01-01
      currency: EUR
      attributes: {bill_to_contact: bob}
      items: [{id: seat, name: Seats, amount: 1000.00}]
tests:
  - name: a large one goes to the account
    operation: {operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1,
      items: [{item: seat, amount: 100.00}]}
    expect:
      bill_to_contact: {value: bob, level: invoice, rule: base}
      item_limit: 999
  - name: a small one does not
    operation: {operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1,
      items: [{item: seat, amount: 99.99}]}
    expect:
      bill_to_contact: bob
  - name: more than there is
    operation: {operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1,
      items: [{item: seat, amount: 1000.01}]}
    expect: {amount: 1000.01}
  - name: two after each other
    operations:
      - {id: first, operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1,
         items: [{item: seat, amount: 600.00}]}
      - {id: second, operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV-1,
         items: [{item: seat, amount: 400.00}]}
    expect:
      second: {number: CM00000001, follow_ups: {credits-are-used: true}}
  - name: what is still to be agreed upon
    skip: FIN-8 is not signed yet
    operation: {operation: write_off_invoice, date: 2026-02-01, invoice: INV-1}
    expect: {amount: 1000.00}
"""


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy and tests of which some fail, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "acme" / "acme.test.yaml").write_text(TESTS, encoding="utf-8")


def recorded(name: str, *commands: str) -> list[Ran]:
    """Run commands; they print what is recorded, in at most 80 columns."""
    text, runs = "", []
    for command in commands:
        ran = billpolicy(*shlex.split(command))
        runs.append(ran)
        assert [line for line in ran.out.splitlines() if len(line) > 80] == []
        text += f"$ billpolicy {command}\n{ran.out}{ran.err}exit code {ran.code}\n\n"
    file = PRINTED / f"{name}.txt"
    if os.environ.get("BILLPOLICY_RECORD") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "BILLPOLICY_RECORD=1 records it anew"
    return runs


def test_what_passes() -> None:
    runs = recorded(
        "passes",
        f"test {PAGE}",
        f"test {PAGE}/policy.yaml -k PILOTS -v",
        f"test {PAGE} --rule enterprise-net-60 -v",
        f"test {PAGE} --operation debit_memo_from_invoice --coverage --mutate",
        f"test {PAGE} --coverage --mutate --threshold 100",
    )
    assert [ran.code for ran in runs] == [0, 0, 0, 0, 0]


@pytest.mark.usefixtures("acme")
def test_what_fails() -> None:
    assert [ran.code for ran in recorded("fails", "test acme --mutate")] == [1]


@pytest.mark.usefixtures("acme")
def test_what_is_not_covered_and_what_survives() -> None:
    runs = recorded(
        "survives",
        "test acme -k small --coverage --mutate",
        "test acme -k small --threshold 50",
        "test acme -k small --threshold 0",
        "test acme -k small --policy policies-of-others --threshold 0",
        "test acme -k nothing-like-it",
        "test acme --rule large-ones-go-to-the-acount",
    )
    assert [ran.code for ran in runs] == [1, 1, 0, 1, 1, 1]


def test_a_first_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    rule = "pilots-keep-their-own-term"
    runs = recorded(
        "first",
        f"test {PAGE}/policy.yaml --new {rule}",
        f"test {PAGE}/policy.yaml --new {rule} --output pilots.test.yaml",
        "test pilots.test.yaml -v",
        f"test {PAGE}/policy.yaml --new {rule} --output pilots.test.yaml",
        f"test {PAGE}/policy.yaml --new {rule} --output pilots.yaml",
        f"test {PAGE} --output pilots.test.yaml",
    )
    assert [ran.code for ran in runs] == [0, 0, 0, 1, 2, 2]


# -- for other programs --------------------------------------------------------------------------------------------


def test_a_first_test_is_yaml_and_no_json() -> None:
    ran = billpolicy("test", "policies/standard", "--new", "write-off-on-cancellation", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "--new writes a test, which is YAML: leave --format json out" in ran.err


@pytest.mark.usefixtures("acme")
def test_the_json_is_what_the_schema_says() -> None:
    ran = billpolicy("test", "acme", "--coverage", "--format", "json")
    told: dict[str, Any] = json.loads(ran.out)
    assert [error.message for error in Draft7Validator(schema_of("test-report")).iter_errors(told)] == []
    assert {key: told[key] for key in ("tests", "passed", "failed", "skipped")} == {
        "tests": 5,
        "passed": 1,
        "failed": 3,
        "skipped": 1,
    }
    (file,) = told["files"]
    large, _, more, _, skipped = file["tests"]
    contact, limit = large["differences"]
    # Line and column counted in TESTS by hand: `bob` stands behind `      bill_to_contact: {value: `.
    assert (contact["position"]["line"], contact["position"]["column"]) == (17, 32)
    assert (contact["expected"], contact["actual"]) == (
        "bob, from level invoice, by the base rule",
        "ann, from level account, by rule large-ones-go-to-the-account",
    )
    assert [one["key"] for one in contact["explanation"]["decisions"]] == ["bill_to_contact"]
    assert (limit["what"], limit["expected"], limit["actual"]) == ("item_limit", "999", "1000, by the base rule")
    assert [one["code"] for one in more["differences"][0]["refused"]] == ["available-to-credit"]
    assert skipped["reason"] == "FIN-8 is not signed yet"
    (coverage,) = told["coverage"]
    assert coverage["uncovered"][0]["levels"] == ["invoice"]


@pytest.mark.usefixtures("acme")
def test_junit_has_every_test() -> None:
    ran = billpolicy("test", "acme", "--format", "junit")
    assert [str(error) for error in JUNIT.iter_errors(ran.out)] == []
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.count("<testcase ") == 5
    assert ran.out.count("<failure ") == 3
    assert ran.out.count("<skipped ") == 1
    assert 'tests="5" failures="3" errors="0" skipped="1"' in ran.out
    assert "FIN-7, whoever signed the contract hears of it" in ran.out


@pytest.mark.usefixtures("acme")
def test_junit_has_what_is_not_covered_and_what_survives_as_well() -> None:
    ran = billpolicy("test", "acme", "-k", "small", "--coverage", "--mutate", "--format", "junit")
    assert [str(error) for error in JUNIT.iter_errors(ran.out)] == []
    assert "rule-uncovered" in ran.out
    assert "mutant-survived" in ran.out


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("format", ["concise", "sarif", "github", "gitlab"])
def test_a_finding_stands_at_what_is_expected(format: str) -> None:
    ran = billpolicy("test", "acme", "--format", format)
    assert (ran.code, ran.err) == (1, "")
    found: dict[str, Callable[[], bool]] = {
        "concise": lambda: "acme/acme.test.yaml:17:32: error:" in ran.out,
        "github": lambda: "file=acme/acme.test.yaml,line=17,col=32,endLine=17,endColumn=35," in ran.out,
        "sarif": lambda: (
            [
                (place["startLine"], place["startColumn"])
                for result in json.loads(ran.out)["runs"][0]["results"]
                for place in [result["locations"][0]["physicalLocation"]["region"]]
            ][:2]
            == [(17, 32), (18, 19)]
        ),
        "gitlab": lambda: json.loads(ran.out)[0]["location"]["positions"]["begin"] == {"line": 17, "column": 32},
    }
    assert found[format](), ran.out


@pytest.mark.parametrize("format", ["concise", "sarif", "github", "gitlab", "junit", "json"])
def test_where_all_is_well_every_format_says_so(format: str) -> None:
    ran = billpolicy("test", PAGE, "--threshold", "100", "--mutate", "--format", format)
    assert (ran.code, ran.err) == (0, "")


def test_more_than_one_path_and_each_file_once() -> None:
    ran = billpolicy("test", PAGE, f"{PAGE}/policy.yaml", f"{PAGE}/nordlicht.test.yaml")
    assert ran.code == 0
    assert ran.out.count("nordlicht.test.yaml") == 1


def test_what_the_page_shows_is_what_is_printed() -> None:
    page = (ROOT / "docs" / "policy-tests.md").read_text(encoding="utf-8")
    printed = "".join(file.read_text(encoding="utf-8") for file in sorted(PRINTED.glob("*.txt")))
    shown = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    assert [text for text in shown if text not in printed] == []
