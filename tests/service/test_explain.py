"""What `POST /explain` answers, and what it says where it does not."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.service.conftest import OPERATIONS

YAML = {"content-type": "application/yaml"}
DISPUTE = {
    "id": "no-hot-water",
    "operation": "credit_memo_from_invoice",
    "date": "2026-03-02",
    "invoice": "KI-2001",
    "reason": "Charge Dispute",
}


def test_the_story_comes_out_as_its_readme_says(client: TestClient) -> None:
    answer = client.post("/explain", content=OPERATIONS, headers=YAML).json()
    documents = [(one["number"], one["document"]) for one in answer["explanations"]]
    assert documents == [
        ("KI-CM00000001", "credit_memo"),
        ("AR-CM00000001", "credit_memo"),
        ("AR-DM00000001", "debit_memo"),
    ]
    assert len(answer["refused"]) == 1, "7000.00 USD are more than 6000.00, so they need the chief financial officer"


def test_it_is_answered_under_a_policy_that_is_named(client: TestClient) -> None:
    answer = client.post("/explain", content=OPERATIONS, headers=YAML)
    assert {one["policy_digest"] for one in answer.json()["explanations"]} == {answer.headers["etag"].strip('"')}


def test_what_is_wrong_with_one_operation_is_the_answer(client: TestClient) -> None:
    answer = client.post("/explain", json={"id": "x", "operation": "credit_memo", "date": "2026-03-02"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (problem,) = answer.json()["diagnostics"]
    assert (problem["code"], problem["position"]["file"], problem["position"]["line"]) == (
        "operation-unknown",
        "body.json",
        1,
    )


def test_a_key_that_stands_twice_is_refused(client: TestClient) -> None:
    sent = '{"id": "x", "operation": "write_off_invoice",\n "id": "y"}'
    answer = client.post("/explain", content=sent, headers={"content-type": "application/json"})
    (problem,) = answer.json()["diagnostics"]
    assert (problem["code"], problem["position"]["line"], problem["position"]["column"]) == ("yaml-duplicate-key", 2, 2)
