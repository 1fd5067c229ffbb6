"""`billpolicy lint`, and what `validate` shares with it: formats, exit codes, several policies, baselines, mends."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT

POLICY = """\
policy: acme
extends: policies/standard
effective: {from: 2026-01-01}
operations:
  bill_run:
    zero_amounts: {is: exclude, because: invoices are short here}
exceptions:
  - id: rule-1
    operations: [credit_memo_from_invoice]
    when: {account.country: DE}
    then: {bill_to_contact: [subscription, invoice, account]}
"""
FOUND = [
    ("warning", "excluded-blocks-rebill", 6, 5, 6, 17),
    ("warning", "because-missing", 8, 9, 8, 15),
    ("hint", "id-says-nothing", 8, 9, 8, 15),
]
"""Severity, code, and where: `zero_amounts` is 12 characters long, `rule-1` 6."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*arguments: str | Path) -> Ran:
    return billpolicy("lint", "policy.yaml", *arguments, "--today", "2026-06-01")


def lines_of(format: str) -> list[str]:
    return lint("--format", format).out.splitlines()


class TestFormats:
    """Each has the code, the severity and the very place of each finding."""

    def test_text(self) -> None:
        ran = lint()
        assert ran.out.endswith("\n1 policy linted: 2 warnings, 1 hint\nnot looked for without --data: name-unused\n")
        lines = re.findall(r"^policy.yaml:(\d+):(\d+): (\w+): .* \[(.*)\]$", ran.out, re.MULTILINE)
        assert lines == [(str(line), str(column), how, code) for how, code, line, column, *_ in FOUND]
        carets = re.findall(r"^ +\| ( *\^+)$", ran.out, re.MULTILINE)
        assert [(len(one) - one.count("^") + 1, one.count("^")) for one in carets] == [
            (column, end - column) for _, _, _, column, _, end in FOUND
        ]

    def test_json(self) -> None:
        answer = json.loads(lint("--format", "json").out)
        assert (answer["policies"], answer["mendable"], answer["mended"]) == (["policy.yaml"], 0, 0)
        assert answer["not_looked_for"] == ["name-unused"]
        places = [
            (
                one["severity"],
                one["code"],
                *(one["position"][key] for key in ("line", "column", "end_line", "end_column")),
            )
            for one in answer["diagnostics"]
        ]
        assert places == FOUND

    def test_concise(self) -> None:
        lines = [line for line in lines_of("concise") if not line.startswith(" ")]
        assert [(line.split(": ")[:2], line.rpartition(" ")[2]) for line in lines] == [
            ([f"policy.yaml:{line}:{column}", how], f"[{code}]") for how, code, line, column, *_ in FOUND
        ]

    def test_sarif(self) -> None:
        [run] = json.loads(lint("--format", "sarif").out)["runs"]
        levels = {"warning": "warning", "hint": "note"}
        found = []
        for one in run["results"]:
            [location] = one["locations"]
            region = location["physicalLocation"]["region"]
            assert location["physicalLocation"]["artifactLocation"]["uri"] == "policy.yaml"
            place = (region["startLine"], region["startColumn"], region["endLine"], region["endColumn"])
            found.append((one["level"], one["ruleId"], *place))
        assert found == [(levels[how], *rest) for how, *rest in FOUND]
        assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(code for _, code, *_ in FOUND)

    def test_github(self) -> None:
        levels = {"warning": "warning", "hint": "notice"}
        assert [one.partition("::what")[0].partition("::`")[0].partition("::the")[0] for one in lines_of("github")] == [
            f"::{levels[how]} file=policy.yaml,line={line},col={column},endLine={end_line},endColumn={end},"
            f"title=billpolicy {code}"
            for how, code, line, column, end_line, end in FOUND
        ]

    def test_gitlab(self) -> None:
        answer = json.loads(lint("--format", "gitlab").out)
        levels = {"warning": "minor", "hint": "info"}
        assert [
            (one["severity"], one["check_name"], one["location"]["path"], one["location"]["positions"]["begin"])
            for one in answer
        ] == [
            (levels[how], code, "policy.yaml", {"line": line, "column": column})
            for how, code, line, column, *_ in FOUND
        ]

    def test_junit(self) -> None:
        """It has no warnings: they are tests that pass, with what was found as their output."""
        root = ElementTree.fromstring(lint("--format", "junit").out)
        assert [one.get("name") for one in root.iter("testcase")] == [
            f"{line}:{column} {code}" for _, code, line, column, *_ in FOUND
        ]


