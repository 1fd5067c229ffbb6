"""The files for CI that are shipped, each run in a fresh repository as the service runs it, on changes of each kind."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.findings.test_formats import JUNIT, SARIF
from tests.helpers.installed import environment
from tests.helpers.paths import ROOT
from tests.helpers.repository import Repository, with_policies

CI = ROOT / "examples" / "ci"
POLICY = """\
policy: acme
extends: ../standard
effective: {from: 2026-01-01}
operations:
  credit_memo_from_invoice:
    bill_to_contact: {from: [invoice, account], because: "FIN-1: what the customer saw stays"}
exceptions:
  - id: disputes-in-the-south
    operations: [credit_memo_from_invoice]
    when: {account.country: {one_of: [IT, ES]}, reason: Charge Dispute}
    then: {bill_to_contact: [account]}
    because: "FIN-7: disputes go to whoever is responsible now"
  - id: refunds-in-germany
    operations: [create_refund]
    when: {account.country: DE}
    then: {sequence_set: [default]}
    effective: {from: 2026-03-01}
    because: "FIN-9: one series for the authorities"
"""
BOTH = POLICY.index("exceptions:\n") + len("exceptions:\n")
SECOND = POLICY.index("  - id: refunds")
SPLIT = """\
  - id: disputes-in-italy
    operations: [credit_memo_from_invoice]
    when: {account.country: IT, reason: Charge Dispute}
    then: {bill_to_contact: [account]}
    because: "FIN-7: disputes go to whoever is responsible now"
  - id: disputes-in-spain
    operations: [credit_memo_from_invoice]
    when: {account.country: ES, reason: Charge Dispute}
    then: {bill_to_contact: [account]}
    because: "FIN-7: disputes go to whoever is responsible now"
"""
CONFLICT = """\
  - id: large-ones-as-they-were
    operations: [credit_memo_from_invoice]
    when: {invoice.balance: {at_least: 1000.00 EUR}}
    then: {bill_to_contact: [invoice]}
    because: "FIN-8: large ones stay"
"""
NO_OUTCOME = "## Nothing is wrong, and it is proven that no outcome changes."
OUTCOMES = "## Nothing is wrong. Outcomes change:"
WRONG = "## Something has to be mended before this can be merged."


class Change(NamedTuple):
    """A change of the policy, and what has to be said of it."""

    policy: str
    code: int
    verdict: str
    says: tuple[str, ...] = ()
    moved: str = ""
    """Where the exceptions are moved to."""


CHANGES = {
    "swaps two levels": Change(
        POLICY.replace("[invoice, account]", "[account, invoice]"),
        4,
        OUTCOMES,
        ("credit_memo_from_invoice", "bill-to contact", "FIN-1: what the customer saw stays"),
    ),
    "narrows a condition": Change(
        POLICY.replace("one_of: [IT, ES]", "one_of: [IT]"), 4, OUTCOMES, ("credit_memo_from_invoice", "ES")
    ),
    "only moves files": Change(POLICY[: POLICY.index("exceptions:")], 0, NO_OUTCOME, moved="rules.yaml"),
    "reorders rules": Change(POLICY[:BOTH] + POLICY[SECOND:] + POLICY[BOTH:SECOND], 0, NO_OUTCOME),
    "renames ids": Change(POLICY.replace("disputes-in-the-south", "southern-disputes"), 0, NO_OUTCOME),
    "splits an exception in two": Change(POLICY[:BOTH] + SPLIT + POLICY[SECOND:], 0, NO_OUTCOME),
    "adds a conflict": Change(
        POLICY + CONFLICT, 1, WRONG, ("`[exceptions-conflict]`", "large-ones-as-they-were", "disputes-in-the-south")
    ),
    "changes a date": Change(
        POLICY.replace("2026-03-01", "2026-04-01"), 4, OUTCOMES, ("create_refund", "2026-03-01 to 2026-03-31")
    ),
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A fresh repository with policies and the files for CI, and a branch `topic` that is checked out."""
    made = with_policies(tmp_path / "repository")
    made.write("policies/acme/policy.yaml", POLICY)
    for file in CI.iterdir():
        made.write(f"ci/{file.name}", file.read_text(encoding="utf-8"))
    made.write("README.md", "Policies\n")
    made.commit("Policies, and what reviews them")
    made.git("checkout", "--quiet", "-b", "topic")
    return made


