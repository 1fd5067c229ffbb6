"""Many operations in one request: a line each, and the answer line by line as they are done."""

from __future__ import annotations

import asyncio
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.answers import batches
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import (
    BY_LINE,
    HAYES_IS_GONE,
    LINES,
    MOSER_IS_GONE,
    NO_HOT_WATER,
    YAML,
    by_line,
    lines,
    problem,
    told,
)
from tests.service.conftest import ACTOR, OPERATIONS


def payments(count: int, amount: str = "1.00") -> list[dict[str, str]]:
    return [
        {
            "id": f"pay-{number}",
            "operation": "create_payment",
            "date": "2026-03-02",
            "account": "moser",
            "amount": amount,
            "type": "external",
        }
        for number in range(count)
    ]


def test_lines_are_operations(posting: TestClient) -> None:
    sent = by_line(NO_HOT_WATER, MOSER_IS_GONE, HAYES_IS_GONE)
    answer = told(posting.post("/post", content=sent, headers=LINES), "post")
    assert [one["plan"]["id"] for one in answer["posted"]] == ["no-hot-water", "moser-is-gone"]
    (diagnostic,) = answer["refused"][0]["diagnostics"]
    assert diagnostic["position"]["line"] == 3


def test_each_line_that_cannot_be_read_is_told_with_its_number(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    sent = "\n".join([json.dumps(NO_HOT_WATER), "", "{", '{"operation": "pay"}', json.dumps(NO_HOT_WATER), "[1]"])
    found = problem(posting.post("/post", content=sent, headers=LINES), 422, "refused")
    places = [(one["code"], one["position"]["line"]) for one in found["diagnostics"]]
    assert places == [
        ("yaml-syntax", 3),
        ("operation-unknown", 4),
        ("id-repeated", 5),
        ("operation-unknown", 6),
    ]
    with ledger.reading() as reader:
        assert reader.stats().operations == 0


def test_no_line_is_no_operation(posting: TestClient) -> None:
    found = problem(posting.post("/plan", content="\n\n", headers=LINES), 422, "refused")
    assert [one["code"] for one in found["diagnostics"]] == ["operations-empty"]


def test_the_answer_comes_line_by_line(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    answer = lines(posting.post("/post?wait=true", content=OPERATIONS, headers={**YAML, **BY_LINE}))
    assert [next(iter(one)) for one in answer] == ["posted", "posted", "waiting", "posted", "end"]
    with ledger.reading() as reader:
        head = reader.head().digest
    end = answer[-1]["end"]
    counts = {key: end[key] for key in ("done", "before", "refused", "waiting", "not_posted", "not_tried")}
    assert counts == {"done": 3, "before": 0, "refused": 0, "waiting": 1, "not_posted": 0, "not_tried": 0}
    assert end["head"] == head
    amounts = {one["operation"]: one["amounts"] for one in end["totals"]}
    assert amounts == {
        "credit_memo_from_invoice": {"EUR": "200.00"},
        "write_off_invoice": {"EUR": "80.00"},
        "debit_memo_from_invoice": {"EUR": "15.00"},
    }


@pytest.mark.parametrize(("path", "kind"), [("/plan", "planned"), ("/explain", "explained")])
def test_a_dry_run_comes_line_by_line(posting: TestClient, path: str, kind: str) -> None:
    answer = lines(posting.post(path, content=OPERATIONS, headers={**YAML, **BY_LINE}))
    assert [next(iter(one)) for one in answer] == [kind, kind, "refused", kind, "end"]
    assert "head" not in answer[-1]["end"]


def test_what_was_posted_before_is_told(posting: TestClient) -> None:
    posting.post("/post", json=NO_HOT_WATER)
    (planned, _) = lines(posting.post("/plan", json=NO_HOT_WATER, headers=BY_LINE))
    assert planned == {"posted_before": "no-hot-water"}
    (posted, end) = lines(posting.post("/post", json=NO_HOT_WATER, headers=BY_LINE))
    assert (posted["posted"]["repeated"], end["end"]["before"], end["end"]["done"]) == (True, 1, 0)


def test_all_or_nothing_by_line(posting: TestClient) -> None:
    answer = lines(posting.post("/post?atomic=true", content=OPERATIONS, headers={**YAML, **BY_LINE}))
    assert [next(iter(one)) for one in answer] == ["not_posted", "not_posted", "refused", "not_posted", "end"]


def test_it_is_told_how_far_it_is(posting: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_TELL_SECONDS", 0.0)
    answer = lines(posting.post("/post", content=by_line(*payments(3)), headers={**LINES, **BY_LINE}))
    assert [one["progress"] for one in answer if "progress" in one] == [{"done": n, "of": 3} for n in (1, 2, 3)]


def test_what_stops_a_batch_before_it_begins_is_a_problem(posting: TestClient) -> None:
    answer = posting.post("/post", content="{", headers={**LINES, **BY_LINE})
    problem(answer, 422, "refused")


def test_what_fails_on_the_way_is_the_last_line(posting: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug in /secret/path")

    with monkeypatch.context() as patched:
        patched.setattr("billpolicy.service.endpoints.post._head", broken)
        answer = posting.post("/post", json=NO_HOT_WATER, headers=BY_LINE)
    posted, last = lines(answer)
    assert "posted" in posted
    assert (last["problem"]["type"], last["problem"]["request"]) == (
        "urn:billpolicy:problem:failed",
        answer.headers["x-request-id"],
    )
    assert "secret" not in answer.text


# -- many ------------------------------------------------------------------------------------------------------------


class Listener:
    """Asks an application directly, reads some lines of the answer, and then goes away or goes on."""

    def __init__(self, serving: Serving, path: str, body: str) -> None:
        self.app, self.body = app_of(serving), body.encode()
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/x-ndjson"),
                (b"accept", b"application/x-ndjson"),
            ],
        }
        self.lines = 0
        self.last = b""

    def ask(self, leave_after: int | None = None) -> None:
        with ThreadPoolExecutor(1) as apart:  # what drives a browser has an event loop in this thread
            apart.submit(lambda: asyncio.run(self._ask(leave_after))).result()

    async def _ask(self, leave_after: int | None) -> None:
        gone = asyncio.Event()
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": self.body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            body = message.get("body", b"")
            self.lines += body.count(b"\n")
            self.last = body or self.last
            if leave_after is not None and self.lines >= leave_after:
                gone.set()

        await self.app(self.scope, receive, send)


def test_whoever_goes_away_leaves_the_group_in_hand_done_and_the_rest_not_begun(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger
) -> None:
    serving = Serving(InForce(policy), ledger, OnThisMachine(ACTOR))
    Listener(serving, "/post", by_line(*payments(2000))).ask(leave_after=1)
    with ledger.reading() as reader:
        posted = reader.stats().operations
    assert posted % 500 == 0, "a group is 500 operations"
    assert 0 < posted < 2000
    assert ledger.check() == []


@pytest.mark.parametrize(
    ("kind", "tell", "bound"), [("plan", batches.planned_line, 10), ("post", batches.posted_line, 600)]
)
def test_outcomes_that_were_told_are_not_held(
    policy: billpolicy.Versions,
    ledger: billpolicy.Ledger,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    tell: Any,
    bound: int,
) -> None:
    """Whatever is sent, no more plans are there at once than those in hand: of what is posted, a group of 500."""
    made: list[weakref.ref[billpolicy.Plan]] = []
    most = 0

    def counted(outcome: billpolicy.Outcome, versions: billpolicy.Versions) -> Any:
        nonlocal most
        assert outcome.plan is not None
        made.append(weakref.ref(outcome.plan))
        if len(made) % 100 == 0:
            most = max(most, sum(one() is not None for one in made))
        return tell(outcome, versions)

    monkeypatch.setattr(f"billpolicy.service.endpoints.{kind}.{tell.__name__}", counted)
    serving = Serving(InForce(policy), ledger, OnThisMachine(ACTOR))
    listener = Listener(serving, f"/{kind}", by_line(*payments(2_000)))
    listener.ask()
    assert json.loads(listener.last.splitlines()[-1])["end"]["done"] == len(made) == 2_000
    assert 0 < most <= bound