class TestExitCodes:
    """`lint` fails for warnings, `validate` for errors, unless something says otherwise; the command line wins."""

    @pytest.mark.parametrize(
        ("command", "level", "code"),
        [
            ("lint", None, 1),
            ("lint", "error", 0),
            ("lint", "hint", 1),
            ("validate", None, 0),
            ("validate", "warning", 1),
            ("validate", "hint", 1),
        ],
    )
    @pytest.mark.parametrize("by", ["option", "settings"])
    def test_levels(self, command: str, level: str | None, code: int, by: str) -> None:
        options = ["--fail-level", level] if level is not None and by == "option" else []
        if level is not None and by == "settings":
            Path("billpolicy.toml").write_text(f'fail_level = "{level}"\n', encoding="utf-8")
        assert billpolicy(command, "policy.yaml", *options).code == code

    def test_a_hint_alone_is_no_failure(self) -> None:
        Path("policy.yaml").write_text(POLICY.replace("exclude", "bill") + "    because: x\n", encoding="utf-8")
        assert lint().code == 0
        assert lint("--fail-level", "hint").code == 1

    def test_wrong_usage(self) -> None:
        assert billpolicy("lint").code == 2
        assert lint("--dry-run").code == 2
        assert lint("--update-baseline").code == 2

    def test_settings_that_are_wrong_are_told_with_their_line(self) -> None:
        Path("billpolicy.toml").write_text('\nfail_levl = "hint"\n', encoding="utf-8")
        ran = lint("--format", "concise")
        assert ran.code == 1
        assert ran.out.startswith(
            "billpolicy.toml:2:1: error: `fail_levl` is not a key that is known here [key-unknown]"
        )
        assert "did you mean `fail_level`?" in ran.out

    def test_other_settings_can_be_named(self) -> None:
        Path("mine.toml").write_text('[severity]\nbecause-missing = "off"\n', encoding="utf-8")
        ran = lint("--config", "mine.toml", "--format", "concise")
        assert "because-missing" not in ran.out
        assert "id-says-nothing" in ran.out


class TestSeveral:
    """Each policy is looked at, also where another one is not right."""

    def test_one_that_is_wrong_hides_nothing_of_the_others(self) -> None:
        Path("wrong.yaml").write_text("policy: wrong\nexeptions: []\n", encoding="utf-8")
        ran = billpolicy("lint", "wrong.yaml", "policy.yaml", "--fail-level", "error", "--format", "json")
        answer = json.loads(ran.out)
        assert ran.code == 1
        assert answer["policies"] == ["wrong.yaml", "policy.yaml"]
        assert {one["code"] for one in answer["diagnostics"]} >= {"key-unknown", "because-missing"}

    def test_each_has_the_settings_above_it(self) -> None:
        for name, severity in (("one", "off"), ("two", "error")):
            Path(name).mkdir()
            (Path(name) / "policy.yaml").write_text(POLICY.replace("policies", "../policies"), encoding="utf-8")
            (Path(name) / "billpolicy.toml").write_text(
                f'[severity]\nbecause-missing = "{severity}"\n', encoding="utf-8"
            )
        ran = billpolicy("lint", "one/policy.yaml", "two/policy.yaml", "--format", "concise")
        assert re.findall(r"^(\S+?):.* (\w+): .*\[because-missing\]", ran.out, re.MULTILINE) == [
            ("two/policy.yaml", "error")
        ]


class TestBaseline:
    """`lint` and `validate` share one file, and each leaves to the other what is its own."""

    def test_only_what_is_new_is_told(self) -> None:
        made = lint("--baseline", "known.json", "--update-baseline")
        assert (made.code, "3 findings are known now" in made.err) == (0, True)
        assert lint("--baseline", "known.json").code == 0
        Path("policy.yaml").write_text(POLICY.replace("exceptions:", "\n\nexceptions:") + "    because: x\n" + (
            "  - id: rule-2\n    operations: [credit_memo_from_invoice]\n    when: {account.country: AT}\n"
            "    then: {bill_to_contact: [subscription, invoice, account]}\n    because: y\n"
        ), encoding="utf-8")  # fmt: skip
        ran = lint("--baseline", "known.json", "--format", "concise")
        assert re.findall(r"^(\S+): \w+: .*\[(.*)\]$", ran.out, re.MULTILINE) == [
            ("known.json:3:5", "baseline-gone"),  # `because-missing` has a reason now
            ("policy.yaml:15:9", "id-says-nothing"),
        ]

    def test_validate_takes_out_nothing_that_lint_found(self) -> None:
        lint("--baseline", "known.json", "--update-baseline")
        before = Path("known.json").read_bytes()
        assert billpolicy("validate", "policy.yaml", "--baseline", "known.json", "--fail-level", "hint").code == 0
        assert billpolicy("validate", "policy.yaml", "--baseline", "known.json", "--update-baseline").code == 0
        assert Path("known.json").read_bytes() == before

    def test_several_policies_share_one(self) -> None:
        Path("other.yaml").write_text(POLICY, encoding="utf-8")
        both = ("lint", "policy.yaml", "other.yaml", "--baseline", "known.json")
        assert billpolicy(*both, "--update-baseline").code == 0
        assert billpolicy(*both).code == 0
        assert {one["file"] for one in json.loads(Path("known.json").read_text())["known"]} == {
            "policy.yaml",
            "other.yaml",
        }

    def test_what_is_wrong_with_a_comment_is_never_known(self) -> None:
        text = POLICY.replace("id: rule-1", "id: rule-1 # billpolicy: ignore[id-says-nothing]")
        Path("policy.yaml").write_text(text, encoding="utf-8")
        for options in (["--update-baseline"], []):
            ran = lint("--baseline", "known.json", "--format", "concise", *options)
            assert ran.code == 1
            assert re.findall(r"\[(.*)\]$", ran.out, re.MULTILINE) == ["suppression-without-reason"]
        known = json.loads(Path("known.json").read_text(encoding="utf-8"))["known"]
        assert [one["code"] for one in known] == ["because-missing", "excluded-blocks-rebill"]

    def test_it_is_what_its_schema_says(self) -> None:
        lint("--baseline", "known.json", "--update-baseline")
        assert billpolicy("schema", "baseline", "--validate", "known.json").code == 0

    def test_it_replaces_no_other_file(self) -> None:
        ran = lint("--baseline", "policy.yaml", "--update-baseline")
        assert ran.code == 1
        assert Path("policy.yaml").read_text(encoding="utf-8") == POLICY