def do(change: Change, repository: Repository) -> None:
    repository.write("policies/acme/policy.yaml", change.policy)
    if change.moved:
        repository.write(f"policies/acme/{change.moved}", POLICY[POLICY.index("exceptions:") :])
    repository.commit("A change")


def run(
    script: str, repository: Repository, *arguments: str, shell: str = "sh", **more: str
) -> subprocess.CompletedProcess[str]:
    """Lines of a shell as a service runs them, in the root of the repository."""
    return subprocess.run(
        [shell, "-e", "-c", script, shell, *arguments],
        cwd=repository.root,
        env=environment(repository.root.parent / "bin", **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_gets_the_right_verdict_from_one_command(name: str, repository: Repository) -> None:
    change = CHANGES[name]
    do(change, repository)
    ran = run("sh ci/review.sh main", repository)
    assert ran.returncode == change.code, ran.stdout + ran.stderr
    comment = (repository.root / "policy-review" / "comment.md").read_text(encoding="utf-8")
    assert comment.splitlines()[:2] == ["<!-- billpolicy review -->", comment.splitlines()[1]]
    assert comment.splitlines()[1].startswith(change.verdict), comment
    assert [words for words in change.says if words not in comment] == [], comment
    assert ran.stdout.strip() == comment.splitlines()[1].removeprefix("## ")


def test_a_change_of_something_else_concerns_no_policy(repository: Repository) -> None:
    repository.write("README.md", "Policies of Acme\n")
    repository.commit()
    ran = run("sh ci/review.sh main", repository)
    assert (ran.returncode, ran.stdout) == (0, "This change concerns no policy.\n")


def test_a_policy_that_is_new_and_has_a_failing_test(repository: Repository) -> None:
    repository.write("policies/own rules/policy.yaml", POLICY.replace("acme", "own"))
    repository.write(
        "policies/own rules/own.test.yaml",
        "tests:\n"
        "- name: an increase is numbered\n"
        "  book: {accounts: [{id: a, currency: EUR}]}\n"
        "  operations:\n"
        "  - {id: up, operation: create_payment, account: a, amount: 1.00, date: 2026-03-02}\n"
        "  expect: {refused: [date-too-early]}\n",
    )
    repository.commit()
    ran = run("sh ci/review.sh main", repository)
    comment = (repository.root / "policy-review" / "comment.md").read_text(encoding="utf-8")
    assert ran.returncode == 1, ran.stderr
    assert "### Billing policy: `policies/own rules` is new" in comment
    assert "### `billpolicy test`: 1 error" in comment


def test_a_policy_that_is_gone_or_renamed_changes_outcomes(repository: Repository) -> None:
    """What it decided before is decided by nothing, or by what cannot be compared: never `no outcome changes`."""
    repository.git("mv", "policies/acme", "policies/renamed")
    repository.commit()
    assert "`policies/renamed` is new" in _gone(repository)
    repository.git("rm", "-rq", "policies/renamed")
    repository.commit()
    _gone(repository)


def _gone(repository: Repository) -> str:
    """What is said of the policy that is gone."""
    ran = run("sh ci/review.sh main", repository)
    assert ran.returncode == 4, ran.stdout + ran.stderr
    comment = (repository.root / "policy-review" / "comment.md").read_text(encoding="utf-8")
    assert OUTCOMES in comment
    assert "`policies/acme/policy.yaml` is gone" in comment
    return comment


def test_a_folder_called_like_a_range_is_not_what_a_change_is_compared_with(repository: Repository) -> None:
    new = CHANGES["swaps two levels"].policy
    repository.write("policies/acme/policy.yaml", new)
    repository.write("main...HEAD/policy.yaml", new.replace("../standard", "../policies/standard"))
    repository.commit("A change")
    ran = run("sh ci/review.sh main", repository, BELOW="policies")
    assert ran.returncode == 4, ran.stdout + ran.stderr


def test_what_is_beyond_what_is_allowed_fails(repository: Repository) -> None:
    do(CHANGES["swaps two levels"], repository)
    assert run("billpolicy diff main..HEAD policies/acme --propose allow.yaml", repository).returncode == 0
    assert run("sh ci/review.sh main", repository, ALLOW="allow.yaml").returncode == 4
    do(CHANGES["changes a date"], repository)
    assert run("sh ci/review.sh main", repository, ALLOW="allow.yaml").returncode == 1


def test_a_base_that_was_not_fetched_is_told(repository: Repository) -> None:
    ran = run("sh ci/review.sh origin/main", repository)
    assert ran.returncode == 1
    assert "fetch-depth: 0" in ran.stderr


# -- GitHub ----------------------------------------------------------------------------------------------------------


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def review_step(repository: Repository, **more: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str], str]:
    """The step of the action as a runner runs it: what ran, its outputs, and the summary of the job."""
    (step,) = (step for step in action()["runs"]["steps"] if step.get("id") == "review")
    away = repository.root.parent
    output, summary = away / "output", away / "summary"
    for file in (output, summary):
        file.write_text("", encoding="utf-8")
    given = {
        "BASE": "main", "BELOW": ".", "ALLOW": "", "DATA": "", "FAIL_ON_CHANGE": "false", "FORMATS": "github",
        "REPORT": str(away / "policy-review"), "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    assert set(step["env"]) <= set(given)
    ran = run(step["run"], repository, shell="bash", **{**given, **more})
    written = output.read_text(encoding="utf-8")
    outputs = {name: text for name, _, text in re.findall(r"^(\w+)<<(.*)\n([\s\S]*?)\n\2$", written, re.MULTILINE)}
    outputs |= dict(line.split("=", 1) for line in written.splitlines() if re.match(r"(code|comment-file)=", line))
    return ran, outputs, summary.read_text(encoding="utf-8")


def test_the_action_says_and_annotates(repository: Repository) -> None:
    do(CHANGES["adds a conflict"], repository)
    ran, outputs, summary = review_step(repository)
    assert (ran.returncode, outputs["code"]) == (1, "1"), ran.stderr
    assert re.search(
        r"^::error file=policies/acme/policy.yaml,line=\d+,.*exceptions-conflict", ran.stdout, re.MULTILINE
    )
    assert summary.strip() == outputs["comment"].strip()
    assert outputs["comment"].splitlines()[1] == WRONG
    assert Path(outputs["comment-file"]).read_text(encoding="utf-8").strip() == summary.strip()


def test_outcomes_that_change_fail_the_job_only_if_that_is_wanted(repository: Repository) -> None:
    do(CHANGES["swaps two levels"], repository)
    ran, outputs, _ = review_step(repository)
    assert (ran.returncode, outputs["code"]) == (0, "4")
    ran, outputs, _ = review_step(repository, FAIL_ON_CHANGE="true", FORMATS="github sarif")
    assert (ran.returncode, outputs["code"]) == (4, "4")
    logs = sorted((repository.root.parent / "policy-review").glob("*.sarif"))
    assert [log.stem for log in logs] == ["analyze", "lint", "validate"]
    for log in logs:
        assert list(SARIF.iter_errors(json.loads(log.read_text(encoding="utf-8")))) == []


def test_nothing_that_is_given_to_the_action_is_run(repository: Repository) -> None:
    do(CHANGES["renames ids"], repository)
    trap = "$(touch trapped) `touch trapped` ; touch trapped"
    for name in ("BASE", "BELOW", "ALLOW", "DATA"):
        review_step(repository, **{name: trap})
    assert not (repository.root / "trapped").exists()
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_and_the_workflow_fit_together() -> None:
    described = action()
    assert all(one.get("description") for one in (*described["inputs"].values(), *described["outputs"].values()))
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(described["inputs"])
    workflow = yaml.safe_load((CI / "github.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["review"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    assert set(steps[1]["with"]) <= set(described["inputs"])
    for _, output in re.findall(r"steps\.(policy)\.outputs\.([\w-]+)", (CI / "github.yml").read_text(encoding="utf-8")):
        assert output in described["outputs"]


# -- GitLab ----------------------------------------------------------------------------------------------------------


def test_the_job_of_gitlab(repository: Repository) -> None:
    (job,) = yaml.safe_load((CI / "gitlab.yml").read_text(encoding="utf-8")).values()
    base = repository.git("rev-parse", "main")
    do(CHANGES["adds a conflict"], repository)
    variables = {**job["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    ran = run("\n".join(job["script"]), repository, **variables)
    assert ran.returncode == 1, ran.stderr
    reports = job["artifacts"]["reports"]
    issues = json.loads((repository.root / reports["codequality"]).read_text(encoding="utf-8"))
    assert {issue["location"]["path"] for issue in issues} == {"policies/acme/policy.yaml"}
    assert "exceptions-conflict" in {issue["check_name"] for issue in issues}
    suites = list(repository.root.glob(reports["junit"]))
    assert suites
    for suite in suites:
        assert list(JUNIT.iter_errors(suite.read_text(encoding="utf-8"))) == []
    do(CHANGES["changes a date"], repository)
    ran = run("\n".join(job["script"]), repository, **variables)
    assert ran.returncode == job["allow_failure"]["exit_codes"]
    assert isinstance(json.loads((repository.root / reports["codequality"]).read_text(encoding="utf-8")), list)


# -- pre-commit ------------------------------------------------------------------------------------------------------

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def hook(name: str, repository: Repository) -> subprocess.CompletedProcess[str]:
    """As pre-commit runs a hook: its entry, with the staged files that its pattern matches, from the root."""
    (found,) = (one for one in HOOKS if one["id"] == f"billpolicy-{name}")
    staged = repository.git("diff", "--cached", "--name-only", "--diff-filter=ACMRTUXB").splitlines()
    files = [file for file in staged if re.search(found["files"], file)]
    return run(f'{found["entry"]} "$@"', repository, *found["args"], *files)


def test_the_hooks_are_what_pre_commit_wants() -> None:
    wanted = {"id", "name", "description", "entry", "args", "language", "files", "require_serial"}
    schema = Draft7Validator({"type": "array", "items": {"type": "object", "required": sorted(wanted)}})
    assert list(schema.iter_errors(HOOKS)) == []
    assert [one["id"] for one in HOOKS] == [f"billpolicy-{name}" for name in ("validate", "analyze", "lint", "test")]
    for one in HOOKS:
        assert set(one) == wanted
        assert re.search(one["files"], "policies/acme/rules.yml")
        assert not re.search(one["files"], "README.md")


def test_a_hook_looks_at_the_policies_of_the_files_that_are_staged(repository: Repository) -> None:
    assert hook("validate", repository).returncode == 0  # nothing is staged
    repository.write("policies/acme/policy.yaml", CHANGES["adds a conflict"].policy)
    repository.git("add", ".")
    ran = hook("validate", repository)
    assert ran.returncode == 1
    assert "policies/acme/policy.yaml:" in ran.stdout
    repository.write("policies/acme/policy.yaml", POLICY)
    repository.write("policies/standard/currencies.yaml", "cash_steps: {CHF: 0.05}\nrolls: {}\n")
    repository.git("add", ".")
    ran = hook("validate", repository)  # the standard policy and the one that extends it
    assert (ran.returncode, ran.stdout.count("policies/standard/currencies.yaml:2:1: error")) == (1, 1)


def test_no_name_of_a_file_or_a_folder_is_an_option(repository: Repository) -> None:
    repository.write("--run=lint/policy.yaml", POLICY.replace("..", "../policies"))
    repository.write("-h.yaml", "policy: h\n")
    repository.git("add", ".")
    ran = hook("validate", repository)
    assert (ran.returncode, "policy acme is valid" in ran.stdout, "Usage" in ran.stdout) == (1, True, False)
    repository.git("rm", "--quiet", "-f", "--", "-h.yaml")
    repository.commit()
    ran = run("sh ci/review.sh main", repository)
    assert ran.returncode == 4, ran.stdout + ran.stderr  # a policy is new
    assert ran.stdout.startswith(OUTCOMES.removeprefix("## "))


@pytest.mark.parametrize("name", ["analyze", "lint", "test"])
def test_each_hook_runs(name: str, repository: Repository) -> None:
    repository.write("policies/acme/policy.yaml", CHANGES["renames ids"].policy)
    repository.git("add", ".")
    ran = hook(name, repository)
    assert ran.returncode == 0, ran.stdout + ran.stderr
