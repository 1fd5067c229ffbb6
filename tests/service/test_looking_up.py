"""What is asked about documents, accounts and histories, and about policies in force and those that are sent."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.answers import impact as impact_module
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import MOSER_IS_GONE, NO_HOT_WATER, YAML, asking, problem, told
from tests.service.conftest import HERE, STORY

OWN = (STORY / "policy.yaml").read_text(encoding="utf-8")
NORTHPINE = {
    f"northpine/{name}.yaml": (STORY / "northpine" / f"{name}.yaml").read_text(encoding="utf-8")
    for name in ("authority", "brands", "numbers", "policy")
}


# -- documents and accounts ------------------------------------------------------------------------------------------


@pytest.fixture(params=["client", "posting"])
def either(request: pytest.FixtureRequest) -> Any:
    """A service on a book, or on a ledger that it was imported into."""
    return request.getfixturevalue(request.param)


def test_a_document(either: TestClient) -> None:
    shown = told(either.get("/documents/KI-INV00000001"), "ledger-show")
    assert shown["document"]["balance"] == "1200.00"
    assert [(one["item"], one["open"]) for one in shown["open_places"]] == [("nights", "1200.00")]


def test_accounts(either: TestClient) -> None:
    answer = told(either.get("/accounts"), "accounts")
    assert [(one["id"], one["open"]) for one in answer["accounts"]] == [
        ("brandt", {"EUR": "1200.00"}),
        ("hayes", {"USD": "7000.00"}),
        ("moser", {"EUR": "80.00"}),
    ]
    assert "next" not in answer


def test_accounts_in_pages(either: TestClient) -> None:
    first = told(either.get("/accounts?limit=2"), "accounts")
    assert ([one["id"] for one in first["accounts"]], first["next"]) == (["brandt", "hayes"], "hayes")
    second = told(either.get("/accounts", params={"limit": 2, "after": first["next"]}), "accounts")
    assert ([one["id"] for one in second["accounts"]], "next" in second) == (["moser"], False)


def test_accounts_by_what_they_are_called(either: TestClient) -> None:
    answer = told(either.get("/accounts?called=moritz"), "accounts")
    assert [one["id"] for one in answer["accounts"]] == ["moser"]


def test_an_account(either: TestClient) -> None:
    shown = told(either.get("/accounts/brandt"), "ledger-show")
    assert ([one["id"] for one in shown["contacts"]], shown["open"]) == (["birgit", "jonas"], {"EUR": "1200.00"})


def test_what_an_operation_did_is_told_of_its_documents(posting: TestClient) -> None:
    posting.post("/post", json=MOSER_IS_GONE)
    memo = told(posting.get("/documents/AR-CM00000001"), "ledger-show")
    assert (memo["operation"]["audit"]["who"], memo["document"]["balance"]) == ("ines", "0.00")
    assert told(posting.get("/documents/AR-INV00000001"), "ledger-show")["document"]["balance"] == "0.00"
    moser = told(posting.get("/accounts/moser"), "ledger-show")
    assert moser["open"] == {"EUR": "0.00"}


@pytest.mark.parametrize("name", ["KI-INV00000001/nights", "KI-INV00000001%2Fnights", "KI-INV00000001"])
def test_the_history_of_a_line(posting: TestClient, name: str) -> None:
    posting.post("/post", json=NO_HOT_WATER)
    (trail,) = told(posting.get(f"/history/{name}"), "ledger-history")["trails"]
    steps = [(one["what"], one.get("operation"), one.get("audit", {}).get("who")) for one in trail["steps"]]
    assert steps == [("billed", None, None), ("credited", "credit_memo_from_invoice", "ines")]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/documents/KI-INV0000001", "did you mean `KI-INV00000001`?"),
        ("/documents/", None),
        ("/accounts/brand", "did you mean `brandt`?"),
        ("/history/KI-INV00000001/nigths", "did you mean `nights`?"),
        ("/history/%00", None),
    ],
)
def test_what_is_not_there_is_not_found(either: TestClient, path: str, hint: str | None) -> None:
    found = problem(either.get(path), 404, "not-found")
    assert hint is None or found["diagnostics"][0]["hint"] == hint


# -- policies --------------------------------------------------------------------------------------------------------


def test_the_policy_in_force(client: TestClient, policy: billpolicy.Versions) -> None:
    answer = client.get("/policies")
    found = told(answer, "policies")
    (only,) = found["policies"]
    (version,) = policy.policies
    assert found["digest"] == only["digest"] == version.digest == answer.headers["etag"].strip('"')
    assert (only["policy"], only["in_force"]) == ("northpine-as-it-is", {"from": "2026-01-01"})
    own = [name for name in only["files"] if not name.startswith("<standard>/")]
    assert own == [*NORTHPINE, "policy.yaml"]
    assert str(STORY) not in answer.text


def test_of_several_versions_each_is_told_and_the_day_chooses(tmp_path: Any) -> None:
    places = []
    for name, days in (("old", "{from: 2025-01-01, until: 2026-01-01}"), ("new", "{from: 2026-01-01}")):
        places.append(tmp_path / f"{name}.yaml")
        places[-1].write_text(f"policy: {name}\nextends: standard\neffective: {days}\n")
    versions = billpolicy.load_policy(*places, engine="python")
    with asking(versions, billpolicy.load_book(STORY / "book.yaml"), "ines") as client:
        answer = client.get("/policies")
        assert [one["policy"] for one in told(answer, "policies")["policies"]] == ["old", "new"]
        known = {"if-none-match": answer.headers["etag"]}
        assert told(client.get("/matrix?on=2025-06-01"), "matrix")["policy"] == "old"
        assert client.get("/matrix?on=2025-06-01", headers=known).status_code == 304
        assert client.get("/matrix", headers=known).status_code == 200, "tomorrow it may be another version"
        found = problem(client.get("/matrix?on=2024-12-31"), 422, "refused")
        assert [one["code"] for one in found["diagnostics"]] == ["policy-not-in-force"]


def test_a_policy_that_is_right(client: TestClient) -> None:
    sent = {"files": {"acme.yaml": "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n"}}
    found = told(client.post("/validate", json=sent), "validate-several")
    assert ([one["policy"] for one in found["policies"]], found["diagnostics"]) == (["acme"], [])


def test_all_files_of_a_policy(client: TestClient, policy: billpolicy.Versions) -> None:
    sent = {"files": {**NORTHPINE, "policy.yaml": OWN}, "policy": "policy.yaml"}
    (found,) = told(client.post("/validate", json=sent), "validate-several")["policies"]
    assert found["digest"] == policy.policies[0].digest


def test_what_is_wrong_with_a_policy_is_told_where_it_stands(client: TestClient) -> None:
    wrong = "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\nexceptoins: []\n"
    found = told(client.post("/validate", json={"files": {"acme.yaml": wrong}}), "validate-several")
    (diagnostic,) = found["diagnostics"]
    place = diagnostic["position"]
    assert (diagnostic["code"], place["file"], place["line"], place["column"]) == ("key-unknown", "acme.yaml", 4, 1)
    assert found["policies"] == []


def test_edits_of_the_policy_in_force(client: TestClient) -> None:
    exception = """