class TestIgnoring:
    """What is ignored, `validate` does not tell either."""

    TEXT = POLICY.replace("    zero", "    # billpolicy: ignore[excluded-blocks-rebill] agreed\n    zero")

    def test_validate(self) -> None:
        assert "excluded-blocks-rebill" in billpolicy("validate", "policy.yaml").out
        Path("policy.yaml").write_text(self.TEXT, encoding="utf-8")
        assert "excluded-blocks-rebill" not in billpolicy("validate", "policy.yaml").out
        assert "diagnostics" in json.loads(billpolicy("validate", "policy.yaml", "--format", "json").out)

    def test_mends(self) -> None:
        stale = self.TEXT.replace("exclude,", "bill,")
        Path("policy.yaml").write_text(stale, encoding="utf-8")
        dry = lint("--fix", "--dry-run")
        assert Path("policy.yaml").read_text(encoding="utf-8") == stale
        assert "-    # billpolicy: ignore[excluded-blocks-rebill] agreed\n" in dry.out
        assert "1 can be mended by --fix" in dry.out
        done = lint("--fix")
        assert "1 mended" in done.out
        assert "suppression-unused" not in done.err
        assert Path("policy.yaml").read_text(encoding="utf-8") == POLICY.replace("exclude,", "bill,")
        assert "mend" not in lint("--fix").out


class TestElsewhere:
    """A revision of git and standard input are linted like what is on the disk, and are never mended."""

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        comment = "  # billpolicy: ignore[because-missing, id-says-nothing] agreed"
        text = POLICY.replace("  - id: rule-1", f"{comment}\n  - id: rule-1")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        ran = billpolicy("lint", "-", "--stdin-filename", "new.yaml", "--format", "concise")
        assert re.findall(r"^(\S+): \w+: .*\[(.*)\]$", ran.out, re.MULTILINE) == [
            ("new.yaml:6:5", "excluded-blocks-rebill")
        ]

    def test_a_revision(self, folder: Path) -> None:
        (folder / "policies").unlink()
        shutil.copytree(ROOT / "policies", folder / "policies")
        git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
            subprocess.run([*git, *command], check=True, capture_output=True)
        (folder / "policy.yaml").write_text(POLICY.replace("exclude", "bill"), encoding="utf-8")
        ran = billpolicy("lint", "HEAD:policy.yaml", "--format", "concise")
        assert re.findall(r"^(\S+): \w+: .*\[(.*)\]$", ran.out, re.MULTILINE) == [
            (f"HEAD:policy.yaml:{line}:{column}", code) for _, code, line, column, *_ in FOUND
        ]
        assert billpolicy("lint", "HEAD:policy.yaml", "--fix").code == 2


@pytest.mark.parametrize(("threshold", "code"), [(0, 0), (100, 1)])
def test_what_tests_must_cover_is_a_setting(threshold: int, code: int, folder: Path) -> None:
    """One test of one rule covers less than all of the standard policy; `--threshold` goes before the setting."""
    (folder / "policies").unlink()
    shutil.copytree(ROOT / "policies", folder / "policies", ignore=shutil.ignore_patterns("*.test.yaml"))
    (folder / "policies" / "one.test.yaml").write_text(
        "policy: standard\nbook: {accounts: [{id: a, currency: EUR}]}\ntests:\n  - name: nothing is due\n"
        "    operation: {operation: bill_run, date: 2026-03-02}\n    expect: {refused: [nothing-due]}\n",
        encoding="utf-8",
    )
    (folder / "billpolicy.toml").write_text(f"[tests]\nthreshold = {threshold}\n", encoding="utf-8")
    test = ("test", "policies", "--coverage", "--engine", "python")
    assert billpolicy(*test).code == code
    assert billpolicy(*test, "--threshold", "0").code == 0
