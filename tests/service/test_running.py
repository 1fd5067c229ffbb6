"""The service as processes: what it does with hostile connections, how it stops, and what a killed one loses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

import billpolicy
from billpolicy.service.callers.known import new_token
from tests.helpers.paths import ROOT
from tests.helpers.postgresql import Server
from tests.service.conftest import STORY
from tests.service.processes import SECONDS, Running, running

BOOK = ("--book", str(STORY / "book.yaml"))


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """One on a book, for all tests that only ask it."""
    with running(*BOOK) as started:
        yield started


def raw(service: Running, *sent: bytes, wait: float = SECONDS) -> bytes:
    """What is answered to these bytes until the connection is closed."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=wait) as connection:
        got = b""
        try:
            for one in sent:
                connection.sendall(one)
            while piece := connection.recv(65536):
                got += piece
        except (ConnectionError, TimeoutError):
            pass
        return got


HEAD = b"GET /matrix HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"


class TestHostileHeads:
    """What uvicorn and httptools would take."""

    def test_one_that_is_right(self, service: Running) -> None:
        assert raw(service, HEAD + b"\r\n").startswith(b"HTTP/1.1 200 OK")

    @pytest.mark.parametrize(
        "sent",
        [
            [HEAD, b"x-long: " + b"a" * 65_536 + b"\r\n\r\n"],
            [HEAD + b"".join(b"x-%d: 1\r\n" % number for number in range(10_000)) + b"\r\n"],
            [b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"],
            [HEAD, b"x-endless: ", *(b"a" * 10_000 for _ in range(1_000))],
        ],
        ids=["64 KB of a header", "10,000 headers", "a long address", "10 MB without an end"],
    )
    def test_one_that_is_too_large(self, service: Running, sent: list[bytes]) -> None:
        """Its end is not waited for; where the answer arrives, it has what every answer has."""
        got = raw(service, *sent)
        if got:  # whoever still sends may find the connection closed before they read
            assert got.startswith(b"HTTP/1.1 431 ")
            for name in (b"content-security-policy: ", b"x-content-type-options: nosniff", b"x-request-id: "):
                assert name in got
            assert json.loads(got.partition(b"\r\n\r\n")[2])["type"] == "urn:billpolicy:problem:head-too-large"
        assert raw(service, HEAD + b"\r\n").startswith(b"HTTP/1.1 200 OK")

    def test_one_that_is_no_http(self, service: Running) -> None:
        got = raw(service, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # how TLS begins
        assert got.startswith(b"HTTP/1.1 400 ")
        assert b"x-frame-options: DENY" in got
        assert json.loads(got.partition(b"\r\n\r\n")[2])["type"] == "urn:billpolicy:problem:head-wrong"

    def test_a_length_that_is_said_twice_smuggles_nothing(self, service: Running) -> None:
        head = b"POST /explain HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"
        got = raw(service, head, b"0\r\n\r\nGET /matrix HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert got.count(b"HTTP/1.1 ") == 1
        assert not got.startswith(b"HTTP/1.1 200")


def test_what_it_logs_is_lines_of_the_schema(service: Running) -> None:
    from jsonschema import Draft7Validator

    from billpolicy.exchange.schemas import schema_of

    with service.client() as client:
        client.get("/matrix")
        client.post("/explain", content=b"{", headers={"content-type": "application/json"})
    service.until("request", 2)
    line = Draft7Validator(schema_of("log"))
    for one in service.lines:
        assert [error.message for error in line.iter_errors(one)] == []
    assert {one["command"] for one in service.lines} == {"serve"}


LINES = {"accept": "application/x-ndjson"}
ACCOUNT = "brandt"


def payments(count: int, name: str) -> list[dict[str, Any]]:
    """So many operations that can all be posted."""
    return [
        {
            "id": f"{name}-{number}",
            "operation": "create_payment",
            "date": "2026-03-02",
            "account": ACCOUNT,
            "amount": f"{number + 1}.00",
        }
        for number in range(count)
    ]


def new_ledger(url: str) -> str:
    """A ledger with the book of the story."""
    with billpolicy.create_ledger(url) as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
    return url


def posted_in(url: str, ids: list[str]) -> dict[str, str]:
    """Of what was posted of these, id and number; the ledger is whole, and nothing else was."""
    with billpolicy.open_ledger(url) as ledger:
        assert ledger.check() == []
        with ledger.reading() as reader:
            found = reader.posted(list(reader.requests(ids)))
            assert reader.stats().operations == len(found)
            return {id: one.plan.documents[0].document.number for id, one in found.items()}


class TestStopping:
    """What has begun is finished, and nothing more is begun."""

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_batch_ends_with_the_group_that_is_posted(self, tmp_path: Path, workers: int) -> None:
        url = new_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
        asked = payments(3_000, "batch")
        with running("--ledger", url, "--actor", "ines", "--workers", str(workers)) as service:
            with (
                service.client() as client,
                client.stream("POST", "/post", json={"operations": asked}, headers=LINES) as answer,
            ):
                each = answer.iter_lines()
                lines = [json.loads(next(each)) for _ in range(3)]
                assert any("posted" in one for one in lines)
                service.process.send_signal(signal.SIGTERM)
                service.until("stopping")
                if workers == 1:  # of two, the one that is idle has ended
                    assert "1 request" in service.until("stopping")["message"]
                    with service.client() as other:
                        assert other.get("/health").status_code == 200
                        assert other.get("/ready").status_code == 503
                        refused = other.post("/post", json=payments(1, "late")[0])
                        assert refused.json()["type"] == "urn:billpolicy:problem:stopping"
                        assert refused.headers["retry-after"] == "1"
                lines += [json.loads(one) for one in each]
            assert service.process.wait(SECONDS) == 0
            service.until("stopped")
        told = [one["posted"]["plan"]["id"] for one in lines if "posted" in one]
        end = lines[-1]["end"]
        assert end["done"] == len(told) < 3_000
        assert end["not_tried"] == 3_000 - len(told)
        assert sorted(posted_in(url, [one["id"] for one in asked])) == sorted(told)

    @pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_one_that_is_idle_ends_at_once(self, sig: signal.Signals, workers: str) -> None:
        with running(*BOOK, "--workers", workers) as service, service.client() as client:
            assert client.get("/health").status_code == 200
            began = time.monotonic()
            assert service.stop(sig) == 0  # with a connection that is kept alive
            assert time.monotonic() - began < 5
        assert [one["event"] for one in service.lines[-2:]] == ["stopped", "finished"]


def acknowledged(service: Running, asked: list[dict[str, Any]], until: float) -> dict[str, str]:
    """Id and number of each, sent again until it is answered, as a client does that was told nothing."""
    found: dict[str, str] = {}
    for one in asked:
        while time.monotonic() < until:
            try:
                answer = httpx2.post(f"{service.address}/post", json=one, timeout=SECONDS)
            except httpx2.TransportError:
                continue
            if answer.status_code in (200, 201):
                (posted,) = answer.json()["posted"]
                found[one["id"]] = posted["plan"]["documents"][0]["number"]
                break
            assert answer.status_code == 503, answer.text
    return found


@pytest.mark.parametrize("kept_in", ["sqlite", "postgresql"])
def test_workers_that_are_killed_lose_and_double_nothing(
    tmp_path: Path, kept_in: str, request: pytest.FixtureRequest
) -> None:
    if kept_in == "sqlite":
        _kill(new_ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as name:
        _kill(new_ledger(server.url(name)))


def _kill(url: str) -> None:
    threads, each, kills = 3, 20, 3
    asked = [payments(each, f"client{number}") for number in range(threads)]
    until = time.monotonic() + SECONDS
    found: dict[str, str] = {}
    with running("--ledger", url, "--actor", "ines", "--workers", "2") as service:
        clients = [
            threading.Thread(target=lambda mine=mine: found.update(acknowledged(service, mine, until)))
            for mine in asked
        ]
        for one in clients:
            one.start()
        for count in range(kills):
            time.sleep(0.25)
            os.kill(service.workers()[-1], signal.SIGKILL)
            assert "signal 9" in service.until("worker_ended", count + 1)["message"]
        for one in clients:
            one.join(SECONDS)
        ids = [one["id"] for mine in asked for one in mine]
        assert sorted(found) == sorted(ids), "each is answered in the end"
        assert len(set(found.values())) == len(ids), "no number twice"
        with service.client() as client:  # and a retry is answered as before
            for mine in asked:
                (again,) = client.post("/post", json=mine[-1]).json()["posted"]
                assert (again["repeated"], again["plan"]["documents"][0]["number"]) == (True, found[mine[-1]["id"]])
            counted = client.get("/metrics").text
        assert "billpolicy_ledger_wait_seconds_count" in counted
        assert service.stop() == 0
    assert posted_in(url, ids) == found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_asks_early_to_read_again_ends_nothing(workers: str) -> None:
    """SIGHUP comes as soon as the service has said that it serves."""
    with running(*BOOK, "--workers", workers) as service:
        for _ in range(50):
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.005)
        with service.client() as client:
            assert client.get("/ready").status_code == 200
        assert service.stop() == 0


def test_workers_add_their_numbers_up(tmp_path: Path) -> None:
    with running(*BOOK, "--workers", "2") as service:
        for _ in range(20):  # on connections of their own, so that either answers
            assert httpx2.get(f"{service.address}/matrix").status_code == 200
        told = httpx2.get(f"{service.address}/metrics").text
        assert 'billpolicy_requests_total{method="GET",route="/matrix",status="200"} 20.0' in told
        assert len(service.workers()) == 2


def test_workers_end_with_their_parent() -> None:
    with running(*BOOK, "--workers", "2") as service:
        assert len(service.workers()) == 2
        with service.client() as client:
            assert client.get("/health").status_code == 200
        service.process.kill()
        service.process.wait(SECONDS)
        service.ended()


def test_a_worker_that_is_begun_while_its_parent_dies_ends_too() -> None:
    with running(*BOOK, "--workers", "8") as service:
        service.process.kill()  # it forks yet
        service.process.wait(SECONDS)
        service.ended()


def test_each_worker_takes_a_change_of_the_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    text = "policy: acme\neffective: {from: 2026-01-01}\nextends: standard\n"
    policy.write_text(text)
    with running(*BOOK, "--workers", "2", policy=str(policy)) as service:
        before = httpx2.get(f"{service.address}/matrix").headers["etag"]
        policy.write_text(text + "colour: red\n")
        service.process.send_signal(signal.SIGHUP)
        service.until("policy_refused", 2)
        assert httpx2.get(f"{service.address}/matrix").headers["etag"] == before
        policy.write_text(text + "description: another\n")
        service.process.send_signal(signal.SIGHUP)
        digests = {service.until("policy_changed", count)["policy"] for count in (1, 2)}
        assert len(digests) == 1
        told = {httpx2.get(f"{service.address}/matrix").headers["etag"].strip('"') for _ in range(8)}
        assert told == digests


def test_a_worker_that_is_begun_again_has_what_was_sound_last_and_not_what_the_service_began_with(
    tmp_path: Path,
) -> None:
    policy, callers = tmp_path / "policy.yaml", tmp_path / "callers.yaml"
    text = "policy: acme\neffective: {from: 2026-01-01}\nextends: standard\n"
    first, second = new_token(), new_token()
    line = "callers: [{name: bot, token: 'DIGEST', scopes: [read], rate: 100000}]\n"
    policy.write_text(text)
    callers.write_text(line.replace("DIGEST", first[1]))
    with running(*BOOK, "--workers", "2", "--callers", str(callers), policy=str(policy)) as service:

        def asked(path: str, token: str) -> httpx2.Response:
            return httpx2.get(service.address + path, headers={"authorization": f"Bearer {token}"})

        before = asked("/matrix", first[0]).headers["etag"]
        policy.write_text(text + "description: another\n")
        callers.write_text(line.replace("DIGEST", second[1]))
        service.process.send_signal(signal.SIGHUP)
        digest = service.until("policy_changed", 2)["policy"]
        assert before != f'"{digest}"'
        service.until("callers_changed", 2)
        time.sleep(2)  # the parent looks, too, and says nothing of it
        policy.write_text(text + "colour: red\n")
        callers.write_text("callers: [{name: bot}]\n")
        service.process.send_signal(signal.SIGHUP)
        service.until("policy_refused", 2)
        service.until("callers_refused", 2)
        time.sleep(1)
        for count, worker in enumerate(service.workers(), 1):
            os.kill(worker, signal.SIGKILL)
            service.until("worker_ended", count)
        assert len(service.workers()) == 2
        for _ in range(8):  # on connections of their own, so that either answers
            assert asked("/matrix", second[0]).headers["etag"] == f'"{digest}"'
            assert asked("/matrix", first[0]).status_code == 401
            assert asked("/policies", second[0]).json()["refused"]["diagnostics"][0]["code"] == "key-unknown"
        told = [one["event"] for one in service.lines]
        assert [told.count(one) for one in ("policy_changed", "policy_refused")] == [2, 2]
        assert [told.count(one) for one in ("callers_changed", "callers_refused")] == [2, 2]


class TestBeginning:
    """What keeps it from beginning is said in a sentence."""

    def begin(self, *typed: str) -> tuple[int, str]:
        words = ["-m", "billpolicy", "serve", "--policy", str(STORY / "policy.yaml"), *typed]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        done = subprocess.run(
            [sys.executable, *words], check=False, capture_output=True, text=True, timeout=SECONDS, env=environment
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr + done.stdout

    def test_a_port_that_is_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, told = self.begin(*BOOK, "--port", str(port))
        assert code == 1
        assert f"error: nothing can listen at 127.0.0.1:{port}: address already in use [listen-failed]" in told

    def test_an_address_of_another_machine(self, tmp_path: Path) -> None:
        callers = tmp_path / "callers.yaml"
        callers.write_text(f"callers: [{{name: a, token: 'sha256:{'0' * 64}', scopes: [read]}}]\n")
        code, told = self.begin(*BOOK, "--host", "192.0.2.1", "--callers", str(callers))
        assert code == 1
        assert "nothing can listen at 192.0.2.1:8080" in told

    def test_an_address_that_others_reach_without_callers(self) -> None:
        code, told = self.begin(*BOOK, "--host", "0.0.0.0")
        assert code == 2
        assert "other machines can ask, and nobody would say who they are" in " ".join(told.split())

    def test_a_ledger_that_is_not_there(self, tmp_path: Path) -> None:
        code, told = self.begin("--ledger", f"sqlite:///{tmp_path / 'none.db'}")
        assert code == 1
        assert "[file-missing]" in told
