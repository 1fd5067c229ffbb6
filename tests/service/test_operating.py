"""How the service is seen by those who look after it: health, readiness, metrics, and the lines of what it posts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.schemas import SCHEMAS
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from billpolicy.service.telling.log import Log
from billpolicy.service.telling.metrics import SHARED
from tests.service.answers import HAYES_IS_GONE
from tests.service.conftest import ACTOR, HERE, OPERATIONS
from tests.service.test_decide import DISPUTE, FACTS
from tests.service.test_gate import Written

YAML = {"content-type": "application/yaml"}
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def serving(policy: billpolicy.Versions, ledger: billpolicy.Ledger, written: Written) -> Serving:
    return Serving(InForce(policy), ledger, OnThisMachine(ACTOR), log=Log(written))


@pytest.fixture
def asking(serving: Serving) -> Iterator[TestClient]:
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        yield client


def numbers(client: TestClient) -> Numbers:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for every in families for one in every.samples}


def test_what_becomes_of_operations_is_counted(asking: TestClient) -> None:
    """Of the story three are posted, and one is refused: 7000.00 USD need the chief financial officer."""
    answer = asking.post("/post?today=2026-03-02", content=OPERATIONS, headers=YAML).json()
    assert [len(answer[one]) for one in ("posted", "refused")] == [3, 1]
    asking.post("/post?today=2026-03-02", content=OPERATIONS, headers=YAML)
    found = numbers(asking)
    by_outcome: dict[str, float] = {}
    for (name, labels), value in found.items():
        if name == "billpolicy_decisions_total":
            by_outcome[dict(labels)["outcome"]] = by_outcome.get(dict(labels)["outcome"], 0) + value
    assert by_outcome == {"posted": 3, "posted_before": 3, "refused": 2}
    refused = {
        dict(labels)["code"]: value for (name, labels), value in found.items() if name.endswith("refusals_total")
    }
    assert refused == {one["code"]: 2 for one in answer["refused"][0]["diagnostics"]}
    assert found["billpolicy_request_seconds_count", (("route", "/post"),)] == 2
    assert found["billpolicy_requests_total", (("method", "POST"), ("route", "/post"), ("status", "200"))] == 2
    assert found["billpolicy_requests_in_flight", ()] == 1, "the one that asks"
    assert found["billpolicy_ledger_wait_seconds_count", ()] >= 3
    assert found["billpolicy_policy_changes_refused_total", ()] == 0


@pytest.mark.parametrize("path", ["/plan", "/post"])
def test_one_refusal_is_counted_once(asking: TestClient, written: Written, path: str) -> None:
    """Of one operation alone the reason of its refusal is the reason that the request has no answer, too."""
    asking.post(path, json=HAYES_IS_GONE)
    assert written.of("request")[0]["codes"] == ["approval-missing"]
    refusals = {labels: value for (name, labels), value in numbers(asking).items() if name.endswith("refusals_total")}
    assert refusals == {(("code", "approval-missing"),): 1}


def test_rows_of_facts_are_counted_by_what_became_of_them(asking: TestClient) -> None:
    """One by the longer way and one by the shorter; of two rows one; and none of an operation that there is not."""
    for _ in range(2):
        assert asking.post("/decide", json={"operation": DISPUTE, "facts": FACTS}).status_code == 200
    wrong = {**FACTS, "date": "2026-02-30"}
    asking.post("/decide", json={"operation": DISPUTE, "rows": [FACTS, wrong]})
    asking.post("/decide", json={"operation": DISPUTE, "facts": wrong})
    asking.post("/decide", json={"operation": "made_up", "facts": FACTS})
    counted = {labels: value for (name, labels), value in numbers(asking).items() if name.endswith("decisions_total")}
    assert counted == {
        (("operation", DISPUTE), ("outcome", "decided")): 3,
        (("operation", DISPUTE), ("outcome", "refused")): 2,
    }


def test_nobody_makes_up_a_label(asking: TestClient) -> None:
    for number in range(20):
        asking.get(f"/made-up/{number}")
        asking.request(f"MADE{number}", "/matrix")
        asking.post("/explain", json={"id": "x", "operation": f"made_up_{number}", "date": "2026-03-02"})
    labels = [said for _, said in numbers(asking)]
    assert not re.search(r"made.?up|MADE", str(labels))
    assert len({dict(one)["route"] for one in labels if "route" in dict(one)}) <= 4


def test_it_is_told_which_policy_is_in_force_and_since_when(asking: TestClient, serving: Serving) -> None:
    in_force = serving.in_force
    told = numbers(asking)["billpolicy_policy_in_force_since_seconds", (("digest", in_force.digest),)]
    assert told == pytest.approx(in_force.since.timestamp(), abs=0.001)


def test_alive_and_ready(asking: TestClient, serving: Serving, written: Written) -> None:
    assert asking.get("/health").json() == {"status": "alive"}
    ready = asking.get("/ready").json()
    assert ready == {"status": "ready", "policy": serving.in_force.digest, "change_refused": False}
    assert "health" in SCHEMAS
    assert not written, "where all is well there is no line"


def test_a_worker_that_has_counted_nothing_yet_keeps_nobody_from_the_numbers(
    asking: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is made empty, and gets its length a moment later; it may be killed in between."""
    numbers = tmp_path / "numbers"
    numbers.mkdir()
    (numbers / "counter_1.db").touch()
    monkeypatch.setenv(SHARED, str(numbers))
    answer = asking.get("/metrics")
    assert answer.status_code == 200
    assert "billpolicy_policy_in_force_since_seconds" in answer.text


