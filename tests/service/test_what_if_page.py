"""A change of the policy tried in the page: mistakes as one types, what comes out differently, and a patch of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.answers import impact
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.helpers.paths import STANDARD
from tests.helpers.tools import needs
from tests.service.browsing import visited, wrong_with
from tests.service.conftest import ACTOR, HERE, STORY

CHAIN, OTHER = "[subscription, invoice, account]", "[invoice, account]"
"""Who gets a German dispute: the hut, or as in the standard policy whoever got the invoice (examples/three-brands)."""


def opened(page: Any, name: str) -> Any:
    """The editor, with the file of this name."""
    names = page.get_by_label("File", exact=True).locator("option").all_inner_texts()
    page.get_by_label("File", exact=True).select_option(next(one for one in names if name in one))
    page.get_by_role("button", name="Open").click()
    page.get_by_label(name).wait_for()
    return page.locator("#text")


def test_what_comes_out_differently_is_told_while_one_types(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/what-if")
    editor = opened(page, "brands.yaml")
    editor.fill(editor.input_value().replace(CHAIN, OTHER))
    page.get_by_role("heading", name="What comes out differently").wait_for()
    told = page.locator("#findings").inner_text()
    assert "1 of 4 comes out differently" in told
    assert "bill_to_contact: birgit instead of jonas" in told
    assert page.locator("#said").inner_text() == "No mistakes; 1 of 4 operations comes out differently"
    assert page.evaluate("document.activeElement.id") == "text", "who types goes on typing"
    assert wrong_with(page) == []


def test_many_operations_are_planned_once_and_decided_again(
    policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes out differently is what comes out where each is planned anew."""
    (name,) = (one for one in policy.policies[0].files if one.endswith("brands.yaml"))
    text = Path(name).read_text(encoding="utf-8").replace(CHAIN, OTHER)
    told = []
    for most in (300, 0):
        monkeypatch.setattr(impact, "MOST_PLANNED", most)
        operations = tuple(billpolicy.load_operations(STORY / "operations.yaml"))
        book = billpolicy.load_book(STORY / "book.yaml")
        serving = Serving(InForce(policy), book, OnThisMachine(ACTOR), operations=operations)
        with TestClient(app_of(serving), HERE) as asking:
            asking.get("/pages/what-if")
            told.append(asking.post("/pages/what-if/check", data={"file": name, "text": text}).text)
        assert bool(serving.in_force.recorded) == (most == 0)
    for one in told:
        assert "1 of 4 comes out differently" in one
        assert "bill_to_contact: birgit instead of jonas" in re.sub(r"<[^>]*>", "", one)


def test_who_opens_the_page_again_while_they_are_planned_begins_nothing_more(
    policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impact, "MOST_PLANNED", 0)
    began = threading.Event()
    ended = threading.Event()

    def slowly(*_: Any, **__: Any) -> Iterator[Any]:
        began.set()
        ended.wait(20)
        return iter(())

    monkeypatch.setattr(billpolicy, "plan_all", slowly)
    operations = tuple(billpolicy.load_operations(STORY / "operations.yaml"))
    serving = Serving(
        InForce(policy), billpolicy.load_book(STORY / "book.yaml"), OnThisMachine(ACTOR), operations=operations
    )
    with TestClient(app_of(serving), HERE) as asking:
        asking.get("/pages/what-if")
        assert began.wait(20)
        for _ in range(5):
            asking.get("/pages/what-if")
        planning = [one for one in threading.enumerate() if one.name == "loaded operations"]
    ended.set()
    assert len(planning) == 1
    planning[0].join(20)


def test_a_mistake_is_marked_at_its_line_and_leads_there(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/what-if")
    editor = opened(page, "brands.yaml")
    text = editor.input_value().replace("subscription,", "subscripton,")
    editor.fill(text)
    page.get_by_role("heading", name="1 mistake to mend").wait_for()
    assert "did you mean subscription?" in page.locator("#findings").inner_text()
    assert wrong_with(page) == []
    link = page.locator("#findings").get_by_role("link")
    line = int(link.inner_text().removeprefix("line "))
    assert page.locator(".gutter .error").all_inner_texts() == [str(line)]
    assert text.split("\n")[line - 1].strip().startswith("then:")
    link.click()
    at = page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]")
    assert at == ["text", text.index("subscripton")]
    editor.fill(text.replace("subscripton", "subscription"))
    page.get_by_text("Nothing is changed yet.").wait_for()
    assert page.locator(".gutter .error").count() == 0


