"""Formats for other programs: valid by the schemas that others published, and every finding at its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema
from jsonschema import Draft7Validator, FormatChecker

from billpolicy.cli import COMMANDS
from billpolicy.cli.ledger import command as ledger
from billpolicy.report.findings.formats import FINDINGS_ONLY, FORMATS
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.repository import with_policies

PUBLISHED = Path(__file__).parent / "published"
SARIF = Draft7Validator(
    json.loads((PUBLISHED / "sarif-2.1.0.json").read_text(encoding="utf-8")), format_checker=FormatChecker()
)
JUNIT = xmlschema.XMLSchema(PUBLISHED / "junit-10.xsd")

POLICY = """\
policy: acme
extends: STANDARD
effective: {from: 2026-01-01}
description: "Köln, 東京 & <Paris>"
operations:
  credit_memo_from_invoice: {payment_term: [invoice, account]}
  create_payment: {sequence_set: [credit_memo, account]}
exceptions:
  - id: never
    operations: [create_payment]
    when: {kontinent: "東京"}
    then: {sequence_set: [account]}
"""
WRONG = [
    # code, line, column, end column: counted in POLICY by hand
    ("attribute-not-on-document", 6, 30, 42, "payment_term"),
    ("level-not-here", 7, 35, 46, "credit_memo"),
    ("field-unknown", 11, 12, 21, "kontinent"),
]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A policy with three mistakes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "übung 1"
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY.replace("STANDARD", str(STANDARD)), encoding="utf-8")
    return "übung 1/policy.yaml"


def told(format: str, *command: str) -> str:
    """What a command prints on stdout in a format; nothing else goes there."""
    return billpolicy(*command, "--format", format).out


def at(line: int, column: int, end: int) -> str:
    return POLICY.splitlines()[line - 1][column - 1 : end - 1]


def test_the_places_were_counted_rightly() -> None:
    assert [at(line, column, end) for _, line, column, end, _ in WRONG] == [text for *_, text in WRONG]


# -- SARIF ---------------------------------------------------------------------------------------------------------


def sarif(text: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    assert [error.message for error in SARIF.iter_errors(log)] == []
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_is_valid_and_opens_at_the_place(broken: str) -> None:
    run = sarif(told("sarif", "validate", broken))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(code for code, *_ in WRONG)
    assert run["columnKind"] == "unicodeCodePoints"
    found = []
    for result in run["results"]:
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "%C3%BCbung%201/policy.yaml"
        region = location["physicalLocation"]["region"]
        assert region["endLine"] == region["startLine"]
        found.append((result["ruleId"], region["startLine"], region["startColumn"], region["endColumn"]))
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] == "error"
    assert found == [wrong[:4] for wrong in WRONG]


def test_each_rule_of_sarif_says_what_its_page_says(broken: str) -> None:
    for rule in sarif(told("sarif", "validate", broken))["tool"]["driver"]["rules"]:
        page = (ROOT / "docs" / "diagnostics" / f"{rule['id']}.md").read_text(encoding="utf-8")
        assert rule["help"]["markdown"] == page
        assert rule["shortDescription"]["text"] in " ".join(page.split())


def test_a_file_elsewhere_goes_by_its_whole_address(broken: str) -> None:
    path = Path(broken).resolve()
    run = sarif(told("sarif", "validate", str(path)))
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert uris == {path.as_uri()}


# -- JUnit ---------------------------------------------------------------------------------------------------------


def junit(text: str) -> ElementTree.Element:
    assert [str(error) for error in JUNIT.iter_errors(text)] == []
    return ElementTree.fromstring(text)


def test_junit_is_valid_and_names_the_place(broken: str) -> None:
    suites = junit(told("junit", "validate", broken))
    assert suites.attrib == {"name": "billpolicy validate", "tests": "3", "failures": "3", "errors": "0"}
    (suite,) = suites
    assert suite.get("file") == broken
    assert [case.get("name") for case in suite] == [f"{line}:{column} {code}" for code, line, column, *_ in WRONG]
    for case, (code, line, column, *_) in zip(suite, WRONG, strict=True):
        (failure,) = case
        assert failure.get("type") == code
        assert (failure.text or "").startswith(f"{broken}:{line}:{column}: error: ")


# -- GitHub and GitLab -----------------------------------------------------------------------------------------------


def test_github_annotates_the_place(broken: str) -> None:
    lines = told("github", "validate", broken).splitlines()
    for line, (code, row, column, end, _) in zip(lines, WRONG, strict=True):
        fields = f"file={broken},line={row},col={column},endLine={row},endColumn={end},title=billpolicy {code}"
        assert line.startswith(f"::error {fields}::`")


def test_what_would_end_a_command_of_github_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("100%,a:b.yaml").write_text("policy: acme\n::error::: x\n", encoding="utf-8")
    lines = told("github", "validate", "100%,a:b.yaml").splitlines()
    assert lines
    for line in lines:
        assert line.startswith("::error file=100%25%2Ca%3Ab.yaml,line=")


def test_gitlab_gets_a_list_of_issues_at_their_places(broken: str) -> None:
    issues = json.loads(told("gitlab", "validate", broken))
    found = []
    for issue in issues:
        assert set(issue) == {"check_name", "description", "severity", "fingerprint", "location"}
        assert issue["location"]["path"] == broken
        begin, end = issue["location"]["positions"]["begin"], issue["location"]["positions"]["end"]
        found.append((issue["check_name"], begin["line"], begin["column"], end["column"] + 1))  # the last one counts
    assert found == [wrong[:4] for wrong in WRONG]
    assert {issue["severity"] for issue in issues} == {"major"}
    assert len({issue["fingerprint"] for issue in issues}) == 3


def test_a_fingerprint_stays_when_lines_above_change(broken: str) -> None:
    before = [issue["fingerprint"] for issue in json.loads(told("gitlab", "validate", broken))]
    path = Path(broken)
    path.write_text("# a new line\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert [issue["fingerprint"] for issue in json.loads(told("gitlab", "validate", broken))] == before


def test_in_a_folder_of_the_repository_paths_are_seen_from_its_root(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub, GitLab and code scanning know files by their path in the repository, wherever a job runs."""
    (tmp_path / ".git").mkdir()
    for folder, name in ((tmp_path / "übung 1", "policy.yaml"), (tmp_path, str(tmp_path / broken))):
        monkeypatch.chdir(folder)
        uris = {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for result in sarif(told("sarif", "validate", name))["results"]
        }
        assert uris == {"%C3%BCbung%201/policy.yaml"}
        assert {issue["location"]["path"] for issue in json.loads(told("gitlab", "validate", name))} == {broken}
        assert told("github", "validate", name).count(f"::error file={broken},line=") == len(WRONG)
        (suite,) = junit(told("junit", "validate", name))
        assert (suite.get("name"), suite.get("file")) == (name, broken)
        assert told("markdown", "validate", name).count(f"| `{broken}:") == len(WRONG)
        assert told("concise", "validate", name).count(f"{name}:") == len(WRONG)  # what an editor opens from here


