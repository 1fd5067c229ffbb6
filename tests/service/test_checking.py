"""What a merge bot asks: whether a changed policy is sound, and what it changes; and what is told of a refused one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from billpolicy.service.app import app_of
from tests.service.answers import problem, told
from tests.service.conftest import HERE
from tests.service.test_changing import POLICY, RULE, SOUND, WRONG, Changed


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "policy.yaml").write_text(POLICY)
    return Changed(tmp_path)


RULES = f"exceptions: [{RULE.replace('NAME', 'large').replace('HOW', 'fifo')}]\n"


def check(changed: Changed, sent: object) -> dict[str, Any]:
    with TestClient(app_of(changed.serving), HERE, raise_server_exceptions=False) as client:
        found: dict[str, Any] = told(client.post("/policies/check", json=sent), "policy-check")
        return found


def test_a_sound_one_is_told_with_what_it_changes_and_changes_nothing(changed: Changed) -> None:
    before = changed.serving.in_force
    found = check(changed, {"files": {"policy.yaml": POLICY + RULES}})
    assert found["sound"] is True
    difference, policy = found["difference"], found["policy"]
    assert (difference["old"]["digest"], difference["equivalent"]) == (before.digest, False)
    assert [(one["id"], one["how"]) for one in difference["rules"]] == [("large", "added")]
    assert policy["exceptions"] == len(before.versions.policies[0].exceptions) + 1
    assert changed.serving.in_force is before
    changed.file.write_text(POLICY + RULES)
    assert changed.look() == policy["digest"], "it is the very policy that is in force then"


def test_edits_of_the_one_in_force_are_enough(changed: Changed) -> None:
    found = check(changed, {"edits": {"more.yaml": RULES}})
    assert found["sound"] is True


@pytest.mark.parametrize("text", ["exceptions: []\n", "no policy at all\n", None])
@pytest.mark.parametrize(("path", "key"), [("/policies/check", None), ("/validate", None), ("/diff", "new")])
def test_an_edit_that_nothing_reads_is_refused(
    client: TestClient, path: str, key: str | None, text: str | None
) -> None:
    """As explanations name the file, which is not as seen from the folder of the policy."""
    edits = {"edits": {"examples/three-brands/northpine/brands.yaml": text}}
    found = problem(client.post(path, json=edits if key is None else {key: edits}), 422, "refused")
    (one,) = found["diagnostics"]
    assert one["message"] == "`examples/three-brands/northpine/brands.yaml` is no file of this policy"
    assert "`northpine/brands.yaml`" in one["hint"]


def test_tests_beside_a_policy_and_files_that_a_change_adds_may_be_sent(changed: Changed, client: TestClient) -> None:
    assert check(changed, {"edits": {"more.yaml": RULES, "acme.test.yaml": "tests: []\n"}})["sound"] is True
    added = told(
        client.post("/policies/check", json={"edits": {"northpine/more.yaml": "exceptions: []\n"}}), "policy-check"
    )
    assert (added["sound"], "northpine/more.yaml" in added["policy"]["files"]) == (True, True)


def test_of_a_wrong_one_each_mistake_is_told(changed: Changed) -> None:
    found = check(changed, {"files": {"policy.yaml": WRONG}})
    assert (found["sound"], "difference" in found) == (False, False)
    (one,) = found["diagnostics"]
    assert (one["code"], one["position"]["file"], one["position"]["line"]) == ("key-unknown", "policy.yaml", 4)


def test_a_conflict_is_told_beside_what_it_changes(changed: Changed) -> None:
    rules = [RULE.replace("NAME", name).replace("HOW", how) for name, how in (("a", "proration"), ("b", "fifo"))]
    found = check(changed, {"files": {"policy.yaml": POLICY + f"exceptions: [{', '.join(rules)}]\n"}})
    assert (found["sound"], "difference" in found) == (False, True)
    assert {one["code"] for one in found["diagnostics"]} == {"exceptions-conflict"}


@pytest.mark.parametrize("base", ["/etc", "../../etc", "/proc/self", "../acme"])
def test_nothing_of_the_machine_is_read_for_it(changed: Changed, base: str) -> None:
    found = check(changed, {"files": {"policy.yaml": POLICY.replace("standard", base)}})
    assert found["sound"] is False
    (one,) = found["diagnostics"]
    assert one["code"] == "policy-missing"


@pytest.mark.parametrize("sent_as", ["files", "edits"])
@pytest.mark.parametrize("name", ["../x.yaml", "/etc/x.yaml", "C:x.yaml", "..\\x.yaml", "x.txt"])
def test_names_of_files_are_held_to_the_same_however_they_are_sent(changed: Changed, name: str, sent_as: str) -> None:
    with TestClient(app_of(changed.serving), HERE, raise_server_exceptions=False) as client:
        found = problem(client.post("/policies/check", json={sent_as: {name: POLICY}}), 422, "refused")
    assert found["detail"] == f"`{name}` names no file of this policy"


def test_a_refused_change_is_told_until_it_is_mended(changed: Changed) -> None:
    with TestClient(app_of(changed.serving), HERE, raise_server_exceptions=False) as client:
        assert "refused" not in told(client.get("/policies"), "policies")
        assert client.get("/ready").json()["change_refused"] is False
        changed.file.write_text(WRONG)
        changed.look()
        found = told(client.get("/policies"), "policies")
        assert [one["code"] for one in found["refused"]["diagnostics"]] == ["key-unknown"]
        assert found["digest"] == changed.serving.in_force.digest
        assert client.get("/ready").json() == {
            "status": "ready",
            "policy": found["digest"],
            "change_refused": True,
        }, "the one before answers"
        changed.file.write_text(SOUND)
        changed.look()
        assert "refused" not in told(client.get("/policies"), "policies")
