"""What `/decide` answers: the values of the policy with their levels and rules, for one row of facts or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.answers import deciders
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.endpoints import decide
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import YAML, asking, problem, told
from tests.service.conftest import STORY

FACTS: dict[str, Any] = {
    "date": "2026-03-02",
    "account.brand": "kiefer",
    "reason": "Charge Dispute",
    "account.currency": "EUR",
    "invoice.currency": "EUR",
    "invoice.bill_to_contact": "birgit",
    "account.bill_to_contact": "birgit",
    "invoice.sequence_set": None,
    "account.sequence_set": None,
    "subscription.bill_to_contact": "jonas",
}
"""Those of the dispute of the story."""
DISPUTE = "credit_memo_from_invoice"


def asked(facts: Any = FACTS, operation: Any = DISPUTE) -> dict[str, Any]:
    return {"operation": operation, "facts": facts}


def test_a_german_dispute_goes_to_the_hut(client: TestClient) -> None:
    answer = told(client.post("/decide", json=asked()), "decide")
    assert answer["policy"] == "northpine-as-it-is"
    contact, numbers = answer["decisions"]["bill_to_contact"], answer["decisions"]["sequence_set"]
    assert (contact["value"], contact["level"]) == ("jonas", "subscription")
    rule = contact["rule"]
    assert (rule["id"], rule["because"]) == (
        "german-disputes-go-to-the-hut",
        "NP-12, whoever runs the hut knows what happened",
    )
    text = (STORY / "northpine" / "brands.yaml").read_text(encoding="utf-8").splitlines()
    assert text[rule["line"] - 1].strip() == "then: {bill_to_contact: [subscription, invoice, account]}"
    assert rule["file"].endswith("brands.yaml")
    assert (numbers["value"], numbers["level"]) == ("KIEFER", "default")
    assert "level" not in answer["decisions"]["permission"], "a setting is had by no level"


def test_the_answer_is_the_same_the_second_time_and_as_yaml(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.post("/decide", json=asked()).json()
    with monkeypatch.context() as patched:
        patched.setattr(decide, "_answer", None)  # and nothing of the longer way is needed
        assert client.post("/decide", json=asked()).json() == first
    yaml = "operation: credit_memo_from_invoice\nfacts:\n" + "".join(
        f"  {name}: {'null' if value is None else value}\n" for name, value in FACTS.items()
    )
    assert client.post("/decide", content=yaml, headers=YAML).json() == first


def test_it_decides_as_the_operation_is_explained(client: TestClient) -> None:
    operations = (STORY / "operations.yaml").read_text(encoding="utf-8")
    explained = client.post("/explain", content=operations, headers=YAML).json()["explanations"][0]
    decided = client.post("/decide", json=asked()).json()["decisions"]
    # What the request says of its reason stands in the place of what the rule says.
    assert {one["key"]: one.get("instead_of", one["value"]) for one in explained["decisions"]} == {
        key: str(one["value"]) for key, one in decided.items()
    }
    rules = {one["key"]: (one["rule"]["id"], one["rule"]["line"], one.get("level")) for one in explained["decisions"]}
    assert rules == {key: (one["rule"]["id"], one["rule"]["line"], one.get("level")) for key, one in decided.items()}


def test_rows(client: TestClient) -> None:
    arve = {**FACTS, "account.brand": "arve"}
    unknown = {**FACTS, "account.brand": "birch"}
    answer = client.post("/decide", json={"operation": DISPUTE, "rows": [FACTS, unknown, arve]})
    first, second, third = told(answer, "decide")["rows"]
    assert first["decisions"]["bill_to_contact"]["value"] == "jonas"
    assert [one["code"] for one in second["refused"]] == ["row-value-wrong"]
    assert third["decisions"]["bill_to_contact"]["value"] == "birgit"
    assert third["decisions"]["sequence_set"]["value"] == "ARVE"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in FACTS.items() if key != name}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    ("facts", "code", "said"),
    [
        ({**FACTS, "account.brnad": "kiefer"}, "row-column-unknown", "account.brnad"),
        (without("reason"), "row-column-missing", "there is no fact `reason`"),
        ({**FACTS, "date": None}, "row-value-wrong", "date"),
        ({**FACTS, "date": "2026-02-30"}, "row-value-wrong", "not a day of the calendar"),
        ({**FACTS, "date": "2025-12-31"}, "policy-not-in-force", "is not in force on 2025-12-31"),
        ({**FACTS, "reason": True}, "row-value-wrong", "`reason`"),
        ({**FACTS, "reason": ""}, "row-value-wrong", "empty"),
        ({**FACTS, "reason": ["Charge Dispute"]}, "value-wrong", "single value"),
        ({**FACTS, "account.name": ["Brandt Reisen"]}, "value-wrong", "single value"),
        ({**FACTS, "account.name": {}}, "value-wrong", "single value"),
        ({**FACTS, "account.currency": "USD"}, "assumption-broken", "kiefer-and-arve-bill-euros"),
        ({**FACTS, "subscription.bill_to_contact": " jonas"}, "row-value-wrong", "space"),
        (
            {
                **FACTS,
                "subscription.bill_to_contact": None,
                "invoice.bill_to_contact": None,
                "account.bill_to_contact": None,
            },
            "chain-exhausted",
            "bill_to_contact",
        ),
    ],
)
def test_facts_that_cannot_be_decided(client: TestClient, facts: Any, code: str, said: str, again: bool) -> None:
    """Also where facts of the same names were decided before, by the shorter way."""
    if again:
        client.post("/decide", json=asked({**FACTS, **dict.fromkeys(facts.keys() - FACTS.keys())}))
        client.post("/decide", json=asked())
    found = problem(client.post("/decide", json=asked(facts)), 422, "refused")
    assert code in [one["code"] for one in found["diagnostics"]], found
    assert any(said in one["message"] for one in found["diagnostics"]), found


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"operation": DISPUTE}, "value-wrong"),
        ({"operation": DISPUTE, "facts": FACTS, "rows": [FACTS]}, "value-wrong"),
        ({"operation": "credit", "facts": FACTS}, "operation-unknown"),
        ({"operation": "credit", "rows": [FACTS]}, "operation-unknown"),
        ({"facts": FACTS}, "key-missing"),
        ({"operation": [DISPUTE], "facts": FACTS}, "value-wrong"),
        ({"operation": DISPUTE, "facts": [FACTS]}, "value-wrong"),
        ({"operation": DISPUTE, "facts": FACTS, "unset": []}, "key-unknown"),
        ({"operation": DISPUTE, "rows": [{}] * (decide.MOST_ROWS + 1)}, "value-wrong"),
    ],
)
def test_what_is_no_question(client: TestClient, sent: Any, code: str) -> None:
    found = problem(client.post("/decide", json=sent), 422, "refused")
    assert [one["code"] for one in found["diagnostics"]] == [code]


def test_a_fact_that_stands_twice_is_refused_where_it_does(client: TestClient) -> None:
    client.post("/decide", json=asked())
    twice = '{"operation": "credit_memo_from_invoice",\n "facts": {"reason": "x",\n "reason": "y"}}'
    answer = client.post("/decide", content=twice, headers={"content-type": "application/json"})
    (found,) = problem(answer, 422, "refused")["diagnostics"]
    assert (found["code"], found["position"]["line"]) == ("yaml-duplicate-key", 3)


def test_the_version_of_the_day_decides(tmp_path: Path) -> None:
    places = []
    for name, days, contact in (
        ("old", "{from: 2025-01-01, until: 2026-01-01}", "account"),
        ("new", "{from: 2026-01-01}", "invoice"),
    ):
        places.append(tmp_path / f"{name}.yaml")
        places[-1].write_text(
            f"policy: {name}\nextends: standard\neffective: {days}\n"
            f"operations: {{write_off_invoice: {{bill_to_contact: {{from: [{contact}], because: {name}}}}}}}\n"
        )
    versions = billpolicy.load_policy(*places, engine="python")
    facts: dict[str, Any] = {one.name: None for one in billpolicy.row_columns(versions, "write_off_invoice")}
    facts |= {"invoice.bill_to_contact": "ann", "account.bill_to_contact": "bob"}
    with asking(versions, billpolicy.load_book(STORY / "book.yaml"), "ines") as client:
        for day, policy, contact in (("2025-06-01", "old", "bob"), ("2026-06-01", "new", "ann")):
            for _ in range(2):
                found = told(client.post("/decide", json=asked({**facts, "date": day}, "write_off_invoice")), "decide")
                decided = found["decisions"]["bill_to_contact"]
                assert (found["policy"], decided["value"], decided["rule"]["because"]) == (policy, contact, policy)


def test_what_is_kept_is_bounded(policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciders, "MOST_READY", 3)
    monkeypatch.setattr(deciders, "MOST_TOLD", 12)
    in_force = InForce(policy)
    serving = Serving(in_force, billpolicy.load_book(STORY / "book.yaml"), OnThisMachine("ines"))
    client = TestClient(app_of(serving), "http://127.0.0.1")
    names = list(FACTS)
    for turn in range(8):
        facts = {name: FACTS[name] for name in (*names[turn:], *names[:turn])}
        for number in range(5):
            answer = client.post("/decide", json=asked({**facts, "subscription.bill_to_contact": f"c-{number}"}))
            assert answer.json()["decisions"]["bill_to_contact"]["value"] == f"c-{number}"
    assert 0 < len(in_force.ready) <= 3
    assert all(len(told._kept) <= 12 for ready in in_force.ready.values() for told in ready._told.values())
