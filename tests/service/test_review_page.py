"""Two policies side by side: versions, what one extends, revisions of git, and a change that is tried."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.helpers.tools import needs
from tests.service.browsing import visited, wrong_with
from tests.service.conftest import ACTOR, HERE, STORY
from tests.service.test_what_if_page import CHAIN, OTHER, opened


def test_a_change_that_is_tried_is_reviewed(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/what-if")
    editor = opened(page, "brands.yaml")
    editor.fill(editor.input_value().replace(CHAIN, OTHER))
    page.get_by_role("button", name="Review the change").click()
    told = page.locator("[aria-labelledby=told]")
    told.wait_for()
    assert told.get_by_role("heading", level=2).first.inner_text().startswith("1 rule changed; 1 decision differs")
    words = told.inner_text()
    assert "from the invoice, else the account" in words
    assert "from the subscription, else the invoice, else the account" in words
    assert "account.brand is kiefer and reason is Charge Dispute" in words
    assert "1 of 4 comes out differently" in words
    told.get_by_text("an operation that shows it").click()
    assert '"operation": "credit_memo_from_invoice"' in told.inner_text()
    assert wrong_with(page) == []
    page.get_by_role("button", name="Compare").click()  # the change is still at hand
    told.wait_for()
    assert "1 of 4 comes out differently" in told.inner_text()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1400, "dark")])
def test_everybody_can_read_it(browser: Any, address: str, width: int, scheme: str) -> None:
    at = f"{address}/pages/review?old=layer-2&new=2026-01-01"
    assert wrong_with(visited(browser, at, width=width, scheme=scheme)) == []


def test_the_name_of_a_revision_is_asked_for_where_there_is_one(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/review", script=False)
    before = page.get_by_role("group", name="Before")
    assert not before.get_by_label("Revision").is_visible()
    before.get_by_label("Policy").select_option("git")
    before.get_by_label("Revision").fill("no-such-branch")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("git knows no revision").wait_for()
    assert before.get_by_label("Revision").get_attribute("aria-invalid") == "true"


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run([needs("git"), *who, *words], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def in_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service of a policy that has changed since a commit: credit memos go to the account, and no more as before."""
    file = tmp_path / "policies" / "own.yaml"
    file.parent.mkdir()
    begin = "policy: own\nextends: standard\neffective: {from: 2026-01-01}\n"
    file.write_text(begin, encoding="utf-8")
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "one")
    changed = "operations: {credit_memo_from_invoice: {bill_to_contact: [account]}}\n"
    file.write_text(begin + changed, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    policy = billpolicy.load_policy(Path("policies/own.yaml"), engine="python")
    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), OnThisMachine(ACTOR))
    with TestClient(app_of(serving), HERE) as client:
        yield client


def test_a_version_is_compared_with_a_revision_of_its_repository(in_git: TestClient) -> None:
    page = in_git.get("/pages/review", params={"old": "git", "old_revision": "main", "new": "2026-01-01"}).text
    assert "from the account" in page
    assert "from the invoice, else the account" in page
    assert "1 decision differs" in page


@pytest.mark.parametrize(
    "name", ["--help", "../..", "main:policies/own.yaml", "a\nb", "main..HEAD", "x" * 300, "", "/etc", "$(id)", "\x00"]
)
def test_only_what_git_calls_a_revision_is_one(in_git: TestClient, name: str) -> None:
    answer = in_git.get("/pages/review", params={"old": "git", "old_revision": name, "new": "2026-01-01"})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.text
    assert 'id="told"' not in answer.text


@pytest.mark.parametrize("chosen", ["what-if", "layer-9", "/etc/passwd", "2025-01-01", "<b>"])
def test_only_what_is_listed_can_be_compared(client: TestClient, chosen: str) -> None:
    answer = client.get("/pages/review", params={"old": chosen, "new": "2026-01-01"})
    assert answer.status_code == 200
    assert "there is no such policy" in answer.text
    assert 'id="told"' not in answer.text