def test_what_stood_in_a_revision_is_shown_at_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = with_policies(tmp_path / "repository")
    repository.write("policies/acme/policy.yaml", "policy: acme\nextends: ../standard\nefective: {from: 2026-01-01}\n")
    repository.commit()
    monkeypatch.chdir(repository.root / "policies")
    path = "policies/acme/policy.yaml"
    assert told("github", "validate", "HEAD:policies/acme").startswith(f"::error file={path},line=3,col=1,")
    assert json.loads(told("gitlab", "validate", "HEAD:./acme"))[0]["location"]["path"] == path
    ran = billpolicy("validate", "HEAD:./acme")
    assert ran.out.splitlines()[:3] == [
        f"HEAD:{path}:3:1: error: `efective` is not a key that is known here [key-unknown]",
        " 3 | efective: {from: 2026-01-01}",
        "   | ^^^^^^^^",
    ]


# -- every format, every command -------------------------------------------------------------------------------------

STORY = ROOT / "examples" / "dispute-credited-from-the-invoice"
"""Two operations of five are refused."""
PLANNING = [
    "--policy", str(STORY / "policy.yaml"), "--book", str(STORY / "book.yaml"), str(STORY / "operations.yaml"),
]  # fmt: skip
_CODES = {
    "concise": r" \[([a-z-]+)\]$",
    "sarif": r'"ruleId": "([a-z-]+)"',
    "junit": r'<failure type="([a-z-]+)"',
    "github": r"^::error .*?title=billpolicy ([a-z-]+)::",
    "gitlab": r'"check_name": "([a-z-]+)"',
    "markdown": r"`\[([a-z-]+)\]`",
}


def codes(format: str, text: str) -> list[str]:
    return re.findall(_CODES[format], text, re.MULTILINE)


OWN = {"explain": "markdown", "matrix": "markdown"}
"""Commands whose result has a format of this name: it does not only say what was found."""


def each_format_of(*commands: str) -> pytest.MarkDecorator:
    """Each of these commands in each format that only says what was found."""
    pairs = [(command, format) for command in commands for format in FINDINGS_ONLY if OWN.get(command) != format]
    return pytest.mark.parametrize(("command", "format"), pairs)