def test_a_worker_that_ends_meanwhile_keeps_nobody_from_the_numbers(
    asking: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the folder and a file of it, that file is taken away: a link to nothing looks the same."""
    numbers = tmp_path / "numbers"
    numbers.mkdir()
    (numbers / "gauge_livesum_1.db").symlink_to("gone")
    monkeypatch.setenv(SHARED, str(numbers))
    assert asking.get("/metrics").status_code == 200


class _FromAnywhere(OnThisMachine):
    """As where a file says who callers are, so that the service may listen for others, too."""

    only_here = False


def test_a_probe_asks_by_whatever_name_it_knows_it(asking: TestClient, serving: Serving) -> None:
    serving.callers = _FromAnywhere()
    assert asking.get("/ready", headers={"host": "10.0.0.7:8080"}).status_code == 200


def test_a_service_that_is_to_stop_is_alive_and_not_ready(
    asking: TestClient, serving: Serving, written: Written
) -> None:
    serving.is_stopping = True
    assert asking.get("/health").status_code == 200
    answer = asking.get("/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "this is about to stop")
    assert [one["status"] for one in written.of("request")] == [503]
    assert asking.get("/metrics").status_code == 200


def test_without_its_ledger_it_is_not_ready_and_says_no_path(
    asking: TestClient, ledger: billpolicy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Any) -> None:
        at = Position("/srv/secret/ledger.db")
        raise Refused([Diagnostic("ledger-unreachable", "it does not answer", at, "see /srv/secret")])

    monkeypatch.setattr(billpolicy.Ledger, "reading", gone)
    for path in ("/ready", "/waiting"):
        answer = asking.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["type"] == "urn:billpolicy:problem:ledger-fails"
        assert answer.json()["detail"] == "the ledger cannot be used now: it does not answer"
        assert "secret" not in answer.text
    assert asking.get("/health").status_code == 200


def test_each_operation_that_is_posted_is_a_line_with_the_id_of_its_request(
    asking: TestClient, written: Written, ledger: billpolicy.Ledger
) -> None:
    answer = asking.post("/post?today=2026-03-02", content=OPERATIONS, headers=YAML)
    lines = written.of("operation")
    assert [(one["operation"], one["outcome"]) for one in lines] == [
        ("no-hot-water", "posted"),
        ("moser-is-gone", "posted"),
        ("hayes-is-gone", "refused"),
        ("a-dog-at-the-arlberg", "posted"),
    ]
    assert lines[0]["documents"] == ["KI-CM00000001"]
    assert {(one["request"], one["caller"]) for one in lines} == {(answer.headers["x-request-id"], ACTOR)}
    with ledger.reading() as reader:
        posted = reader.posted(["no-hot-water"])["no-hot-water"]
    assert posted.audit.request == answer.headers["x-request-id"], "which the audit trail has, too"


def test_what_waits_is_approved_or_withdrawn_in_a_line_too(asking: TestClient, written: Written) -> None:
    """7000.00 USD wait for the chief financial officer, whom nobody here is."""
    asking.post("/post?today=2026-03-02&wait=true", content=OPERATIONS, headers=YAML)
    asking.post("/withdraw", json={"id": "hayes-is-gone"})
    told = [(one["operation"], one["outcome"]) for one in written.of("operation")]
    assert told[2:] == [
        ("hayes-is-gone", "waiting"),
        ("a-dog-at-the-arlberg", "posted"),
        ("hayes-is-gone", "withdrawn"),
    ]
    withdrawn = {name for (name, labels), _ in numbers(asking).items() if "withdrawn" in str(labels)}
    assert "billpolicy_decisions_total" in withdrawn
