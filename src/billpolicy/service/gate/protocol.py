"""HTTP as uvicorn and httptools read it, but bounded: they take a head of any length, wait for one for ever, and keep
for ever what nobody takes.

What is no HTTP is answered here, too: no application sees it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from billpolicy.service.gate.headers import HEADERS
from billpolicy.service.gate.limits import Limits
from billpolicy.service.problems import TYPE, Problem, ProblemName
from billpolicy.service.telling.noted import id_for
from billpolicy.service.writing import json_line


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """What reads connections within these limits."""

    class Bounded(HttpToolsProtocol):
        """One connection."""

        _head = 0
        """Bytes since a head was whole, or since there was something of a body: of a head, of what stands between the
        pieces of a body, or of what follows it."""
        _in_head = True
        _slow: asyncio.TimerHandle | None = None
        """For the head of a request."""
        _taking: asyncio.TimerHandle | None = None
        """For whoever takes an answer."""
        _left = 0
        """Bytes of it that were not taken when it was last looked."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """As uvicorn, where there are not too many."""
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.close()
                return
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            """As uvicorn."""
            self._in_time()
            self._is_taken()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            """As uvicorn; of what is not taken nothing is kept for ever."""
            super().pause_writing()
            self._see_taken()

        def resume_writing(self) -> None:
            """As uvicorn."""
            self._is_taken()
            super().resume_writing()

        def data_received(self, data: bytes) -> None:
            """As uvicorn, until the head is too long."""
            self._head += len(data)
            super().data_received(data)
            if self._head > limits.head_bytes and not self.transport.is_closing():
                self._refuse("head-too-large", _TOO_LARGE)
            if self._slow is None and (self.cycle is None or self.cycle.response_complete):
                self._wait()  # for the end of what is no request yet, or of what nobody reads

        def on_message_begin(self) -> None:
            """As uvicorn; a second request on the same connection has as much time as the first."""
            super().on_message_begin()
            self._in_head = True
            self._in_time()
            self._wait()

        def on_header(self, name: bytes, value: bytes) -> None:
            """As uvicorn; nobody reads what follows a body, so nothing of it is kept."""
            if self._in_head:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            """As uvicorn, if what came in one piece is not too long either."""
            self._in_time()
            self._in_head, self._head = False, 0
            if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > limits.head_bytes:
                self._refuse("head-too-large", _TOO_LARGE)
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            """As uvicorn; of what was refused nothing is kept."""
            self._head = 0
            if not self.transport.is_closing():
                super().on_body(body)

        def on_message_complete(self) -> None:
            """As uvicorn."""
            if not self.transport.is_closing():
                super().on_message_complete()

        def send_400_response(self, msg: str) -> None:
            """As every other problem is told."""
            if not self.transport.is_closing():
                self._refuse("head-wrong", "what was sent is no HTTP that is understood here")

        def _wait(self) -> None:
            self._slow = self.loop.call_later(limits.head_seconds, self._too_slow)

        def _too_slow(self) -> None:
            self._slow = None
            if not self.transport.is_closing():
                self.transport.close()

        def _in_time(self) -> None:
            if self._slow is not None:
                self._slow.cancel()
                self._slow = None

        def _see_taken(self) -> None:
            self._left = self.transport.get_write_buffer_size()
            self._taking = self.loop.call_later(limits.taking_seconds, self._look_taken)

        def _look_taken(self) -> None:
            if self.transport.get_write_buffer_size() >= self._left:
                self.transport.abort()
            else:  # slowly, but it is
                self._see_taken()

        def _is_taken(self) -> None:
            if self._taking is not None:
                self._taking.cancel()
                self._taking = None

        def _refuse(self, name: ProblemName, detail: str) -> None:
            self._in_time()
            self.transport.write(_answer(Problem(name, detail), self.server_state.default_headers))
            self.transport.close()

    return Bounded


_TOO_LARGE = "the address and the headers of this request are longer than what is read"


def _answer(problem: Problem, also: list[tuple[bytes, bytes]]) -> bytes:
    id = id_for(None)
    content = json_line(problem.report(id))
    headers: dict[str, Any] = {
        **HEADERS,
        "content-type": TYPE,
        "content-length": len(content),
        "connection": "close",
        "x-request-id": id,
    }
    told = [*also, *((name.encode(), str(value).encode()) for name, value in headers.items())]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    return STATUS_LINE[problem.status] + lines + b"\r\n" + content