@each_format_of("plan", "explain")
def test_refused_operations_are_told_and_nothing_else(command: str, format: str) -> None:
    ran = billpolicy(command, *PLANNING, "--format", format)
    assert ran.code == 1
    assert sorted(codes(format, ran.out)) == ["available-to-credit", "date-too-early", "nothing-to-credit"]
    assert "is refused" not in ran.err


@pytest.mark.parametrize("format", FINDINGS_ONLY)
def test_posting_tells_the_same(format: str, tmp_path: Path) -> None:
    ledger = f"sqlite:///{tmp_path}/l.db"
    for command in (["ledger", "init", ledger], ["ledger", "import", ledger, str(STORY / "book.yaml")]):
        assert billpolicy(*command, "--format", format).code == 0
    policy = str(STORY / "policy.yaml")
    asked = ["post", "--policy", policy, "--ledger", ledger, "--actor", "ann", str(STORY / "operations.yaml")]
    ran = billpolicy(*asked, "--format", format)
    assert ran.code == 1
    assert sorted(codes(format, ran.out)) == ["available-to-credit", "date-too-early", "nothing-to-credit"]
    assert billpolicy("ledger", "check", ledger, "--format", format).code == 0
    shown = billpolicy("ledger", "show", ledger, "nobody", "--format", format)
    assert (shown.code, codes(format, shown.out)) == (1, ["unknown"])


NOTHING = {
    "concise": "",
    "github": "",
    "gitlab": "[]\n",
    "markdown": "### `billpolicy validate`: nothing found\n",
}


@each_format_of("validate", "matrix")
def test_where_all_is_well_there_is_a_whole_report_without_findings(command: str, format: str) -> None:
    ran = billpolicy(command, str(STANDARD), "--format", format)
    assert ran.code == 0
    if format == "sarif":
        assert sarif(ran.out)["results"] == []
    elif format == "junit":
        assert junit(ran.out).attrib["failures"] == "0"
        assert [case.get("name") for case in junit(ran.out).iter("testcase")] == ["nothing wrong"]
    else:
        assert ran.out == NOTHING[format]


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_file_that_is_not_there_is_told_in_every_format(format: str) -> None:
    ran = billpolicy("validate", "nowhere", "--format", format)
    assert ran.code == 1
    assert "policy-missing" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("format", FINDINGS_ONLY)
@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["plan", "--policy", "policies/standard"],
        ["plan", "--engine", "diesel", "--policy", "policies/standard", "--book", "b.yaml", "operations.yaml"],
        ["schema", "book", "--all"],
    ],
    ids=" ".join,
)
def test_what_did_not_run_is_no_passed_check(command: list[str], format: str) -> None:
    ran = billpolicy(*command, "--format", format)
    assert ran.code == 2
    assert codes(format, ran.out) == ["usage-wrong"]


def test_where_not_even_the_options_can_be_read_there_is_no_report() -> None:
    ran = billpolicy("validate", "policies/standard", "--nonsense", "--format", "junit")
    assert (ran.code, ran.out) == (2, "")
    assert "--nonsense" in ran.err


@pytest.mark.parametrize("format", FINDINGS_ONLY)
@pytest.mark.parametrize(
    ("raised", "code", "told"), [(ValueError("x"), 3, "internal-error"), (KeyboardInterrupt(), 130, "interrupted")]
)
def test_nor_is_what_broke_or_was_interrupted(
    raised: BaseException, code: int, told: str, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise raised

    monkeypatch.setattr("billpolicy.validate", broken)
    ran = billpolicy("validate", str(STANDARD), "--format", format)
    assert ran.code == code
    assert codes(format, ran.out) == [told]


def test_what_has_no_place_is_shown_at_the_file_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub shows a finding only where it has a location, GitLab only where it has a path."""
    monkeypatch.chdir(tmp_path)
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    asked = ["ledger", "show", "sqlite:///l.db", "nobody"]
    (result,) = sarif(told("sarif", *asked))["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "l.db"}}}]
    (issue,) = json.loads(told("gitlab", *asked))
    assert issue["location"]["path"] == "l.db"


def test_every_page_of_the_help_names_the_formats() -> None:
    # A group; what prints a script; and what serves until it is stopped: there is no data of these.
    without_data = ("ledger", "completion", "serve")
    commands = [[name] for name in COMMANDS if name not in without_data]
    commands += [["ledger", name] for name in ledger.commands]
    assert len(commands) > 10
    for command in commands:
        help = "".join(billpolicy(*command, "--help").out.split())
        assert [format for format in FORMATS if f"|{format}" not in help.replace("[text", "|text")] == []
