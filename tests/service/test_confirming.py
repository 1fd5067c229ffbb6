"""A correction that takes more lines than were selected is posted when that is confirmed by its digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.catalogue.entry import entries
from tests.service.answers import BY_LINE, asking, lines, problem, told

AGAIN = {"id": "again", "operation": "credit_rebill", "date": "2026-03-02", "invoice": "INV00000001"}
"""January is to be billed again, and takes February with it."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TestClient]:
    """On the book of the example of `closure-unconfirmed`."""
    (entry,) = (one for one in entries() if one.code == "closure-unconfirmed")
    (tmp_path / "book.yaml").write_text(entry.bad.files["book.yaml"], encoding="utf-8")
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.load_book(tmp_path / "book.yaml"))
        with asking(billpolicy.load_policy("standard", engine="python"), ledger, "ines") as client:
            yield client


def test_the_digest_to_confirm_is_told_and_is_what_is_confirmed(service: TestClient) -> None:
    (plan,) = told(service.post("/plan", json=AGAIN), "plan")["plans"]
    found = problem(service.post("/post", json=AGAIN), 422, "refused")
    assert [one["code"] for one in found["diagnostics"]] == ["closure-unconfirmed"]
    assert found["to_confirm"] == [plan["closure"]["digest"]]
    assert f"`?confirm={plan['closure']['digest'][:8]}" in found["diagnostics"][0]["hint"]
    assert "1 more line is credited than was selected" in found["detail"]
    changed = problem(service.post("/post?confirm=01234567", json=AGAIN), 422, "refused")
    assert [one["code"] for one in changed["diagnostics"]] == ["closure-changed"]
    told(service.post("/post", json=AGAIN, params={"confirm": ["01234567", *found["to_confirm"]]}), "post", 201)


def test_of_several_each_refusal_has_what_to_confirm(service: TestClient) -> None:
    answer = told(service.post("/post", json={"operations": [AGAIN]}), "post")
    (refused,) = answer["refused"]
    by_line, end = lines(service.post("/post", json=AGAIN, headers=BY_LINE))
    assert by_line["refused"]["to_confirm"] == refused["to_confirm"]
    assert end["end"]["refused"] == 1
    told(service.post("/post", json={"operations": [AGAIN]}, params={"confirm": refused["to_confirm"]}), "post")
