"""What `/plan`, `/post`, `/approve`, `/withdraw` and `/waiting` answer, one operation or several."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import BY_LINE, HAYES_IS_GONE, NO_HOT_WATER, YAML, asking, lines, problem, told
from tests.service.conftest import ACTOR, HERE, OPERATIONS

FOUR = ["no-hot-water", "moser-is-gone", "a-dog-at-the-arlberg"]
"""Those of the story that the policy allows."""


def posted_in(ledger: billpolicy.Ledger) -> int:
    with ledger.reading() as reader:
        return reader.stats().operations


def test_a_plan_shows_what_would_be_posted_and_changes_nothing(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    answer = told(posting.post("/plan", content=OPERATIONS, headers=YAML), "plan")
    made = [(one["id"], one["documents"][0]["number"], one["documents"][0]["record"]) for one in answer["plans"]]
    assert [(id, number) for id, number, _ in made] == [
        ("no-hot-water", "KI-CM00000001"),
        ("moser-is-gone", "AR-CM00000001"),
        ("a-dog-at-the-arlberg", "AR-DM00000001"),
    ]
    assert made[2][2]["due_date"] == "2026-04-03", "30 days from 4 March"
    assert [one["id"] for one in answer["refused"]] == ["hayes-is-gone"]
    assert posted_in(ledger) == 0


def test_a_book_can_be_planned_on(client: TestClient) -> None:
    answer = told(client.post("/plan", json=NO_HOT_WATER), "plan")
    (plan,) = answer["plans"]
    assert (plan["id"], plan["actor"]) == ("no-hot-water", ACTOR)
    assert {one["number"]: one["after"] for one in plan["balances"]} == {"KI-CM00000001": "200.00"}


def test_one_operation_is_posted_and_then_answered_with_what_was_posted(posting: TestClient) -> None:
    first = posting.post("/post", json=NO_HOT_WATER)
    (posted,) = told(first, "post", 201)["posted"]
    assert (posted["repeated"], posted["plan"]["documents"][0]["number"]) == (False, "KI-CM00000001")
    assert (posted["audit"]["who"], posted["audit"]["request"]) == (ACTOR, first.headers["x-request-id"])
    second = posting.post("/post", json=NO_HOT_WATER)
    (again,) = told(second, "post", 200)["posted"]
    assert (again["repeated"], again["audit"]) == (True, posted["audit"])
    assert second.json()["head"] == first.json()["head"]


def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(posting: TestClient) -> None:
    posting.post("/post", json=NO_HOT_WATER)
    other = {**NO_HOT_WATER, "date": "2026-03-05", "items": [{"item": "nights", "amount": "100.00"}]}
    answer = posting.post("/post", json=other)
    found = problem(answer, 409, "operation-differs")
    assert found["detail"] == "this id was posted before with other content: 2 fields differ"
    said = [one["message"].rpartition(": ")[2] for one in found["diagnostics"]]
    assert said == [
        "`date` is `2026-03-02` there, but `2026-03-05` here",
        "`items[0].amount` is `200.00` there, but `100.00` here",
    ]


def test_several_are_posted_each_with_its_own_result(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    answer = told(posting.post("/post", content=OPERATIONS, headers=YAML), "post")
    assert [one["plan"]["id"] for one in answer["posted"]] == FOUR
    (refused,) = answer["refused"]
    assert (refused["id"], refused["diagnostics"][0]["code"]) == ("hayes-is-gone", "approval-missing")
    with ledger.reading() as reader:
        assert answer["head"] == reader.head().digest
    assert ledger.check() == []


def test_all_or_nothing(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    answer = told(posting.post("/post?atomic=true", content=OPERATIONS, headers=YAML), "post")
    assert (answer["posted"], answer["not_posted"]) == ([], FOUR)
    assert posted_in(ledger) == 0


def test_what_is_refused_changes_nothing(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    found = problem(posting.post("/post", json=HAYES_IS_GONE), 422, "refused")
    (diagnostic,) = found["diagnostics"]
    assert (diagnostic["code"], diagnostic["position"]["file"]) == ("approval-missing", "body.json")
    assert posted_in(ledger) == 0


@pytest.mark.parametrize("path", ["/plan", "/post"])
def test_what_lacks_an_approval_is_told_what_a_program_does_next(posting: TestClient, path: str) -> None:
    (alone,) = problem(posting.post(path, json=HAYES_IS_GONE), 422, "refused")["diagnostics"]
    several = posting.post(path, json={"operations": [HAYES_IS_GONE]}, headers=BY_LINE)
    (in_a_line,) = lines(several)[0]["refused"]["diagnostics"]
    for one in (alone, in_a_line):
        assert (one["code"], one["hint"]) == (
            "approval-missing",
            "let it wait with `?wait=true`; whoever approves it calls `/approve`",
        )


def test_what_lacks_an_approval_waits_is_approved_and_is_posted(
    posting: TestClient, ledger: billpolicy.Ledger, policy: billpolicy.Versions
) -> None:
    (waits,) = told(posting.post("/post?wait=true", json=HAYES_IS_GONE), "post", 202)["waiting"]
    assert (waits["id"], waits["actor"], waits["awaited"][0]["approval"]) == (
        "hayes-is-gone",
        "ines",
        "approval by 1 of cfo",
    )
    assert [one["id"] for one in told(posting.get("/waiting"), "waiting")["waiting"]] == ["hayes-is-gone"]
    own = problem(posting.post("/approve", json={"id": "hayes-is-gone"}), 422, "refused")
    assert [one["code"] for one in own["diagnostics"]] == ["approval-own"]
    with asking(policy, ledger, "maria") as lead:
        problem(lead.post("/approve", json={"id": "hayes-is-gone"}), 422, "refused")
    with asking(policy, ledger, "olaf") as cfo:
        answer = cfo.post("/approve", json={"id": "hayes-is-gone", "comment": "they moved away"})
        approved = told(answer, "approvals")
    assert approved["complete"] == ["hayes-is-gone"]
    (approval,) = approved["approved"][0]["approvals"]
    assert (approval["person"], approval["comment"]) == ("olaf", "they moved away")
    (posted,) = told(posting.post("/post", json=HAYES_IS_GONE), "post", 201)["posted"]
    assert posted["plan"]["approved_by"] == ["olaf"]
    assert told(posting.get("/waiting"), "waiting")["waiting"] == []


def test_what_waits_is_withdrawn(posting: TestClient) -> None:
    posting.post("/post?wait=true", json=HAYES_IS_GONE)
    (gone,) = told(posting.post("/withdraw", json={"id": "hayes-is-gone"}), "waiting")["waiting"]
    assert gone["id"] == "hayes-is-gone"
    assert told(posting.get("/waiting"), "waiting")["waiting"] == []
    problem(posting.post("/withdraw", json={"id": "hayes-is-gone"}), 422, "refused")


def test_what_lacks_more_than_an_approval_does_not_wait(posting: TestClient) -> None:
    unknown = {**HAYES_IS_GONE, "invoice": "SQ-INV00000002"}
    found = problem(posting.post("/post?wait=true", json=unknown), 422, "refused")
    assert [one["code"] for one in found["diagnostics"]] == ["document-unknown"]


def test_waiting_and_all_or_nothing_do_not_go_together(posting: TestClient) -> None:
    problem(posting.post("/post?wait=true&atomic=true", json=HAYES_IS_GONE), 422, "refused")


@pytest.mark.parametrize("path", ["/post", "/approve", "/withdraw"])
def test_a_book_cannot_be_posted_to(client: TestClient, path: str) -> None:
    problem(client.post(path, json=NO_HOT_WATER), 409, "no-ledger")


# -- who asks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/explain", "/plan", "/post"])
@pytest.mark.parametrize(
    ("said", "at"), [({"actor": "maria"}, "`maria`"), ({"approved_by": ["olaf"]}, "says who approved it")]
)
def test_nobody_chooses_who_asks_or_approves(posting: TestClient, path: str, said: Any, at: str) -> None:
    found = problem(posting.post(path, json={**NO_HOT_WATER, **said}), 403, "actor-chosen")
    assert at in found["detail"]
    assert found["diagnostics"][0]["position"]["line"] == 1


def test_who_calls_may_say_so(posting: TestClient) -> None:
    told(posting.post("/post", json={**NO_HOT_WATER, "actor": ACTOR}), "post", 201)


def test_who_is_nobody_to_the_policy_plans_and_does_not_post(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger
) -> None:
    with asking(policy, ledger, None) as client:
        assert client.post("/post", json=NO_HOT_WATER).status_code == 403
        found = problem(client.post("/plan", json={**NO_HOT_WATER, "actor": "ines"}), 403, "actor-chosen")
        assert found["detail"] == "the actor of `no-hot-water` is `ines`, and you are nobody to the policy"
        problem(client.post("/plan", json=NO_HOT_WATER), 422, "refused")  # the policy wants to know who asks


# -- the key of a request ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["no-hot-water", '"no-hot-water"'])
def test_the_key_is_the_id(posting: TestClient, key: str) -> None:
    without = {name: value for name, value in NO_HOT_WATER.items() if name != "id"}
    (posted,) = told(posting.post("/post", json=without, headers={"idempotency-key": key}), "post", 201)["posted"]
    assert posted["plan"]["id"] == "no-hot-water"
    told(posting.post("/post", json=NO_HOT_WATER, headers={"idempotency-key": key}), "post", 200)


def test_a_key_has_any_letters(posting: TestClient) -> None:
    without = {name: value for name, value in NO_HOT_WATER.items() if name != "id"}
    answer = posting.post("/post", json=without, headers={b"idempotency-key": "kühl-1".encode()})
    assert told(answer, "post", 201)["posted"][0]["plan"]["id"] == "kühl-1"


def test_another_key_than_the_id_is_refused(posting: TestClient) -> None:
    answer = posting.post("/post", json=NO_HOT_WATER, headers={"idempotency-key": "k-1"})
    found = problem(answer, 422, "key-differs")
    assert found["detail"] == "the idempotency key `k-1` is not the id of the operation, `no-hot-water`"
    problem(posting.post("/post", content=OPERATIONS, headers={**YAML, "idempotency-key": "k-1"}), 422, "key-differs")


# -- the policy that is relied on ------------------------------------------------------------------------------------


def test_a_request_for_another_policy_is_not_done(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    digest = posting.get("/matrix").headers["etag"]
    for path in ("/explain", "/plan", "/post"):
        answer = posting.post(path, json=NO_HOT_WATER, headers={"if-match": '"0123"'})
        found = problem(answer, 412, "policy-changed")
        assert found["detail"] == f"the policy in force is {digest.strip(chr(34))}, and the request is for 0123"
        assert answer.headers["etag"] == digest
    assert posted_in(ledger) == 0
    told(posting.post("/post", json=NO_HOT_WATER, headers={"if-match": f'"0123", {digest}'}), "post", 201)


def test_any_policy_will_do(posting: TestClient) -> None:
    told(posting.post("/post", json=NO_HOT_WATER, headers={"if-match": "*"}), "post", 201)


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/matrix")
    again = client.get("/matrix", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get("/matrix", headers={"if-none-match": '"0123"'}).json() == first.json()


def test_what_a_service_that_stops_does_not_post_is_not_told_as_done(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = Serving(InForce(policy), ledger, OnThisMachine(ACTOR))
    monkeypatch.setattr(serving, "go_on", lambda: False)  # as once it was told to stop
    with TestClient(app_of(serving), HERE) as client:
        answer = client.post("/post", json=NO_HOT_WATER)
    assert problem(answer, 503, "stopping")["detail"] == "the service stops, and this was not posted: send it again"
    assert posted_in(ledger) == 0
