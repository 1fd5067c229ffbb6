"""What every request passes: what no answer lacks, what none may say, and how much of a request is read."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service import app as app_module
from billpolicy.service.app import app_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.gate.headers import HEADERS
from billpolicy.service.gate.limits import Limits
from billpolicy.service.serving import InForce, Serving
from billpolicy.service.telling.log import Log
from tests.service.conftest import ACTOR, HERE, OPERATIONS, STORY

YAML = {"content-type": "application/yaml"}


class Written(list[dict[str, Any]]):
    """The lines of a log."""

    def __call__(self, level: str, event: str, **fields: Any) -> None:
        self.append({"level": level, "event": event, **{key: one for key, one in fields.items() if one is not None}})

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self if one["event"] == event]


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def serving(policy: billpolicy.Versions, written: Written) -> Serving:
    book = billpolicy.load_book(STORY / "book.yaml")
    return Serving(InForce(policy), book, OnThisMachine(ACTOR), log=Log(written))


@pytest.fixture
def asking(serving: Serving) -> Iterator[TestClient]:
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        yield client


EVERY = [
    ("GET", "/matrix", 200),
    ("GET", "/pages/matrix", 200),
    ("GET", "/static/service.css", 200),
    ("GET", "/static/../secret", 404),
    ("GET", "/static/secret", 404),
    ("GET", "/nothing/here", 404),
    ("DELETE", "/explain", 405),
    ("POST", "/explain", 422),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERY)
def test_every_answer_has_the_headers_of_a_safe_one(asking: TestClient, method: str, path: str, status: int) -> None:
    answer = asking.request(method, path)
    assert answer.status_code == status
    for name, value in HEADERS.items():
        if name != "cache-control":  # files may be kept, but are asked for again
            assert answer.headers[name] == value
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


def test_the_id_of_a_request_may_be_given_and_is_told_everywhere(asking: TestClient, written: Written) -> None:
    answer = asking.post("/explain", headers={"x-request-id": "Batch-7.a_1"})
    assert answer.headers["x-request-id"] == answer.json()["request"] == "Batch-7.a_1"
    assert written.of("request")[0]["request"] == "Batch-7.a_1"


@pytest.mark.parametrize("id", ["", "a b", 'a"b', "x" * 65, "a\u00e9"])
def test_an_id_that_could_forge_a_line_is_not_taken(asking: TestClient, id: str) -> None:
    answer = asking.get("/matrix", headers={b"x-request-id": id.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_a_request_is_one_line(asking: TestClient, written: Written) -> None:
    """Its operations are refused for what an approver must approve; nothing of what they say is in it."""
    answer = asking.post("/explain?today=2026-03-02", content=OPERATIONS, headers=YAML)
    (line,) = written
    seconds = line.pop("seconds")
    assert 0 < seconds < 30
    refused = answer.json()["refused"]
    assert line == {
        "level": "info",
        "event": "request",
        "request": answer.headers["x-request-id"],
        "method": "POST",
        "route": "/explain",
        "status": 200,
        "caller": ACTOR,
        "policy": answer.headers["etag"].strip('"'),
        "codes": [one["code"] for one in refused[0]["diagnostics"]],
    }


def test_what_is_asked_for_in_vain_is_no_route(asking: TestClient, written: Written) -> None:
    """A scan must not fill the log, or the labels of the metrics, with what it likes."""
    asking.get("/secret-token-in-a-path")
    (line,) = written
    assert (line["route"], line["status"], line["problem"]) == ("none", 404, "not-found")
    assert "secret" not in str(line)


def broken(asked: Asked) -> Answer:
    raise ZeroDivisionError("in /srv/secret/place.py")


@pytest.mark.parametrize("quick", [True, False])
def test_a_bug_is_told_by_its_id_alone(
    serving: Serving, written: Written, monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr(app_module, "ENDPOINTS", (Endpoint("GET", "/broken", "Fails.", "read", broken, quick=quick),))
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:billpolicy:problem:failed"
    assert not re.search(r"secret|Zero|Traceback|\.py|/srv", answer.text)
    told = [one["message"] for one in written.of("note")]
    assert told[0] == "Traceback (most recent call last):"
    assert told[-1] == "ZeroDivisionError: in /srv/secret/place.py"
    assert {one["request"] for one in written} == {answer.headers["x-request-id"]}


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(serving: Serving) -> None:
    serving.limits = Limits(body_bytes=1000)
    with TestClient(app_of(serving), HERE, raise_server_exceptions=False) as client:
        assert client.post("/explain", content=b"x" * 1000, headers=YAML).status_code == 422
        answer = client.post("/explain", content=b"x" * 1001, headers=YAML)
        assert (answer.status_code, answer.headers["connection"]) == (413, "close")
        in_pieces = client.post("/explain", content=iter([b"x" * 600, b"x" * 600]), headers=YAML)
        assert in_pieces.status_code == 413, "also where its length is not said"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"sec-fetch-site": "same-origin", "origin": "http://elsewhere.example"}, 422),  # a proxy has another name
        ({"sec-fetch-site": "none"}, 422),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": HERE}, 422),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
    ],
)
def test_a_page_of_another_site_has_nothing_done(asking: TestClient, headers: dict[str, str], status: int) -> None:
    answer = asking.post("/explain", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["type"] == "urn:billpolicy:problem:other-origin"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8080", 200),
        ("rebound.example", 403),
        ("127.0.0.1.rebound.example", 403),
        ("localhost.rebound.example:8080", 403),
        ("", 403),
        ("[", 403),
    ],
)
@pytest.mark.parametrize("path", ["/matrix", "/metrics", "/ready", "/health"])
def test_a_name_of_somebody_else_that_leads_here_is_refused(
    asking: TestClient, host: str, status: int, path: str
) -> None:
    assert asking.get(path, headers={"host": host}).status_code == status


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for"])
def test_what_comes_through_a_proxy_is_not_of_this_machine(asking: TestClient, name: str) -> None:
    assert asking.get("/matrix", headers={name: "192.0.2.1"}).status_code == 403


def test_more_than_are_answered_at_once_wait_and_then_are_sent_away(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, began = threading.Event(), threading.Semaphore(0)

    def slow(asked: Asked) -> Answer:
        began.release()
        assert let_go.wait(20)
        return Answer({})

    monkeypatch.setattr(app_module, "ENDPOINTS", (Endpoint("GET", "/slow", "Waits.", "read", slow),))
    limited = dataclasses.replace(serving, limits=Limits(at_once=2, waiting_seconds=0.2))
    with TestClient(app_of(limited), HERE, raise_server_exceptions=False) as client:
        statuses: list[int] = []
        threads = [threading.Thread(target=lambda: statuses.append(client.get("/slow").status_code)) for _ in range(2)]
        for one in threads:
            one.start()
            assert began.acquire(timeout=20)
        answer = client.get("/slow")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["type"] == "urn:billpolicy:problem:busy"
        let_go.set()
        for one in threads:
            one.join(20)
        assert statuses == [200, 200]
        assert client.get("/slow").status_code == 200, "turns are given back"


def test_nothing_is_begun_any_more_when_it_is_to_stop(serving: Serving, asking: TestClient) -> None:
    serving.is_stopping = True
    answer = asking.get("/matrix")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:billpolicy:problem:stopping")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/health", "/matrix", "/openapi.json"])
def test_no_head_keeps_the_service_from_others(asking: TestClient, path: str) -> None:
    """30 KB of spaces in one: to look for a tag from each of them took half a minute, and nobody else was answered."""
    began = time.monotonic()
    answer = asking.get(path, headers={"if-match": "a" + " " * 30_000 + "b"})
    assert answer.status_code == 412
    assert time.monotonic() - began < 2
