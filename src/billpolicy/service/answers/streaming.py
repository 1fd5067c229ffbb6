"""Lines that are made in a thread and sent as they come, at the pace of whoever takes them.

Where nobody takes them any more, the batch is told so: it finishes the group in hand and begins no other.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from billpolicy.service.asked.bodies import LINES
from billpolicy.service.endpoint import GoingOn
from billpolicy.service.writing import json_line

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_AHEAD = 256
"""Lines that may be made before those ahead of them are taken."""


class Streamed(Response):
    """An answer of lines."""

    media_type = LINES

    def __init__(
        self,
        each: Iterator[Any],
        going_on: GoingOn,
        failed: Callable[[Exception], Any],
        status: int,
        headers: dict[str, str],
    ) -> None:
        """`failed` gives the last line, where making them fails."""
        super().__init__(None, status, headers)
        del self.headers["content-length"]
        self._each, self._going_on, self._failed = each, going_on, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pipe = _Pipe(asyncio.get_running_loop())
        making = asyncio.ensure_future(run_in_threadpool(self._make, pipe))
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: self._stop())
        try:
            while chunk := await pipe.take():
                if not gone.done():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            self._stop()
            while await pipe.take():
                pass
            await making
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    def _stop(self) -> None:
        self._going_on.wanted = False

    def _make(self, pipe: _Pipe) -> None:
        try:
            for line in self._each:
                pipe.put(json_line(line))
        except Exception as error:
            pipe.put(json_line(self._failed(error)))
        finally:
            pipe.put(b"")


async def _gone(receive: Receive) -> None:
    """Returns when whoever asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Pipe:
    """From a thread to the event loop: what is put in comes out in larger pieces."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: deque[bytes] = deque()
        self._room = threading.Semaphore(_AHEAD)
        self._more = asyncio.Event()
        self._is_ended = False

    def put(self, line: bytes) -> None:
        """Give a line, when there is room for it; an empty one is the end."""
        self._room.acquire()
        self._held.append(line)
        self._loop.call_soon_threadsafe(self._more.set)

    async def take(self) -> bytes:
        """All that is there, at least a line; nothing at the end."""
        while not self._held and not self._is_ended:
            await self._more.wait()
            self._more.clear()
        taken = []
        while self._held:
            line = self._held.popleft()
            self._room.release()
            self._is_ended = self._is_ended or not line
            taken.append(line)
        return b"".join(taken)
