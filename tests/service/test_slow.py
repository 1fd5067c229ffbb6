"""Who sends slowly, or takes an answer slowly, holds nothing for long."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn

import billpolicy
from billpolicy.service import app as app_module
from billpolicy.service.app import app_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.gate.limits import Limits
from billpolicy.service.running.server import config_of, listen
from billpolicy.service.serving import InForce, Serving
from tests.service.conftest import STORY

BOOK = STORY / "book.yaml"


def serving(policy: billpolicy.Versions, **limits: Any) -> Serving:
    return Serving(InForce(policy), billpolicy.load_book(BOOK), OnThisMachine("ines"), limits=Limits(**limits))


def test_a_body_that_comes_too_slowly_is_not_waited_for(policy: billpolicy.Versions) -> None:
    """A piece of it comes every now and then, for ever."""
    app = app_of(serving(policy, body_seconds=0.3))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/explain", "query_string": b"", "headers": headers}
    began = time.monotonic()

    async def ask() -> None:
        await app({**scope, "client": ("127.0.0.1", 1)}, receive, send)

    # In a thread: what drives a browser has an event loop in this one.
    asking = threading.Thread(target=lambda: asyncio.run(ask()))
    asking.start()
    asking.join(20)
    assert time.monotonic() - began < 5
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["type"] == "urn:billpolicy:problem:body-too-slow"


@contextmanager
def at(one: Serving) -> Iterator[tuple[str, int]]:
    """Where it listens, in this process."""
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(config_of(one))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield "127.0.0.1", listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.parametrize("sent", [b"", b"GET /matrix HTTP/1.1\r\nhost: 127", b"\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(policy: billpolicy.Versions, sent: bytes) -> None:
    with at(serving(policy, head_seconds=0.3)) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b"", "closed"


def test_a_connection_too_many_is_closed(policy: billpolicy.Versions) -> None:
    with at(serving(policy, connections=2)) as address:
        first, second, third = (socket.create_connection(address, timeout=5) for _ in range(3))
        with first, second, third:
            assert third.recv(100) == b""
            first.sendall(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            assert first.recv(12) == b"HTTP/1.1 200"


def test_what_nobody_takes_is_not_kept(policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MB are more than any buffer on the way holds."""
    most = 1 << 26

    def answer(asked: Asked) -> Answer:
        return Answer(b"x" * most)

    monkeypatch.setattr(app_module, "ENDPOINTS", (Endpoint("GET", "/large", "Large.", "read", answer),))
    ask = b"GET /large HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    with at(serving(policy, taking_seconds=0.3)) as address:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(ask)
            time.sleep(1)
            assert taken(connection, most) < most
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(ask)
            assert taken(connection, most) >= most, "whoever takes it gets it"


def taken(connection: socket.socket, most: int) -> int:
    """How much is to be had of an answer."""
    count = 0
    try:
        while count < most and (piece := connection.recv(1 << 20)):
            count += len(piece)
    except ConnectionError:
        pass
    return count


@pytest.mark.parametrize("more", [b"x: y\r\n" * 1000, b"x" * 8000, b"1;" + b"x" * 8000])
def test_what_follows_a_body_or_stands_in_it_is_not_kept_for_ever(policy: billpolicy.Versions, more: bytes) -> None:
    """Headers behind the last piece of a body, one of them without an end, or something beside the size of a piece."""
    head = b"POST /login HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"
    with at(serving(policy)) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(head + (b"" if more.startswith(b"1") else b"0\r\n"))
        with suppress(OSError):  # it is closed by whoever was to read it
            for _ in range(2000):
                connection.sendall(more)
            pytest.fail("16 MB were read that are of no body")
