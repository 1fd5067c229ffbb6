"""Which rules decided a cell of the matrix, over time."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.service.conftest import OPERATIONS

CELL = {"operation": "credit_memo_from_invoice", "key": "bill_to_contact"}


def test_a_cell_leads_to_the_rules_that_decided_it(posting: TestClient) -> None:
    posting.post("/post", content=OPERATIONS, headers={"content-type": "application/yaml"})
    assert "/pages/matrix/decided?" in posting.get("/pages/matrix/rule", params=CELL).text
    page = posting.get("/pages/matrix/decided", params=CELL).text
    assert "german-disputes-go-to-the-hut" in page, "the dispute of the story goes to the hut"
    assert "2026-03" in page, "it is of 2 March"


def test_what_was_never_decided_and_what_has_no_record_is_said(posting: TestClient, client: TestClient) -> None:
    assert "is on record" in posting.get("/pages/matrix/decided", params=CELL).text
    assert "serve a ledger" in client.get("/pages/matrix/decided", params=CELL).text
    assert "/pages/matrix/decided?" not in client.get("/pages/matrix/rule", params=CELL).text