exceptions:
  - id: courtesy
    operations: [credit_memo_from_invoice]
    when: {reason: Charge Dispute, account.brand: arve}
    then: {bill_to_contact: [account]}
    because: a try
"""
    edits = {"edits": {"policy.yaml": OWN + exception}}
    (found,) = told(client.post("/validate", json=edits), "validate-several")["policies"]
    (before,) = told(client.get("/policies"), "policies")["policies"]
    assert found["exceptions"] == before["exceptions"] + 1
    (change,) = told(client.post("/diff", json={"new": edits}), "diff")["changed"]
    assert (change["operations"], change["key"]) == (["credit_memo_from_invoice"], "bill_to_contact")


@pytest.mark.parametrize(
    "files",
    [
        {"/etc/passwd.yaml": "policy: x"},
        {"../policy.yaml": "policy: x"},
        {"policy.txt": "policy: x"},
        {"": "policy: x"},
        {"a\x00.yaml": "policy: x"},
        {},
    ],
)
def test_names_that_are_none_of_a_policy(client: TestClient, files: dict[str, str]) -> None:
    problem(client.post("/validate", json={"files": files}), 422, "refused")


@pytest.mark.parametrize("base", ["/etc", "../../../etc", "northpine", str(STORY / "northpine"), "<standard>"])
def test_nothing_on_the_disk_is_read_for_what_is_sent(client: TestClient, base: str) -> None:
    text = f"policy: acme\nextends: {base!r}\neffective: {{from: 2026-01-01}}\n"
    found = told(client.post("/validate", json={"files": {"acme.yaml": text}}), "validate-several")
    assert [one["code"] for one in found["diagnostics"]] == ["policy-missing"]


def test_what_a_change_of_the_policy_in_force_changes(client: TestClient) -> None:
    """Disputes of every brand, and not of Kiefer alone, go to whoever runs the hut."""
    text = NORTHPINE["northpine/brands.yaml"]
    everywhere = text.replace("account.brand: kiefer, reason", "reason")
    changed = {**NORTHPINE, "northpine/brands.yaml": everywhere, "policy.yaml": OWN}
    sent = {"new": {"files": changed, "policy": "policy.yaml"}}
    found = told(client.post("/diff", json=sent), "diff")
    assert found["equivalent"] is False
    keys = {(tuple(one["operations"]), one["key"]) for one in found["changed"]}
    assert keys == {(("credit_memo_from_invoice",), "bill_to_contact")}
    assert all("witness" not in one for one in found["changed"])
    with_witnesses = told(client.post("/diff?witnesses=true&only=bill_to_contact", json=sent), "diff")
    assert all("witness" in one for one in with_witnesses["changed"])


def test_what_a_change_does_to_what_is_loaded_and_to_what_was_posted(
    policy: billpolicy.Versions, posting: TestClient
) -> None:
    """The hut's dispute is written to whoever runs the hut, of the subscription; without that level, to the account's
    contact. The two others of the story change no bill-to contact."""
    text = NORTHPINE["northpine/brands.yaml"].replace("[subscription, invoice, account]", "[invoice, account]")
    new = {"files": {**NORTHPINE, "northpine/brands.yaml": text, "policy.yaml": OWN}, "policy": "policy.yaml"}
    operations = tuple(billpolicy.load_operations(STORY / "operations.yaml"))
    book = billpolicy.load_book(STORY / "book.yaml")
    serving = Serving(InForce(policy), book, OnThisMachine("ines"), operations=operations)
    with TestClient(app_of(serving), HERE) as loaded:
        impact = told(loaded.post("/diff?impact=true", json={"new": new}), "diff")["impact"]
    assert (impact["operations"], impact["differing"]) == (4, 1)
    posting.post("/post", json={"operations": [NO_HOT_WATER, MOSER_IS_GONE]})
    impact = told(posting.post("/diff?impact=true", json={"new": new}), "diff")["impact"]
    assert (impact["operations"], impact["differing"]) == (2, 1)
    nothing = told(posting.post("/diff?impact=true&only=payment_term", json={"new": new}), "diff")["impact"]
    assert (nothing["operations"], nothing["differing"]) == (2, 0)
    assert "impact" not in told(posting.post("/diff", json={"new": new}), "diff")


def test_a_change_is_tried_on_as_many_of_the_last_whoever_asked_before(
    posting: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impact_module, "MOST_POSTED", 1)
    acme = {"files": {"acme.yaml": "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n"}}
    for operation in (NO_HOT_WATER, MOSER_IS_GONE):
        posting.post("/post", json=operation)
        assert told(posting.post("/diff?impact=true", json={"new": acme}), "diff")["impact"]["operations"] == 1


def test_what_a_change_does_where_there_is_nothing_to_try_it_on(client: TestClient) -> None:
    acme = {"files": {"acme.yaml": "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n"}}
    (wrong,) = problem(client.post("/diff?impact=true", json={"new": acme}), 422, "refused")["diagnostics"]
    assert wrong["message"] == "there are no operations here"


def test_two_policies_that_are_sent(client: TestClient) -> None:
    acme = {"files": {"acme.yaml": "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n"}}
    found = told(client.post("/diff", json={"old": acme, "new": acme}), "diff")
    assert (found["equivalent"], found["old"]["policy"]) == (True, "acme")


def test_a_name_that_nothing_has(client: TestClient) -> None:
    acme = {"files": {"acme.yaml": "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n"}}
    answer = client.post("/diff?only=bill_to_contcat", json={"old": acme, "new": acme})
    assert problem(answer, 422, "refused")["diagnostics"][0]["hint"] == "did you mean `bill_to_contact`?"


def test_a_policy_as_yaml(client: TestClient) -> None:
    sent = "files:\n  acme.yaml: |\n    policy: acme\n    extends: standard\n    effective: {from: 2026-01-01}\n"
    found = told(client.post("/validate", content=sent, headers=YAML), "validate-several")
    assert [one["policy"] for one in found["policies"]] == ["acme"]
