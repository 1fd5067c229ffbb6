"""What each format does with warnings, places of several lines, what has no place, and letters that mean something."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.planning.plan import FollowedBy
from billpolicy.posting.posting import Job, Outcome
from billpolicy.report.findings.formats import FINDINGS_ONLY, report
from billpolicy.report.outcome import found_about
from tests.findings.test_formats import JUNIT, SARIF, codes, each_format_of
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT
from tests.helpers.scenes import plan as plan_of

WARNING = Diagnostic("field-unused", 'a <b> & "c" ]]> 100%', Position("b.yaml", 2, 3, 4, 5), "d < e", "warning")
ERROR = Diagnostic("key-unknown", "é <no>", Position("a.yaml", 7), None)
NOWHERE = Diagnostic("engine", "no place")
HINT = Diagnostic("field-unused", "could be better", Position("a.yaml", 1, 1, 1, 3), None, "hint")


def told(format: str, *found: Diagnostic, subject: str | None = None) -> str:
    return report(format, "plan", found, subject)


def test_sarif() -> None:
    log: dict[str, Any] = json.loads(told("sarif", WARNING, ERROR, NOWHERE))
    assert [error.message for error in SARIF.iter_errors(log)] == []
    nowhere, error, warning = log["runs"][0]["results"]
    assert [one["level"] for one in (nowhere, error, warning)] == ["error", "error", "warning"]
    assert warning["message"]["text"] == 'a <b> & "c" ]]> 100%\nHint: d < e'
    assert error["message"]["text"] == "é <no>"
    region = {"startLine": 2, "startColumn": 3, "endLine": 4, "endColumn": 5}
    assert warning["locations"][0]["physicalLocation"]["region"] == region
    assert "locations" not in nowhere
    (alone,) = json.loads(told("sarif", NOWHERE, subject="ops.yaml"))["runs"][0]["results"]
    assert alone["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "ops.yaml"}}}]


def test_junit() -> None:
    text = told("junit", WARNING, ERROR, NOWHERE)
    assert [str(error) for error in JUNIT.iter_errors(text)] == []
    assert text.isascii()  # so that it is right in whatever encoding it is written
    suites = ElementTree.fromstring(text)
    assert (suites.get("tests"), suites.get("failures")) == ("3", "2")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("plan", "1", "1"),
        ("a.yaml", "1", "1"),
        ("b.yaml", "1", "0"),
    ]
    (warning,) = suites[2]
    assert [(part.tag, part.text) for part in warning] == [("system-out", str(WARNING))]
    (failure,) = suites[1][0]
    assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "key-unknown", "é <no>")
    assert failure.text == str(ERROR)


def test_github() -> None:
    nowhere, error, warning = told("github", WARNING, ERROR, NOWHERE).splitlines()
    assert nowhere == "::error title=billpolicy engine::no place"
    assert error == "::error file=a.yaml,line=7,col=1,title=billpolicy key-unknown::é <no>"
    place = "file=b.yaml,line=2,col=3,endLine=4"  # columns count within one line only
    assert warning == f'::warning {place},title=billpolicy field-unused::a <b> & "c" ]]> 100%25%0Ad < e'


def test_gitlab() -> None:
    nowhere, error, warning = json.loads(told("gitlab", WARNING, ERROR, NOWHERE))
    assert [one["severity"] for one in (nowhere, error, warning)] == ["major", "major", "minor"]
    positions = {"begin": {"line": 2, "column": 3}, "end": {"line": 4, "column": 4}}
    assert warning["location"] == {"path": "b.yaml", "positions": positions}
    assert warning["description"] == 'a <b> & "c" ]]> 100% (d < e)'
    assert nowhere["location"]["path"] == "."
    same = [ERROR._replace(position=Position("a.yaml", line)) for line in (1, 2)]
    assert len({issue["fingerprint"] for issue in json.loads(told("gitlab", *same))}) == 2


def test_a_hint_is_the_least_of_all_in_each_format() -> None:
    assert "a.yaml:1:1: hint: could be better [field-unused]" in told("concise", HINT)
    assert json.loads(told("sarif", HINT))["runs"][0]["results"][0]["level"] == "note"
    assert told("github", HINT).startswith("::notice file=a.yaml,")
    assert json.loads(told("gitlab", HINT))[0]["severity"] == "info"
    assert json.loads(told("json", HINT))["diagnostics"][0]["severity"] == "hint"
    assert "<failure" not in told("junit", HINT)
    assert "| hint | `a.yaml:1` |" in told("markdown", HINT)


def test_markdown() -> None:
    assert told("markdown", WARNING, ERROR, NOWHERE).splitlines() == [
        "### `billpolicy plan`: 2 errors, 1 warning",
        "",
        "| | Where | What |",
        "|---|---|---|",
        "| error |  | no place `[engine]` |",
        "| error | `a.yaml:7` | é \\<no> `[key-unknown]` |",
        '| warning | `b.yaml:2` | a \\<b> & "c" \\]\\]> 100% `[field-unused]`<br>d \\< e |',
    ]


def test_what_stands_in_a_policy_breaks_no_table() -> None:
    text = "a | b `c|d` <script>x</script> [e](https://x.example) @all #1 \n## f \x1b[2J"
    page = MarkdownIt("commonmark", {"html": True}).enable("table")
    row = told("markdown", Diagnostic("engine", text, Position("a|`b.yaml", 1), text))
    assert page.render(row).count("<td>") == 3
    assert not re.search(r"<script|<a |<h2|\x1b|@all|#1", page.render(row))


def test_what_a_message_quotes_is_code() -> None:
    message = "`a: 1` and `b|c` of `x`"
    row = told("markdown", Diagnostic("engine", message, hint="one ` is left `over`")).splitlines()[-1]
    assert row == "| error |  | `a: 1` and `b\\|c` of `x` `[engine]`<br>one \\` is left `over` |"


def test_a_comment_has_room_for_the_first_findings_only() -> None:
    many = [ERROR._replace(message="x" * 10_000, position=Position("a.yaml", line)) for line in range(1, 1001)]
    text = told("markdown", *many)
    assert len(text) < 65_536
    assert text.startswith("### `billpolicy plan`: 1000 errors\n")
    assert text.endswith("\n… and 950 more, which other formats have.\n")


@pytest.mark.parametrize("format", FINDINGS_ONLY)
def test_a_name_that_is_no_text_breaks_no_format(format: str) -> None:
    assert codes(format, told(format, ERROR._replace(position=Position("b\udcff\n::error::x.yaml", 1, 1)))) == [
        "key-unknown"
    ]


def test_no_name_of_a_file_makes_a_command_of_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "::error file=a::x.yaml"
    Path(name).write_text("policy: acme\neffective: {from: 2026-01-01}\n", encoding="utf-8")
    for command in (["schema", "policy", "--validate", name], ["validate", name]):
        for format in ("text", "github"):
            ran = billpolicy(*command, "--format", format)
            lines = (ran.out + ran.err).splitlines()
            assert lines
            assert [line for line in lines if line.startswith(("::error file=a::", "##["))] == []


_WARNED = {
    "concise": ": warning: ",
    "sarif": '"level": "warning",\n          "message"',
    "junit": "<system-out>",
    "github": "::warning ",
    "gitlab": '"severity": "minor"',
    "markdown": "| warning |",
}


@each_format_of("plan", "post", "explain")
@pytest.mark.parametrize("story", ["bad-debt-written-off", "invoice-reversed", "too-many-documents"])
def test_warnings_of_plans_are_told(story: str, command: str, format: str, tmp_path: Path) -> None:
    """As many as the recorded plan of the story has lines that begin with `!`."""
    folder = ROOT / "examples" / story
    asked: list[str | Path] = ["--policy", folder / "policy.yaml", "--today", "2026-04-01"]
    if command == "post":
        ledger = f"sqlite:///{tmp_path}/l.db"
        assert billpolicy("ledger", "init", ledger).code == 0
        assert billpolicy("ledger", "import", ledger, folder / "book.yaml").code == 0
        asked += ["--ledger", ledger, "--actor", "ann"]
    else:
        asked += ["--book", folder / "book.yaml"]
    out = billpolicy(command, *asked, folder / "operations.yaml", "--format", format).out
    expected = sum(line.startswith("  ! ") for line in (folder / "plan.txt").read_text(encoding="utf-8").splitlines())
    assert expected > 0
    assert out.count(_WARNED[format]) == expected


def test_those_of_what_follows_are_told_with_those_of_the_operation() -> None:
    plain = plan_of("accounts: [{id: a, currency: USD}]", "operation: create_payment\naccount: a\namount: 1.00")
    steps = tuple(
        FollowedBy("x", "y", Position("p.yaml"), None, replace(plain, id=f"step-{n}", warnings=(warning,)))
        for n, warning in enumerate((WARNING, ERROR))
    )
    plan = replace(plain, warnings=(NOWHERE,), follow_ups=steps)
    job = Job("op", {}, Needs(), lambda book: (plan, book), "ann")
    assert list(found_about(Outcome(job, plan))) == [NOWHERE, WARNING, ERROR]
    assert list(found_about(Outcome(job, problems=(ERROR,)))) == [ERROR]


@pytest.mark.parametrize("format", FINDINGS_ONLY)
def test_warnings_of_the_book_and_limits_of_the_batch_are_told(format: str, tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("accounts: [{id: acme, currency: EUR, attributes: {favourite: blue}}]\n", encoding="utf-8")
    policy = tmp_path / "policy.yaml"
    head = f"policy: acme\nextends: {ROOT}/policies/standard\neffective: {{from: 2026-01-01}}\n"
    policy.write_text(f"{head}batch_limits: {{create_payment: {{count: 1}}}}\n", encoding="utf-8")
    operations = tmp_path / "operations.yaml"
    one = "operation: create_payment, date: 2026-03-01, account: acme, amount: 1.00"
    operations.write_text(f"operations:\n- {{id: a, {one}}}\n- {{id: b, {one}}}\n", encoding="utf-8")
    ran = billpolicy("plan", "--policy", policy, "--book", book, operations, "--format", format)
    assert ran.code == 1
    assert "attribute-unused" in ran.out
    assert "batch-limit" in ran.out