def test_files_are_changed_one_after_the_other_without_a_script(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/what-if", script=False)
    editor = opened(page, "brands.yaml")
    editor.fill(editor.input_value().replace(CHAIN, OTHER))
    editor = opened(page, "authority.yaml")
    assert "brands.yaml (changed)" in " ".join(
        page.get_by_label("File", exact=True).locator("option").all_inner_texts()
    )
    editor.fill(editor.input_value().replace("[100.00 EUR", "[50.00 EUR"))  # and 80.00 are written off
    page.get_by_role("button", name="Check").click()
    page.get_by_role("heading", name="moser-is-gone: write_off_invoice").wait_for()
    assert "no-hot-water: credit_memo_from_invoice" in page.locator("#findings").inner_text()
    assert opened(page, "brands.yaml").input_value().count(OTHER) == 1, "what was written there is kept"


def test_the_patch_makes_the_policy_that_was_tried(
    browser: Any, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(STORY, tmp_path / "three-brands")
    monkeypatch.chdir(STORY.parent)  # as if the service had been begun there
    page = visited(browser, f"{address}/pages/what-if")
    editor = opened(page, "brands.yaml")
    editor.fill(editor.input_value().replace(CHAIN, OTHER))
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download as a patch").click()
    assert downloaded.value.suggested_filename == "policy.patch"
    applied = subprocess.run(
        [needs("git"), "apply", downloaded.value.path()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, applied.stderr
    changed = (tmp_path / "three-brands" / "northpine" / "brands.yaml").read_text(encoding="utf-8")
    assert changed == (STORY / "northpine" / "brands.yaml").read_text(encoding="utf-8").replace(CHAIN, OTHER)


@pytest.mark.parametrize(("width", "scheme"), [(1400, "dark"), (390, "light")])
def test_everybody_can_use_it(browser: Any, address: str, width: int, scheme: str) -> None:
    assert wrong_with(visited(browser, f"{address}/pages/what-if", width=width, scheme=scheme)) == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    """A service of a policy of one file, whose lines another system ends, on the book of the story, and the file."""
    file = tmp_path / "own.yaml"
    file.write_bytes(b"policy: own\r\nextends: standard\r\neffective: {from: 2026-01-01}\r\n")
    policy = billpolicy.load_policy(file, engine="python")
    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), OnThisMachine(ACTOR))
    with TestClient(app_of(serving), HERE) as client:
        yield client, file


def test_ends_of_lines_stay_and_nothing_is_saved(served: tuple[TestClient, Path]) -> None:
    client, file = served
    before = file.read_bytes()
    text = before.decode() + "payment_terms: {Net 7: {net: 7}}\r\n"
    patch = client.post("/pages/what-if/patch", data={"file": str(file), "text": text}).content
    assert [line for line in patch.split(b"\n") if re.match(rb"[-+](?![-+])", line)] == [
        b"+payment_terms: {Net 7: {net: 7}}\r"
    ]
    assert client.post("/pages/what-if/patch", data={"file": str(file), "text": before.decode()}).content == b""
    assert file.read_bytes() == before


def test_a_text_is_shown_as_it_is_and_runs_nothing(served: tuple[TestClient, Path]) -> None:
    client, file = served
    hostile = "\n\n</textarea><script>alert(1)</script>\x00\u202e &amp; \"'\n"
    for path in ("/pages/what-if", "/pages/what-if/check", "/pages/review"):
        page = client.post(path, data={"file": str(file), "text": hostile, "new": "what-if"})
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_only_files_of_the_policy_are_read(served: tuple[TestClient, Path]) -> None:
    client, _ = served
    for name in ("/etc/passwd", "../own.yaml", "<standard>/policy.yaml"):
        for form in ({"file": name}, {f"kept.{name}": "x"}, {"open": name, "go": "open"}):
            assert client.post("/pages/what-if", data=form).status_code == 404


def test_without_operations_it_says_how_to_have_some(served: tuple[TestClient, Path]) -> None:
    client, file = served
    text = file.read_text(encoding="utf-8") + "payment_terms: {Net 7: {net: 7}}\n"
    told = client.post("/pages/what-if/check", data={"file": str(file), "text": text}).text
    assert "--operations FILE" in told


def test_what_a_ledger_has_posted_is_tried(posting: TestClient, policy: billpolicy.Versions) -> None:
    dispute = (STORY / "operations.yaml").read_text(encoding="utf-8").split("  - id: moser")[0]
    posted = posting.post("/post", content=dispute, headers={"content-type": "application/yaml"})
    assert posted.status_code == 200, posted.text
    name, text = next(
        (str(Path(layer.path, name)), text)
        for layer in policy.policies[0].layers
        for name, text in layer.files
        if name == "brands.yaml"
    )
    told = posting.post("/pages/what-if/check", data={"file": name, "text": text.replace(CHAIN, OTHER)}).text
    assert "1 of 1 comes out differently" in told
    assert "birgit instead of jonas" in told
    rest = (STORY / "operations.yaml").read_text(encoding="utf-8")
    posting.post("/post", content=rest, headers={"content-type": "application/yaml"})
    told = posting.post("/pages/what-if/check", data={"file": name, "text": text.replace(CHAIN, OTHER)}).text
    assert "1 of 3 comes out differently" in told, "what was posted since counts, too; a refused one is not posted"


@pytest.mark.parametrize(
    ("extends", "told"),
    [
        ("standard", "Nothing comes out differently"),
        ("/etc", "1 mistake to mend"),
        ("../..", "1 mistake to mend"),
    ],
)
def test_a_change_may_extend_the_standard_policy_and_nothing_else_on_the_disk(
    tmp_path: Path, extends: str, told: str
) -> None:
    base = tmp_path / "base"
    shutil.copytree(STANDARD, base)
    file = tmp_path / "own.yaml"
    text = "policy: own\nextends: base\neffective: {from: 2026-01-01}\n"
    file.write_text(text, encoding="utf-8")
    policy = billpolicy.load_policy(file, engine="python")
    operations = tuple(billpolicy.load_operations(STORY / "operations.yaml"))[1:2]
    book = billpolicy.load_book(STORY / "book.yaml")
    serving = Serving(InForce(policy), book, OnThisMachine(ACTOR), operations=operations)
    changed = {"file": str(file), "text": text.replace("extends: base", f"extends: {extends}")}
    with TestClient(app_of(serving), HERE) as client:
        assert told in client.post("/pages/what-if/check", data=changed).text


def test_who_began_under_another_policy_is_told_so(served: tuple[TestClient, Path]) -> None:
    client, file = served
    text = file.read_text(encoding="utf-8")
    page = client.post("/pages/what-if", data={"file": str(file), "text": text, "digest": "0" * 64}).text
    assert "The policy has changed since you began" in page
    assert "The policy has changed since you began" not in client.get("/pages/what-if").text


def test_one_of_several_versions_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    for name, dates in (("first", "{from: 2026-01-01, until: 2026-03-03}"), ("second", "{from: 2026-03-03}")):
        (tmp_path / f"{name}.yaml").write_text(f"policy: {name}\nextends: standard\neffective: {dates}\n", "utf-8")
    files = tmp_path / "first.yaml", tmp_path / "second.yaml"
    book = billpolicy.load_book(STORY / "book.yaml")
    operations = billpolicy.load_operations(STORY / "operations.yaml")
    policy = billpolicy.load_policy(*files, engine="python")
    serving = Serving(InForce(policy), book, OnThisMachine(ACTOR), operations=tuple(operations))
    rule = "operations: {write_off_invoice: {bill_to_contact: [account]}}\n"
    with TestClient(app_of(serving), HERE) as client:
        told = {
            day: client.post(
                "/pages/what-if/check",
                data={"on": day, "file": str(file), "text": file.read_text(encoding="utf-8") + rule},
            ).text
            for day, file in zip(("2026-01-01", "2026-03-03"), files, strict=True)
        }
    # Both write-offs are of 3 March, the first day of the second version.
    assert "Nothing comes out differently" in told["2026-01-01"]
    assert "2 of 4 come out differently" in told["2026-03-03"]
